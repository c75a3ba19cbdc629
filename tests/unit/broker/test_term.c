/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/term.h"

#include <check.h>

Suite *suite_broker_term(void);

static struct buf shown;

static const char *name(struct slice s)
{
	buf_clear(&shown);
	term_put_name(&shown, s);
	buf_u8(&shown, '\0');
	return (const char *)shown.p;
}

static const char *atom(const char *s)
{
	buf_clear(&shown);
	term_put_atom(&shown, slice_str(s));
	buf_u8(&shown, '\0');
	return (const char *)shown.p;
}

START_TEST(control_bytes_have_three_digits)
{
	ck_assert_str_eq(name(slice_str("\0012")), "<<\"\\0012\">>");
	ck_assert_str_eq(name(slice_of("\0", 1)), "<<\"\\000\">>");
	ck_assert_str_eq(name(slice_str("a\x7f" "7\n")), "<<\"a\\1777\\n\">>");
	ck_assert_str_eq(atom("a\0017"), "'a\\0017'");
	buf_free(&shown);
}
END_TEST

START_TEST(quotes_and_letters_beyond_ascii)
{
	ck_assert_str_eq(name(slice_str("it's \"so\" \\")), "<<\"it's \\\"so\\\" \\\\\">>");
	ck_assert_str_eq(name(slice_str("")), "<<>>");
	ck_assert_str_eq(name(slice_str("\xc3\xa4")), "<<\"\xc3\xa4\"/utf8>>");
	ck_assert_str_eq(atom("topic"), "topic");
	ck_assert_str_eq(atom("apply-to"), "'apply-to'");
	ck_assert_str_eq(atom("it's \"so\""), "'it\\'s \"so\"'");
	buf_free(&shown);
}
END_TEST

Suite *suite_broker_term(void)
{
	Suite *s = suite_create("broker_term");
	TCase *t = tcase_create("all");
	tcase_add_test(t, control_bytes_have_three_digits);
	tcase_add_test(t, quotes_and_letters_beyond_ascii);
	suite_add_tcase(s, t);
	return s;
}
