/* SPDX-License-Identifier: Apache-2.0 */
/* Entries are as the configuration has them and are read anew for each virtual host: there are few
 * of both.  What is said of one NAME need not stand together. */
#define LOGLINE_CATEGORY LOGLINE_USER

#include "broker/founding.h"

#include <stdio.h>

#include "amqp/table.h"
#include "base/die.h"
#include "base/entries.h"
#include "base/logline.h"
#include "base/quantity.h"
#include "broker/policing.h"
#include "broker/state.h"
#include "broker/user.h"
#include "broker/vhost.h"

enum judge { PATTERN, LIMIT, TEXT, TARGET };

static const struct {
	const char *name;
	enum founding kind;
	enum judge judge;
} traits[] = {
#define TRAIT(kind, name, judge) { name, FOUNDING_##kind, judge },
#include "broker/founding.def"
#undef TRAIT
};

/* ---- one entry's fields ---- */

/* What is said of it; p == NULL: nothing. */
static struct slice said(struct slice all, struct slice of, const char *field)
{
	struct buf name = { 0 };
	buf_printf(&name, "%.*s.%s", SLICE_ARG(of), field);
	struct slice value = entries_find(all, buf_slice(&name));
	buf_free(&name);
	return value;
}

static struct slice said_or(struct slice all, struct slice of, const char *field,
                            const char *otherwise)
{
	struct slice value = said(all, of, field);
	return value.p ? value : slice_str(otherwise);
}

/* The next NAME that stands for the first time. */
static bool next(struct slice all, struct slice *rest, struct slice *of)
{
	struct slice name, value;
	while (entries_next(rest, &name, &value)) {
		struct slice before = slice_of(all.p, (size_t)(name.p - all.p)), other;
		bool met = false;
		*of = slice_cut(&name, '.');
		while (!met && entries_next(&before, &other, &value))
			met = slice_eq(slice_cut(&other, '.'), *of);
		if (!met)
			return true;
	}
	return false;
}

static bool is_found(struct broker *b, struct slice pattern, struct slice vhost)
{
	enum pattern_answer a = pattern_search_once(pattern, b->patterns, vhost);
	if (a == PATTERN_GAVE_UP)
		log_error("the pattern '%.*s' takes too long for the virtual host '%.*s': what the "
		          "configuration has for it is not given",
		          SLICE_ARG(pattern), SLICE_ARG(vhost));
	return a == PATTERN_FOUND;
}

/* ---- policies ---- */

/* As they stand in the configuration: of "message-ttl" message_ttl.  RabbitMQ knows some behind
 * classic_queues, too. */
static struct slice said_of_key(struct slice all, struct slice of, const char *key)
{
	char name[48], longer[64];
	must(strlen(key) < sizeof name);
	snprintf(name, sizeof name, "%s", key);
	for (char *dash; (dash = strchr(name, '-'));)
		*dash = '_';
	snprintf(longer, sizeof longer, "classic_queues.%s", name);
	struct slice plain = said(all, of, name);
	return plain.p ? plain : said(all, of, longer);
}

/* Times and sizes may have units. */
static void put_value(struct buf *out, const char *key, struct slice value)
{
	uint64_t n;
	struct slice name = slice_str(key);
	bool time = slice_is(name, "expires") || slice_is(name, "message-ttl");
	bool size = name.n > 6 && slice_is(slice_of(name.p + name.n - 6, 6), "-bytes");
	bool number = time ? quantity_ms(value, &n)
	              : size ? quantity_bytes(value, &n) : quantity_count(value, &n);
	if (number)
		table_put_int(out, key, (int64_t)n);
	else
		table_put(out, name, &(struct field){ .letter = 'S', .bytes = value });
}

static void put_definition(struct buf *out, struct slice all, struct slice of)
{
	const char *key;
	for (size_t i = 0; (key = policy_key(i)); i++) {
		struct slice value = said_of_key(all, of, key);
		if (value.p)
			put_value(out, key, value);
	}
}

/* With one key alone. */
static bool check_policy(struct slice entry, struct slice value, struct slice target,
                         struct buf *why)
{
	struct buf definition = { 0 }, all = { 0 };
	entries_with(&all, slice_of(NULL, 0), entry, value);
	put_definition(&definition, buf_slice(&all), slice_cut(&entry, '.'));
	if (!definition.len)
		table_put_int(&definition, "max-length", 1);
	struct policy_spec spec = { .name = slice_str("x"), .pattern = slice_str(".*"),
		                        .apply_to = target, .definition = buf_slice(&definition) };
	struct policy *p = policy_new(&spec, POLICY_OPERATOR, why);
	bool ok = p != NULL;
	policy_free(&p);
	if (!ok)
		why->len--;              /* the end of a line */
	buf_free(&definition);
	buf_free(&all);
	return ok;
}

