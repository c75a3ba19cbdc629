/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/arguments.h"

#include "amqp/table.h"
#include "base/die.h"
#include "broker/refuse.h"
#include "broker/state.h"
#include "queue/compaction.h"
#include "queue/queue.h"
#include "queue/retention.h"

static void put_value(struct buf *out, const struct field *f)
{
	if (field_is_integer(f))
		buf_printf(out, "%lld", (long long)f->integer);
	else if (f->letter == 'S' || f->letter == 'x')
		buf_append_slice(out, f->bytes);
	else if (f->letter == 't')
		buf_printf(out, "%s", f->boolean ? "true" : "false");
	else if (f->letter == 'f' || f->letter == 'd')
		buf_printf(out, "%g", f->real);
}

/* "'10'" when there is another one; else "none" or "the value '10' of type 'signedint'". */
static void describe(struct buf *out, const struct field *f, const struct field *other)
{
	if (!f) {
		buf_printf(out, "none");
		return;
	}
	buf_printf(out, "%s'", other ? "" : "the value ");
	put_value(out, f);
	buf_printf(out, "'");
	if (!other)
		buf_printf(out, " of type '%s'", field_type_name(f));
}

static const struct refusal *inequivalent(const struct vhost *v, struct declared d, const char *key,
                                          const struct field *received,
                                          const struct field *current)
{
	struct buf r = { 0 }, c = { 0 };
	describe(&r, received, current);
	describe(&c, current, received);
	const struct refusal *refusal = refuse(
		v->broker, &PRECONDITION_FAILED,
		"inequivalent arg '%s' for %s '%.*s' in vhost '%.*s': received %.*s but current is %.*s",
		key, d.what, SLICE_ARG(d.name), SLICE_ARG(v->name), SLICE_ARG(buf_slice(&r)),
		SLICE_ARG(buf_slice(&c)));
	buf_free(&r);
	buf_free(&c);
	return refusal;
}

const struct refusal *arguments_equivalent(const struct vhost *v, struct declared d,
                                           const char *const *keys, struct slice received,
                                           struct slice current)
{
	for (; *keys; keys++) {
		struct field fr, fc;
		bool r = table_find(received, *keys, &fr), c = table_find(current, *keys, &fc);
		if ((r || c) && !(r && c && field_equal(&fr, &fc)))
			return inequivalent(v, d, *keys, r ? &fr : NULL, c ? &fc : NULL);
	}
	return NULL;
}

const struct refusal *arguments_same_flag(const struct vhost *v, struct declared d,
                                          const char *flag, bool received, bool current)
{
	if (received == current)
		return NULL;
	return refuse(v->broker, &PRECONDITION_FAILED,
	              "inequivalent arg '%s' for %s '%.*s' in vhost '%.*s': received '%s' but current "
	              "is '%s'",
	              flag, d.what, SLICE_ARG(d.name), SLICE_ARG(v->name),
	              received ? "true" : "false", current ? "true" : "false");
}

/* ---- a new queue ---- */

enum kind { ANY, INTEGER, VERSION, STRING, BOOLEAN };

enum { CLASSIC = 1, QUORUM = 2, BOTH = CLASSIC | QUORUM, STREAM = 4, ALL = BOTH | STREAM };

struct rule {
	const char *key;
	enum kind kind;          /* ANY: whatever it is */
	unsigned takers;         /* types that take it */
	int64_t min, max;
	const char *above;       /* the fault of a larger number */
};

#define TEN_YEARS_MS 315360000000

