/* SPDX-License-Identifier: Apache-2.0 */
#include "base/histogram.h"

#include <check.h>

Suite *suite_base_histogram(void);

static struct histogram h;

static void set_up(void)
{
	histogram_init(&h, &scale_milliseconds);
}

static void assert_percentile(double part, double number)
{
	ck_assert_double_eq_tol(histogram_percentile(&h, part), number, 1e-9);
}

START_TEST(between_two_bounds_lies_a_straight_line)
{
	histogram_add(&h, 3, 100);   /* more than 2, up to 5 */
	assert_percentile(0.01, 2.03);
	assert_percentile(0.5, 3.5);
	assert_percentile(0.99, 4.97);
	assert_percentile(1, 5);
	ck_assert_uint_eq(histogram_most(&h), 5);
}
END_TEST

START_TEST(rare_ones_are_above_a_percentile)
{
	histogram_add(&h, 0, 990);
	histogram_add(&h, 5000, 10);
	assert_percentile(0.5, 500.0 / 990);
	assert_percentile(0.99, 1);
	assert_percentile(0.995, 3750);
	ck_assert_uint_eq(histogram_most(&h), 5000);
}
END_TEST

/* How far above nobody knows. */
START_TEST(above_all_bounds_is_the_last_of_them)
{
	histogram_add(&h, 1000000, 7);
	assert_percentile(0.01, 10000);
	assert_percentile(0.99, 10000);
	ck_assert_uint_eq(histogram_most(&h), 10000);
}
END_TEST

START_TEST(of_nothing_there_is_nought)
{
	assert_percentile(0.5, 0);
	ck_assert_uint_eq(histogram_most(&h), 0);
}
END_TEST

Suite *suite_base_histogram(void)
{
	Suite *s = suite_create("base_histogram");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_test(t, between_two_bounds_lies_a_straight_line);
	tcase_add_test(t, rare_ones_are_above_a_percentile);
	tcase_add_test(t, above_all_bounds_is_the_last_of_them);
	tcase_add_test(t, of_nothing_there_is_nought);
	suite_add_tcase(s, t);
	return s;
}
