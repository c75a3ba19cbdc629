/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of numbers against a table of booleans. */
#include <check.h>
#include <stdlib.h>

#include "persistence/ranges.h"

Suite *suite_persistence_ranges(void);

enum { NUMBERS = 300 };

static void expect(const struct ranges *s, const bool *in)
{
	size_t runs = 0;
	for (unsigned i = 0; i < NUMBERS; i++) {
		ck_assert_int_eq(ranges_hold(s, i), in[i]);
		runs += in[i] && (i == 0 || !in[i - 1]);
	}
	ck_assert_uint_eq(s->n, runs);
}

START_TEST(numbers_in_any_order)
{
	struct ranges s = { 0 };
	bool in[NUMBERS] = { false };
	srand((unsigned)_i);
	for (int n = 0; n < 200; n++) {
		unsigned first = (unsigned)rand() % NUMBERS;
		unsigned count = 1 + (unsigned)rand() % (_i % 2 ? 1 : 20);
		count = first + count > NUMBERS ? NUMBERS - first : count;
		ranges_add(&s, (struct record_range){ first, count });
		for (unsigned i = first; i < first + count; i++)
			in[i] = true;
		expect(&s, in);
	}
	ranges_free(&s);
}
END_TEST

START_TEST(in_order_they_stay_one)
{
	struct ranges s = { 0 };
	for (unsigned i = 1; i < 1000; i++)
		ranges_add(&s, (struct record_range){ i, 1 });
	ck_assert_uint_eq(s.n, 1);
	ck_assert(!ranges_hold(&s, 0) && ranges_hold(&s, 999) && !ranges_hold(&s, 1000));
	ranges_shift(&s, 1);
	ck_assert_uint_eq(s.n, 0);
	ck_assert(!ranges_hold(&s, 1));
	ranges_free(&s);
}
END_TEST

Suite *suite_persistence_ranges(void)
{
	Suite *s = suite_create("persistence/ranges");
	TCase *t = tcase_create("ranges");
	tcase_add_loop_test(t, numbers_in_any_order, 0, 12);
	tcase_add_test(t, in_order_they_stay_one);
	suite_add_tcase(s, t);
	return s;
}
