/* SPDX-License-Identifier: Apache-2.0 */
#include "server/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/mem.h"
#include "base/spelling.h"
#include "management/sealed.h"
#include "server/config_value.h"
#include "server/known.h"

static const struct config_key keys[] = {
#define KEY(name, kind, field, when, standard, least, most, doc) \
	{ name, offsetof(struct config, field), standard, least, most, doc, CONFIG_##kind, \
	  CONFIG_##when },
#include "server/config.def"
#undef KEY
};

/* Other names of the same things. */
static const struct {
	const char *name, *key;
} aliases[] = {
	{ "max_connections", "connection_max" },
	{ "max_channels_per_connection", "channel_max" },
	{ "http_dispatch.access_log_dir", "management.http_log_dir" },
	{ "log.syslog.ip", "log.syslog.host" },
	{ "management.load_definitions", "load_definitions" },
	{ "definitions.local.path", "load_definitions" },
	{ "management.listener.port", "management.tcp.port" },
	{ "management.listener.ip", "management.tcp.ip" },
};

/* The key that a name stands behind. */
static const struct config_key *find_many(struct slice *name)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		size_t n = strlen(keys[i].name);
		if (!config_value_is_many(&keys[i]) || !slice_starts(*name, keys[i].name) ||
		    name->n <= n + 1 || name->p[n] != '.')
			continue;
		slice_take(name, n + 1);
		return &keys[i];
	}
	return NULL;
}

static const struct config_key *find_key(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (slice_is(name, aliases[i].name))
			name = slice_str(aliases[i].key);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (slice_is(name, keys[i].name))
			return &keys[i];
	return NULL;
}

void config_init(struct config *c)
{
	struct buf why = { 0 };
	*c = (struct config){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		bool ok = config_value_set(c, &keys[i], slice_str(keys[i].standard), &why);
		must(ok);
	}
	buf_free(&why);
}

/* ---- listeners ---- */

/* RabbitMQ wants a port behind it, :0. */
static bool read_path(const char *path, char host[CONFIG_HOST_BYTES])
{
	size_t n = strlen(path);
	if (n > 2 && strcmp(path + n - 2, ":0") == 0)
		n -= 2;
	if (path[0] != '/' || n >= CONFIG_HOST_BYTES)
		return false;
	memcpy(host, path, n);
	host[n] = '\0';
	return true;
}

/* What is before the last colon has colons of its own. */
static bool is_ipv6(const char *address, size_t n)
{
	char text[INET6_ADDRSTRLEN] = "";
	struct in6_addr parsed;
	if (n < sizeof text)
		memcpy(text, address, n);
	return inet_pton(AF_INET6, text, &parsed) == 1;
}

bool config_address(const char *address, char host[CONFIG_HOST_BYTES], uint16_t *port)
{
	*port = 0;
	if (strncmp(address, "unix:", 5) == 0)
		return read_path(address + 5, host);
	if (strncmp(address, "local:", 6) == 0)
		return read_path(address + 6, host);
	const char *colon = strrchr(address, ':');
	const char *digits = colon ? colon + 1 : address;
	size_t n = colon ? (size_t)(colon - address) : 0;
	char *end;
	errno = 0;
	unsigned long p = strtoul(digits, &end, 10);
	if (errno || *end || digits[0] < '0' || digits[0] > '9' || p > 65535)
		return false;
	if (n >= 2 && address[0] == '[' && address[n - 1] == ']') {
		address++;
		n -= 2;
	} else if (memchr(address, ':', n) && !is_ipv6(address, n)) {
		return false;
	}
	if (n >= CONFIG_HOST_BYTES || (colon && n == 0))
		return false;
	memcpy(host, address, n);
	host[n] = '\0';
	*port = (uint16_t)p;
	return true;
}

static bool set_listener(struct config *c, struct slice key, struct slice value, struct buf *why)
{
	char host[CONFIG_HOST_BYTES], *address = mem_copy(value);
	uint16_t port;
	uint32_t i = 0;
	if (!slice_is(value, "none") && !config_address(address, host, &port)) {
		buf_printf(why, "'%s' is not PORT, ADDRESS:PORT, [ADDRESS]:PORT, unix:/PATH or none",
		           address);
		mem_free(address);
		return false;
	}
	while (i < c->n_listeners && !slice_is(key, c->listeners[i].key))
		i++;
	if (i == CONFIG_LISTENERS_MAX) {
		buf_printf(why, "more than %d listeners", CONFIG_LISTENERS_MAX);
		mem_free(address);
		return false;
	}
	if (i == c->n_listeners)
		c->listeners[c->n_listeners++].key = mem_copy(key);
	c->listeners[i].tls = slice_starts(key, "listeners.ssl");
	mem_free(c->listeners[i].address);
	c->listeners[i].address = address;
	return true;
}