static log_position found_policies(struct vhost *v)
{
	struct slice all = slice_str(v->broker->options.founding[FOUNDING_POLICIES]), of;
	log_position at = 0;
	for (struct slice rest = all; next(all, &rest, &of);) {
		struct buf definition = { 0 }, why = { 0 };
		struct policy_spec spec = { .name = of,
			                        .pattern = said_or(all, of, "queue_pattern", ".*"),
			                        .apply_to = said_or(all, of, "apply_to", "all") };
		put_definition(&definition, all, of);
		spec.definition = buf_slice(&definition);
		if (is_found(v->broker, said_or(all, of, "vhost_pattern", ".*"), v->name) &&
		    !policing_set(v, POLICY_OPERATOR, &spec, &at, &why))
			log_error("default_policies.operator.%.*s: %.*s", SLICE_ARG(of),
			          SLICE_ARG(buf_slice(&why)));
		buf_free(&definition);
		buf_free(&why);
	}
	return at;
}

/* ---- users ---- */

/* Who has no password cannot log in with one. */
static struct user *found_user(struct broker *b, struct slice all, struct slice name)
{
	struct user_about about = USER_PLAIN;
	struct slice password = said(all, name, "password");
	log_position at;
	struct user *u = user_find(b, name);
	if (u)
		return u;
	struct buf tags = { 0 };
	for (struct slice rest = said(all, name, "tags"); rest.n; slice_take(&rest, 1))
		if (rest.p[0] != ' ')
			buf_u8(&tags, rest.p[0]);
	about.tags = buf_slice(&tags);
	if (password.n)
		user_hash(b, &about.password, password);
	u = user_add(b, name, &about, &at);
	buf_free(&tags);
	return u;
}

static log_position found_users(struct vhost *v)
{
	struct slice all = slice_str(v->broker->options.founding[FOUNDING_USERS]), of;
	log_position at = 0;
	for (struct slice rest = all; next(all, &rest, &of);) {
		struct pattern_fault fault;
		const struct slice texts[RIGHTS] = { said_or(all, of, "configure", ".*"),
			                                 said_or(all, of, "write", ".*"),
			                                 said_or(all, of, "read", ".*") };
		if (is_found(v->broker, said_or(all, of, "vhost_pattern", ".*"), v->name) &&
		    !grant_set(found_user(v->broker, all, of), v, slice_of(NULL, 0), texts, &fault, &at))
			log_error("default_users.%.*s: %s", SLICE_ARG(of), fault.text);
	}
	return at;
}

/* ---- limits ---- */

void founding_limit(struct broker *b, struct slice vhost, struct vhost_about *about)
{
	struct slice all = slice_str(b->options.founding[FOUNDING_LIMITS]), of;
	bool found = false;
	for (struct slice rest = all; !found && next(all, &rest, &of);) {
		found = is_found(b, said_or(all, of, "pattern", ".*"), vhost);
		uint64_t connections, queues;
		if (found && quantity_count(said(all, of, "max_connections"), &connections))
			about->max_connections = (int64_t)connections;
		if (found && quantity_count(said(all, of, "max_queues"), &queues))
			about->max_queues = (int64_t)queues;
	}
}

/* ---- as a whole ---- */

log_position founding_apply(struct vhost *v)
{
	log_position policies = found_policies(v), users = found_users(v);
	return users ? users : policies;
}

static bool check_value(enum judge judge, struct slice entry, struct slice value, struct buf *why)
{
	struct pattern_fault fault;
	struct pattern *p;
	uint64_t n;
	switch (judge) {
	case PATTERN:
		p = pattern_new(value, &fault);
		if (!p)
			buf_printf(why, "'%.*s' is no regular expression: %s", SLICE_ARG(value), fault.text);
		pattern_free(&p);
		return why->len == 0;
	case LIMIT:
		if (!quantity_count(value, &n) || n == 0)
			buf_printf(why, "'%.*s' is not a number above 0", SLICE_ARG(value));
		return why->len == 0;
	case TARGET:
		return check_policy(entry, value, value, why);
	case TEXT:
		return true;
	}
	return false;
}

static void say_fields(enum founding kind, struct slice field, struct buf *why)
{
	const char *between = " ";
	buf_printf(why, "there is no '%.*s', but:", SLICE_ARG(field));
	for (size_t i = 0; i < ARRAY_LEN(traits); i++) {
		if (traits[i].kind != kind)
			continue;
		buf_printf(why, "%s%s", between, traits[i].name);
		between = ", ";
	}
	if (kind == FOUNDING_POLICIES)
		buf_printf(why, ", and keys of policies such as max_length");
}

bool founding_check(enum founding kind, struct slice entry, struct slice value, struct buf *why)
{
	struct slice field = entry, of = slice_cut(&field, '.');
	const char *key;
	if (!of.n || of.n > 255 || !field.n) {
		buf_printf(why, "a name of 1 to 255 bytes and a field belong behind it");
		return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(traits); i++)
		if (traits[i].kind == kind && slice_is(field, traits[i].name))
			return check_value(traits[i].judge, entry, value, why);
	for (size_t i = 0; kind == FOUNDING_POLICIES && (key = policy_key(i)); i++) {
		struct buf one = { 0 };
		entries_with(&one, slice_of(NULL, 0), entry, value);
		bool is = said_of_key(buf_slice(&one), of, key).p != NULL;
		buf_free(&one);
		if (is)
			return check_policy(entry, value, slice_str("all"), why);
	}
	say_fields(kind, field, why);
	return false;
}
