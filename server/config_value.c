/* SPDX-License-Identifier: Apache-2.0 */
#include "server/config_value.h"

#include "base/die.h"
#include "base/entries.h"
#include "base/mem.h"
#include "base/pattern.h"
#include "base/quantity.h"
#include "broker/founding.h"
#include "management/sealed.h"
#include "server/config.h"
#include "server/rotation.h"
#include "server/syslog_line.h"

enum {
	TEXT_MAX_BYTES = 255,
	FLAGS_MAX_BYTES = 1024,
	LIST_MAX_BYTES = 4096,
	ENTRIES_MAX_BYTES = 64 << 10
};

static void *place_of(const struct config *c, const struct config_key *k)
{
	return (char *)c + k->at;
}

static bool is_text(const struct config_key *k)
{
	return k->kind >= CONFIG_TEXT;
}

/* ---- what some keys ask for ---- */

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
	{ "prometheus.ssl.verify", (const char *const[]){ "verify_none", "verify_peer", NULL } },
	{ "management.ssl.verify", (const char *const[]){ "verify_none", "verify_peer", NULL } },
	{ "ssl_options.versions", (const char *const[]){ "tlsv1.2", "tlsv1.3", NULL } },
	{ "management.ssl.versions", (const char *const[]){ "tlsv1.2", "tlsv1.3", NULL } },
	{ "prometheus.ssl.versions", (const char *const[]){ "tlsv1.2", "tlsv1.3", NULL } },
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
	{ "log.syslog.level", levels },
	{ "log.syslog.formatter", (const char *const[]){ "plaintext", "json", NULL } },
	{ "log.syslog.transport", (const char *const[]){ "udp", "tcp", NULL } },
	{ "log.syslog.protocol", (const char *const[]){ "rfc3164", "rfc5424", NULL } },
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

/* Clients parse the version as numbers between dots; some crash on anything else. */
static bool check_version(struct slice v, struct buf *why)
{
	for (size_t i = 0; i < v.n; i++)
		if (!strchr("0123456789.", v.p[i])) {
			buf_printf(why, "'%.*s' must be digits and dots", SLICE_ARG(v));
			return false;
		}
	return true;
}

static bool check_rotation(struct slice v, struct buf *why)
{
	struct rotation rotation;
	bool ok = rotation_read(v, &rotation);
	if (!ok)
		buf_printf(why, "'%.*s' is no time such as $D0, $W0D23, $M1D0 or $H30", SLICE_ARG(v));
	return ok;
}

static bool check_path(struct slice v, struct buf *why)
{
	bool ok = v.n == 0 || v.p[0] == '/';
	if (!ok)
		buf_printf(why, "'%.*s' must begin with a slash", SLICE_ARG(v));
	return ok;
}

/* A star would let any page ask with the credentials of who looks at it. */
static bool check_origin(struct slice v, struct buf *why)
{
	struct slice rest = v;
	if (slice_starts(v, "http://") || slice_starts(v, "https://"))
		slice_take(&rest, slice_starts(v, "https") ? 8 : 7);
	bool ok = rest.n && rest.n < v.n && !memchr(v.p, '*', v.n) && !memchr(rest.p, '/', rest.n);
	if (!ok)
		buf_printf(why, "'%.*s' is no origin such as https://example.com; any (*) cannot be had",
		           SLICE_ARG(v));
	return ok;
}

static bool check_name(struct slice v, bool known, const char *name(size_t i), struct buf *why)
{
	if (known)
		return true;
	buf_printf(why, "'%.*s' is not one of:", SLICE_ARG(v));
	for (size_t i = 0; name(i); i++)
		buf_printf(why, " %s", name(i));
	return false;
}

static bool check_cipher(struct slice v, struct buf *why)
{
	struct sealing s;
	return check_name(v, sealing_set_cipher(&s, v), sealing_cipher_name, why);
}

static bool check_hash(struct slice v, struct buf *why)
{
	struct sealing s;
	return check_name(v, sealing_set_hash(&s, v), sealing_hash_name, why);
}

static bool check_facility(struct slice v, struct buf *why)
{
	return check_name(v, syslog_facility(v) >= 0, syslog_facility_name, why);
}

static bool check_identity(struct slice v, struct buf *why)
{
	bool ok = syslog_is_identity(v);
	if (!ok)
		buf_printf(why, "'%.*s' is no name of 1 to %d printable characters without blanks",
		           SLICE_ARG(v), SYSLOG_IDENTITY_BYTES - 1);
	return ok;
}

