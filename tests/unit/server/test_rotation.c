/* SPDX-License-Identifier: Apache-2.0 */
/* When log files are moved aside. */
#include "server/rotation.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

Suite *suite_server_rotation(void);

static int64_t seconds(const char *stamp)
{
	struct tm t = { 0 };
	ck_assert_ptr_nonnull(strptime(stamp, "%Y-%m-%d %H:%M:%S", &t));
	return timegm(&t);
}

static const struct {
	const char *spec, *now, *next;
} cases[] = {
	{ "$D0", "2026-11-28 00:00:00", "2026-11-29 00:00:00" },
	{ "$D0", "2026-11-28 23:59:59", "2026-11-29 00:00:00" },
	{ "$D23", "2026-11-28 22:59:59", "2026-11-28 23:00:00" },
	{ "$D23", "2026-12-31 23:00:00", "2027-01-01 23:00:00" },
	{ "$D07", "2026-11-28 06:00:00", "2026-11-28 07:00:00" },
	{ "$H0", "2026-11-28 22:59:59", "2026-11-28 23:00:00" },
	{ "$H30", "2026-11-28 22:30:00", "2026-11-28 23:30:00" },
	{ "$W0", "2026-11-28 12:00:00", "2026-11-29 00:00:00" },
	{ "$W0D23", "2026-11-29 23:00:00", "2026-12-06 23:00:00" },
	{ "$W5D16", "2026-11-28 12:00:00", "2026-12-04 16:00:00" },
	{ "$W6D13", "2026-11-28 12:00:00", "2026-11-28 13:00:00" },
	{ "$M1D0", "2026-11-28 12:00:00", "2026-12-01 00:00:00" },
	{ "$M1", "2026-12-01 00:00:00", "2027-01-01 00:00:00" },
	{ "$M5D6", "2026-11-05 05:59:59", "2026-11-05 06:00:00" },
	{ "$M31D6", "2027-01-31 06:00:00", "2027-02-28 06:00:00" },
	{ "$M31D6", "2028-02-01 06:00:00", "2028-02-29 06:00:00" },
	{ "$M30", "2026-12-30 00:00:00", "2027-01-30 00:00:00" },
};

START_TEST(the_next_time_is_found)
{
	struct rotation r;
	char stamp[32];
	ck_assert(rotation_read(slice_str(cases[_i].spec), &r));
	time_t next = rotation_next(&r, seconds(cases[_i].now));
	strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", gmtime(&next));
	ck_assert_str_eq(stamp, cases[_i].next);
}
END_TEST

START_TEST(nothing_is_never)
{
	struct rotation r;
	ck_assert(rotation_read(slice_str(""), &r));
	ck_assert_int_eq(rotation_next(&r, 0), INT64_MAX);
}
END_TEST

static const char *const wrong[] = { "$", "D0", "$D", "$D24", "$D000", "$D-1", "$H60", "$W7", "$W",
	                                 "$W0D", "$W0D24", "$M0", "$M32", "$M1D0x", "$D0D0", "$X1",
	                                 "daily", "x" };

START_TEST(all_else_is_refused)
{
	struct rotation r;
	ck_assert(!rotation_read(slice_str(wrong[_i]), &r));
}
END_TEST

Suite *suite_server_rotation(void)
{
	Suite *s = suite_create("server/rotation");
	TCase *t = tcase_create("all");
	tcase_add_loop_test(t, the_next_time_is_found, 0, sizeof cases / sizeof *cases);
	tcase_add_test(t, nothing_is_never);
	tcase_add_loop_test(t, all_else_is_refused, 0, sizeof wrong / sizeof *wrong);
	suite_add_tcase(s, t);
	return s;
}
