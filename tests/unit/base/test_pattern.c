/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/pattern.h"

Suite *suite_base_pattern(void);

static struct pattern_room *room;

static void set_up(void)
{
	room = pattern_room_new();
}

static void tear_down(void)
{
	pattern_room_free(&room);
	ck_assert_ptr_null(room);
}

static enum pattern_answer search(struct slice pattern, struct slice text)
{
	struct pattern_fault fault = { 0 };
	struct pattern *p = pattern_new(pattern, &fault);
	ck_assert_msg(p, "%.*s: %s", SLICE_ARG(pattern), fault.text);
	enum pattern_answer a = pattern_search(p, room, text);
	ck_assert_int_eq(pattern_search(p, room, text), a);
	ck_assert_int_eq(pattern_search_once(pattern, room, text), a);
	pattern_free(&p);
	ck_assert_ptr_null(p);
	return a;
}

static enum pattern_answer search_str(const char *pattern, const char *text)
{
	return search(slice_str(pattern), slice_str(text));
}

START_TEST(test_found_anywhere_unless_anchored)
{
	static const struct {
		const char *pattern, *text;
		bool found;
	} rows[] = {
		{ "dog", "hotdogs", true },
		{ "dog", "dig", false },
		{ "^dog", "hotdog", false },
		{ "^dog$", "dog", true },
		{ "dog$", "dog\n", true },          /* as re:run: $ is also before a last newline */
		{ "^amq\\.", "amq.topic", true },
		{ "^amq\\.", "amqxtopic", false },
		{ "^(a|b).*\\.c$", "b..c", true },
		{ "(?i)^DOG", "dog", true },
		{ "^(?!amq\\.).*", "amq.gen", false },
		{ "^(.)x\\1$", "yxy", true },
		{ "", "", true },
		{ "", "x", true },
		{ "^$", "", true },
		{ "^$", "x", false },
		{ ".", "", false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_msg(search_str(rows[i].pattern, rows[i].text) ==
			(rows[i].found ? PATTERN_FOUND : PATTERN_NOT_FOUND), "%s", rows[i].pattern);
}
END_TEST

START_TEST(test_bytes_not_characters)
{
	ck_assert_int_eq(search_str("^..$", "\xc3\xa9"), PATTERN_FOUND);
	ck_assert_int_eq(search_str("^.$", "\xc3\xa9"), PATTERN_NOT_FOUND);
	ck_assert_int_eq(search_str("\xff", "a\xff"), PATTERN_FOUND);
	ck_assert_int_eq(search(slice_of("a\0b", 3), slice_of("xa\0b", 4)), PATTERN_FOUND);
	ck_assert_int_eq(search(slice_of("a\0b", 3), slice_of("xa\0c", 4)), PATTERN_NOT_FOUND);
	ck_assert_int_eq(search(slice_of(NULL, 0), slice_of(NULL, 0)), PATTERN_FOUND);
}
END_TEST

static void check_refused(struct slice text, const char *why, size_t at)
{
	struct pattern_fault fault = { 0 };
	ck_assert_ptr_null(pattern_new(text, &fault));
	ck_assert_str_eq(fault.text, why);
	ck_assert_uint_eq(fault.at, at);
}

START_TEST(test_refused_with_a_reason)
{
	check_refused(slice_str("a(b"), "missing closing parenthesis", 3);
	check_refused(slice_str("*a"), "quantifier does not follow a repeatable item", 0);
	check_refused(slice_str("(*UTF)a"), "using UTF is disabled by the application", 6);
	ck_assert_int_eq(pattern_search_once(slice_str("a(b"), room, slice_str("a(b")),
	                 PATTERN_NOT_FOUND);
}
END_TEST

static char many[PATTERN_MAX_BYTES + 1];

START_TEST(test_size_is_bounded)
{
	memset(many, 'a', sizeof many);
	ck_assert_int_eq(search(slice_of(many, PATTERN_MAX_BYTES), slice_str("a")),
		PATTERN_NOT_FOUND);
	check_refused(slice_of(many, PATTERN_MAX_BYTES + 1),
		"pattern string is longer than the limit set by the application", 0);
	ck_assert_int_eq(search(slice_str("a"), slice_of(many, PATTERN_MAX_SUBJECT)), PATTERN_FOUND);
	ck_assert_int_eq(search(slice_str("a"), slice_of(many, PATTERN_MAX_SUBJECT + 1)),
		PATTERN_GAVE_UP);
}
END_TEST

static struct slice nested(size_t depth)
{
	memset(many, '(', depth);
	many[depth] = 'a';
	memset(many + depth + 1, ')', depth);
	return slice_of(many, 2 * depth + 1);
}

START_TEST(test_nesting_is_bounded)
{
	ck_assert_int_eq(search(nested(PATTERN_MAX_NESTING), slice_str("a")), PATTERN_FOUND);
	check_refused(nested(PATTERN_MAX_NESTING + 1), "parentheses are too deeply nested",
		PATTERN_MAX_NESTING + 1);
}
END_TEST

START_TEST(test_what_compiles_to_much_is_refused)
{
	check_refused(slice_str("((a{0,65535}){0,65535}){0,65535}"),
		"regular expression is too large", 32);
	check_refused(slice_str("(?:(?:a{1,9}){999}){999}"), "regular expression is too large", 24);
}
END_TEST

/* Each takes for ever on a text of one letter when nothing bounds it.  The class at the end keeps
 * pcre2 from seeing at once that a letter is missing. */
static const char *const bombs[] = {
	"(a+)+[bc]", "(a*)*[bc]", "^(a+)+[bc]$", "(a|aa)+[bc]", "(a|a?)+[bc]", "(.*a){12}[bc]",
	".*.*.*.*[bc]", "a*a*a*a*[bc]", "(?:(?:a*)*)*[bc]", "((a+)+)+[bc]", "(a{1,40}){1,40}[bc]",
	"(a*)(\\1a*)*[bc]", "(?i)(a+)(?:\\1|a\\1)*[bc]", "(a(?1)*)+[bc]", "^((a|aa)(?1)?)+[bc]",
	"(?:a(?=a*a*a*[bc])|a)+[bc]", "((?>a+?)|a)*?[bc]", "(*LIMIT_MATCH=999999999)(a+)+[bc]",
	"(*NO_START_OPT)(a+)+x", "(?R)*a[bc]",
};

START_TEST(test_bombs_end)
{
	memset(many, 'a', sizeof many);
	ck_assert_int_eq(search(slice_str(bombs[_i]), slice_of(many, PATTERN_MAX_SUBJECT)),
		PATTERN_GAVE_UP);
	ck_assert_uint_le(pattern_steps(room), PATTERN_MAX_STEPS + 1);
	/* The room is none the worse for it. */
	ck_assert_int_eq(search_str("^a$", "a"), PATTERN_FOUND);
	ck_assert_int_eq(search_str("^a$", "b"), PATTERN_NOT_FOUND);
}
END_TEST

/* What is cheap at each place where it could begin is not cheap at all of them together. */
START_TEST(test_steps_of_all_places_count)
{
	memset(many, 'a', sizeof many);
	ck_assert_int_eq(search(slice_str("a{0,40}a[bc]"), slice_of(many, 100)), PATTERN_NOT_FOUND);
	ck_assert_uint_gt(pattern_steps(room), 4000);
	ck_assert_int_eq(search(slice_str("a{0,40}a[bc]"), slice_of(many, 400)), PATTERN_GAVE_UP);
}
END_TEST

START_TEST(test_a_long_list_of_names_is_no_bomb)
{
	struct buf list = { 0 };
	buf_append_slice(&list, slice_str("^("));
	for (int i = 0; i < 700; i++) {
		char name[16];
		snprintf(name, sizeof name, "%sq%d", i ? "|" : "", i);
		buf_append_slice(&list, slice_str(name));
	}
	buf_append_slice(&list, slice_str(")$"));
	ck_assert_int_eq(search(buf_slice(&list), slice_str("q699")), PATTERN_FOUND);
	ck_assert_int_eq(search(buf_slice(&list), slice_str("q700")), PATTERN_NOT_FOUND);
	buf_free(&list);
}
END_TEST

START_TEST(test_many_groups_meet_the_room)
{
	struct buf groups = { 0 };
	for (int i = 0; i < 1300; i++)
		buf_append_slice(&groups, slice_str("()a"));
	memset(many, 'a', sizeof many);
	ck_assert_int_eq(search(buf_slice(&groups), slice_of(many, PATTERN_MAX_SUBJECT)),
		PATTERN_GAVE_UP);
	ck_assert_int_eq(search(slice_of(groups.p, 3 * 100), slice_of(many, PATTERN_MAX_SUBJECT)),
		PATTERN_FOUND);
	buf_free(&groups);
}
END_TEST

Suite *suite_base_pattern(void)
{
	Suite *s = suite_create("base_pattern");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, test_found_anywhere_unless_anchored);
	tcase_add_test(t, test_bytes_not_characters);
	tcase_add_test(t, test_refused_with_a_reason);
	tcase_add_test(t, test_size_is_bounded);
	tcase_add_test(t, test_nesting_is_bounded);
	tcase_add_test(t, test_what_compiles_to_much_is_refused);
	tcase_add_loop_test(t, test_bombs_end, 0, sizeof bombs / sizeof bombs[0]);
	tcase_add_test(t, test_steps_of_all_places_count);
	tcase_add_test(t, test_a_long_list_of_names_is_no_bomb);
	tcase_add_test(t, test_many_groups_meet_the_room);
	suite_add_tcase(s, t);
	return s;
}
