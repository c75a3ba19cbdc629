/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "base/buf.h"

Suite *suite_base_buf(void);

static struct buf b;

static void tear_down(void)
{
	buf_free(&b);
}

START_TEST(a_zeroed_buf_is_empty)
{
	ck_assert_uint_eq(buf_slice(&b).n, 0);
	buf_append(&b, NULL, 0);
	buf_consume(&b, 0);
	ck_assert_ptr_null(b.p);
}
END_TEST

START_TEST(what_is_appended_stays_in_order)
{
	uint8_t piece[97];
	size_t total = 0;
	for (unsigned i = 0; i < 200; i++) {
		size_t n = i * 31 % sizeof piece;
		memset(piece, (int)i, n);
		buf_append(&b, piece, n);
		total += n;
	}
	ck_assert_uint_eq(b.len, total);
	for (unsigned i = 0, at = 0; i < 200; i++)
		for (size_t n = i * 31 % sizeof piece; n; n--)
			ck_assert_uint_eq(b.p[at++], i);
}
END_TEST

START_TEST(room_is_not_length)
{
	uint8_t *p = buf_reserve(&b, 5000);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_uint_ge(b.cap, 5000);
	memset(p, 7, 5000);
	ck_assert_ptr_eq(buf_reserve(&b, 5000), p);
	b.len = 5000;
	buf_u8(&b, 8);
	ck_assert_uint_eq(b.p[4999], 7);
	ck_assert_uint_eq(b.p[5000], 8);
}
END_TEST

START_TEST(text_comes_without_a_nul)
{
	buf_append_slice(&b, slice_str("one "));
	buf_printf(&b, "%d %s", 2, "three");
	buf_printf(&b, "%s", "");
	ck_assert(slice_is(buf_slice(&b), "one 2 three"));
}
END_TEST

START_TEST(long_text_is_whole)
{
	buf_printf(&b, "%0*d|%0*d", 3000, 1, 4000, 2);
	ck_assert_uint_eq(b.len, 7001);
	ck_assert_uint_eq(b.p[2999], '1');
	ck_assert_uint_eq(b.p[3000], '|');
	ck_assert_uint_eq(b.p[7000], '2');
}
END_TEST

START_TEST(consuming_takes_from_the_front)
{
	buf_append_slice(&b, slice_str("abcdef"));
	buf_consume(&b, 2);
	ck_assert(slice_is(buf_slice(&b), "cdef"));
	buf_append_slice(&b, slice_str("g"));
	ck_assert(slice_is(buf_slice(&b), "cdefg"));
	buf_consume(&b, 5);
	ck_assert_uint_eq(b.len, 0);
}
END_TEST

START_TEST(real_numbers_are_as_short_as_they_can_be)
{
	static const struct {
		double v;
		const char *text;
	} rows[] = {
		{ 0, "0.0" },          { -0.0, "-0.0" },     { 1, "1.0" },           { 0.1, "0.1" },
		{ 2.5, "2.5" },        { -7.25, "-7.25" },   { 1e30, "1.0e30" },     { 1.5e-7, "1.5e-7" },
		{ 123456, "123456.0" }, { 1e15, "1.0e15" },  { 1.0 / 3, "0.3333333333333333" },
		{ 5e-324, "5.0e-324" },  { 100, "100.0" },   { 1000, "1.0e3" },      { 0.01, "0.01" },
		{ 1.7976931348623157e308, "1.7976931348623157e308" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		buf_clear(&b);
		buf_real(&b, rows[i].v);
		ck_assert_msg(slice_is(buf_slice(&b), rows[i].text), "%s: %.*s", rows[i].text,
		              SLICE_ARG(buf_slice(&b)));
	}
}
END_TEST

START_TEST(clearing_keeps_the_memory_and_freeing_does_not)
{
	buf_append_slice(&b, slice_str("abc"));
	const uint8_t *p = b.p;
	buf_clear(&b);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_ptr_eq(b.p, p);
	buf_free(&b);
	ck_assert_ptr_null(b.p);
	ck_assert_uint_eq(b.cap, 0);
}
END_TEST

Suite *suite_base_buf(void)
{
	Suite *s = suite_create("base/buf");
	TCase *t = tcase_create("buf");
	tcase_add_checked_fixture(t, NULL, tear_down);
	tcase_add_test(t, a_zeroed_buf_is_empty);
	tcase_add_test(t, what_is_appended_stays_in_order);
	tcase_add_test(t, room_is_not_length);
	tcase_add_test(t, text_comes_without_a_nul);
	tcase_add_test(t, long_text_is_whole);
	tcase_add_test(t, real_numbers_are_as_short_as_they_can_be);
	tcase_add_test(t, consuming_takes_from_the_front);
	tcase_add_test(t, clearing_keeps_the_memory_and_freeing_does_not);
	suite_add_tcase(s, t);
	return s;
}
