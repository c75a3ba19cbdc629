/* SPDX-License-Identifier: Apache-2.0 */
#include "management/literal.h"

#include <check.h>

#include "base/die.h"

Suite *suite_management_literal(void);

/* A value, and its bytes as Erlang writes them. */
static const struct {
	const char *notation;
	size_t n;
	const char *bytes;
} values[] = {
	{ "<<\"guest\">>", 11, "\x83\x6d\0\0\0\5guest" },
	{ "<<>>", 6, "\x83\x6d\0\0\0\0" },
	{ "<<255,0>>", 8, "\x83\x6d\0\0\0\2\xff\0" },
	{ "<<\"\xc3\xa4\"/utf8>>", 8, "\x83\x6d\0\0\0\2\xc3\xa4" },
	{ "\"amqp://x\"", 12, "\x83\x6b\0\10amqp://x" },
	{ "\"\"", 2, "\x83\x6a" },
	{ "\"\xc3\xa4\"", 5, "\x83\x6b\0\1\xe4" },
	{ "\"a\xe2\x82\xac\"", 14, "\x83\x6c\0\0\0\2\x61\x61\x62\0\0\x20\xac\x6a" },
	{ "foo", 6, "\x83\x77\3foo" },
	{ "'Foo bar'", 10, "\x83\x77\7Foo bar" },
};

static struct literal l;
static struct buf out;

static void tear_down(void)
{
	literal_free(&l);
	buf_free(&out);
}

static bool reads(struct slice notation)
{
	buf_clear(&l.text);
	return literal_read(&l, notation);
}

static bool unpacks(const char *bytes, size_t n)
{
	buf_clear(&l.text);
	return literal_unpack(&l, slice_of(bytes, n));
}

static bool prints(const char *notation)
{
	buf_clear(&out);
	literal_put(&out, &l);
	return slice_is(buf_slice(&out), notation);
}

START_TEST(notation_and_bytes_are_those_of_erlang)
{
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct slice bytes = slice_of(values[i].bytes, values[i].n);
		ck_assert_msg(reads(slice_str(values[i].notation)), "%s", values[i].notation);
		ck_assert_msg(prints(values[i].notation), "%s", values[i].notation);
		buf_clear(&out);
		literal_pack(&out, &l);
		ck_assert_msg(slice_eq(buf_slice(&out), bytes), "%s", values[i].notation);
		ck_assert_msg(unpacks(values[i].bytes, values[i].n), "%s", values[i].notation);
		ck_assert_msg(prints(values[i].notation), "%s", values[i].notation);
	}
}
END_TEST

START_TEST(other_ways_to_write_the_same)
{
	ck_assert(reads(slice_str(" << \"a\\x41\\x{e4}\\101\\n\\^a\" >> ")));
	ck_assert_str_eq((buf_u8(&l.text, 0), (const char *)l.text.p), "aA\xe4" "A\n\1");
	ck_assert(reads(slice_str("<<1, 2 ,3>>")) && l.text.len == 3 && l.text.p[2] == 3);
	ck_assert(unpacks("\x83\x64\0\3foo", 7) && prints("foo"));
	ck_assert(unpacks("\x83\x73\1\xe4", 4) && prints("'\xc3\xa4'"));
	ck_assert(unpacks("\x83\x76\0\2\xc3\xa4", 6) && prints("'\xc3\xa4'"));
	ck_assert(unpacks("\x83\x6c\0\0\0\1\x61\x61\x6a", 9) && prints("\"a\""));
}
END_TEST

START_TEST(what_is_another_value_is_refused)
{
	static const char *const no[] = {
		"", "5", "Foo", "{a,b}", "[1]", "<<\"a\"", "\"a", "'a", "<<256>>", "<<1,>>", "a b", "\"\\",
		"\"\\x{110000}\"", "\"\\x{d800}\"", "<<\"\xe2\x82\xac\">>", "\"\xff\"", "<<\"a\">>x",
		"\"\\xg\"",
	};
	static const char *const bytes[] = {
		"\x82\x6a", "\x83\x6a\x6a", "\x83\x61\x05", "\x83\x50xxxxx", "\x83\x68\1\x6a",
		"\x83\x77\4foo", "\x83\x77\2foo", "\x83\x77\1\xff", "\x83\x6c", "\x83\x6d\xff\xff\xff\xff",
	};
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		ck_assert_msg(!reads(slice_str(no[i])), "%s", no[i]);
	for (size_t i = 0; i < ARRAY_LEN(bytes); i++)
		ck_assert_msg(!unpacks(bytes[i], strlen(bytes[i])), "%zu", i);
	ck_assert(!unpacks("\x83\x6c\0\0\0\2\x61\x61\x6a", 9));
	ck_assert(!unpacks("\x83\x6c\0\0\0\1\x62\0\x11\0\0\x6a", 12));
	ck_assert(!unpacks("\x83", 1) && !unpacks("", 0));
}
END_TEST

START_TEST(what_is_too_long_is_refused)
{
	static char text[LITERAL_MAX_BYTES + 4];
	memset(text, 'a', sizeof text);
	text[0] = '"';
	text[sizeof text - 1] = '"';
	ck_assert(!reads(slice_of(text, sizeof text)));
	text[LITERAL_MAX_BYTES + 1] = '"';
	ck_assert(reads(slice_of(text, LITERAL_MAX_BYTES + 2)));
	ck_assert(!reads(slice_of(text + 1, LITERAL_ATOM_MAX_BYTES + 1)));
	ck_assert(reads(slice_of(text + 1, LITERAL_ATOM_MAX_BYTES)));
}
END_TEST

Suite *suite_management_literal(void)
{
	Suite *s = suite_create("management_literal");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, NULL, tear_down);
	tcase_add_test(t, notation_and_bytes_are_those_of_erlang);
	tcase_add_test(t, other_ways_to_write_the_same);
	tcase_add_test(t, what_is_another_value_is_refused);
	tcase_add_test(t, what_is_too_long_is_refused);
	suite_add_tcase(s, t);
	return s;
}
