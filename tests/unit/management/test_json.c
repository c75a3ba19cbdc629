/* SPDX-License-Identifier: Apache-2.0 */
#include "management/json.h"

#include <check.h>
#include <jansson.h>
#include <stdlib.h>

#include "management/cell.h"

Suite *suite_management_json(void);

static struct buf room, text;

static void tear_down(void)
{
	buf_free(&room);
	buf_free(&text);
}

/* Read, and put again as text. */
static const char *again(const char *json)
{
	struct field f;
	ck_assert_msg(json_read(slice_str(json), &room, &f), "%s", json);
	struct buf array = { 0 };
	table_put(&array, slice_str("v"), &f);
	buf_clear(&text);
	cell_put_json(&text, cell_table(buf_slice(&array)));
	buf_free(&array);
	*buf_reserve(&text, 1) = 0;
	return (const char *)text.p;
}

START_TEST(values_come_back_as_they_were)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "5", "{\"v\":5}" },
		{ " -9223372036854775808 ", "{\"v\":-9223372036854775808}" },
		{ "9223372036854775807", "{\"v\":9223372036854775807}" },
		{ "2.50", "{\"v\":2.5}" },
		{ "-0.0", "{\"v\":-0.0}" },
		{ "1e30", "{\"v\":1.0e30}" },
		{ "true", "{\"v\":true}" },
		{ "null", "{\"v\":null}" },
		{ "\"a\\u0000\\\"\xc3\xbc\"", "{\"v\":\"a\\u0000\\\"\xc3\xbc\"}" },
		{ "[1, [], {}, \"x\"]", "{\"v\":[1,[],{},\"x\"]}" },
		{ "{\"b\":1, \"a\":{\"d\":[false],\"c\":2}}",
		  "{\"v\":{\"a\":{\"c\":2,\"d\":[false]},\"b\":1}}" },
		{ "{\"a\":1,\"a\":2}", "{\"v\":{\"a\":2}}" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_str_eq(again(rows[i].in), rows[i].out);
}
END_TEST

START_TEST(what_is_no_json_is_not_read)
{
	static const char *const rows[] = {
		"", " ", "{", "[1,]", "{\"a\":}", "{a:1}", "'a'", "01", "1 2", "nul", "\"\\q\"",
		"\"\xff\"", "9223372036854775808", "1e999", "{\"a\\u0000b\":1}",
	};
	struct field f;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_msg(!json_read(slice_str(rows[i]), &room, &f), "%s", rows[i]);
	ck_assert(!json_read(slice_of(NULL, 0), &room, &f));
}
END_TEST

/* n brackets, or n elements, or a key of n bytes. */
static bool reads(const char *before, size_t n, const char *each, const char *after)
{
	struct field f;
	buf_clear(&text);
	buf_append_slice(&text, slice_str(before));
	for (size_t i = 0; i < n; i++)
		buf_append_slice(&text, slice_str(each));
	for (size_t i = 0; *after == ']' && i < n; i++)
		buf_append_slice(&text, slice_str(after));
	if (*after != ']')
		buf_append_slice(&text, slice_str(after));
	return json_read(buf_slice(&text), &room, &f);
}

START_TEST(what_does_not_fit_a_table_is_not_read)
{
	ck_assert(reads("", 31, "[", "]"));
	ck_assert(!reads("", 33, "[", "]"));
	ck_assert(!reads("", 5000, "[", "]"));
	ck_assert(reads("{\"", 255, "k", "\":1}"));
	ck_assert(!reads("{\"", 256, "k", "\":1}"));
	ck_assert(reads("[0", 4000, ",0", " ]"));
	ck_assert(!reads("[0", 4096, ",0", " ]"));
}
END_TEST

static bool is_parsed(struct slice json)
{
	struct buf why = { 0 };
	json_t *v = json_parse(json, &why);
	ck_assert(!v == (why.len > 0));
	json_decref(v);
	buf_free(&why);
	return v;
}

static bool is_nested(size_t depth)
{
	buf_clear(&text);
	for (size_t i = 0; i < depth; i++)
		buf_u8(&text, '[');
	for (size_t i = 0; i < depth; i++)
		buf_u8(&text, ']');
	return is_parsed(buf_slice(&text));
}

static bool is_long(size_t n)
{
	buf_clear(&text);
	buf_u8(&text, '[');
	for (size_t i = 0; i < n; i++)
		buf_printf(&text, i ? ",1" : "1");
	buf_u8(&text, ']');
	return is_parsed(buf_slice(&text));
}

START_TEST(what_is_parsed_has_bounds)
{
	ck_assert(is_nested(JSON_DEPTH_MAX));
	ck_assert(!is_nested(JSON_DEPTH_MAX + 1));
	ck_assert(is_long(JSON_NODES_MAX - 1));
	ck_assert(!is_long(JSON_NODES_MAX));
	buf_clear(&text);
	buf_printf(&text, "\"\\\"");
	for (size_t n = 0; n <= JSON_DEPTH_MAX; n++)
		buf_u8(&text, '[');
	buf_u8(&text, '"');
	ck_assert(is_parsed(buf_slice(&text)));
}
END_TEST

Suite *suite_management_json(void)
{
	Suite *s = suite_create("management_json");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, NULL, tear_down);
	tcase_add_test(t, values_come_back_as_they_were);
	tcase_add_test(t, what_is_no_json_is_not_read);
	tcase_add_test(t, what_does_not_fit_a_table_is_not_read);
	tcase_add_test(t, what_is_parsed_has_bounds);
	suite_add_tcase(s, t);
	return s;
}
