/* SPDX-License-Identifier: Apache-2.0 */
#include "server/config.h"

#include <errno.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/entries.h"
#include "base/mem.h"
#include "base/pattern.h"
#include "base/quantity.h"
#include "base/spelling.h"
#include "broker/founding.h"
#include "server/known.h"
#include "server/rotation.h"

enum config_kind { KIND_NUMBER, KIND_SIZE, KIND_SHARE, KIND_BOOL, KIND_TEXT, KIND_SECRET,
	              KIND_PATTERN, KIND_CHOICE, KIND_LIST, KIND_FLAGS, KIND_ENTRIES };

enum when { LIVE, START, FIRST };

struct key {
	const char *name;
	size_t at;               /* offset of the field in struct config */
	const char *standard;
	long long least, most;
	const char *doc;
	enum config_kind kind;
	enum when when;
};

static const struct key keys[] = {
#define KEY(name, kind, field, when, standard, least, most, doc) \
	{ name, offsetof(struct config, field), standard, least, most, doc, KIND_##kind, when },
#include "server/config.def"
#undef KEY
};

static const char *const levels[] = { "debug", "info", "notice", "warning", "error", "critical",
	                                  "none", NULL };

static const char *const validators[] = {
	CONFIG_ANY_PASSWORD, CONFIG_LONG_PASSWORD, CONFIG_MATCHING_PASSWORD, NULL,
};

static const struct {
	const char *key;
	const char *const *values;
} choices[] = {
	{ "durability", (const char *const[]){ "fsync", "os", NULL } },
	{ "ssl_options.verify", (const char *const[]){ "verify_none", "verify_peer", NULL } },
	{ "management.ssl.verify", (const char *const[]){ "verify_none", "verify_peer", NULL } },
	{ "ssl_options.versions", (const char *const[]){ "tlsv1.2", "tlsv1.3", NULL } },
	{ "ssl_cert_login_from", (const char *const[]){ "distinguished_name", "common_name",
	                                                "subject_alternative_name", NULL } },
	{ "ssl_cert_login_san_type", (const char *const[]){ "dns", "ip", "email", "uri", NULL } },
	{ "auth_mechanisms", (const char *const[]){ "PLAIN", "AMQPLAIN", "EXTERNAL", NULL } },
	{ "log.default.level", levels },
	{ "log.connection.level", levels },
	{ "log.channel.level", levels },
	{ "log.queue.level", levels },
	{ "log.user.level", levels },
	{ "log.console.level", levels },
	{ "log.file.level", levels },
	{ "log.exchange.level", levels },
	{ "log.exchange.formatter", (const char *const[]){ "plaintext", "json", NULL } },
	{ "log.console.stdio", (const char *const[]){ "stderr", "stdout", NULL } },
	{ "log.console.formatter", (const char *const[]){ "plaintext", "json", NULL } },
	{ "log.file.formatter", (const char *const[]){ "plaintext", "json", NULL } },
	{ "default_queue_type", (const char *const[]){ "classic", "quorum", "stream",
	                                               "rabbit_classic_queue", "rabbit_quorum_queue",
	                                               "rabbit_stream_queue", NULL } },
	{ "password_hashing_module", (const char *const[]){ "rabbit_password_hashing_sha256",
	                                                    "rabbit_password_hashing_sha512", NULL } },
	{ "credential_validator.validation_backend", validators },
};

/* Other names of the same things. */
static const struct {
	const char *name, *key;
} aliases[] = {
	{ "max_connections", "connection_max" },
	{ "max_channels_per_connection", "channel_max" },
	{ "management.load_definitions", "load_definitions" },
	{ "definitions.local.path", "load_definitions" },
	{ "management.listener.port", "management.tcp.port" },
	{ "management.listener.ip", "management.tcp.ip" },
};

/* A list's key may have a number or a name of its own behind it. */
static const struct key *find_list(struct slice name, enum config_kind kind)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		size_t n = strlen(keys[i].name);
		if (keys[i].kind == kind && slice_starts(name, keys[i].name) && name.n > n + 1 &&
		    name.p[n] == '.')
			return &keys[i];
	}
	return NULL;
}

