/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for syslog, to the byte. */
#include "server/syslog_line.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_server_syslog_line(void);

/* 2026-11-05 07:08:09.000010 */
static const struct timespec then = { 1793862489, 10000 };

static struct syslog_form form;
static struct buf out;

static void set_up(void)
{
	setenv("TZ", "UTC-2", 1);    /* two hours east */
	tzset();
	form = (struct syslog_form){ .facility = 3, .pid = 42, .identity = "leveret" };
}

static void tear_down(void)
{
	buf_free(&out);
}

static void expect(enum logline_level level, const char *wanted)
{
	buf_clear(&out);
	syslog_put(&out, &form, LOGLINE_QUEUE, level, &then, slice_str("a line"));
	buf_u8(&out, '\0');
	ck_assert_str_eq((const char *)out.p, wanted);
}

START_TEST(this_machine_knows_its_name)
{
	expect(LOGLINE_INFO, "<30>Nov  5 09:08:09 leveret[42]: a line");
}
END_TEST

START_TEST(rfc_3164_has_the_name_without_a_domain)
{
	strcpy(form.host, "mq.example.com");
	form.facility = 16;
	expect(LOGLINE_INFO, "<134>Nov  5 09:08:09 mq leveret[42]: a line");
}
END_TEST

START_TEST(rfc_5424_has_all_of_it)
{
	form.by_5424 = true;
	expect(LOGLINE_INFO, "<30>1 2026-11-05T07:08:09.000010Z - leveret 42 queue - a line");
	strcpy(form.host, "mq.example.com");
	expect(LOGLINE_INFO, "<30>1 2026-11-05T07:08:09.000010Z mq.example.com leveret 42 queue - a "
	                     "line");
}
END_TEST

START_TEST(levels_have_their_severities)
{
	static const unsigned priorities[] = { 31, 30, 29, 28, 27, 26 };
	char wanted[64];
	for (size_t i = 0; i < 6; i++) {
		snprintf(wanted, sizeof wanted, "<%u>Nov  5 09:08:09 leveret[42]: a line",
		         priorities[i]);
		expect((enum logline_level)i, wanted);
	}
}
END_TEST

START_TEST(facilities_have_names)
{
	ck_assert_int_eq(syslog_facility(slice_str("daemon")), 3);
	ck_assert_int_eq(syslog_facility(slice_str("local7")), 23);
	ck_assert_int_eq(syslog_facility(slice_str("local8")), -1);
	ck_assert_int_eq(syslog_facility(slice_str("")), -1);
	for (size_t i = 0; syslog_facility_name(i); i++)
		ck_assert_int_ge(syslog_facility(slice_str(syslog_facility_name(i))), 0);
}
END_TEST

START_TEST(an_identity_is_one_word)
{
	char text[64];
	memset(text, 'x', sizeof text);
	ck_assert(syslog_is_identity(slice_of(text, 48)));
	ck_assert(!syslog_is_identity(slice_of(text, 49)));
	ck_assert(!syslog_is_identity(slice_str("")));
	ck_assert(!syslog_is_identity(slice_str("a b")));
	ck_assert(!syslog_is_identity(slice_str("\xc3\xa4")));
}
END_TEST

Suite *suite_server_syslog_line(void)
{
	Suite *s = suite_create("server/syslog_line");
	TCase *t = tcase_create("lines");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, this_machine_knows_its_name);
	tcase_add_test(t, rfc_3164_has_the_name_without_a_domain);
	tcase_add_test(t, rfc_5424_has_all_of_it);
	tcase_add_test(t, levels_have_their_severities);
	tcase_add_test(t, facilities_have_names);
	tcase_add_test(t, an_identity_is_one_word);
	suite_add_tcase(s, t);
	return s;
}