/* In RabbitMQ's order: the first fault is the one that is said. */
static const struct rule rules[] = {
	{ "x-expires", INTEGER, BOTH, 1, TEN_YEARS_MS, "value_too_large" },
	{ "x-message-ttl", INTEGER, BOTH, 0, TEN_YEARS_MS, "value_too_large" },
	{ "x-dead-letter-exchange", STRING, BOTH, 0, 0, NULL },
	{ "x-dead-letter-routing-key", STRING, BOTH, 0, 0, NULL },
	{ "x-dead-letter-strategy", STRING, QUORUM, 0, 0, NULL },
	{ "x-max-length", INTEGER, BOTH, 0, INT64_MAX, NULL },
	{ "x-max-length-bytes", INTEGER, ALL, 0, INT64_MAX, NULL },
	{ "x-max-in-memory-length", INTEGER, QUORUM, 0, INT64_MAX, NULL },
	{ "x-max-in-memory-bytes", INTEGER, QUORUM, 0, INT64_MAX, NULL },
	{ "x-max-priority", INTEGER, CLASSIC, 0, 255, "max_value_exceeded" },
	{ "x-overflow", STRING, BOTH, 0, 0, NULL },
	{ "x-queue-mode", STRING, CLASSIC, 0, 0, NULL },
	{ "x-queue-version", VERSION, CLASSIC, 0, INT64_MAX, NULL },
	{ "x-single-active-consumer", BOOLEAN, ALL, 0, 0, NULL },
	{ "x-delivery-limit", INTEGER, QUORUM, -1, INT64_MAX, NULL },
	{ "x-consumer-timeout", INTEGER, ALL, 0, INT64_MAX, NULL },
	{ "x-consumer-disconnected-timeout", INTEGER, QUORUM, 0, INT64_MAX, NULL },
	{ "x-delayed-retry-type", STRING, BOTH, 0, 0, NULL },
	{ "x-delayed-retry-min", INTEGER, BOTH, 0, TEN_YEARS_MS, "value_too_large" },
	{ "x-delayed-retry-max", INTEGER, BOTH, 0, TEN_YEARS_MS, "value_too_large" },
	{ "x-quorum-initial-group-size", INTEGER, QUORUM, 1, INT64_MAX, NULL },
	{ "x-queue-leader-locator", STRING, ALL, 0, 0, NULL },
	{ "x-queue-master-locator", ANY, CLASSIC, 0, 0, NULL },
	{ "x-member-placement-tag", STRING, QUORUM, 0, 0, NULL },
	{ "x-max-age", STRING, STREAM, 0, 0, NULL },
	{ "x-stream-max-segment-size-bytes", INTEGER, STREAM, 0, INT64_MAX, NULL },
	{ "x-stream-filter-size-bytes", INTEGER, STREAM, 0, INT64_MAX, NULL },
	{ "x-initial-cluster-size", INTEGER, STREAM, 1, INT64_MAX, NULL },
	{ "x-group-header", STRING, BOTH, 0, 0, NULL },
	{ "x-compact-key", STRING, STREAM, 0, 0, NULL },
	{ "x-compact-lag", STRING, STREAM, 0, 0, NULL },
	{ "x-tombstone-age", STRING, STREAM, 0, 0, NULL },
	{ "x-message-deduplication", BOOLEAN, BOTH, 0, 0, NULL },
	{ "x-retain-ms", INTEGER, BOTH, 0, TEN_YEARS_MS, "value_too_large" },
	{ "x-retain-bytes", INTEGER, BOTH, 0, INT64_MAX, NULL },
};

static const struct rule type_rule = { "x-queue-type", STRING, ALL, 0, 0, NULL };

/* Texts of which there are only so many, and the fault of another; some say it. */
enum { NAMES = 4 };

static const struct {
	const char *key, *fault;
	bool says_it;
	const char *names[NAMES];
} choices[] = {
	{ "x-queue-type", "unsupported queue type", true, { "classic", "quorum", "stream" } },
	{ "x-queue-mode", "unsupported queue mode", true, { "default", "lazy" } },
	{ "x-overflow", "invalid_overflow", false,
	  { "drop-head", "reject-publish", "reject-publish-dlx" } },
	{ "x-delayed-retry-type", "invalid_delayed_retry_type", false,
	  { "disabled", "all", "failed", "returned" } },
	{ "x-dead-letter-strategy", "invalid_dlx_strategy", false,
	  { "at-most-once", "at-least-once" } },
	{ "x-queue-leader-locator", "invalid_queue_locator_arg", false,
	  { "client-local", "balanced", "random", "least-leaders" } },
};

static bool is_one_of(struct slice s, const char *const names[NAMES])
{
	for (int i = 0; i < NAMES && names[i]; i++)
		if (slice_is(s, names[i]))
			return true;
	return false;
}

bool arguments_is_queue_type(struct slice type)
{
	return is_one_of(type, choices[0].names);   /* x-queue-type */
}

/* Appends the fault, in the words of RabbitMQ; nothing when there is none. */
static void judge_integer(struct buf *fault, const struct rule *r, const struct field *f)
{
	const char *what = NULL;
	if (!field_is_integer(f)) {
		buf_printf(fault, "\"expected integer, got %s\"", field_type_name(f));
		return;
	}
	if (f->integer < 0 && f->integer < r->min)
		what = "value_negative";
	else if (f->integer < r->min)
		what = "value_zero";
	else if (f->integer > r->max)
		what = r->above;
	if (what)
		buf_printf(fault, "{%s,%lld}", what, (long long)f->integer);
}