bool config_has_tls(const struct config *c)
{
	for (uint32_t i = 0; i < c->n_listeners; i++)
		if (c->listeners[i].tls && strcmp(c->listeners[i].address, "none") != 0)
			return true;
	return false;
}

struct config_web config_web(const struct config *c, enum http_service s)
{
	if (s == HTTP_METRICS)
		return (struct config_web){ "metrics", "prometheus.tcp.port", 15692,
			                        (uint16_t)c->prometheus_port, (uint16_t)c->prometheus_ssl_port,
			                        c->prometheus_ip, c->prometheus_ssl_ip,
			                        c->prometheus_certfile, c->prometheus_keyfile,
			                        c->prometheus_password, c->prometheus_cacertfile,
			                        c->prometheus_verify,
			                        c->prometheus_fail_if_no_peer_cert, c->prometheus_depth,
			                        c->prometheus_versions, c->prometheus_ciphers };
	return (struct config_web){ "the HTTP API", "management.tcp.port", 15672,
		                        (uint16_t)c->management_port, (uint16_t)c->management_ssl_port,
		                        c->management_ip, c->management_ssl_ip, c->management_certfile,
		                        c->management_keyfile, c->management_password,
		                        c->management_cacertfile, c->management_verify,
		                        c->management_fail_if_no_peer_cert, c->management_depth,
		                        c->management_versions, c->management_ciphers };
}

struct config config_of_web(const struct config *c, enum http_service s)
{
	struct config_web of = config_web(c, s);
	struct config web = *c;
	web.ssl_verify = of.verify;
	web.ssl_fail_if_no_peer_cert = of.fail_if_no_peer_cert;
	web.ssl_depth = of.depth;
	if (of.cacertfile[0])
		web.ssl_cacertfile = of.cacertfile;
	if (of.versions[0])
		web.ssl_versions = of.versions;
	if (of.ciphers[0])
		web.ssl_ciphers = of.ciphers;
	if (of.certfile[0]) {
		web.ssl_certfile = of.certfile;
		web.ssl_keyfile = of.keyfile;
		web.ssl_password = of.password;
	}
	return web;
}

/* ---- keys ---- */

static const char *nearest(struct slice name)
{
	const char *best = "listeners.tcp.default";
	size_t least = spelling_distance(best, name);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		size_t d = spelling_distance(keys[i].name, name);
		if (d < least) {
			least = d;
			best = keys[i].name;
		}
	}
	return best;
}

static bool is_listener(struct slice key, const char *kind)
{
	size_t n = strlen(kind);
	return slice_starts(key, kind) && (key.n == n || (key.n > n + 1 && key.p[n] == '.'));
}

static bool set(struct config *c, struct slice key, struct slice value, struct buf *why)
{
	const struct config_key *k = find_key(key);
	if (k)
		return config_value_set(c, k, value, why);
	if (is_listener(key, "listeners.tcp") || is_listener(key, "listeners.ssl"))
		return set_listener(c, key, value, why);
	if (known_take(key, value, why)) {
		if (!slice_is(value, "none") && c->n_ignored++ == 0)
			c->first_ignored = mem_copy(key);
		return true;
	}
	struct slice name = key;
	if (!why->len && (k = find_many(&name)))
		return config_value_set_one(c, k, name, value, why);
	if (!why->len)
		buf_printf(why, "unknown key; the nearest one is %s (--help lists all)", nearest(key));
	return false;
}

/* A password of an entry, too; name is what stands behind its key. */
bool config_is_secret(struct slice key)
{
	const struct config_key *k = find_key(key);
	struct slice name = key;
	return k ? k->kind == CONFIG_SECRET
	         : (k = find_many(&name)) && config_value_is_secret(k, name);
}

static bool is_ours(struct slice key)
{
	struct slice name = key;
	return find_key(key) || find_many(&name);
}

/* As those that RabbitMQ takes; the passphrase is what they are decrypted with. */
static bool may_be_sealed(struct slice key)
{
	return slice_is(key, "default_user") ||
	       (config_is_secret(key) && !slice_is(key, "config_entry_decoder.passphrase"));
}