static const struct key *find_key(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (slice_is(name, aliases[i].name))
			name = slice_str(aliases[i].key);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (slice_is(name, keys[i].name))
			return &keys[i];
	return NULL;
}

/* ---- values ---- */

/* Where nought means that there is no limit RabbitMQ says so. */
static bool is_infinite(const struct key *k, struct slice v)
{
	return slice_is(v, "infinity") && k->least == 0 && strstr(k->doc, "0: no limit");
}

static bool set_number(const struct key *k, void *field, struct slice v, struct buf *why)
{
	uint64_t n;
	if (is_infinite(k, v))
		v = slice_str("0");
	bool size = k->kind == KIND_SIZE;
	if (!(size ? quantity_bytes(v, &n) : quantity_count(v, &n))) {
		buf_printf(why, "'%.*s' is not a %s", SLICE_ARG(v),
		           size ? "size (64KB, 16MB, 1GB, bytes)" : "number");
		return false;
	}
	if (n < (uint64_t)k->least || n > (uint64_t)k->most) {
		buf_printf(why, "%llu is out of range: %lld to %lld", (unsigned long long)n, k->least,
		           k->most);
		return false;
	}
	*(uint64_t *)field = n;
	return true;
}

static bool set_share(const struct key *k, void *field, struct slice v, struct buf *why)
{
	double share;
	if (!quantity_fraction(v, &share) || share > (double)k->most) {
		buf_printf(why, "'%.*s' is not a number up to %lld, such as 0.4", SLICE_ARG(v), k->most);
		return false;
	}
	*(double *)field = share;
	return true;
}

static bool set_bool(void *field, struct slice v, struct buf *why)
{
	bool yes = slice_is(v, "true") || slice_is(v, "on");
	if (!yes && !slice_is(v, "false") && !slice_is(v, "off")) {
		buf_printf(why, "'%.*s' is neither true nor false", SLICE_ARG(v));
		return false;
	}
	*(bool *)field = yes;
	return true;
}

static void set_text(void *field, struct slice v)
{
	char **text = field;
	mem_free(*text);
	*text = mem_copy(v);
}

static bool check_choice(const struct key *k, struct slice v, struct buf *why)
{
	for (size_t i = 0; i < ARRAY_LEN(choices); i++) {
		if (strcmp(choices[i].key, k->name) != 0)
			continue;
		for (const char *const *c = choices[i].values; *c; c++)
			if (slice_is(v, *c))
				return true;
		buf_printf(why, "'%.*s' is not one of:", SLICE_ARG(v));
		for (const char *const *c = choices[i].values; *c; c++)
			buf_printf(why, " %s", *c);
		return false;
	}
	return true;
}

static bool has_control_bytes(struct slice v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] < 0x20 || v.p[i] == 0x7F)
			return true;
	return false;
}

/* Clients parse the version as numbers between dots; some crash on anything else. */
static bool check_text(const struct key *k, struct slice v, struct buf *why)
{
	if (strcmp(k->name, "advertised_version") == 0)
		for (size_t i = 0; i < v.n; i++)
			if (!strchr("0123456789.", v.p[i])) {
				buf_printf(why, "'%.*s' must be digits and dots", SLICE_ARG(v));
				return false;
			}
	if (has_control_bytes(v)) {
		buf_printf(why, "control characters have no place here");
		return false;
	}
	struct rotation rotation;
	if (strcmp(k->name, "log.file.rotation.date") == 0 && !rotation_read(v, &rotation)) {
		buf_printf(why, "'%.*s' is no time such as $D0, $W0D23, $M1D0 or $H30", SLICE_ARG(v));
		return false;
	}
	bool path = strcmp(k->name, "prometheus.path") == 0 ||
	            strcmp(k->name, "management.path_prefix") == 0;
	if (path && v.n && !slice_starts(v, "/")) {
		buf_printf(why, "'%.*s' must begin with a slash", SLICE_ARG(v));
		return false;
	}
	if ((v.n == 0 && k->standard[0]) || v.n > 255) {
		buf_printf(why, "needs a value of 1 to 255 bytes");
		return false;
	}
	return true;
}