/* There were two formats of what lies on the disk; we have our own. */
static void judge_version(struct buf *fault, const struct rule *r, const struct field *f)
{
	judge_integer(fault, r, f);
	if (fault->len == 0 && f->integer != 1 && f->integer != 2)
		buf_printf(fault, "\"unsupported queue version '%lld'\"", (long long)f->integer);
}

static void judge_choice(struct buf *fault, const char *key, struct slice text)
{
	for (size_t i = 0; i < ARRAY_LEN(choices); i++) {
		if (strcmp(key, choices[i].key) != 0 || is_one_of(text, choices[i].names))
			continue;
		if (choices[i].says_it)
			buf_printf(fault, "\"%s '%.*s'\"", choices[i].fault, SLICE_ARG(text));
		else
			buf_printf(fault, "%s", choices[i].fault);
	}
}

static void judge_string(struct buf *fault, const char *key, const struct field *f)
{
	int64_t ms;
	if (f->letter != 'S')
		buf_printf(fault, "{unacceptable_type,%s}", field_type_name(f));
	else if (slice_starts(slice_str(key), "x-dead-letter-") && f->bytes.n > SETTINGS_NAME_MAX)
		buf_printf(fault, "{too_long,%zu}", f->bytes.n);
	else if (strcmp(key, "x-group-header") == 0 && f->bytes.n == 0)
		buf_printf(fault, "empty_group_header");
	else if (strcmp(key, "x-max-age") == 0 && !settings_age(f->bytes, &ms))
		buf_printf(fault, "invalid_max_age");
	else if (compaction_fault(key, f->bytes))
		buf_printf(fault, "%s", compaction_fault(key, f->bytes));
	else
		judge_choice(fault, key, f->bytes);
}

static void judge_boolean(struct buf *fault, const struct field *f)
{
	if (f->letter != 't')
		buf_printf(fault, "{unacceptable_type,%s}", field_type_name(f));
}

/* What goes only with another argument, or only without. */
static const struct {
	const char *key, *other;
	bool with;
	const char *fault;
} company[] = {
	{ "x-dead-letter-routing-key", "x-dead-letter-exchange", true,
	  "routing_key_but_no_dlx_defined" },
	{ "x-group-header", "x-max-priority", false, "group_header_and_max_priority_defined" },
	{ "x-compact-lag", "x-compact-key", true, "lag_but_no_compact_key_defined" },
	{ "x-tombstone-age", "x-compact-key", true, "tombstone_age_but_no_compact_key_defined" },
};

static void judge_company(struct buf *fault, const char *key, struct slice arguments)
{
	struct field f;
	for (size_t i = 0; i < ARRAY_LEN(company); i++)
		if (strcmp(key, company[i].key) == 0 &&
		    table_find(arguments, company[i].other, &f) != company[i].with)
			buf_printf(fault, "%s", company[i].fault);
}

static void judge(struct buf *fault, const struct rule *r, struct slice arguments)
{
	struct field f;
	if (!table_find(arguments, r->key, &f))
		return;
	switch (r->kind) {
	case ANY: break;
	case INTEGER: judge_integer(fault, r, &f); break;
	case VERSION: judge_version(fault, r, &f); break;
	case STRING: judge_string(fault, r->key, &f); break;
	case BOOLEAN: judge_boolean(fault, &f); break;
	}
	if (fault->len == 0)
		judge_company(fault, r->key, arguments);
}

/* RabbitMQ has other words for this one. */
static const struct refusal *check_dead_letter_exchange(const struct vhost *v, struct slice name,
                                                        struct slice arguments)
{
	struct field f;
	if (!table_find(arguments, "x-dead-letter-exchange", &f) || f.letter == 'S')
		return NULL;
	return refuse(v->broker, &PRECONDITION_FAILED,
	              "invalid type '%s' for arg 'x-dead-letter-exchange' in queue '%.*s' in vhost "
	              "'%.*s'",
	              field_type_name(&f), SLICE_ARG(name), SLICE_ARG(v->name));
}

static const struct refusal *invalid(const struct vhost *v, struct slice name, const char *key,
                                     struct slice fault)
{
	return refuse(v->broker, &PRECONDITION_FAILED,
	              "invalid arg '%s' for queue '%.*s' in vhost '%.*s': %.*s", key,
	              SLICE_ARG(name), SLICE_ARG(v->name), SLICE_ARG(fault));
}

