/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of numbers against a table of booleans. */
#include <check.h>
#include <stdlib.h>

#include "persistence/ranges.h"

Suite *suite_persistence_ranges(void);

enum { NUMBERS = 6000 };

static void expect(const struct ranges *s, const bool *in, unsigned numbers)
{
	size_t runs = 0, wrong = 0;
	struct ranges_walk w = { 0 };
	struct record_range r;
	for (unsigned i = 0; i < numbers; i++) {
		wrong += ranges_hold(s, i) != in[i];
		runs += in[i] && (i == 0 || !in[i - 1]);
	}
	ck_assert_uint_eq(wrong, 0);
	ck_assert_uint_eq(s->n, runs);
	for (uint64_t before = 0; ranges_next(s, &w, &r); before = r.first + r.count) {
		ck_assert(r.first > before || before == 0);
		ck_assert(in[r.first] && in[r.first + r.count - 1]);
		runs--;
	}
	ck_assert_uint_eq(runs, 0);
}

static void set(bool *in, unsigned first, unsigned count, bool to)
{
	for (unsigned i = first; i < first + count; i++)
		in[i] = to;
}

/* One number at a time, or stretches; few in all, or so many ranges that they fill blocks. */
START_TEST(numbers_in_any_order)
{
	struct ranges s = { 0 };
	bool in[NUMBERS] = { false };
	unsigned numbers = _i < 8 ? 300 : NUMBERS;
	srand((unsigned)_i);
	for (unsigned n = 0; n < 2 * numbers; n++) {
		unsigned first = (unsigned)rand() % numbers;
		unsigned count = 1 + (unsigned)rand() % (_i % 2 ? 1 : 20);
		bool add = rand() % 4 > 0;
		count = first + count > numbers ? numbers - first : count;
		if (add)
			ranges_add(&s, (struct record_range){ first, count });
		else
			ranges_remove(&s, (struct record_range){ first, count });
		set(in, first, count, add);
		if (numbers == 300 || n % 500 == 0)
			expect(&s, in, numbers);
	}
	expect(&s, in, NUMBERS);
	ranges_remove(&s, (struct record_range){ 0, NUMBERS });
	ck_assert_uint_eq(s.n + s.n_blocks + s.cap, 0);
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
	ranges_shift(&s);
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
