/* SPDX-License-Identifier: Apache-2.0 */
/* Who wins, key by key, when settings are joined twice. */
#include "queue/settings.h"

#include <check.h>

#include "amqp/table.h"

Suite *suite_queue_settings(void);

static struct buf table;

static void tear_down(void)
{
	buf_free(&table);
}

/* ---- numbers ---- */

enum { NONE = -1 };

static const struct {
	const char *key;             /* of a policy */
	size_t at;
} numbers[] = {
	{ "message-ttl", offsetof(struct settings, ttl_ms) },
	{ "expires", offsetof(struct settings, lease_ms) },
	{ "consumer-timeout", offsetof(struct settings, patience_ms) },
	{ "delivery-limit", offsetof(struct settings, delivery_limit) },
	{ "max-length", offsetof(struct settings, max_length) },
	{ "max-length-bytes", offsetof(struct settings, max_bytes) },
};

static int64_t number_in(const struct settings *s, size_t i)
{
	int64_t n;
	memcpy(&n, (const char *)s + numbers[i].at, sizeof n);
	return n;
}

static struct settings with_number(size_t i, bool argument, int64_t n)
{
	struct settings s;
	char key[64] = "x-";
	strcpy(key + (argument ? 2 : 0), numbers[i].key);
	buf_clear(&table);
	if (n != NONE)
		table_put_int(&table, key, n);
	(argument ? settings_of_arguments : settings_of_policy)(&s, buf_slice(&table));
	ck_assert_int_eq(number_in(&s, i), n);
	return s;
}

