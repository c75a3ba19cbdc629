/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "amqp/wire.h"
#include "base/buf.h"

Suite *suite_amqp_wire(void);

static uint8_t room[600];
static struct writer w;

static void set_up(void)
{
	w = (struct writer){ .p = room };
}

static struct slice written(void)
{
	return slice_of(room, (size_t)(w.p - room));
}

static void expect(const char *bytes, size_t n)
{
	ck_assert_uint_eq(written().n, n);
	ck_assert_mem_eq(room, bytes, n);
}

START_TEST(integers_are_big_endian)
{
	write_octet(&w, 1);
	write_short(&w, 0x0203);
	write_long(&w, 0x04050607);
	write_longlong(&w, 0x08090A0B0C0D0E0F);
	expect("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D\x0E\x0F", 15);
	struct reader r = reader_of(written());
	ck_assert_uint_eq(read_octet(&r), 1);
	ck_assert_uint_eq(read_short(&r), 0x0203);
	ck_assert_uint_eq(read_long(&r), 0x04050607);
	ck_assert_uint_eq(read_longlong(&r), 0x08090A0B0C0D0E0F);
	ck_assert(!r.bad && reader_left(&r) == 0);
}
END_TEST

START_TEST(strings_carry_their_length)
{
	write_shortstr(&w, slice_str("abc"));
	write_longstr(&w, slice_str("de"));
	write_shortstr(&w, slice_of(NULL, 0));
	expect("\3abc\0\0\0\2de\0", 11);
	struct reader r = reader_of(written());
	ck_assert(slice_is(read_shortstr(&r), "abc"));
	ck_assert(slice_is(read_longstr(&r), "de"));
	ck_assert(slice_is(read_shortstr(&r), ""));
	ck_assert(!r.bad && !r.bad_utf8 && reader_left(&r) == 0);
}
END_TEST

/* Section 4.2.5.2: the first bit is the lowest of its octet. */
START_TEST(adjacent_bits_share_an_octet)
{
	static const bool bits[] = { 1, 0, 1, 1, 0, 0, 0, 1, 1, 0 };
	for (size_t i = 0; i < ARRAY_LEN(bits); i++)
		write_bit(&w, bits[i]);
	expect("\x8D\x01", 2);
	struct reader r = reader_of(written());
	for (size_t i = 0; i < ARRAY_LEN(bits); i++)
		ck_assert_int_eq(read_bit(&r), bits[i]);
	ck_assert_uint_eq(reader_left(&r), 0);
}
END_TEST

START_TEST(any_other_field_ends_the_octet)
{
	write_bit(&w, 1);
	write_short(&w, 5);
	write_bit(&w, 0);
	write_bit(&w, 1);
	write_shortstr(&w, slice_str(""));
	write_bit(&w, 1);
	expect("\x01\0\5\x02\0\x01", 6);
	struct reader r = reader_of(written());
	ck_assert(read_bit(&r));
	ck_assert_uint_eq(read_short(&r), 5);
	ck_assert(!read_bit(&r) && read_bit(&r));
	ck_assert(slice_is(read_shortstr(&r), ""));
	ck_assert(read_bit(&r) && reader_left(&r) == 0);
}
END_TEST

START_TEST(reading_past_the_end_is_remembered)
{
	struct reader r = reader_of(slice_of("\0\0\0\5abcd", 8));
	ck_assert_uint_eq(read_longstr(&r).n, 0);
	ck_assert(r.bad);
	ck_assert_uint_eq(read_octet(&r), 0);
	ck_assert_uint_eq(read_longlong(&r), 0);
	ck_assert(!read_bit(&r));
	ck_assert(r.bad && reader_left(&r) == 0);
}
END_TEST

START_TEST(an_absurd_length_is_bad)
{
	struct reader r = reader_of(slice_of("\xFF\xFF\xFF\xFF" "abcd", 8));
	ck_assert_uint_eq(read_longstr(&r).n, 0);
	ck_assert(r.bad);
}
END_TEST

