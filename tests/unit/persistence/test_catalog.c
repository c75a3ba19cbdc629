/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog on a log that only counts: what is set, replaced and removed, and what is appended
 * again before a part of the log is given up. */
#include <check.h>

#include "base/buf.h"
#include "persistence/catalog.h"

Suite *suite_persistence_catalog(void);

static log_position end;
static unsigned defines, undefines;

static log_position append(struct log *l, uint8_t type, bool urgent, const struct slice *parts,
                           size_t n)
{
	(void)l, (void)urgent, (void)parts, (void)n;
	defines += type == RECORD_DEFINE;
	undefines += type == RECORD_UNDEFINE;
	return end += 8;
}

static const struct log_ops ops = { .append = append };
static struct log counting = { .ops = &ops };
static struct catalog c;

static void set_up(void)
{
	end = 0;
	defines = undefines = 0;
	catalog_init(&c, &counting);
}

static void tear_down(void)
{
	catalog_free(&c);
}

static log_position put(const char *key, const char *value)
{
	return catalog_put(&c, 2, slice_str(key), slice_str(value));
}

static log_position removed(const char *key)
{
	return catalog_remove(&c, 2, slice_str(key));
}

/* All entries as "key=value " in order. */
static const char *all(void)
{
	static struct buf text;
	const void *cursor = NULL;
	uint8_t kind;
	struct slice key, value;
	text.len = 0;
	while (catalog_next(&c, &cursor, &kind, &key, &value)) {
		ck_assert_uint_eq(kind, 2);
		buf_printf(&text, "%.*s=%.*s ", SLICE_ARG(key), SLICE_ARG(value));
	}
	buf_u8(&text, 0);
	return (const char *)text.p;
}

START_TEST(entries_come_in_the_order_of_their_records)
{
	put("a", "1");
	put("b", "");
	ck_assert_uint_eq(put("a", "2"), end);
	ck_assert_str_eq(all(), "b= a=2 ");
}
END_TEST

START_TEST(what_is_removed_is_told_once)
{
	put("a", "1");
	ck_assert_uint_eq(removed("a"), end);
	ck_assert_uint_eq(removed("a"), 0);
	ck_assert_uint_eq(removed("b"), 0);
	ck_assert_str_eq(all(), "");
	put("a", "2");
	ck_assert_str_eq(all(), "a=2 ");
}
END_TEST

START_TEST(without_a_log_nothing_is_remembered_of_it)
{
	c.log = NULL;
	put("a", "1");
	ck_assert_uint_eq(c.entries.count, 1);
	removed("a");
	ck_assert_uint_eq(c.entries.count, 0);
}
END_TEST

START_TEST(what_stays_is_appended_again_before_its_part_goes)
{
	put("a", "1");
	log_position b = put("b", "2");
	defines = 0;
	ck_assert(catalog_refresh(&c, 0, b, 100));
	ck_assert_uint_eq(defines, 1);
	ck_assert_str_eq(all(), "b=2 a=1 ");
}
END_TEST

START_TEST(it_is_appended_a_few_at_a_time)
{
	put("a", "1");
	put("b", "2");
	ck_assert(!catalog_refresh(&c, 0, end + 8, 1));
	ck_assert(!catalog_refresh(&c, 0, 24, 0));
	ck_assert(catalog_refresh(&c, 0, 24, 1));
}
END_TEST

START_TEST(a_removal_is_appended_again_while_older_records_may_be_left)
{
	put("a", "1");
	log_position first = put("a", "2");
	removed("a");
	undefines = 0;
	ck_assert(catalog_refresh(&c, first, end + 8, 100));
	ck_assert_uint_eq(undefines, 1);
	ck_assert(catalog_refresh(&c, 0, end + 8, 100));
	ck_assert_uint_eq(undefines, 1);
	ck_assert_uint_eq(c.entries.count, 0);
}
END_TEST

Suite *suite_persistence_catalog(void)
{
	Suite *s = suite_create("persistence/catalog");
	TCase *t = tcase_create("catalog");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, entries_come_in_the_order_of_their_records);
	tcase_add_test(t, what_is_removed_is_told_once);
	tcase_add_test(t, without_a_log_nothing_is_remembered_of_it);
	tcase_add_test(t, what_stays_is_appended_again_before_its_part_goes);
	tcase_add_test(t, it_is_appended_a_few_at_a_time);
	tcase_add_test(t, a_removal_is_appended_again_while_older_records_may_be_left);
	suite_add_tcase(s, t);
	return s;
}