START_TEST(the_smallest_number_counts)
{
	static const struct {
		int64_t argument, policy, operator, effective;
	} rows[] = {
		{ NONE, NONE, NONE, NONE }, { 5, NONE, NONE, 5 }, { NONE, 5, NONE, 5 },
		{ NONE, NONE, 5, 5 },       { 5, 7, NONE, 5 },    { 7, 5, NONE, 5 },
		{ NONE, 5, 7, 5 },          { NONE, 7, 5, 5 },    { 9, 7, 5, 5 },
		{ 5, 7, 9, 5 },             { 7, 5, 9, 5 },       { 0, 5, 5, 0 },
		{ 5, 0, NONE, 0 },          { 5, 5, 0, 0 },
		{ 5000000000, 6000000000, NONE, 5000000000 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct settings argument = with_number(_i, true, rows[i].argument);
		struct settings policy = with_number(_i, false, rows[i].policy);
		struct settings operator = with_number(_i, false, rows[i].operator);
		settings_join(&operator, &policy);
		settings_join(&argument, &operator);
		ck_assert_int_eq(number_in(&argument, _i), rows[i].effective);
	}
}
END_TEST

/* The time it is can be added to any time. */
START_TEST(times_are_never_too_long_to_be_added_to)
{
	struct settings s;
	buf_clear(&table);
	table_put_int(&table, numbers[_i].key, INT64_MAX);
	settings_of_policy(&s, buf_slice(&table));
	bool is_time = numbers[_i].at <= offsetof(struct settings, patience_ms);
	ck_assert_int_eq(number_in(&s, _i), is_time ? SETTINGS_TIME_MAX_MS : INT64_MAX);
}
END_TEST

/* ---- names and the rest ---- */

static void put(struct settings *out, bool argument, const char *key, const char *value)
{
	buf_clear(&table);
	if (value)
		table_put_str(&table, key + (argument ? 0 : 2), value);
	(argument ? settings_of_arguments : settings_of_policy)(out, buf_slice(&table));
}

static const char *const keys[] = { "x-dead-letter-exchange", "x-dead-letter-routing-key",
	                                "x-overflow", "x-dead-letter-strategy" };

static const char *const values[] = { "drop-head", "reject-publish", "reject-publish-dlx" };
static const char *const strategies[] = { "at-most-once", "at-least-once", "at-random" };

static const char *value_of(int key, int i)
{
	return key == 3 ? strategies[i] : values[i];
}

/* Which of the values it is; -1: none. */
static int value_in(const struct settings *s, int key)
{
	if (key == 2)
		return (int)s->overflow - (int)OVERFLOW_DROP_HEAD;
	if (key == 3)
		return (int)s->strategy - (int)STRATEGY_AT_MOST_ONCE;
	struct slice name = key == 0 ? s->dead_exchange : s->dead_key;
	for (int i = 0; i < 3; i++)
		if (name.p && slice_is(name, values[i]))
			return i;
	ck_assert_ptr_null(name.p);
	return -1;
}

/* Each of the three with each of three values, or without one. */
START_TEST(arguments_win_over_an_operator_over_a_policy)
{
	struct buf tables[3] = { { 0 } };
	for (int combination = 0; combination < 64; combination++) {
		int said[3] = { combination % 4 - 1, combination / 4 % 4 - 1, combination / 16 - 1 };
		struct settings s[3];
		for (int i = 0; i < 3; i++) {
			table = tables[i];
			put(&s[i], i == 0, keys[_i], said[i] < 0 ? NULL : value_of(_i, said[i]));
			tables[i] = table;
			if (_i == 3 && said[i] == 2)
				said[i] = -1;   /* there is no such strategy */
			ck_assert_int_eq(value_in(&s[i], _i), said[i]);
		}
		settings_join(&s[1], &s[2]);
		settings_join(&s[0], &s[1]);
		int wins = said[0] >= 0 ? said[0] : said[1] >= 0 ? said[1] : said[2];
		ck_assert_int_eq(value_in(&s[0], _i), wins);
	}
	table = (struct buf){ 0 };
	for (int i = 0; i < 3; i++)
		buf_free(&tables[i]);
}
END_TEST

START_TEST(what_has_another_type_says_nothing)
{
	struct settings s;
	table_put_str(&table, "message-ttl", "5");
	table_put_int(&table, "max-length", -1);
	table_put_int(&table, "dead-letter-exchange", 1);
	table_put_int(&table, "overflow", 1);
	table_put_int(&table, "x-expires", 1);
	settings_of_policy(&s, buf_slice(&table));
	ck_assert(settings_equal(&s, &settings_none));
	settings_of_policy(&s, slice_of(NULL, 0));
	ck_assert(settings_equal(&s, &settings_none));
}
END_TEST

START_TEST(a_name_too_long_for_one_says_nothing)
{
	struct settings s;
	char name[SETTINGS_NAME_MAX + 2] = "";
	memset(name, 'k', SETTINGS_NAME_MAX + 1);
	table_put_str(&table, "dead-letter-exchange", name);
	table_put_str(&table, "dead-letter-routing-key", name + 1);
	settings_of_policy(&s, buf_slice(&table));
	ck_assert_ptr_null(s.dead_exchange.p);
	ck_assert_uint_eq(s.dead_key.n, SETTINGS_NAME_MAX);
}
END_TEST

START_TEST(equal_is_equal_in_all)
{
	struct settings a = settings_none, b = a;
	a.dead_exchange = slice_str("");
	ck_assert(!settings_equal(&a, &b));
	b.dead_exchange = slice_of("x", 0);
	ck_assert(settings_equal(&a, &b));
	b.dead_key = slice_str("k");
	ck_assert(!settings_equal(&a, &b));
	b = a;
	b.overflow = OVERFLOW_DROP_HEAD;
	ck_assert(!settings_equal(&a, &b));
	b = a;
	b.strategy = STRATEGY_AT_MOST_ONCE;
	ck_assert(!settings_equal(&a, &b));
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		b = a;
		memset((char *)&b + numbers[i].at, 0, sizeof(int64_t));
		ck_assert(!settings_equal(&a, &b));
	}
}
END_TEST

Suite *suite_queue_settings(void)
{
	Suite *s = suite_create("queue_settings");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, NULL, tear_down);
	tcase_add_loop_test(t, the_smallest_number_counts, 0, 6);
	tcase_add_loop_test(t, times_are_never_too_long_to_be_added_to, 0, 6);
	tcase_add_loop_test(t, arguments_win_over_an_operator_over_a_policy, 0, 4);
	tcase_add_test(t, what_has_another_type_says_nothing);
	tcase_add_test(t, a_name_too_long_for_one_says_nothing);
	tcase_add_test(t, equal_is_equal_in_all);
	suite_add_tcase(s, t);
	return s;
}