static bool set_or_say(struct config *c, struct slice key, struct slice value, const char *where,
                       struct buf *why)
{
	struct buf reason = { 0 };
	bool ok = set(c, key, value, &reason);
	if (!ok)
		buf_printf(why, "%s: %.*s: %.*s", where, SLICE_ARG(key), SLICE_ARG(buf_slice(&reason)));
	buf_free(&reason);
	return ok;
}

bool config_set(struct config *c, struct slice key, struct slice value, const char *where,
                struct buf *why)
{
	bool sealed = slice_starts(value, CONFIG_SEALED);
	if (sealed && is_ours(key)) {
		if (may_be_sealed(key))
			config_sealed_add(c, key, value, where);
		else
			buf_printf(why, "%s: %.*s: only passwords can be encrypted, and default_user", where,
			           SLICE_ARG(key));
		return may_be_sealed(key);
	}
	config_sealed_drop(c, key);
	return set_or_say(c, key, value, where, why);
}

bool config_unseal(struct config *c, const char *passphrase, struct buf *why)
{
	bool ok = true;
	for (uint32_t i = 0; i < c->n_sealed && ok; i++) {
		const struct config_sealed *s = &c->sealed[i];
		struct literal l = { 0 };
		ok = config_sealed_open(c, s, passphrase, &l, why) &&
		     set_or_say(c, slice_str(s->key), buf_slice(&l.text), s->where, why);
		sealed_forget(&l);
	}
	config_sealed_free(c);
	explicit_bzero(c->decoder_passphrase, strlen(c->decoder_passphrase));
	return ok;
}

const char *config_credential(size_t i)
{
	for (size_t k = 0; k < ARRAY_LEN(keys); k++)
		if ((keys[k].kind == CONFIG_SECRET || strcmp(keys[k].name, "default_user") == 0) &&
		    i-- == 0)
			return keys[k].name;
	return NULL;
}

/* ---- two of them ---- */

static bool has_same_listeners(const struct config *a, const struct config *b)
{
	if (a->n_listeners != b->n_listeners)
		return false;
	for (uint32_t i = 0; i < a->n_listeners; i++)
		if (strcmp(a->listeners[i].key, b->listeners[i].key) != 0 ||
		    strcmp(a->listeners[i].address, b->listeners[i].address) != 0)
			return false;
	return true;
}

static void free_listeners(struct config *c)
{
	for (uint32_t i = 0; i < c->n_listeners; i++) {
		mem_free(c->listeners[i].key);
		mem_free(c->listeners[i].address);
	}
	c->n_listeners = 0;
}

void config_free(struct config *c)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		config_value_free(c, &keys[i]);
	free_listeners(c);
	config_sealed_free(c);
	mem_free(c->first_ignored);
	buf_free(&c->files);
}

static void note_change(struct buf *names, const char *name)
{
	buf_printf(names, "%s%s", names->len ? "," : "", name);
}

void config_compare(const struct config *a, const struct config *b, struct config_changes *out)
{
	struct buf *const lists[] = { [CONFIG_LIVE] = &out->live, [CONFIG_START] = &out->start,
		                          [CONFIG_FIRST] = &out->first };
	if (!has_same_listeners(a, b))
		note_change(&out->start, "listeners");
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (!config_value_is_same(a, b, &keys[i]))
			note_change(lists[keys[i].when], keys[i].name);
}

void config_swap_live(struct config *a, struct config *b)
{
	struct buf files = a->files;
	a->files = b->files;
	b->files = files;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (keys[i].when == CONFIG_LIVE)
			config_value_swap(a, b, &keys[i]);
}

void config_changes_free(struct config_changes *c)
{
	buf_free(&c->live);
	buf_free(&c->start);
	buf_free(&c->first);
}

/* ---- printing ---- */

void config_print(const struct config *c, struct buf *out)
{
	for (uint32_t i = 0; i < c->n_listeners; i++)
		buf_printf(out, "%s = %s\n", c->listeners[i].key, c->listeners[i].address);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		config_value_print(c, &keys[i], out);
}

void config_print_keys(struct buf *out)
{
	buf_printf(out, "  %-28s %-10s %s\n", "listeners.tcp.default", "5672",
	           "PORT, ADDRESS:PORT, [ADDRESS]:PORT, unix:/PATH or none; also listeners.tcp.1 ...");
	buf_printf(out, "  %-28s %-10s %s\n", "listeners.ssl.default", "none",
	           "the same for TLS; needs ssl_options.certfile and keyfile");
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		buf_printf(out, "  %-28s %-10s %s\n", keys[i].name, keys[i].standard, keys[i].doc);
}