static bool check_host(struct slice v, struct buf *why)
{
	bool local = slice_starts(v, "unix:");
	bool ok = local ? v.n > 5 && v.p[5] == '/' && v.n - 5 < CONFIG_HOST_BYTES
	                : !memchr(v.p, ' ', v.n);
	if (!ok)
		buf_printf(why, "'%.*s' is no name, no address and no unix:/PATH", SLICE_ARG(v));
	return ok;
}

/* Of a text, or of each element of a list. */
static const struct {
	const char *key;
	bool (*check)(struct slice v, struct buf *why);
} checks[] = {
	{ "advertised_version", check_version },
	{ "config_entry_decoder.cipher", check_cipher },
	{ "config_entry_decoder.hash", check_hash },
	{ "log.file.rotation.date", check_rotation },
	{ "log.syslog.facility", check_facility },
	{ "log.syslog.host", check_host },
	{ "log.syslog.identity", check_identity },
	{ "management.path_prefix", check_path },
	{ "prometheus.path", check_path },
	{ "management.cors.allow_origins", check_origin },
};

static bool check_choice(const struct config_key *k, struct slice v, struct buf *why)
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

static bool check_own(const struct config_key *k, struct slice v, struct buf *why)
{
	for (size_t i = 0; i < ARRAY_LEN(checks); i++)
		if (strcmp(checks[i].key, k->name) == 0)
			return checks[i].check(v, why);
	return true;
}

static bool check_bytes(struct slice v, struct buf *why)
{
	bool ok = slice_control_byte(v) < 0;
	if (!ok)
		buf_printf(why, "control characters have no place here");
	return ok;
}

static bool check_text(const struct config_key *k, struct slice v, struct buf *why)
{
	if (!check_bytes(v, why))
		return false;
	bool ok = (v.n || !k->standard[0]) && v.n <= TEXT_MAX_BYTES;
	if (!ok)
		buf_printf(why, "needs a value of 1 to %d bytes", TEXT_MAX_BYTES);
	return ok;
}

/* Those that new virtual hosts begin with have fields (founding.h); tags are free. */
static bool check_entry(const struct config_key *k, struct slice name, struct slice v,
                        struct buf *why)
{
	static const struct {
		const char *key;
		enum founding founding;
	} foundings[] = {
		{ "default_limits.vhosts", FOUNDING_LIMITS },
		{ "default_policies.operator", FOUNDING_POLICIES },
		{ "default_users", FOUNDING_USERS },
	};
	if (slice_control_byte(name) >= 0 || slice_control_byte(v) >= 0 ||
	    memchr(name.p, '"', name.n) || memchr(name.p, '\\', name.n)) {
		buf_printf(why, "control characters, and in names quotes and backslashes, have no place "
		                "here");
		return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(foundings); i++)
		if (strcmp(foundings[i].key, k->name) == 0)
			return founding_check(foundings[i].founding, name, v, why);
	return true;
}

/* ---- numbers ---- */

static bool set_number(const struct config_key *k, uint64_t *number, struct slice v,
                       struct buf *why)
{
	uint64_t n;
	if (k->kind == CONFIG_LIMIT && slice_is(v, "infinity"))
		v = slice_str("0");
	bool size = k->kind == CONFIG_SIZE;
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
	*number = n;
	return true;
}

static bool set_share(const struct config_key *k, double *field, struct slice v, struct buf *why)
{
	double share;
	if (!quantity_fraction(v, &share) || share > (double)k->most) {
		buf_printf(why, "'%.*s' is not a number up to %lld, such as 0.4", SLICE_ARG(v), k->most);
		return false;
	}
	*field = share;
	return true;
}

static bool set_bool(bool *field, struct slice v, struct buf *why)
{
	bool yes = slice_is(v, "true") || slice_is(v, "on");
	if (!yes && !slice_is(v, "false") && !slice_is(v, "off")) {
		buf_printf(why, "'%.*s' is neither true nor false", SLICE_ARG(v));
		return false;
	}
	*field = yes;
	return true;
}

/* ---- texts ---- */

static bool set_text(char **text, struct slice v)
{
	mem_free(*text);
	*text = mem_copy(v);
	return true;
}

static bool check_pattern(struct slice v, struct buf *why)
{
	struct pattern_fault fault;
	struct pattern *p = v.n ? pattern_new(v, &fault) : NULL;
	bool ok = p || !v.n;
	if (!ok)
		buf_printf(why, "'%.*s' is no regular expression: %s", SLICE_ARG(v), fault.text);
	pattern_free(&p);
	return ok;
}

