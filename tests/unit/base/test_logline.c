/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <string.h>

#include "base/logline.h"

Suite *suite_base_logline(void);

static char last[2048];
static enum logline_level last_level;
static int lines;

static void keep(enum logline_category category, enum logline_level level, const char *text)
{
	(void)category;
	last_level = level;
	strncpy(last, text, sizeof last - 1);
	lines++;
}

static void set_up(void)
{
	lines = 0;
	memset(last, 0, sizeof last);
	logline_set_sink(keep);
	logline_set_level(LOGLINE_INFO);
}

static void tear_down(void)
{
	logline_set_sink(NULL);
}

START_TEST(a_line_reaches_the_sink_formatted)
{
	log_warning("queue %s has %d messages", "q", 7);
	ck_assert_int_eq(lines, 1);
	ck_assert_int_eq(last_level, LOGLINE_WARNING);
	ck_assert_str_eq(last, "queue q has 7 messages");
}
END_TEST

START_TEST(lines_below_the_level_are_dropped)
{
	log_debug("no");
	ck_assert_int_eq(lines, 0);
	log_info("yes");
	ck_assert_int_eq(lines, 1);
	logline_set_level(LOGLINE_ERROR);
	log_warning("no");
	ck_assert_int_eq(lines, 1);
	log_critical("yes");
	ck_assert_int_eq(lines, 2);
	logline_set_level(LOGLINE_NONE);
	ck_assert(!logline_wanted(LOGLINE_GENERAL, LOGLINE_CRITICAL));
}
END_TEST

START_TEST(without_a_sink_nothing_is_wanted)
{
	logline_set_sink(NULL);
	ck_assert(!logline_wanted(LOGLINE_GENERAL, LOGLINE_CRITICAL));
	log_critical("to nobody");
	ck_assert_int_eq(lines, 0);
}
END_TEST

START_TEST(control_bytes_cannot_forge_a_line)
{
	log_info("a\nb\rc\033[31md\177e\tf");
	ck_assert_str_eq(last, "a?b?c?[31md?e?f");
}
END_TEST

START_TEST(bytes_of_other_alphabets_stay)
{
	log_info("g\303\274nther");
	ck_assert_str_eq(last, "g\303\274nther");
}
END_TEST

START_TEST(a_long_line_is_cut)
{
	log_info("%0*d", 5000, 1);
	ck_assert_uint_eq(strlen(last), 1023);
}
END_TEST

START_TEST(levels_have_names)
{
	ck_assert_str_eq(logline_level_name(LOGLINE_DEBUG), "debug");
	ck_assert_str_eq(logline_level_name(LOGLINE_WARNING), "warning");
	ck_assert_str_eq(logline_level_name(LOGLINE_NONE), "none");
}
END_TEST

Suite *suite_base_logline(void)
{
	Suite *s = suite_create("base/logline");
	TCase *t = tcase_create("logline");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_line_reaches_the_sink_formatted);
	tcase_add_test(t, lines_below_the_level_are_dropped);
	tcase_add_test(t, without_a_sink_nothing_is_wanted);
	tcase_add_test(t, control_bytes_cannot_forge_a_line);
	tcase_add_test(t, bytes_of_other_alphabets_stay);
	tcase_add_test(t, a_long_line_is_cut);
	tcase_add_test(t, levels_have_names);
	suite_add_tcase(s, t);
	return s;
}
