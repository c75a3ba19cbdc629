/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/pace.h"

#include <check.h>
#include <stdlib.h>

Suite *suite_broker_pace(void);

START_TEST(a_second_may_be_taken_at_once)
{
	struct pace p = { 0 };
	for (int i = 0; i < 50; i++) {
		pace_take(&p, 50, 1000000);
		ck_assert(!pace_is_overdrawn(&p, 50));
	}
	pace_take(&p, 50, 1000000);
	ck_assert(pace_is_overdrawn(&p, 50));
	ck_assert_uint_eq(pace_wait_ms(&p, 50, 1000000), 520);
	ck_assert_uint_eq(pace_wait_ms(&p, 50, 1000519), 1);
	ck_assert_uint_eq(pace_wait_ms(&p, 50, 1000520), 0);
}
END_TEST

START_TEST(without_a_rate_nothing_is_counted)
{
	struct pace p = { 0 };
	for (int i = 0; i < 1000; i++)
		pace_take(&p, -1, 5);
	ck_assert(!pace_is_overdrawn(&p, -1));
	ck_assert_uint_eq(pace_wait_ms(&p, -1, 5), 0);
}
END_TEST

START_TEST(the_largest_and_the_smallest_rates)
{
	struct pace p = { 0 };
	for (int i = 0; i < 1000; i++)
		pace_take(&p, INT64_MAX, UINT64_MAX / 2);
	ck_assert(!pace_is_overdrawn(&p, INT64_MAX));
	ck_assert_uint_eq(pace_wait_ms(&p, INT64_MAX, UINT64_MAX / 2), 0);
	pace_take(&p, 0, UINT64_MAX / 2);
	ck_assert(pace_is_overdrawn(&p, 0));
	ck_assert_uint_eq(pace_wait_ms(&p, 0, UINT64_MAX), UINT64_MAX);
	ck_assert_uint_eq(pace_wait_ms(&p, 1000, UINT64_MAX), 501);
}
END_TEST

/* Who takes as fast as it is let, in bursts, takes the rate and one second more. */
START_TEST(over_time_the_rate_holds)
{
	struct pace p = { 0 };
	uint64_t now = 77, begin = now, taken = 0;
	int64_t rate = 1 + _i * 137;
	srand((unsigned)_i);
	while (now < begin + 100000) {
		do {
			pace_take(&p, rate, now);
			taken++;
			now += (uint64_t)(rand() % 3 == 0);
		} while (!pace_is_overdrawn(&p, rate) || rand() % 4);
		now += pace_wait_ms(&p, rate, now);
	}
	uint64_t allowed = (now - begin) * (uint64_t)rate / 1000;
	ck_assert_uint_le(taken, allowed + (uint64_t)rate + 100);
	ck_assert_uint_ge(taken + (uint64_t)rate, allowed);
}
END_TEST

Suite *suite_broker_pace(void)
{
	Suite *s = suite_create("broker_pace");
	TCase *t = tcase_create("all");
	tcase_add_test(t, a_second_may_be_taken_at_once);
	tcase_add_test(t, without_a_rate_nothing_is_counted);
	tcase_add_test(t, the_largest_and_the_smallest_rates);
	tcase_add_loop_test(t, over_time_the_rate_holds, 0, 10);
	suite_add_tcase(s, t);
	return s;
}