static bool check_element(const struct config_key *k, struct slice v, struct buf *why)
{
	return check_choice(k, v, why) && check_own(k, v, why) && check_text(k, v, why);
}

static bool check_list_size(struct slice list, struct buf *why)
{
	bool ok = list.n <= LIST_MAX_BYTES;
	if (!ok)
		buf_printf(why, "a list of more than %d bytes", LIST_MAX_BYTES);
	return ok;
}

static bool check_list(const struct config_key *k, struct slice v, struct buf *why)
{
	for (struct slice rest = v; rest.n;)
		if (!check_element(k, slice_cut(&rest, ' '), why))
			return false;
	return (v.n || check_text(k, v, why)) && check_list_size(v, why);
}

/* All at once: none of them, or as config_value_print has them. */
static bool set_flags(char **flags, struct slice v, struct buf *why)
{
	if (memchr(v.p, ' ', v.n) || slice_control_byte(v) >= 0 || v.n > FLAGS_MAX_BYTES) {
		buf_printf(why, "'%.*s' is neither none nor names with commas between", SLICE_ARG(v));
		return false;
	}
	return set_text(flags, slice_is(v, "none") ? slice_of("", 0) : v);
}

/* Entries come one by one; all at once there are only none. */
static bool set_entries(const struct config_key *k, char **entries, struct slice v,
                        struct buf *why)
{
	if (v.n && !slice_is(v, "none")) {
		buf_printf(why, "is neither none nor has a name behind it: %s.NAME", k->name);
		return false;
	}
	return set_text(entries, slice_of("", 0));
}

bool config_value_set(struct config *c, const struct config_key *k, struct slice v,
                      struct buf *why)
{
	void *at = place_of(c, k);
	bool unsaid = !v.n && !k->standard[0];
	switch (k->kind) {
	case CONFIG_NUMBER:
	case CONFIG_LIMIT:
	case CONFIG_SIZE: return set_number(k, at, v, why);
	case CONFIG_SHARE: return set_share(k, at, v, why);
	case CONFIG_BOOL: return set_bool(at, v, why);
	case CONFIG_FLAGS: return set_flags(at, v, why);
	case CONFIG_ENTRIES: return set_entries(k, at, v, why);
	case CONFIG_PATTERN: return check_bytes(v, why) && check_pattern(v, why) && set_text(at, v);
	case CONFIG_LIST: return check_list(k, v, why) && set_text(at, v);
	case CONFIG_CHOICE: return (unsaid || check_choice(k, v, why)) && set_text(at, v);
	case CONFIG_TEXT:
	case CONFIG_SECRET:
		return check_text(k, v, why) && check_own(k, v, why) && set_text(at, v);
	}
	return false;
}

/* ---- one of many ---- */

bool config_value_is_many(const struct config_key *k)
{
	return k->kind >= CONFIG_LIST;
}

bool config_value_is_secret(const struct config_key *k, struct slice name)
{
	const struct slice tail = slice_str(".password");
	return k->kind == CONFIG_ENTRIES && name.n > tail.n &&
	       slice_eq(slice_of(name.p + name.n - tail.n, tail.n), tail);
}

/* Behind those there are. */
static bool add_element(const struct config_key *k, char **list, struct slice v, struct buf *why)
{
	struct buf all = { 0 };
	if (!check_element(k, v, why))
		return false;
	buf_printf(&all, "%s%s%.*s", *list, (*list)[0] ? " " : "", SLICE_ARG(v));
	bool ok = check_list_size(buf_slice(&all), why);
	if (ok)
		set_text(list, buf_slice(&all));
	buf_free(&all);
	return ok;
}

/* One that set_flags would take among others, and not for none of them. */
static bool check_flag(struct slice name, struct buf *why)
{
	bool ok = name.n && name.n <= TEXT_MAX_BYTES && slice_control_byte(name) < 0 &&
	          !memchr(name.p, ' ', name.n) && !memchr(name.p, ',', name.n) &&
	          !slice_is(name, "none");
	if (!ok)
		buf_printf(why, "this is no name");
	return ok;
}