static const struct refusal *check(const struct vhost *v, struct slice name, const struct rule *r,
                                   struct slice arguments)
{
	struct buf fault = { 0 };
	judge(&fault, r, arguments);
	const struct refusal *refusal =
		fault.len ? invalid(v, name, r->key, buf_slice(&fault)) : NULL;
	buf_free(&fault);
	return refusal;
}

static const char *type_name(unsigned type)
{
	return type == QUORUM ? "quorum" : type == STREAM ? "stream" : "classic";
}

/* What only other types of queues take, the first by its name. */
static const struct refusal *check_takers(const struct vhost *v, struct slice name, unsigned type,
                                          struct slice arguments)
{
	const char *key = NULL;
	struct field f;
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (!(rules[i].takers & type) && table_find(arguments, rules[i].key, &f) &&
		    (!key || strcmp(rules[i].key, key) < 0))
			key = rules[i].key;
	if (!key)
		return NULL;
	return refuse(v->broker, &PRECONDITION_FAILED,
	              "invalid arg '%s' for queue '%.*s' in vhost '%.*s' of queue type rabbit_%s_queue",
	              key, SLICE_ARG(name), SLICE_ARG(v->name), type_name(type));
}

/* What is retained of a queue is on the disk. */
static const struct refusal *check_retention(const struct vhost *v,
                                             const struct queue_spec *spec)
{
	struct field f;
	const char *key =
		table_find(spec->arguments, "x-retain-ms", &f) ? "x-retain-ms" : "x-retain-bytes";
	const char *fault = spec->exclusive  ? "exclusive_queues_retain_nothing"
	                    : !spec->durable ? "transient_queues_retain_nothing"
	                                     : NULL;
	if (!fault || !retention_is_asked_for(spec->arguments))
		return NULL;
	return invalid(v, spec->name, key, slice_str(fault));
}

/* Quorum queues and streams stay, and are everybody's. */
static const struct refusal *check_flags(const struct vhost *v, const struct queue_spec *spec,
                                         unsigned type)
{
	const char *fault = spec->auto_delete ? "auto-delete"
	                    : spec->exclusive ? "exclusive-owner"
	                    : !spec->durable  ? "non-durable"
	                                      : NULL;
	if (type == CLASSIC || !fault)
		return NULL;
	return refuse(v->broker, &PRECONDITION_FAILED,
	              "invalid property '%s' for queue '%.*s' in vhost '%.*s'", fault,
	              SLICE_ARG(spec->name), SLICE_ARG(v->name));
}

static unsigned type_of(struct slice arguments)
{
	return settings_are_of_type(arguments, "quorum")   ? QUORUM
	       : settings_are_of_type(arguments, "stream") ? STREAM
	                                                   : CLASSIC;
}

const char *arguments_lasting_type(struct slice arguments)
{
	unsigned type = type_of(arguments);
	return type == CLASSIC ? NULL : type_name(type);
}

#define SEGMENT_MAX_BYTES 3000000000

/* RabbitMQ has sentences of their own for these. */
static const struct refusal *check_sizes(const struct vhost *v, struct slice arguments)
{
	struct field f;
	if (table_find(arguments, "x-stream-max-segment-size-bytes", &f) &&
	    f.integer > SEGMENT_MAX_BYTES)
		return refuse(v->broker, &PRECONDITION_FAILED,
		              "Exceeded max value for x-stream-max-segment-size-bytes");
	if (table_find(arguments, "x-stream-filter-size-bytes", &f) &&
	    (f.integer < 16 || f.integer > 255))
		return refuse(v->broker, &PRECONDITION_FAILED,
		              "Invalid value for  x-stream-filter-size-bytes");
	return NULL;
}

const struct refusal *arguments_check_queue(const struct vhost *v, const struct queue_spec *spec)
{
	const struct refusal *refusal = check_dead_letter_exchange(v, spec->name, spec->arguments);
	unsigned type = type_of(spec->arguments);
	if (!refusal)
		refusal = check(v, spec->name, &type_rule, spec->arguments);
	for (size_t i = 0; i < ARRAY_LEN(rules) && !refusal; i++)
		if (rules[i].takers & type)
			refusal = check(v, spec->name, &rules[i], spec->arguments);
	if (!refusal)
		refusal = check_takers(v, spec->name, type, spec->arguments);
	if (!refusal)
		refusal = check_flags(v, spec, type);
	if (!refusal)
		refusal = check_retention(v, spec);
	return refusal || type != STREAM ? refusal : check_sizes(v, spec->arguments);
}
