/* SPDX-License-Identifier: Apache-2.0 */
#include "server/config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/mem.h"
#include "base/pattern.h"
#include "base/quantity.h"
#include "base/spelling.h"

enum config_kind { KIND_NUMBER, KIND_SIZE, KIND_SHARE, KIND_BOOL, KIND_TEXT, KIND_SECRET,
	              KIND_PATTERN, KIND_CHOICE, KIND_LIST, KIND_FLAGS };

struct key {
	const char *name;
	enum config_kind kind;
	size_t at;               /* offset of the field in struct config */
	const char *standard;
	long long least, most;
	const char *doc;
};

static const struct key keys[] = {
#define KEY(name, kind, field, standard, least, most, doc) \
	{ name, KIND_##kind, offsetof(struct config, field), standard, least, most, doc },
#include "server/config.def"
#undef KEY
};

static const char *const ignored[] = {
#define IGNORED(prefix) prefix,
#include "server/ignored.def"
#undef IGNORED
};

static const struct {
	const char *key;
	const char *const *values;
} choices[] = {
	{ "durability", (const char *const[]){ "fsync", "os", NULL } },
	{ "ssl_options.verify", (const char *const[]){ "verify_none", "verify_peer", NULL } },
	{ "ssl_options.versions", (const char *const[]){ "tlsv1.2", "tlsv1.3", NULL } },
	{ "ssl_cert_login_from", (const char *const[]){ "distinguished_name", "common_name",
	                                                "subject_alternative_name", NULL } },
	{ "ssl_cert_login_san_type", (const char *const[]){ "dns", "ip", "email", "uri", NULL } },
	{ "auth_mechanisms", (const char *const[]){ "PLAIN", "AMQPLAIN", "EXTERNAL", NULL } },
	{ "log.console.level", (const char *const[]){ "debug", "info", "notice", "warning", "error",
	                                              "critical", "none", NULL } },
};

/* Other names of the same things. */
static const struct {
	const char *name, *key;
} aliases[] = {
	{ "max_connections", "connection_max" },
	{ "max_channels_per_connection", "channel_max" },
	{ "log.default.level", "log.console.level" },
};

static struct slice trim(struct slice s)
{
	while (s.n && strchr(" \t\r", s.p[0]))
		slice_take(&s, 1);
	while (s.n && strchr(" \t\r", s.p[s.n - 1]))
		s.n--;
	return s;
}

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

static bool set_number(const struct key *k, void *field, struct slice v, struct buf *why)
{
	uint64_t n;
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

static bool set_share(void *field, struct slice v, struct buf *why)
{
	double share;
	if (!quantity_fraction(v, &share) || share > 1) {
		buf_printf(why, "'%.*s' is not a part of one, such as 0.4", SLICE_ARG(v));
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

/* Clients parse the version as numbers between dots; some crash on anything else. */
static bool check_text(const struct key *k, struct slice v, struct buf *why)
{
	if (strcmp(k->name, "advertised_version") == 0)
		for (size_t i = 0; i < v.n; i++)
			if (!strchr("0123456789.", v.p[i])) {
				buf_printf(why, "'%.*s' must be digits and dots", SLICE_ARG(v));
				return false;
			}
	if (strcmp(k->name, "prometheus.path") == 0 && !slice_starts(v, "/")) {
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
	struct pattern *p = v.n ? pattern_new(v, &fault) : NULL;
	if (v.n && !p) {
		buf_printf(why, "'%.*s' is no regular expression: %s", SLICE_ARG(v), fault.text);
		return false;
	}
	pattern_free(&p);
	set_text(field, v);
	return true;
}

/* All at once: none of them, or as --check-config prints them. */
static bool set_flags(void *field, struct slice v, struct buf *why)
{
	if (memchr(v.p, ' ', v.n) || v.n > 1024) {
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

static bool set_value(struct config *c, const struct key *k, struct slice v, struct buf *why)
{
	void *field = (char *)c + k->at;
	switch (k->kind) {
	case KIND_NUMBER:
	case KIND_SIZE: return set_number(k, field, v, why);
	case KIND_SHARE: return set_share(field, v, why);
	case KIND_BOOL: return set_bool(field, v, why);
	case KIND_FLAGS: return set_flags(field, v, why);
	case KIND_PATTERN: return set_pattern(field, v, why);
	case KIND_LIST:
	case KIND_CHOICE:
		if ((k->kind == KIND_CHOICE || v.n) && !check_choice(k, v, why))
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

void config_free(struct config *c)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (keys[i].kind >= KIND_TEXT)
			mem_free(*(char **)(void *)((char *)c + keys[i].at));
	for (uint32_t i = 0; i < c->n_listeners; i++) {
		mem_free(c->listeners[i].key);
		mem_free(c->listeners[i].address);
	}
	mem_free(c->first_ignored);
}

/* ---- listeners ---- */

bool config_address(const char *address, char host[64], uint16_t *port)
{
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
	if (n >= 64 || (colon && n == 0))
		return false;
	memcpy(host, address, n);
	host[n] = '\0';
	*port = (uint16_t)p;
	return true;
}

static bool set_listener(struct config *c, struct slice key, struct slice value, struct buf *why)
{
	char host[64], *address = mem_copy(value);
	uint16_t port;
	uint32_t i = 0;
	if (!slice_is(value, "none") && !config_address(address, host, &port)) {
		buf_printf(why, "'%s' is not PORT, ADDRESS:PORT, [ADDRESS]:PORT or none", address);
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
	web.ssl_verify = (char *)"verify_none";
	web.ssl_fail_if_no_peer_cert = false;
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

static bool is_ignored(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		if (slice_starts(name, ignored[i]))
			return true;
	return false;
}

/* One more element behind those there are. */
static bool add_to_list(struct config *c, const struct key *k, struct slice v, struct buf *why)
{
	char **list = (char **)(void *)((char *)c + k->at);
	struct buf all = { 0 };
	if (!check_choice(k, v, why) || !check_text(k, v, why))
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
	const struct key *flags = find_list(key, KIND_FLAGS);
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
	if (!is_ignored(key)) {
		buf_printf(why, "unknown key; the nearest one is %s (--help lists all)", nearest(key));
		return false;
	}
	if (!slice_is(value, "none") && c->n_ignored++ == 0)
		c->first_ignored = mem_copy(key);
	return true;
}

bool config_set(struct config *c, struct slice key, struct slice value, const char *where,
                struct buf *why)
{
	struct buf reason = { 0 };
	bool ok = set(c, key, value, &reason);
	if (!ok)
		buf_printf(why, "%s: %.*s: %.*s", where, SLICE_ARG(key), SLICE_ARG(buf_slice(&reason)));
	buf_free(&reason);
	return ok;
}

/* ---- files ---- */

static struct slice unquote(struct slice v)
{
	if (v.n >= 2 && v.p[0] == '\'' && v.p[v.n - 1] == '\'')
		return slice_of(v.p + 1, v.n - 2);
	return v;
}

static bool read_line(struct config *c, struct slice line, const char *where, struct buf *why)
{
	line = trim(line);
	if (line.n == 0 || line.p[0] == '#')
		return true;
	const uint8_t *equals = memchr(line.p, '=', line.n);
	if (!equals) {
		buf_printf(why, "%s: '%.*s' is not key = value", where, SLICE_ARG(line));
		return false;
	}
	struct slice key = trim(slice_take(&line, (size_t)(equals - line.p)));
	slice_take(&line, 1);
	return config_set(c, key, unquote(trim(line)), where, why);
}

bool config_read(struct config *c, struct slice text, const char *name, struct buf *why)
{
	for (unsigned number = 1; text.n; number++) {
		char where[PATH_MAX + 16];
		struct slice line = slice_cut(&text, '\n');
		snprintf(where, sizeof where, "%s:%u", name, number);
		if (!read_line(c, line, where, why))
			return false;
	}
	return true;
}

static bool load_file(struct config *c, const char *path, struct buf *why)
{
	struct buf text = { 0 };
	FILE *f = fopen(path, "re");
	if (!f) {
		buf_printf(why, "%s: %s", path, strerror(errno));
		return false;
	}
	for (size_t n; (n = fread(buf_reserve(&text, 4096), 1, 4096, f)) > 0;)
		text.len += n;
	bool ok = !ferror(f) && text.len < (1 << 20);
	fclose(f);
	if (!ok)
		buf_printf(why, "%s: cannot be read, or is larger than 1 MB", path);
	ok = ok && config_read(c, buf_slice(&text), path, why);
	buf_free(&text);
	return ok;
}

static int is_conf(const struct dirent *e)
{
	size_t n = strlen(e->d_name);
	return n > 5 && strcmp(e->d_name + n - 5, ".conf") == 0;
}

bool config_load(struct config *c, const char *path, struct buf *why)
{
	char directory[PATH_MAX], file[PATH_MAX + 257];
	const char *slash = strrchr(path, '/');
	struct dirent **entries;
	if (!load_file(c, path, why))
		return false;
	snprintf(directory, sizeof directory, "%.*sconf.d", slash ? (int)(slash + 1 - path) : 0, path);
	int n = scandir(directory, &entries, is_conf, alphasort);
	bool ok = true;
	for (int i = 0; i < n; i++) {
		snprintf(file, sizeof file, "%s/%s", directory, entries[i]->d_name);
		ok = ok && load_file(c, file, why);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return ok;
}

/* ---- printing ---- */

void config_print(const struct config *c, struct buf *out)
{
	for (uint32_t i = 0; i < c->n_listeners; i++)
		buf_printf(out, "%s = %s\n", c->listeners[i].key, c->listeners[i].address);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const void *field = (const char *)c + keys[i].at;
		buf_printf(out, "%s = ", keys[i].name);
		switch (keys[i].kind) {
		case KIND_NUMBER:
		case KIND_SIZE:
			buf_printf(out, "%llu\n", (unsigned long long)*(const uint64_t *)field);
			break;
		case KIND_SHARE: buf_printf(out, "%g\n", *(const double *)field); break;
		case KIND_BOOL: buf_printf(out, "%s\n", *(const bool *)field ? "true" : "false"); break;
		case KIND_FLAGS:
			buf_printf(out, "%s\n", **(char *const *)field ? *(char *const *)field : "none");
			break;
		case KIND_SECRET: buf_printf(out, "********\n"); break;
		default: buf_printf(out, "%s\n", *(char *const *)field);
		}
	}
}

void config_print_keys(struct buf *out)
{
	buf_printf(out, "  %-28s %-10s %s\n", "listeners.tcp.default", "5672",
	           "PORT, ADDRESS:PORT, [ADDRESS]:PORT or none; also listeners.tcp.1, .2 ...");
	buf_printf(out, "  %-28s %-10s %s\n", "listeners.ssl.default", "none",
	           "the same for TLS; needs ssl_options.certfile and keyfile");
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		buf_printf(out, "  %-28s %-10s %s\n", keys[i].name, keys[i].standard, keys[i].doc);
}
