/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/arguments.h"

#include "amqp/table.h"
#include "base/die.h"
#include "broker/refuse.h"
#include "broker/state.h"
#include "queue/settings.h"

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

enum kind { INTEGER, STRING, BOOLEAN };

struct rule {
	const char *key;
	enum kind kind;
	int64_t min, max;
	const char *above;       /* the fault of a larger number */
};

#define TEN_YEARS_MS 315360000000

static const struct rule rules[] = {
	{ "x-expires", INTEGER, 1, TEN_YEARS_MS, "value_too_large" },
	{ "x-message-ttl", INTEGER, 0, TEN_YEARS_MS, "value_too_large" },
	{ "x-max-length", INTEGER, 0, INT64_MAX, NULL },
	{ "x-max-length-bytes", INTEGER, 0, INT64_MAX, NULL },
	{ "x-consumer-timeout", INTEGER, 0, INT64_MAX, NULL },
	{ "x-consumer-disconnected-timeout", INTEGER, 0, INT64_MAX, NULL },
	{ "x-delivery-limit", INTEGER, -1, INT64_MAX, NULL },
	{ "x-delayed-retry-min", INTEGER, 0, TEN_YEARS_MS, "value_too_large" },
	{ "x-delayed-retry-max", INTEGER, 0, TEN_YEARS_MS, "value_too_large" },
	{ "x-max-priority", INTEGER, 0, 255, "max_value_exceeded" },
	{ "x-dead-letter-exchange", STRING, 0, 0, NULL },
	{ "x-dead-letter-routing-key", STRING, 0, 0, NULL },
	{ "x-dead-letter-strategy", STRING, 0, 0, NULL },
	{ "x-overflow", STRING, 0, 0, NULL },
	{ "x-queue-leader-locator", STRING, 0, 0, NULL },
	{ "x-delayed-retry-type", STRING, 0, 0, NULL },
	{ "x-queue-mode", STRING, 0, 0, NULL },
	{ "x-group-header", STRING, 0, 0, NULL },
	{ "x-queue-type", STRING, 0, 0, NULL },
	{ "x-single-active-consumer", BOOLEAN, 0, 0, NULL },
	{ "x-message-deduplication", BOOLEAN, 0, 0, NULL },
};

/* Texts of which there are only so many, and the fault of another; some say it. */
enum { NAMES = 4 };

static const struct {
	const char *key, *fault;
	bool says_it;
	const char *names[NAMES];
} choices[] = {
	{ "x-queue-type", "unsupported queue type", true, { "classic", "quorum" } },
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
	if (f->letter != 'S')
		buf_printf(fault, "{unacceptable_type,%s}", field_type_name(f));
	else if (slice_starts(slice_str(key), "x-dead-letter-") && f->bytes.n > SETTINGS_NAME_MAX)
		buf_printf(fault, "{too_long,%zu}", f->bytes.n);
	else if (strcmp(key, "x-group-header") == 0 && f->bytes.n == 0)
		buf_printf(fault, "empty_group_header");
	else
		judge_choice(fault, key, f->bytes);
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
	if (r->kind == INTEGER)
		judge_integer(fault, r, &f);
	else if (r->kind == STRING)
		judge_string(fault, r->key, &f);
	else if (f.letter != 't')
		buf_printf(fault, "{unacceptable_type,%s}", field_type_name(&f));
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

/* What only the one type of queue takes. */
static const struct {
	const char *key;
	bool of_quorum;
} of_one_type[] = {
	{ "x-delivery-limit", true },
	{ "x-dead-letter-strategy", true },
	{ "x-consumer-disconnected-timeout", true },
	{ "x-quorum-initial-group-size", true },
	{ "x-max-priority", false },
	{ "x-queue-mode", false },
};

static const struct refusal *check_type(const struct vhost *v, struct slice name,
                                        struct slice arguments)
{
	struct field f;
	bool quorum = table_find(arguments, "x-queue-type", &f) && f.letter == 'S' &&
	              slice_is(f.bytes, "quorum");
	for (size_t i = 0; i < ARRAY_LEN(of_one_type); i++)
		if (of_one_type[i].of_quorum != quorum && table_find(arguments, of_one_type[i].key, &f))
			return refuse(v->broker, &PRECONDITION_FAILED,
			              "invalid arg '%s' for queue '%.*s' in vhost '%.*s' of queue type "
			              "rabbit_%s_queue", of_one_type[i].key, SLICE_ARG(name),
			              SLICE_ARG(v->name), quorum ? "quorum" : "classic");
	return NULL;
}

const struct refusal *arguments_check_queue(const struct vhost *v, struct slice name,
                                            struct slice arguments)
{
	struct buf fault = { 0 };
	const struct refusal *refusal = check_dead_letter_exchange(v, name, arguments);
	for (size_t i = 0; i < ARRAY_LEN(rules) && !refusal; i++) {
		judge(&fault, &rules[i], arguments);
		if (fault.len)
			refusal = refuse(v->broker, &PRECONDITION_FAILED,
			                 "invalid arg '%s' for queue '%.*s' in vhost '%.*s': %.*s",
			                 rules[i].key, SLICE_ARG(name), SLICE_ARG(v->name),
			                 SLICE_ARG(buf_slice(&fault)));
	}
	buf_free(&fault);
	return refusal ? refusal : check_type(v, name, arguments);
}
