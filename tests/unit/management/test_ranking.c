/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "management/ranking.h"

Suite *suite_management_ranking(void);

enum { TEXTS = 5000 };

static struct slice key_of(unsigned seed, char room[16])
{
	srand(seed);
	snprintf(room, 16, "%03d", rand() % 500);
	return slice_str(room);
}

/* Of many with like keys, as sorting all of them would have it. */
static void try(size_t most, bool reverse)
{
	struct ranking r = { .most = most, .most_bytes = 1 << 20, .reverse = reverse };
	unsigned order[TEXTS];
	size_t n = 0;
	for (int k = 0; k < 500; k++)
		for (unsigned i = 0; i < TEXTS; i++) {
			char room[16];
			if (atoi((const char *)key_of(i, room).p) == (reverse ? 499 - k : k))
				order[n++] = i;
		}
	for (unsigned i = 0; i < TEXTS; i++) {
		char room[16];
		struct slice key = key_of(i, room);
		if (ranking_admits(&r, key))
			ck_assert(ranking_add(&r, key, slice_of(&i, sizeof i)));
	}
	while (!ranking_sort(&r))
		;
	ck_assert_uint_eq(ranking_count(&r), most < TEXTS ? most : TEXTS);
	for (size_t i = 0; i < ranking_count(&r); i++)
		ck_assert(slice_eq(ranking_get(&r, i), slice_of(&order[i], sizeof *order)));
	ranking_free(&r);
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

START_TEST(what_takes_up_too_much_is_not_kept)
{
	struct ranking r = { .most = SIZE_MAX, .most_bytes = 1000 };
	char text[400] = { 0 };
	ck_assert(ranking_add(&r, slice_str("b"), slice_of(text, sizeof text)));
	ck_assert(ranking_add(&r, slice_str("a"), slice_of(text, sizeof text)));
	ck_assert(!ranking_add(&r, slice_str("c"), slice_of(text, sizeof text)));
	ck_assert(ranking_sort(&r));
	ck_assert_uint_eq(ranking_count(&r), 2);
	ranking_free(&r);
}
END_TEST

Suite *suite_management_ranking(void)
{
	Suite *s = suite_create("management_ranking");
	TCase *t = tcase_create("all");
	tcase_add_test(t, the_best_are_those_that_sorting_all_puts_first);
	tcase_add_test(t, what_takes_up_too_much_is_not_kept);
	suite_add_tcase(s, t);
	return s;
}
