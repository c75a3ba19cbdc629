/* SPDX-License-Identifier: Apache-2.0 */
#include "base/series.h"

#include <check.h>

Suite *suite_base_series(void);

enum { NUMBERS = 3, MANY = 1000 };

static struct series_pool pool;
static struct series *series;

static void set_up(void)
{
	series_pool_init(&pool, 1 << 20);
	ck_assert(series_new(&pool, &series, NUMBERS, 0, 0));
}

static void tear_down(void)
{
	series_free(&series);
	ck_assert_uint_eq(pool.bytes, 0);
	ck_assert(list_empty(&pool.all));
}

static void put(struct series *s, uint64_t step, uint64_t from)
{
	series_put(s, step, from, (uint64_t[]){ step, 10 * step, 100 * step });
}

START_TEST(a_step_without_a_row_has_the_numbers_of_the_one_before)
{
	put(series, 5, 0);
	put(series, 9, 0);
	ck_assert_uint_eq(series_get(series, 5, 1), 50);
	ck_assert_uint_eq(series_get(series, 8, 1), 50);
	ck_assert_uint_eq(series_get(series, 9, 2), 900);
	ck_assert_uint_eq(series_get(series, 1000, 0), 9);
	ck_assert_uint_eq(series_get(series, 1, 0), 5);
}
END_TEST

START_TEST(a_step_that_comes_twice_has_what_came_last)
{
	put(series, 5, 0);
	series_put(series, 5, 0, (uint64_t[]){ 1, 2, 3 });
	ck_assert_uint_eq(series_get(series, 5, 2), 3);
	ck_assert_uint_eq(series_first(series), 5);
}
END_TEST

/* It keeps what is wanted, and the row that says what was at the beginning of that. */
START_TEST(it_keeps_a_window)
{
	for (uint64_t step = 1; step <= MANY; step++)
		put(series, step, step > 100 ? step - 100 : 0);
	for (uint64_t step = MANY - 100; step <= MANY; step++)
		ck_assert_uint_eq(series_get(series, step, 0), step);
	ck_assert_uint_eq(series_first(series), MANY - 100);
	ck_assert_uint_eq(series_last(series), MANY);
	put(series, 2 * MANY, 2 * MANY - 100);
	ck_assert_uint_eq(series_get(series, 2 * MANY - 1, 0), MANY);
}
END_TEST

START_TEST(the_pool_is_full)
{
	static struct series *many[MANY];
	size_t n = 0;
	pool.most_bytes = 16 << 10;
	for (; series_new(&pool, &many[n], NUMBERS, 0, 7); n++)
		put(many[n], n < 3 ? 1 : 7, 0);
	ck_assert(pool.bytes <= pool.most_bytes);
	ck_assert_uint_gt(n, 10);
	ck_assert(!many[0] && !many[2] && many[3]);   /* those that had rested went for others */
	for (uint64_t step = 8; step < 40; step++) {
		put(many[4], step, 0);
		put(many[5], step, 0);
	}
	ck_assert(pool.bytes <= pool.most_bytes);
	ck_assert_uint_eq(series_get(many[4], 39, 1), 390);
	ck_assert_uint_gt(series_first(many[4]), 7);
	series_sweep(&pool, 8);
	ck_assert(!many[3] && many[4] && !many[6]);
	series_free(&many[4]);
	series_free(&many[5]);
	for (size_t i = 0; i < n; i++)
		series_free(&many[i]);
}
END_TEST

START_TEST(without_room_there_is_none)
{
	struct series *other = NULL;
	pool.most_bytes = 0;
	ck_assert(!series_new(&pool, &other, NUMBERS, 0, 0));
	ck_assert(!other);
}
END_TEST

START_TEST(the_finest_that_goes_back_so_far_is_asked)
{
	struct series *coarse = NULL;
	ck_assert(series_new(&pool, &coarse, NUMBERS, 0, 0));
	for (uint64_t step = 10; step <= 90; step += 40)
		put(coarse, step, 0);
	put(series, 80, 0);
	put(series, 90, 0);
	struct series *all[] = { series, NULL, coarse };
	ck_assert_ptr_eq(series_finest(all, 3, 85), series);
	ck_assert_ptr_eq(series_finest(all, 3, 80), series);
	ck_assert_ptr_eq(series_finest(all, 3, 79), coarse);
	ck_assert_ptr_eq(series_finest(all, 3, 1), coarse);
	ck_assert_ptr_eq(series_finest(all, 2, 1), series);
	ck_assert_ptr_null(series_finest(all + 1, 1, 80));
	series_free(&coarse);
}
END_TEST

Suite *suite_base_series(void)
{
	Suite *s = suite_create("base_series");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_step_without_a_row_has_the_numbers_of_the_one_before);
	tcase_add_test(t, a_step_that_comes_twice_has_what_came_last);
	tcase_add_test(t, it_keeps_a_window);
	tcase_add_test(t, the_pool_is_full);
	tcase_add_test(t, without_room_there_is_none);
	tcase_add_test(t, the_finest_that_goes_back_so_far_is_asked);
	suite_add_tcase(s, t);
	return s;
}
