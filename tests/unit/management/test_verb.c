/* SPDX-License-Identifier: Apache-2.0 */
/* The table of verbs, and what is meant by who mistypes one. */
#include <check.h>
#include <string.h>

#include "management/verb.h"

Suite *suite_management_verb(void);

static const char *nearest(const char *name)
{
	const struct verb *v = verb_nearest(slice_str(name));
	return v ? v->name : "(none)";
}

START_TEST(the_nearest_is_what_was_meant)
{
	ck_assert_str_eq(nearest("lst_queues"), "list_queues");
	ck_assert_str_eq(nearest("list_queue"), "list_queues");
	ck_assert_str_eq(nearest("add-user"), "add_user");
	ck_assert_str_eq(nearest("stauts"), "status");
}
END_TEST

START_TEST(what_looks_like_nothing_is_nothing)
{
	ck_assert_str_eq(nearest("frobnicate"), "(none)");
	ck_assert_str_eq(nearest(""), "(none)");
	ck_assert_str_eq(nearest("x"), "(none)");
}
END_TEST

START_TEST(the_table_is_sound)
{
	size_t i = 0;
	for (const struct verb *v; (v = verb_at(i)); i++) {
		ck_assert_ptr_eq(verb_find(slice_str(v->name)), v);
		ck_assert_uint_eq(verb_index(v), i);
		ck_assert_uint_le(v->least, v->most);
		ck_assert_uint_gt(strlen(v->help), 0);
		ck_assert_msg(v->least == 0 || *v->example || strstr(v->usage, "PASSWORD]"),
		              "%s needs arguments, and its example has none", v->name);
	}
	ck_assert_uint_gt(i, 80);
}
END_TEST

START_TEST(help_of_one)
{
	struct buf text = { 0 };
	verb_print(&text, verb_find(slice_str("purge_queue")));
	ck_assert(slice_is(buf_slice(&text),
	                   "Usage: leveretctl purge_queue QUEUE\n\n"
	                   "  drops the ready messages of a queue\n\n"
	                   "Example\n\n  leveretctl purge_queue -p orders bills\n\n"
	                   "From afar (--host) an administrator may.\n"));
	buf_free(&text);
}
END_TEST

Suite *suite_management_verb(void)
{
	Suite *s = suite_create("management_verb");
	TCase *t = tcase_create("verbs");
	tcase_add_test(t, the_nearest_is_what_was_meant);
	tcase_add_test(t, what_looks_like_nothing_is_nothing);
	tcase_add_test(t, the_table_is_sound);
	tcase_add_test(t, help_of_one);
	suite_add_tcase(s, t);
	return s;
}
