/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>

#include "base/slice.h"

Suite *suite_base_slice(void);

START_TEST(equal_means_the_same_bytes)
{
	ck_assert(slice_eq(slice_of("ab\0c", 4), slice_of("ab\0c", 4)));
	ck_assert(!slice_eq(slice_of("ab\0c", 4), slice_of("ab\0d", 4)));
	ck_assert(!slice_eq(slice_str("ab"), slice_str("abc")));
	ck_assert(slice_eq(slice_of(NULL, 0), slice_str("")));
}
END_TEST

START_TEST(a_slice_is_a_string_as_a_whole)
{
	ck_assert(slice_is(slice_str("amq.topic"), "amq.topic"));
	ck_assert(!slice_is(slice_str("amq.topic"), "amq."));
	ck_assert(!slice_is(slice_of("amq\0", 4), "amq"));
	ck_assert(slice_is(slice_of(NULL, 0), ""));
}
END_TEST

START_TEST(a_prefix_may_be_all_or_nothing)
{
	ck_assert(slice_starts(slice_str("amq.gen"), "amq."));
	ck_assert(slice_starts(slice_str("amq."), "amq."));
	ck_assert(slice_starts(slice_str("x"), ""));
	ck_assert(!slice_starts(slice_str("amq"), "amq."));
	ck_assert(!slice_starts(slice_str("Amq."), "amq."));
}
END_TEST

START_TEST(taking_splits_it)
{
	struct slice s = slice_str("abcdef");
	ck_assert(slice_is(slice_take(&s, 2), "ab"));
	ck_assert(slice_is(slice_take(&s, 0), ""));
	ck_assert(slice_is(s, "cdef"));
	ck_assert(slice_is(slice_take(&s, 4), "cdef"));
	ck_assert_uint_eq(s.n, 0);
}
END_TEST

START_TEST(it_can_be_printed)
{
	char text[16];
	snprintf(text, sizeof text, "<%.*s>", SLICE_ARG(slice_of("queue one", 5)));
	ck_assert_str_eq(text, "<queue>");
}
END_TEST

Suite *suite_base_slice(void)
{
	Suite *s = suite_create("base/slice");
	TCase *t = tcase_create("slice");
	tcase_add_test(t, equal_means_the_same_bytes);
	tcase_add_test(t, a_slice_is_a_string_as_a_whole);
	tcase_add_test(t, a_prefix_may_be_all_or_nothing);
	tcase_add_test(t, taking_splits_it);
	tcase_add_test(t, it_can_be_printed);
	suite_add_tcase(s, t);
	return s;
}
