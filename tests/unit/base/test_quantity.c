/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "base/quantity.h"

Suite *suite_base_quantity(void);

static const struct {
	const char *text;
	uint64_t bytes;
} sizes[] = {
	{ "0", 0 },          { "17", 17 },          { "17b", 17 },        { "1k", 1024 },
	{ "1KB", 1024 },     { "2KiB", 2048 },      { "1M", 1 << 20 },    { "3mb", 3 << 20 },
	{ "1GiB", 1 << 30 }, { "2T", 2ull << 40 },  { "8388607T", 8388607ull << 40 },
};

START_TEST(sizes_have_units)
{
	uint64_t n = 1;
	ck_assert(quantity_bytes(slice_str(sizes[_i].text), &n));
	ck_assert_uint_eq(n, sizes[_i].bytes);
}
END_TEST

static const char *const no_sizes[] = { "", "k", "1 k", "1kk", "-1", "+1", "1.5k", "0x10",
	                                    "9223372036854775808", "8388608T" };

START_TEST(others_are_none)
{
	uint64_t n;
	ck_assert(!quantity_bytes(slice_str(no_sizes[_i]), &n));
}
END_TEST

START_TEST(a_count_has_digits_only)
{
	uint64_t n;
	ck_assert(quantity_count(slice_str("9223372036854775807"), &n) && n == INT64_MAX);
	ck_assert(!quantity_count(slice_str("1k"), &n));
	ck_assert(!quantity_count(slice_str(""), &n));
}
END_TEST

static const struct {
	const char *text;
	uint64_t ms;
} times[] = { { "0", 0 }, { "250", 250 }, { "250ms", 250 }, { "3s", 3000 }, { "2m", 120000 },
	          { "1h", 3600000 }, { "1d", 86400000 }, { "2w", 1209600000 } };

START_TEST(times_have_units)
{
	uint64_t n;
	ck_assert(quantity_ms(slice_str(times[_i].text), &n));
	ck_assert_uint_eq(n, times[_i].ms);
}
END_TEST

static const char *const no_times[] = { "", "s", "1 s", "1S", "1h30m", "-1s", "1.5h",
	                                    "9223372036854775807s" };

START_TEST(other_times_are_refused)
{
	uint64_t n;
	ck_assert(!quantity_ms(slice_str(no_times[_i]), &n));
}
END_TEST

static const struct {
	const char *text;
	double value;
} fractions[] = { { "0", 0 }, { "1", 1 }, { "0.5", 0.5 }, { "0.25", 0.25 }, { "1.0", 1 },
	              { "12.125", 12.125 }, { "0.000000001", 1e-9 }, { "999999999", 999999999 } };

START_TEST(fractions_are_decimal)
{
	double x = -1;
	ck_assert(quantity_fraction(slice_str(fractions[_i].text), &x));
	ck_assert_double_eq_tol(x, fractions[_i].value, 1e-12);
}
END_TEST

static const char *const no_fractions[] = { "", ".", ".5", "1.", "1,5", "0.5x", "-0.5", "1e3",
	                                        "0.0000000001", "9999999999", "nan", "0.5.5" };

START_TEST(other_fractions_are_refused)
{
	double x;
	ck_assert(!quantity_fraction(slice_str(no_fractions[_i]), &x));
}
END_TEST

Suite *suite_base_quantity(void)
{
	Suite *s = suite_create("base/quantity");
	TCase *t = tcase_create("all");
	tcase_add_loop_test(t, sizes_have_units, 0, sizeof sizes / sizeof *sizes);
	tcase_add_loop_test(t, others_are_none, 0, sizeof no_sizes / sizeof *no_sizes);
	tcase_add_test(t, a_count_has_digits_only);
	tcase_add_loop_test(t, times_have_units, 0, sizeof times / sizeof *times);
	tcase_add_loop_test(t, other_times_are_refused, 0, sizeof no_times / sizeof *no_times);
	tcase_add_loop_test(t, fractions_are_decimal, 0, sizeof fractions / sizeof *fractions);
	tcase_add_loop_test(t, other_fractions_are_refused, 0,
	                    sizeof no_fractions / sizeof *no_fractions);
	suite_add_tcase(s, t);
	return s;
}