/* The names but this, and this one behind them when it is on. */
static bool set_flag(char **flags, struct slice name, struct slice v, struct buf *why)
{
	struct buf all = { 0 };
	bool on = false;
	if (!set_bool(&on, v, why) || !check_flag(name, why))
		return false;
	for (struct slice rest = slice_str(*flags); rest.n;) {
		struct slice other = slice_cut(&rest, ',');
		if (!slice_eq(other, name))
			buf_printf(&all, "%s%.*s", all.len ? "," : "", SLICE_ARG(other));
	}
	if (on)
		buf_printf(&all, "%s%.*s", all.len ? "," : "", SLICE_ARG(name));
	bool ok = all.len <= FLAGS_MAX_BYTES;
	if (ok)
		set_text(flags, buf_slice(&all));
	else
		buf_printf(why, "more than %d bytes of such names", FLAGS_MAX_BYTES);
	buf_free(&all);
	return ok;
}

static bool set_entry(const struct config_key *k, char **entries, struct slice name,
                      struct slice v, struct buf *why)
{
	struct buf all = { 0 };
	if (!check_entry(k, name, v, why))
		return false;
	entries_with(&all, slice_str(*entries), name, v);
	bool ok = all.len <= ENTRIES_MAX_BYTES;
	if (ok)
		set_text(entries, buf_slice(&all));
	else
		buf_printf(why, "more than %d bytes of such entries", ENTRIES_MAX_BYTES);
	buf_free(&all);
	return ok;
}

bool config_value_set_one(struct config *c, const struct config_key *k, struct slice name,
                          struct slice v, struct buf *why)
{
	void *at = place_of(c, k);
	switch (k->kind) {
	case CONFIG_LIST: return add_element(k, at, v, why);
	case CONFIG_FLAGS: return set_flag(at, name, v, why);
	case CONFIG_ENTRIES: return set_entry(k, at, name, v, why);
	default: must_not_happen("there is one value alone");
	}
}

/* ---- two of them ---- */

bool config_value_is_same(const struct config *a, const struct config *b,
                          const struct config_key *k)
{
	const void *x = place_of(a, k), *y = place_of(b, k);
	switch (k->kind) {
	case CONFIG_NUMBER:
	case CONFIG_LIMIT:
	case CONFIG_SIZE: return *(const uint64_t *)x == *(const uint64_t *)y;
	case CONFIG_SHARE: return memcmp(x, y, sizeof(double)) == 0;
	case CONFIG_BOOL: return *(const bool *)x == *(const bool *)y;
	default: return strcmp(*(char *const *)x, *(char *const *)y) == 0;
	}
}

static size_t size_of(const struct config_key *k)
{
	return is_text(k)                ? sizeof(char *)
	       : k->kind == CONFIG_BOOL  ? sizeof(bool)
	       : k->kind == CONFIG_SHARE ? sizeof(double)
	                                 : sizeof(uint64_t);
}

void config_value_swap(struct config *a, struct config *b, const struct config_key *k)
{
	char keep[sizeof(uint64_t)], *x = place_of(a, k), *y = place_of(b, k);
	size_t n = size_of(k);
	memcpy(keep, x, n);
	memcpy(x, y, n);
	memcpy(y, keep, n);
}

void config_value_free(struct config *c, const struct config_key *k)
{
	if (is_text(k))
		mem_free(*(char **)place_of(c, k));
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

static void print_entries(const struct config_key *k, struct slice all, struct buf *out)
{
	struct slice name, value;
	if (!all.n)
		buf_printf(out, "%s = none\n", k->name);
	while (entries_next(&all, &name, &value)) {
		char *text = mem_copy(value);
		buf_printf(out, "%s.%.*s = ", k->name, SLICE_ARG(name));
		print_text(config_value_is_secret(k, name) ? "********" : text, out);
		buf_u8(out, '\n');
		mem_free(text);
	}
}

static void print_value(const struct config_key *k, const void *at, struct buf *out)
{
	switch (k->kind) {
	case CONFIG_NUMBER:
	case CONFIG_LIMIT:
	case CONFIG_SIZE: buf_printf(out, "%llu", (unsigned long long)*(const uint64_t *)at); break;
	case CONFIG_SHARE: print_share(*(const double *)at, out); break;
	case CONFIG_BOOL: buf_printf(out, "%s", *(const bool *)at ? "true" : "false"); break;
	case CONFIG_FLAGS: print_text(**(char *const *)at ? *(char *const *)at : "none", out); break;
	case CONFIG_SECRET: buf_printf(out, "********"); break;
	default: print_text(*(char *const *)at, out);
	}
}

void config_value_print(const struct config *c, const struct config_key *k, struct buf *out)
{
	const void *at = place_of(c, k);
	if (k->kind == CONFIG_ENTRIES) {
		print_entries(k, slice_str(*(char *const *)at), out);
		return;
	}
	buf_printf(out, "%s = ", k->name);
	print_value(k, at, out);
	buf_u8(out, '\n');
}
