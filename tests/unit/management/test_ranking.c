/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "management/ranking.h"

Suite *suite_management_ranking(void);

enum { TEXTS = 5000 };

static int number_of(unsigned i)
{
	srand(i);
	return rand() % 500;
}

/* Of many with like keys, as sorting all of them would have it. */
static void try(size_t most, bool reverse)
{
	size_t together = 0;
	struct ranking r = { .most = most, .most_bytes = 1 << 20, .together = &together,
		                 .reverse = reverse };
	unsigned order[TEXTS];
	int numbers[TEXTS];
	size_t n = 0;
	for (unsigned i = 0; i < TEXTS; i++)
		numbers[i] = number_of(i);
	for (int k = 0; k < 500; k++)
		for (unsigned i = 0; i < TEXTS; i++)
			if (numbers[i] == (reverse ? 499 - k : k))
				order[n++] = i;
	for (unsigned i = 0; i < TEXTS; i++) {
		char room[16];
		snprintf(room, sizeof room, "%03d", numbers[i]);
		struct slice key = slice_str(room);
		if (ranking_admits(&r, key))
			ck_assert_int_eq(ranking_add(&r, key, slice_of(&i, sizeof i)), RANKING_KEPT);
	}
	while (!ranking_sort(&r))
		;
	ck_assert_uint_eq(ranking_count(&r), most < TEXTS ? most : TEXTS);
	for (size_t i = 0; i < ranking_count(&r); i++)
		ck_assert(slice_eq(ranking_get(&r, i), slice_of(&order[i], sizeof *order)));
	ck_assert_uint_eq(together, r.bytes);
	ranking_free(&r);
	ck_assert_uint_eq(together, 0);
}

START_TEST(the_best_are_those_that_sorting_all_puts_first)
{
	try(1, false);
	try(100, false);
	try(100, true);
	try(SIZE_MAX, false);
	try(SIZE_MAX, true);
}
END_TEST

static enum ranking_answer add(struct ranking *r, const char *key)
{
	char text[400] = { 0 };
	return ranking_add(r, slice_str(key), slice_of(text, sizeof text));
}

START_TEST(what_takes_up_too_much_is_not_kept)
{
	size_t together = 0;
	struct ranking r = { .most = SIZE_MAX, .most_bytes = 1000, .together = &together };
	ck_assert_int_eq(add(&r, "b"), RANKING_KEPT);
	ck_assert_int_eq(add(&r, "a"), RANKING_KEPT);
	ck_assert_int_eq(add(&r, "c"), RANKING_TOO_LONG);
	ck_assert(ranking_sort(&r));
	ck_assert_uint_eq(ranking_count(&r), 2);
	ranking_free(&r);
}
END_TEST

/* Others have all but 1,000 bytes. */
START_TEST(all_together_take_up_no_more_than_they_may)
{
	size_t together = RANKINGS_MAX_BYTES - 1000;
	struct ranking first = { .most = 1, .most_bytes = 10000, .together = &together };
	struct ranking second = { .most = SIZE_MAX, .most_bytes = 10000, .together = &together };
	ck_assert_int_eq(add(&first, "b"), RANKING_KEPT);
	ck_assert_int_eq(add(&first, "a"), RANKING_KEPT);   /* in its place */
	ck_assert_int_eq(add(&second, "a"), RANKING_KEPT);
	ck_assert_int_eq(add(&second, "b"), RANKING_BUSY);
	ranking_free(&first);
	ck_assert_int_eq(add(&second, "b"), RANKING_KEPT);
	ranking_free(&second);
	ck_assert_uint_eq(together, RANKINGS_MAX_BYTES - 1000);
}
END_TEST

Suite *suite_management_ranking(void)
{
	Suite *s = suite_create("management_ranking");
	TCase *t = tcase_create("all");
	tcase_add_test(t, the_best_are_those_that_sorting_all_puts_first);
	tcase_add_test(t, what_takes_up_too_much_is_not_kept);
	tcase_add_test(t, all_together_take_up_no_more_than_they_may);
	suite_add_tcase(s, t);
	return s;
}