static bool set_pattern(void *field, struct slice v, struct buf *why)
{
	struct pattern_fault fault;
	if (has_control_bytes(v)) {
		buf_printf(why, "control characters have no place here");
		return false;
	}
	struct pattern *p = v.n ? pattern_new(v, &fault) : NULL;
	if (v.n && !p) {
		buf_printf(why, "'%.*s' is no regular expression: %s", SLICE_ARG(v), fault.text);
		return false;
	}
	pattern_free(&p);
	set_text(field, v);
	return true;
}

/* A star would let any page ask with the credentials of who looks at it. */
static bool check_origin(const struct key *k, struct slice v, struct buf *why)
{
	if (strcmp(k->name, "management.cors.allow_origins") != 0)
		return true;
	struct slice rest = v;
	if (slice_starts(v, "http://") || slice_starts(v, "https://"))
		slice_take(&rest, slice_starts(v, "https") ? 8 : 7);
	bool ok = rest.n && rest.n < v.n && !memchr(v.p, '*', v.n) && !memchr(rest.p, '/', rest.n);
	if (!ok)
		buf_printf(why, "'%.*s' is no origin such as https://example.com; any (*) cannot be had",
		           SLICE_ARG(v));
	return ok;
}

static bool set_list(const struct key *k, void *field, struct slice v, struct buf *why)
{
	for (struct slice rest = v; rest.n;) {
		struct slice one = slice_cut(&rest, ' ');
		if (!check_choice(k, one, why) || !check_origin(k, one, why))
			return false;
	}
	if (!check_text(k, v, why))
		return false;
	set_text(field, v);
	return true;
}

/* All at once: none of them, or as --check-config prints them. */
static bool set_flags(void *field, struct slice v, struct buf *why)
{
	if (memchr(v.p, ' ', v.n) || has_control_bytes(v) || v.n > 1024) {
		buf_printf(why, "'%.*s' is neither none nor names with commas between", SLICE_ARG(v));
		return false;
	}
	set_text(field, slice_is(v, "none") ? slice_of("", 0) : v);
	return true;
}

/* The names but this, and this one behind them when it is on. */
static bool set_flag(struct config *c, const struct key *k, struct slice name, struct slice v,
                     struct buf *why)
{
	char **field = (char **)(void *)((char *)c + k->at);
	struct buf all = { 0 };
	bool on = false, ok = set_bool(&on, v, why);
	if (ok && (has_control_bytes(name) || name.n > 255)) {
		buf_printf(why, "this is no name");
		ok = false;
	}
	for (struct slice rest = slice_str(*field); rest.n;) {
		struct slice other = slice_cut(&rest, ',');
		if (!slice_eq(other, name))
			buf_printf(&all, "%s%.*s", all.len ? "," : "", SLICE_ARG(other));
	}
	if (on)
		buf_printf(&all, "%s%.*s", all.len ? "," : "", SLICE_ARG(name));
	if (ok)
		set_text(field, buf_slice(&all));
	buf_free(&all);
	return ok;
}

/* ---- names with a value each ---- */

enum { ENTRIES_MAX_BYTES = 64 << 10 };

/* Those that new virtual hosts begin with have fields (founding.h); tags are free. */
static bool check_entry(const struct key *k, struct slice name, struct slice v, struct buf *why)
{
	static const struct {
		const char *key;
		enum founding founding;
	} foundings[] = {
		{ "default_limits.vhosts", FOUNDING_LIMITS },
		{ "default_policies.operator", FOUNDING_POLICIES },
		{ "default_users", FOUNDING_USERS },
	};
	if (has_control_bytes(name) || has_control_bytes(v) || memchr(name.p, '"', name.n) ||
	    memchr(name.p, '\\', name.n)) {
		buf_printf(why, "control characters, and in names quotes and backslashes, have no place "
		                "here");
		return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(foundings); i++)
		if (strcmp(foundings[i].key, k->name) == 0)
			return founding_check(foundings[i].founding, name, v, why);
	return true;
}

