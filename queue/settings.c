/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/settings.h"

#include "amqp/table.h"
#include "base/die.h"

const struct settings settings_none = {
	.ttl_ms = -1,
	.lease_ms = -1,
	.patience_ms = -1,
	.delivery_limit = -1,
	.retry_min_ms = -1,
	.retry_max_ms = -1,
	.max_length = UINT64_MAX,
	.max_bytes = UINT64_MAX,
	.max_age_ms = -1,
};

/* A number has no say where it is the largest, taken as an unsigned one: -1 or UINT64_MAX.  Beyond
 * most all are alike: a policy's times may be so long that no time could be added to them. */
static const struct {
	const char *key;             /* as an argument; a policy's lacks the "x-" */
	size_t at;
	int64_t most;
} numbers[] = {
	{ "x-message-ttl", offsetof(struct settings, ttl_ms), SETTINGS_TIME_MAX_MS },
	{ "x-expires", offsetof(struct settings, lease_ms), SETTINGS_TIME_MAX_MS },
	{ "x-consumer-timeout", offsetof(struct settings, patience_ms), SETTINGS_TIME_MAX_MS },
	{ "x-delivery-limit", offsetof(struct settings, delivery_limit), INT64_MAX },
	{ "x-delayed-retry-min", offsetof(struct settings, retry_min_ms), SETTINGS_TIME_MAX_MS },
	{ "x-delayed-retry-max", offsetof(struct settings, retry_max_ms), SETTINGS_TIME_MAX_MS },
	{ "x-max-length", offsetof(struct settings, max_length), INT64_MAX },
	{ "x-max-length-bytes", offsetof(struct settings, max_bytes), INT64_MAX },
	{ "x-max-age", offsetof(struct settings, max_age_ms), SETTINGS_TIME_MAX_MS },
};

static const struct {
	const char *key;
	size_t at;
} names[] = {
	{ "x-dead-letter-exchange", offsetof(struct settings, dead_exchange) },
	{ "x-dead-letter-routing-key", offsetof(struct settings, dead_key) },
};

static const char *const overflows[] = {
	[OVERFLOW_DROP_HEAD] = "drop-head",
	[OVERFLOW_REJECT_PUBLISH] = "reject-publish",
	[OVERFLOW_REJECT_PUBLISH_DLX] = "reject-publish-dlx",
};

static const char *const retries[] = {
	[RETRY_DISABLED] = "disabled",
	[RETRY_ALL] = "all",
	[RETRY_FAILED] = "failed",
	[RETRY_RETURNED] = "returned",
};

static const char *const strategies[] = {
	[STRATEGY_AT_MOST_ONCE] = "at-most-once",
	[STRATEGY_AT_LEAST_ONCE] = "at-least-once",
};

static uint64_t *number_in(struct settings *s, size_t i)
{
	return (uint64_t *)((char *)s + numbers[i].at);
}

static struct slice *name_in(struct settings *s, size_t i)
{
	return (struct slice *)((char *)s + names[i].at);
}

/* Which of the names it is; they begin with number 1, and 0 is for what is none of them. */
static unsigned choice_of(struct slice table, const char *key, const char *const *of, unsigned n)
{
	struct field f;
	if (!table_find(table, key, &f) || f.letter != 'S')
		return 0;
	for (unsigned i = 1; i < n; i++)
		if (slice_is(f.bytes, of[i]))
			return i;
	return 0;
}

#define CHOICE_OF(table, key, of) choice_of(table, key, of, ARRAY_LEN(of))

/* ---- ages: a number and one of these ---- */

#define DAY_MS (24 * 3600 * 1000ll)

static const struct {
	uint8_t unit;
	int64_t ms;
} units[] = {
	{ 'Y', 365 * DAY_MS }, { 'M', 30 * DAY_MS }, { 'D', DAY_MS },
	{ 'h', 3600 * 1000 },  { 'm', 60 * 1000 },   { 's', 1000 },
};

static int64_t unit_ms(uint8_t unit)
{
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (units[i].unit == unit)
			return units[i].ms;
	return 0;
}

bool settings_age(struct slice text, int64_t *ms)
{
	int64_t unit = text.n > 1 ? unit_ms(text.p[text.n - 1]) : 0, n = 0;
	for (size_t i = 0; i + 1 < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		n = n > SETTINGS_TIME_MAX_MS / 100 ? n : 10 * n + (text.p[i] - '0');
	}
	if (!unit)
		return false;
	*ms = n > SETTINGS_TIME_MAX_MS / unit ? SETTINGS_TIME_MAX_MS : n * unit;
	return true;
}

/* ---- reading ---- */

/* Numbers are integers, but for an age. */
static bool number_of(size_t i, const struct field *f, int64_t *out)
{
	if (numbers[i].at == offsetof(struct settings, max_age_ms))
		return f->letter == 'S' && settings_age(f->bytes, out);
	*out = f->integer;
	return field_is_integer(f) && f->integer >= 0;
}

/* skip: bytes of the keys that are not in the table's. */
static void read(struct settings *out, struct slice table, size_t skip)
{
	struct field f;
	int64_t n;
	*out = settings_none;
	if (table.n == 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		if (table_find(table, &numbers[i].key[skip], &f) && number_of(i, &f, &n))
			*number_in(out, i) = (uint64_t)(n < numbers[i].most ? n : numbers[i].most);
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (table_find(table, &names[i].key[skip], &f) && f.letter == 'S' &&
		    f.bytes.n <= SETTINGS_NAME_MAX)
			*name_in(out, i) = f.bytes;
	out->overflow = CHOICE_OF(table, &"x-overflow"[skip], overflows);
	out->retry = CHOICE_OF(table, &"x-delayed-retry-type"[skip], retries);
	out->strategy = CHOICE_OF(table, &"x-dead-letter-strategy"[skip], strategies);
}

void settings_of_arguments(struct settings *out, struct slice arguments)
{
	read(out, arguments, 0);
}

void settings_of_policy(struct settings *out, struct slice definition)
{
	read(out, definition, strlen("x-"));
}

void settings_join(struct settings *out, const struct settings *weaker)
{
	struct settings other = *weaker;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (*number_in(&other, i) < *number_in(out, i))
			*number_in(out, i) = *number_in(&other, i);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!name_in(out, i)->p)
			*name_in(out, i) = *name_in(&other, i);
	if (out->overflow == OVERFLOW_UNSAID)
		out->overflow = other.overflow;
	if (out->retry == RETRY_UNSAID)
		out->retry = other.retry;
	if (out->strategy == STRATEGY_UNSAID)
		out->strategy = other.strategy;
}

bool settings_are_of_type(struct slice arguments, const char *type)
{
	struct field f;
	return table_find(arguments, "x-queue-type", &f) && f.letter == 'S' && slice_is(f.bytes, type);
}

void settings_of_stream(struct settings *s)
{
	struct settings all = *s;
	*s = settings_none;
	s->max_bytes = all.max_bytes;
	s->max_age_ms = all.max_age_ms;
	s->patience_ms = all.patience_ms;
}

static bool same_name(struct slice a, struct slice b)
{
	return !a.p == !b.p && slice_eq(a, b);
}

bool settings_equal(const struct settings *a, const struct settings *b)
{
	struct settings x = *a, y = *b;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (*number_in(&x, i) != *number_in(&y, i))
			return false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!same_name(*name_in(&x, i), *name_in(&y, i)))
			return false;
	return a->overflow == b->overflow && a->retry == b->retry && a->strategy == b->strategy;
}
