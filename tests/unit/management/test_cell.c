/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "amqp/table.h"
#include "management/cell.h"

Suite *suite_management_cell(void);

static struct buf out;

static const char *text(struct cell c)
{
	buf_clear(&out);
	cell_put(&out, c);
	buf_u8(&out, 0);
	return (const char *)out.p;
}

static const char *json(struct cell c)
{
	buf_clear(&out);
	cell_put_json(&out, c);
	buf_u8(&out, 0);
	return (const char *)out.p;
}

static const char *term(struct cell c)
{
	buf_clear(&out);
	cell_put_term(&out, c);
	buf_u8(&out, 0);
	return (const char *)out.p;
}

static void forget(void)
{
	buf_free(&out);
}

START_TEST(plain_values)
{
	ck_assert_str_eq(text(cell_text("eco.q")), "eco.q");
	ck_assert_str_eq(text(cell_number(UINT64_MAX)), "18446744073709551615");
	ck_assert_str_eq(text(cell_boolean(true)), "true");
	ck_assert_str_eq(text(cell_empty()), "");
	ck_assert_str_eq(json(cell_text("eco.q")), "\"eco.q\"");
	ck_assert_str_eq(json(cell_number(0)), "0");
	ck_assert_str_eq(json(cell_boolean(false)), "false");
	ck_assert_str_eq(json(cell_empty()), "\"\"");
}
END_TEST

START_TEST(terms_of_erlang)
{
	struct buf inside = { 0 }, table = { 0 }, array = { 0 };
	table_put_str(&inside, "k", "v");
	table_put(&array, slice_of(NULL, 0), &(struct field){ .letter = 'l', .integer = 1 });
	table_put(&array, slice_of(NULL, 0), &(struct field){ .letter = 't', .boolean = true });
	table_put_int(&table, "x-max-length", 5);
	table_put(&table, slice_str("f"), &(struct field){ .letter = 'd', .real = 1.5 });
	table_put(&table, slice_str("v"), &(struct field){ .letter = 'V' });
	table_put_table(&table, "o", buf_slice(&inside));
	table_put(&table, slice_str("a"), &(struct field){ .letter = 'A', .bytes = buf_slice(&array) });
	ck_assert_str_eq(term(cell_text("a\"b")), "<<\"a\\\"b\">>");
	ck_assert_str_eq(term(cell_atom("topic")), "topic");
	ck_assert_str_eq(term(cell_atom("x-topic's")), "'x-topic\\'s'");
	ck_assert_str_eq(term(cell_words(slice_str("administrator,Eigen"))), "[administrator,'Eigen']");
	ck_assert_str_eq(term(cell_empty()), "''");
	ck_assert_str_eq(term(cell_integer(-1)), "-1");
	ck_assert_str_eq(term(cell_boolean(true)), "true");
	ck_assert_str_eq(term(cell_table(buf_slice(&table))),
	                 "[{<<\"x-max-length\">>,signedint,5},{<<\"f\">>,double,1.5},"
	                 "{<<\"v\">>,void,undefined},{<<\"o\">>,table,[{<<\"k\">>,longstr,<<\"v\">>}]},"
	                 "{<<\"a\">>,array,[{long,1},{bool,true}]}]");
	ck_assert_str_eq(term(cell_pairs(buf_slice(&inside))), "[{<<\"k\">>,<<\"v\">>}]");
	buf_free(&inside);
	buf_free(&table);
	buf_free(&array);
}
END_TEST

START_TEST(a_name_cannot_make_a_column_or_a_line)
{
	ck_assert_str_eq(text(cell_text("a\tb\nc\\")), "a\\011b\\012c\\\\");
	ck_assert_str_eq(json(cell_text("a\tb\"c\\\x7f")), "\"a\\u0009b\\\"c\\\\\\u007f\"");
}
END_TEST

START_TEST(json_is_utf8_whatever_the_bytes_are)
{
	ck_assert_str_eq(json(cell_text("\xc3\xa9\xe2\x82\xac")), "\"\xc3\xa9\xe2\x82\xac\"");
	ck_assert_str_eq(json(cell_text("\xff\xc3")), "\"\\u00ff\\u00c3\"");
	ck_assert_str_eq(json(cell_text("\xc0\xaf")), "\"\\u00c0\\u00af\"");
	ck_assert_str_eq(json(cell_text("\xed\xa0\x80")), "\"\\u00ed\\u00a0\\u0080\"");
	ck_assert_str_eq(json(cell_text("\xf4\x90\x80\x80")), "\"\\u00f4\\u0090\\u0080\\u0080\"");
}
END_TEST

START_TEST(tables_within_tables)
{
	struct buf inner = { 0 }, table = { 0 };
	table_put_bool(&inner, "deep", true);
	table_put_int(&table, "x-message-ttl", 1000);
	table_put_str(&table, "s", "q\"");
	table_put_table(&table, "t", buf_slice(&inner));
	struct cell c = cell_table(buf_slice(&table));
	ck_assert_str_eq(text(c),
	                 "[{\"x-message-ttl\",1000},{\"s\",\"q\"\"},{\"t\",[{\"deep\",true}]}]");
	ck_assert_str_eq(json(c), "{\"x-message-ttl\":1000,\"s\":\"q\\\"\",\"t\":{\"deep\":true}}");
	ck_assert_str_eq(json(cell_table(slice_of("", 0))), "{}");
	ck_assert_str_eq(text(cell_table(slice_of("", 0))), "[]");
	buf_free(&inner);
	buf_free(&table);
}
END_TEST

Suite *suite_management_cell(void)
{
	Suite *s = suite_create("management_cell");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, NULL, forget);
	tcase_add_test(t, plain_values);
	tcase_add_test(t, terms_of_erlang);
	tcase_add_test(t, a_name_cannot_make_a_column_or_a_line);
	tcase_add_test(t, json_is_utf8_whatever_the_bytes_are);
	tcase_add_test(t, tables_within_tables);
	suite_add_tcase(s, t);
	return s;
}