static bool set_entry(struct config *c, const struct key *k, struct slice name, struct slice v,
                      struct buf *why)
{
	char **field = (char **)(void *)((char *)c + k->at);
	struct buf all = { 0 };
	bool ok = check_entry(k, name, v, why);
	entries_with(&all, slice_str(*field), name, v);
	if (ok && all.len > ENTRIES_MAX_BYTES) {
		buf_printf(why, "more than %d bytes of such entries", ENTRIES_MAX_BYTES);
		ok = false;
	}
	if (ok)
		set_text(field, buf_slice(&all));
	buf_free(&all);
	return ok;
}

/* Entries come one by one; all at once there are only none. */
static bool set_entries(const struct key *k, void *field, struct slice v, struct buf *why)
{
	if (v.n && !slice_is(v, "none")) {
		buf_printf(why, "is neither none nor has a name behind it: %s.NAME", k->name);
		return false;
	}
	set_text(field, slice_of("", 0));
	return true;
}

static bool set_value(struct config *c, const struct key *k, struct slice v, struct buf *why)
{
	void *field = (char *)c + k->at;
	switch (k->kind) {
	case KIND_NUMBER:
	case KIND_SIZE: return set_number(k, field, v, why);
	case KIND_SHARE: return set_share(k, field, v, why);
	case KIND_BOOL: return set_bool(field, v, why);
	case KIND_FLAGS: return set_flags(field, v, why);
	case KIND_PATTERN: return set_pattern(field, v, why);
	case KIND_LIST: return set_list(k, field, v, why);
	case KIND_ENTRIES: return set_entries(k, field, v, why);
	case KIND_CHOICE:
		if ((v.n || k->standard[0]) && !check_choice(k, v, why))
			return false;
		break;
	case KIND_TEXT:
	case KIND_SECRET:
		if (!check_text(k, v, why))
			return false;
		break;
	}
	set_text(field, v);
	return true;
}

void config_init(struct config *c)
{
	struct buf why = { 0 };
	*c = (struct config){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		bool ok = set_value(c, &keys[i], slice_str(keys[i].standard), &why);
		must(ok);
	}
	buf_free(&why);
}

/* ---- listeners ---- */

static bool read_path(const char *path, char host[CONFIG_HOST_BYTES])
{
	size_t n = strlen(path);
	if (path[0] != '/' || n >= CONFIG_HOST_BYTES)
		return false;
	memcpy(host, path, n + 1);
	return true;
}

bool config_address(const char *address, char host[CONFIG_HOST_BYTES], uint16_t *port)
{
	*port = 0;
	if (strncmp(address, "unix:", 5) == 0)
		return read_path(address + 5, host);
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
	} else if (memchr(address, ':', n)) {
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
			                        c->prometheus_password };
	return (struct config_web){ "the HTTP API", "management.tcp.port", 15672,
		                        (uint16_t)c->management_port, (uint16_t)c->management_ssl_port,
		                        c->management_ip, c->management_ssl_ip, c->management_certfile,
		                        c->management_keyfile, c->management_password };
}

