/* SPDX-License-Identifier: Apache-2.0 */
/* What is large goes through another thread's hands, which are the test's here. */
#include "management/parsing.h"

#include <check.h>
#include <jansson.h>

#include "base/mem.h"

Suite *suite_management_parsing(void);

static struct list aside;

static void set_up(void)
{
	list_init(&aside);
}

static void tear_down(void)
{
	ck_assert(list_empty(&aside));
}

/* An array of one text that is that long. */
static struct parsing *begin(size_t n, struct list *where)
{
	struct buf text = { 0 };
	buf_printf(&text, "[\"");
	while (text.len < n - 2)
		buf_u8(&text, 'x');
	buf_printf(&text, "\"]");
	struct slice s = buf_slice(&text);
	struct parsing *p = parsing_new(where, &text, s, slice_of("", 0));
	ck_assert(text.p == NULL);
	return p;
}

static void assert_read(const struct parsing *p)
{
	const char *why;
	ck_assert(parsing_is_done(p));
	ck_assert(json_is_array(parsing_root(p, &why)));
	ck_assert_str_eq(why, "");
}

START_TEST(what_is_short_is_read_at_once)
{
	struct parsing *p = begin(PARSING_ASIDE_BYTES, &aside), *q = begin(1 << 20, NULL);
	assert_read(p);
	assert_read(q);
	parsing_end(&p);
	parsing_end(&q);
	ck_assert(!p && !q);
}
END_TEST

START_TEST(what_is_long_is_read_and_given_up_elsewhere)
{
	struct parsing *p = begin(PARSING_ASIDE_BYTES + 1, &aside), *away;
	ck_assert(!parsing_is_done(p));
	away = parsing_next(&aside);
	ck_assert(away == p && parsing_comes_back(away) && parsing_do(away));
	ck_assert(!parsing_is_done(p));
	parsing_back(away, &aside);
	assert_read(p);
	parsing_end(&p);
	away = parsing_next(&aside);
	ck_assert(away && !parsing_comes_back(away));
	ck_assert(!parsing_do(away));
}
END_TEST

START_TEST(who_loses_interest_leaves_nothing)
{
	struct parsing *p = begin(1 << 17, &aside), *away;
	parsing_end(&p);
	ck_assert(list_empty(&aside));
	p = begin(1 << 17, &aside);
	away = parsing_next(&aside);
	parsing_end(&p);
	ck_assert(parsing_do(away));
	parsing_back(away, &aside);
	ck_assert(!parsing_do(parsing_next(&aside)));
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
	struct buf text = { 0 };
	const char *why;
	buf_printf(&text, "[1,]");
	struct parsing *p = parsing_new(&aside, &text, buf_slice(&text), slice_of("", 0));
	ck_assert(!parsing_root(p, &why));
	ck_assert(*why);
	parsing_end(&p);
	buf_printf(&text, "--b--");
	p = parsing_new(&aside, &text, buf_slice(&text), slice_str("b"));
	ck_assert(!parsing_root(p, &why));
	ck_assert_str_eq(why, "the form has no part called file");
	parsing_end(&p);
}
END_TEST

Suite *suite_management_parsing(void)
{
	Suite *s = suite_create("management/parsing");
	TCase *t = tcase_create("parsing");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_is_short_is_read_at_once);
	tcase_add_test(t, what_is_long_is_read_and_given_up_elsewhere);
	tcase_add_test(t, who_loses_interest_leaves_nothing);
	tcase_add_test(t, what_is_wrong_is_said);
	suite_add_tcase(s, t);
	return s;
}
