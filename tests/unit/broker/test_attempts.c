/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/attempts.h"

#include <check.h>
#include <stdio.h>

Suite *suite_broker_attempts(void);

static struct attempts a;

static void set_up(void)
{
	attempts_init(&a);
}

static void tear_down(void)
{
	attempts_free(&a);
}

static void fail_at(uint64_t now_ms, const char *user)
{
	attempts_note(&a, ATTEMPT_HTTP, slice_str("::1"), slice_str(user), false, now_ms);
}

static uint64_t wait_at(uint64_t now_ms, const char *address, const char *user)
{
	return attempts_wait_ms(&a, ATTEMPT_HTTP, slice_str(address), slice_str(user), now_ms);
}

START_TEST(three_failures_are_free)
{
	for (uint64_t i = 0; i < 3; i++) {
		fail_at(1000, "u");
		ck_assert_uint_eq(wait_at(1000, "::1", "u"), 0);
	}
	fail_at(1000, "u");
	ck_assert_uint_eq(wait_at(1000, "::1", "u"), ATTEMPTS_COST_MS);
	ck_assert_uint_eq(wait_at(1000 + ATTEMPTS_COST_MS - 1, "::1", "u"), 1);
	ck_assert_uint_eq(wait_at(1000 + ATTEMPTS_COST_MS, "::1", "u"), 0);
}
END_TEST

START_TEST(then_each_costs_its_time)
{
	uint64_t now_ms = 0, tried = 0;
	for (; now_ms < 600000; now_ms += 100) {
		if (wait_at(now_ms, "::1", "u"))
			continue;
		fail_at(now_ms, "u");
		tried++;
	}
	ck_assert_uint_eq(tried, 600000 / ATTEMPTS_COST_MS + 3);
}
END_TEST

START_TEST(others_do_not_wait)
{
	for (int i = 0; i < 9; i++)
		fail_at(0, "u");
	ck_assert_uint_gt(wait_at(0, "::1", "u"), 0);
	ck_assert_uint_eq(wait_at(0, "::1", "v"), 0);
	ck_assert_uint_eq(wait_at(0, "::2", "u"), 0);
	ck_assert_uint_eq(attempts_wait_ms(&a, ATTEMPT_AMQP, slice_str("::1"), slice_str("u"), 0), 0);
}
END_TEST

START_TEST(counts_are_reset_and_debts_are_not)
{
	for (int i = 0; i < 4; i++)
		fail_at(0, "u");
	attempts_note(&a, ATTEMPT_AMQP, slice_str("h"), slice_str("u"), true, 0);
	ck_assert_uint_eq(a.totals[ATTEMPT_HTTP].failed, 4);
	ck_assert_uint_eq(a.totals[ATTEMPT_AMQP].succeeded, 1);
	attempts_reset(&a);
	ck_assert_uint_eq(a.totals[ATTEMPT_HTTP].failed + a.totals[ATTEMPT_AMQP].succeeded, 0);
	ck_assert_uint_gt(wait_at(0, "::1", "u"), 0);
}
END_TEST

START_TEST(so_many_are_known_and_no_more)
{
	char name[ATTEMPTS_NAME_MAX + 100];
	for (int i = 0; i <= ATTEMPTS_SOURCES_MAX; i++) {
		memset(name, 'x', sizeof name);
		name[sizeof name - 1] = '\0';
		int n = snprintf(name, sizeof name, "%06d", i);
		name[n] = 'x';
		fail_at(0, name);
	}
	ck_assert_uint_eq(a.sources.count, ATTEMPTS_SOURCES_MAX);
	const struct attempt_source *s = list_first(&a.latest, struct attempt_source, link);
	ck_assert_uint_eq(s->user.n, ATTEMPTS_NAME_MAX);
	ck_assert(slice_starts(s->user, "000001x"));
	ck_assert(slice_is(s->address, "::1"));
}
END_TEST

Suite *suite_broker_attempts(void)
{
	Suite *s = suite_create("broker_attempts");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, three_failures_are_free);
	tcase_add_test(t, then_each_costs_its_time);
	tcase_add_test(t, others_do_not_wait);
	tcase_add_test(t, counts_are_reset_and_debts_are_not);
	tcase_add_test(t, so_many_are_known_and_no_more);
	suite_add_tcase(s, t);
	return s;
}