START_TEST(a_bad_table_is_bad)
{
	struct reader good = reader_of(slice_of("\0\0\0\4\1at\1", 8));
	struct reader letter = reader_of(slice_of("\0\0\0\4\1a?\1", 8));
	ck_assert_uint_eq(read_table(&good).n, 4);
	ck_assert(!good.bad);
	read_table(&letter);
	ck_assert(letter.bad);
}
END_TEST

START_TEST(well_formed_utf8_passes)
{
	static const char *const texts[] = {
		"", "ascii", "\303\244", "\342\202\254", "\360\237\220\207",
		"\302\200", "\337\277", "\340\240\200", "\355\237\277",
		"\356\200\200", "\357\277\277", "\360\220\200\200",
		"\364\217\277\277", "a\303\244b\342\202\254c",
	};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		ck_assert_msg(wire_is_utf8(slice_str(texts[i])), "text %zu", i);
	ck_assert(wire_is_utf8(slice_of("a\0b", 3)));
}
END_TEST

START_TEST(malformed_utf8_does_not)
{
	static const char *const texts[] = { "\200", "\277", "\300\200", "\301\277", "\303", "a\303",
		                                 "\303(", "\340\237\277", "\342\202", "\355\240\200",
		                                 "\355\277\277", "\360\217\277\277", "\360\237\220",
		                                 "\364\220\200\200", "\365\200\200\200", "\376", "\377",
		                                 "\342\202\254\202", "ascii\377" };
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		ck_assert_msg(!wire_is_utf8(slice_str(texts[i])), "text %zu", i);
}
END_TEST

/* Every character there is, and every surrogate, encoded here by the book. */
START_TEST(all_of_unicode)
{
	for (uint32_t c = 0x80; c < 0x110000; c++) {
		uint8_t s[4] = { (uint8_t)(0xF0 | c >> 18), (uint8_t)(0x80 | (c >> 12 & 63)),
			             (uint8_t)(0x80 | (c >> 6 & 63)), (uint8_t)(0x80 | (c & 63)) };
		struct slice text = slice_of(s, 4);
		if (c < 0x800) {
			s[2] = (uint8_t)(0xC0 | c >> 6);
			text = slice_of(s + 2, 2);
		} else if (c < 0x10000) {
			s[1] = (uint8_t)(0xE0 | c >> 12);
			text = slice_of(s + 1, 3);
		}
		bool surrogate = c >= 0xD800 && c < 0xE000;
		if (wire_is_utf8(text) == surrogate)
			ck_abort_msg("U+%04X", c);
	}
}
END_TEST

START_TEST(a_short_string_that_is_not_utf8_is_remembered_apart)
{
	struct reader r = reader_of(slice_of("\2\303\50" "\1a", 5));
	read_shortstr(&r);
	ck_assert(r.bad_utf8 && !r.bad);
	ck_assert(slice_is(read_shortstr(&r), "a"));
	ck_assert(r.bad_utf8 && !r.bad);
}
END_TEST

Suite *suite_amqp_wire(void)
{
	Suite *s = suite_create("amqp/wire");
	TCase *t = tcase_create("wire");
	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_test(t, integers_are_big_endian);
	tcase_add_test(t, strings_carry_their_length);
	tcase_add_test(t, adjacent_bits_share_an_octet);
	tcase_add_test(t, any_other_field_ends_the_octet);
	tcase_add_test(t, reading_past_the_end_is_remembered);
	tcase_add_test(t, an_absurd_length_is_bad);
	tcase_add_test(t, a_bad_table_is_bad);
	tcase_add_test(t, well_formed_utf8_passes);
	tcase_add_test(t, malformed_utf8_does_not);
	tcase_add_test(t, all_of_unicode);
	tcase_add_test(t, a_short_string_that_is_not_utf8_is_remembered_apart);
	suite_add_tcase(s, t);
	return s;
}