struct config config_of_web(const struct config *c, enum http_service s)
{
	struct config_web of = config_web(c, s);
	struct config web = *c;
	web.ssl_verify = s == HTTP_API ? c->management_verify : (char *)"verify_none";
	web.ssl_fail_if_no_peer_cert = c->management_fail_if_no_peer_cert;
	web.ssl_depth = c->management_depth;
	if (s == HTTP_API && c->management_cacertfile[0])
		web.ssl_cacertfile = c->management_cacertfile;
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

/* One more element behind those there are. */
static bool add_to_list(struct config *c, const struct key *k, struct slice v, struct buf *why)
{
	char **list = (char **)(void *)((char *)c + k->at);
	struct buf all = { 0 };
	if (!check_choice(k, v, why) || !check_origin(k, v, why) || !check_text(k, v, why))
		return false;
	buf_printf(&all, "%s%s%.*s", *list, (*list)[0] ? " " : "", SLICE_ARG(v));
	set_text(list, buf_slice(&all));
	buf_free(&all);
	return true;
}

static bool is_listener(struct slice key, const char *kind)
{
	size_t n = strlen(kind);
	return slice_starts(key, kind) && (key.n == n || (key.n > n + 1 && key.p[n] == '.'));
}

static bool set(struct config *c, struct slice key, struct slice value, struct buf *why)
{
	const struct key *k = find_key(key), *list = find_list(key, KIND_LIST);
	const struct key *flags = find_list(key, KIND_FLAGS), *entries = find_list(key, KIND_ENTRIES);
	if (k)
		return set_value(c, k, value, why);
	if (list)
		return add_to_list(c, list, value, why);
	if (is_listener(key, "listeners.tcp") || is_listener(key, "listeners.ssl"))
		return set_listener(c, key, value, why);
	if (flags) {
		slice_take(&key, strlen(flags->name) + 1);
		return set_flag(c, flags, key, value, why);
	}
	if (known_take(key, value, why)) {
		if (!slice_is(value, "none") && c->n_ignored++ == 0)
			c->first_ignored = mem_copy(key);
		return true;
	}
	if (!why->len && entries) {
		slice_take(&key, strlen(entries->name) + 1);
		return set_entry(c, entries, key, value, why);
	}
	if (!why->len)
		buf_printf(why, "unknown key; the nearest one is %s (--help lists all)", nearest(key));
	return false;
}

/* Made with RabbitMQ's tools and a passphrase that is in another file: no secret from who can read
 * both, and to us no value. */
static bool is_encrypted(struct slice value, struct buf *why)
{
	if (!slice_starts(value, "encrypted:"))
		return false;
	buf_printf(why, "values that are encrypted are not supported: put the value into a file that "
	                "only the broker may read ($CREDENTIALS_DIRECTORY, or conf.d)");
	return true;
}

bool config_set(struct config *c, struct slice key, struct slice value, const char *where,
                struct buf *why)
{
	struct buf reason = { 0 };
	bool ok = !is_encrypted(value, &reason) && set(c, key, value, &reason);
	if (!ok)
		buf_printf(why, "%s: %.*s: %.*s", where, SLICE_ARG(key), SLICE_ARG(buf_slice(&reason)));
	buf_free(&reason);
	return ok;
}

const char *config_credential(size_t i)
{
	for (size_t k = 0; k < ARRAY_LEN(keys); k++)
		if ((keys[k].kind == KIND_SECRET || strcmp(keys[k].name, "default_user") == 0) && i-- == 0)
			return keys[k].name;
	return NULL;
}

/* ---- two of them ---- */

static bool is_text(const struct key *k)
{
	return k->kind >= KIND_TEXT;
}

static bool is_same(const struct config *a, const struct config *b, const struct key *k)
{
	const void *x = (const char *)a + k->at, *y = (const char *)b + k->at;
	switch (k->kind) {
	case KIND_NUMBER:
	case KIND_SIZE: return *(const uint64_t *)x == *(const uint64_t *)y;
	case KIND_SHARE: return memcmp(x, y, sizeof(double)) == 0;
	case KIND_BOOL: return *(const bool *)x == *(const bool *)y;
	default: return strcmp(*(char *const *)x, *(char *const *)y) == 0;
	}
}

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
		if (is_text(&keys[i]))
			mem_free(*(char **)(void *)((char *)c + keys[i].at));
	free_listeners(c);
	mem_free(c->first_ignored);
	buf_free(&c->files);
}

static void note_change(struct buf *names, const char *name)
{
	buf_printf(names, "%s%s", names->len ? "," : "", name);
}

