/* SPDX-License-Identifier: Apache-2.0 */
/* Both ways of computing the checksum against published values and against one bit at a time. */
#include <check.h>
#include <string.h>

#include "base/crc32c.h"

Suite *suite_base_crc32c(void);

static uint8_t bytes[10000];

static void set_up(void)
{
	uint32_t dice = 1;
	for (size_t i = 0; i < sizeof bytes; i++) {
		dice = dice * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(dice >> 24);
	}
}

static uint32_t bit_by_bit(uint32_t crc, const uint8_t *p, size_t n)
{
	crc = ~crc;
	for (; n; n--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc & 1 ? crc >> 1 ^ 0x82F63B78u : crc >> 1;
	}
	return ~crc;
}

static void expect(const void *p, size_t n, uint32_t crc)
{
	ck_assert_uint_eq(crc32c(0, p, n), crc);
	ck_assert_uint_eq(crc32c_table(0, p, n), crc);
}

/* RFC 3720 appendix B.4, and the customary check value. */
START_TEST(published_values)
{
	uint8_t up[32], down[32], zeros[32] = { 0 }, ones[32];
	memset(ones, 0xFF, sizeof ones);
	for (uint8_t i = 0; i < 32; i++) {
		up[i] = i;
		down[i] = (uint8_t)(31 - i);
	}
	expect("", 0, 0);
	expect("123456789", 9, 0xE3069283);
	expect(zeros, 32, 0x8A9136AA);
	expect(ones, 32, 0x62A8AB43);
	expect(up, 32, 0x46DD794E);
	expect(down, 32, 0x113FDB5C);
}
END_TEST

START_TEST(every_short_length_at_every_alignment)
{
	for (size_t at = 0; at < 9; at++)
		for (size_t n = 0; n < 70; n++) {
			uint32_t crc = bit_by_bit(0, bytes + at, n);
			ck_assert_uint_eq(crc32c(0, bytes + at, n), crc);
			ck_assert_uint_eq(crc32c_table(0, bytes + at, n), crc);
		}
}
END_TEST

/* Three kilobytes is where three streams are summed side by side. */
START_TEST(lengths_around_the_long_stretch)
{
	for (size_t stretch = 3072; stretch < 9999; stretch += 3072)
		for (size_t n = stretch - 17; n < stretch + 17 && n < 9990; n++) {
			const uint8_t *p = bytes + n % 7;
			ck_assert_uint_eq(crc32c(0, p, n), bit_by_bit(0, p, n));
			ck_assert_uint_eq(crc32c(0, p, n), crc32c_table(0, p, n));
		}
}
END_TEST

START_TEST(a_checksum_can_be_continued_anywhere)
{
	uint32_t whole = crc32c(0, bytes, 7000);
	for (size_t cut = 0; cut <= 7000; cut += 13) {
		uint32_t first = crc32c(0, bytes, cut);
		ck_assert_uint_eq(crc32c(first, bytes + cut, 7000 - cut), whole);
		ck_assert_uint_eq(crc32c_table(first, bytes + cut, 7000 - cut), whole);
	}
}
END_TEST

START_TEST(every_flipped_bit_changes_it)
{
	uint32_t whole = crc32c(0, bytes, 512);
	for (size_t bit = 0; bit < 512 * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_uint_ne(crc32c(0, bytes, 512), whole);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}
END_TEST

Suite *suite_base_crc32c(void)
{
	Suite *s = suite_create("base/crc32c");
	TCase *t = tcase_create("crc32c");
	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_test(t, published_values);
	tcase_add_test(t, every_short_length_at_every_alignment);
	tcase_add_test(t, lengths_around_the_long_stretch);
	tcase_add_test(t, a_checksum_can_be_continued_anywhere);
	tcase_add_test(t, every_flipped_bit_changes_it);
	suite_add_tcase(s, t);
	return s;
}
