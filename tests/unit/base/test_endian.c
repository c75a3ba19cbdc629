/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "base/endian.h"

Suite *suite_base_endian(void);

static const uint8_t bytes[] = { 0xFE, 0x01, 0x82, 0x03, 0x84, 0x05, 0x86, 0x07, 0x88 };

START_TEST(big_endian_has_the_first_byte_highest)
{
	ck_assert_uint_eq(get_be16(bytes + 1), 0x0182);
	ck_assert_uint_eq(get_be32(bytes + 1), 0x01820384);
	ck_assert_uint_eq(get_be64(bytes + 1), 0x0182038405860788);
	ck_assert_uint_eq(get_be16(bytes), 0xFE01);
}
END_TEST

START_TEST(little_endian_has_the_first_byte_lowest)
{
	ck_assert_uint_eq(get_le16(bytes + 1), 0x8201);
	ck_assert_uint_eq(get_le32(bytes + 1), 0x84038201);
	ck_assert_uint_eq(get_le64(bytes + 1), 0x8807860584038201);
}
END_TEST

START_TEST(what_is_put_is_got_at_any_alignment)
{
	uint8_t room[16];
	for (size_t at = 0; at < 8; at++) {
		put_be16(room + at, 0x8182);
		ck_assert_uint_eq(get_be16(room + at), 0x8182);
		put_le32(room + at, 0x81828384);
		ck_assert_uint_eq(get_le32(room + at), 0x81828384);
		put_be64(room + at, 0x8182838485868788);
		ck_assert_uint_eq(get_be64(room + at), 0x8182838485868788);
		ck_assert_uint_eq(get_le64(room + at), 0x8887868584838281);
	}
}
END_TEST

START_TEST(a_put_touches_only_its_bytes)
{
	uint8_t room[10] = { 0 };
	put_be32(room + 3, UINT32_MAX);
	ck_assert_mem_eq(room, "\0\0\0\377\377\377\377\0\0\0", 10);
	put_le16(room + 3, 1);
	ck_assert_mem_eq(room, "\0\0\0\1\0\377\377\0\0\0", 10);
}
END_TEST

Suite *suite_base_endian(void)
{
	Suite *s = suite_create("base/endian");
	TCase *t = tcase_create("endian");
	tcase_add_test(t, big_endian_has_the_first_byte_highest);
	tcase_add_test(t, little_endian_has_the_first_byte_lowest);
	tcase_add_test(t, what_is_put_is_got_at_any_alignment);
	tcase_add_test(t, a_put_touches_only_its_bytes);
	suite_add_tcase(s, t);
	return s;
}