void config_compare(const struct config *a, const struct config *b, struct config_changes *out)
{
	struct buf *const lists[] = { [LIVE] = &out->live, [START] = &out->start,
		                          [FIRST] = &out->first };
	if (!has_same_listeners(a, b))
		note_change(&out->start, "listeners");
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (!is_same(a, b, &keys[i]))
			note_change(lists[keys[i].when], keys[i].name);
}

static size_t size_of(const struct key *k)
{
	return is_text(k)              ? sizeof(char *)
	       : k->kind == KIND_BOOL  ? sizeof(bool)
	       : k->kind == KIND_SHARE ? sizeof(double)
	                               : sizeof(uint64_t);
}

void config_swap_live(struct config *a, struct config *b)
{
	struct buf files = a->files;
	a->files = b->files;
	b->files = files;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		char keep[sizeof(uint64_t)], *x = (char *)a + keys[i].at, *y = (char *)b + keys[i].at;
		size_t n = size_of(&keys[i]);
		if (keys[i].when != LIVE)
			continue;
		memcpy(keep, x, n);
		memcpy(x, y, n);
		memcpy(y, keep, n);
	}
}

void config_changes_free(struct config_changes *c)
{
	buf_free(&c->live);
	buf_free(&c->start);
	buf_free(&c->first);
}

/* ---- printing ---- */

/* What would be read as something else stands in quotes. */
static void print_text(const char *v, struct buf *out)
{
	size_t n = strlen(v);
	bool quoted = n && (v[0] == ' ' || v[n - 1] == ' ' || v[0] == '#' || v[0] == '\'' ||
	                    strstr(v, " #"));
	buf_printf(out, quoted ? "'%s'" : "%s", v);
}

/* As it is read: without an exponent. */
static void print_share(double v, struct buf *out)
{
	buf_printf(out, "%.9f", v);
	while (out->p[out->len - 1] == '0')
		out->len--;
	if (out->p[out->len - 1] == '.')
		out->len--;
}

static void print_entries(const char *key, struct slice all, struct buf *out)
{
	const struct slice secret = slice_str(".password");
	struct slice name, value;
	if (!all.n)
		buf_printf(out, "%s = none\n", key);
	while (entries_next(&all, &name, &value)) {
		bool is_secret = name.n > secret.n &&
		                 slice_eq(slice_of(name.p + name.n - secret.n, secret.n), secret);
		char *text = mem_copy(value);
		buf_printf(out, "%s.%.*s = ", key, SLICE_ARG(name));
		print_text(is_secret ? "********" : text, out);
		buf_u8(out, '\n');
		mem_free(text);
	}
}

static void print_value(const struct config *c, const struct key *k, struct buf *out)
{
	const void *field = (const char *)c + k->at;
	switch (k->kind) {
	case KIND_NUMBER:
	case KIND_SIZE: buf_printf(out, "%llu", (unsigned long long)*(const uint64_t *)field); break;
	case KIND_SHARE: print_share(*(const double *)field, out); break;
	case KIND_BOOL: buf_printf(out, "%s", *(const bool *)field ? "true" : "false"); break;
	case KIND_FLAGS:
		buf_printf(out, "%s", **(char *const *)field ? *(char *const *)field : "none");
		break;
	case KIND_SECRET: buf_printf(out, "********"); break;
	default: print_text(*(char *const *)field, out);
	}
}

void config_print(const struct config *c, struct buf *out)
{
	for (uint32_t i = 0; i < c->n_listeners; i++)
		buf_printf(out, "%s = %s\n", c->listeners[i].key, c->listeners[i].address);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const void *field = (const char *)c + keys[i].at;
		if (keys[i].kind == KIND_ENTRIES) {
			print_entries(keys[i].name, slice_str(*(char *const *)field), out);
			continue;
		}
		buf_printf(out, "%s = ", keys[i].name);
		print_value(c, &keys[i], out);
		buf_u8(out, '\n');
	}
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
