/* SPDX-License-Identifier: Apache-2.0 */
/* Names with a value each, in one text. */
#include "base/entries.h"

#include <check.h>

Suite *suite_base_entries(void);

static struct buf text, next;

static void set_up(void)
{
	text = next = (struct buf){ 0 };
}

static void tear_down(void)
{
	buf_free(&text);
	buf_free(&next);
}

static void set(const char *name, const char *value)
{
	buf_clear(&next);
	entries_with(&next, buf_slice(&text), slice_str(name), slice_str(value));
	struct buf before = text;
	text = next;
	next = before;
}

START_TEST(the_last_word_counts_in_the_first_place)
{
	set("a", "1");
	set("b", "x=y");
	set("a", "2");
	set("c", "");
	ck_assert(slice_is(buf_slice(&text), "a=2\nb=x=y\nc=\n"));
}
END_TEST

START_TEST(values_are_found_by_the_whole_name)
{
	set("a", "1");
	set("a.b", "2");
	ck_assert(slice_is(entries_find(buf_slice(&text), slice_str("a")), "1"));
	ck_assert(slice_is(entries_find(buf_slice(&text), slice_str("a.b")), "2"));
	ck_assert_ptr_null(entries_find(buf_slice(&text), slice_str("b")).p);
	set("a", "");
	struct slice empty = entries_find(buf_slice(&text), slice_str("a"));
	ck_assert(empty.p != NULL && empty.n == 0);
}
END_TEST

START_TEST(they_are_walked_in_order)
{
	struct slice rest, name, value;
	set("a", "1");
	set("b", "2");
	rest = buf_slice(&text);
	ck_assert(entries_next(&rest, &name, &value) && slice_is(name, "a") && slice_is(value, "1"));
	ck_assert(entries_next(&rest, &name, &value) && slice_is(name, "b") && slice_is(value, "2"));
	ck_assert(!entries_next(&rest, &name, &value));
}
END_TEST

Suite *suite_base_entries(void)
{
	Suite *s = suite_create("base/entries");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, the_last_word_counts_in_the_first_place);
	tcase_add_test(t, values_are_found_by_the_whole_name);
	tcase_add_test(t, they_are_walked_in_order);
	suite_add_tcase(s, t);
	return s;
}
