/* SPDX-License-Identifier: Apache-2.0 */
/* What top shows: rates between two looks, depths, orders, and lines of a width. */
#include <check.h>
#include <stdio.h>

#include "management/glance.h"

Suite *suite_management_glance(void);

static struct glance g;
static struct buf text;

static void tear_down(void)
{
	glance_free(&g);
	buf_free(&text);
}

static const char *shown(size_t most, size_t width)
{
	buf_clear(&text);
	glance_print(&g, most, width, false, &text);
	buf_u8(&text, '\0');
	return (const char *)text.p;
}

#define HEAD "queue            messages  unacked    bytes consumrs     in/s    out/s\n"
#define FIRST "\t2 queues\t7\t2\t70\t1\t100\t93\t90\n" \
	"/\ta\t5\t0\t50\t0\t50\t45\t45\nv\tb\t2\t2\t20\t1\t50\t48\t45\n"
#define SECOND "\t2 queues\t14\t4\t140\t1\t200\t186\t180\n" \
	"v\tb\t8\t4\t80\t1\t140\t132\t130\n/\ta\t6\t0\t60\t0\t60\t54\t50\n"

static void look(const char *rows, uint64_t ms)
{
	ck_assert(glance_take(&g, slice_str(rows), ms));
	glance_arrange(&g);
}

START_TEST(rates_are_between_two_looks)
{
	look(FIRST, 1000);
	ck_assert_str_eq(shown(9, 80), HEAD
	    "2 queues                7        2       70        1        0        0 █\n"
	    "a                       5        0       50        0        0        0 █\n"
	    "v/b                     2        2       20        1        0        0 █\n");
	look(SECOND, 3000);
	ck_assert_str_eq(shown(9, 80), HEAD
	    "2 queues               14        4      140        1       50       46 ▄█\n"
	    "v/b                     8        4       80        1       45       42 ▂█\n"
	    "a                       6        0       60        0        5        4 ▆█\n");
}
END_TEST

START_TEST(orders)
{
	ck_assert(glance_find_order(slice_str("b"), &g.order));
	ck_assert_int_eq(g.order, GLANCE_BYTES);
	ck_assert(glance_find_order(slice_str("rate"), &g.order));
	ck_assert_str_eq(glance_sort(g.order), "traffic");
	ck_assert(!glance_find_order(slice_str("x"), &g.order));
	ck_assert(!glance_find_order(slice_str(""), &g.order));
	look(FIRST, 1000);
	look("\t2 queues\t0\t0\t0\t0\t0\t0\t0\n/\ta\t9\t0\t0\t0\t51\t45\t45\n"
	     "v\tb\t1\t0\t0\t0\t90\t48\t45\n", 2000);
	ck_assert(slice_is(g.rows[0].key, "v\tb"));
}
END_TEST

START_TEST(what_is_gone_is_not_shown_and_begins_anew)
{
	look(FIRST, 1000);
	look("\t1 queues\t5\t0\t50\t0\t100\t93\t90\n/\ta\t5\t0\t50\t0\t50\t45\t45\n", 2000);
	ck_assert_ptr_null(strstr(shown(9, 80), "v/b"));
	look(SECOND, 3000);
	ck_assert_ptr_nonnull(strstr(shown(9, 80), "v/b                     8        4       80"
	                             "        1        0        0 █\n"));
}
END_TEST

START_TEST(narrow_and_wide)
{
	look(FIRST, 1000);
	ck_assert_ptr_nonnull(strstr(shown(1, 20), "\na                       5"));
	ck_assert_ptr_null(strstr(shown(1, 20), "█"));
	ck_assert_ptr_null(strstr(shown(1, 80), "v/b"));
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
	ck_assert(!glance_take(&g, slice_str("nonsense"), 1));
	ck_assert(!glance_take(&g, slice_str("a\tb\t1\t2\t3\n"), 1));
	ck_assert(!glance_take(&g, slice_str("a\tb\t1\t2\t3\t4\t5\t6\t-7\n"), 1));
	ck_assert(!glance_take(&g, slice_str("\t\n"), 1));
	ck_assert(glance_take(&g, slice_str(""), 1));
}
END_TEST

START_TEST(no_more_are_kept_than_may_be)
{
	struct buf rows = { 0 };
	for (int look_n = 0; look_n < 4; look_n++) {
		buf_clear(&rows);
		buf_printf(&rows, "\tall\t0\t0\t0\t0\t0\t0\t0\n");
		for (int i = 0; i < 900; i++)
			buf_printf(&rows, "/\tq%d\t%d\t0\t0\t0\t0\t0\t0\n", look_n * 900 + i, i);
		ck_assert(glance_take(&g, buf_slice(&rows), 1000));
		ck_assert_uint_le(g.n, GLANCE_MAX);
	}
	glance_arrange(&g);
	ck_assert(slice_is(g.rows[0].key, "/\tq3599"));
	buf_free(&rows);
}
END_TEST

Suite *suite_management_glance(void)
{
	Suite *s = suite_create("management_glance");
	TCase *t = tcase_create("glance");
	tcase_add_checked_fixture(t, NULL, tear_down);
	tcase_add_test(t, rates_are_between_two_looks);
	tcase_add_test(t, orders);
	tcase_add_test(t, what_is_gone_is_not_shown_and_begins_anew);
	tcase_add_test(t, narrow_and_wide);
	tcase_add_test(t, what_makes_no_sense_is_refused);
	tcase_add_test(t, no_more_are_kept_than_may_be);
	suite_add_tcase(s, t);
	return s;
}
