/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>

#include "base/mem.h"
#include "persistence/format.h"

Suite *suite_persistence_format(void);

enum { SEGMENT_HEAD_USED = 64 };

static const struct segment_head a_segment = { .store = 0x1122334455667788, .epoch = 7,
	                                           .base = 4096 * 9, .prev_base = 4096,
	                                           .log_start = 4096, .wall_ms = 1700000000000 };

/* Two records of 8 and 0 bytes. */
static struct batch_head fill(uint8_t *p)
{
	struct batch_head h = { .lsn = 8192, .disk_len = DISK_BLOCK, .n_records = 2, .epoch = 3,
		                    .durable_lsn = 8192, .wall_ms = 5, .prev_crc = 99,
		                    .flags = FORMAT_LAZY };
	memset(p, 0, DISK_BLOCK);
	uint8_t *at = p + FORMAT_BATCH_HEAD;
	format_record_head(at, 1, 8);
	memcpy(at + FORMAT_RECORD_HEAD, "eight by", 8);
	at += format_record_bytes(8);
	format_record_head(at, 2, 0);
	at += format_record_bytes(0);
	h.used_len = (uint32_t)(at - p);
	return h;
}

START_TEST(a_segment_header_comes_back)
{
	uint8_t block[DISK_BLOCK];
	struct segment_head got;
	format_segment_encode(block, &a_segment);
	ck_assert(format_segment_decode(block, &got));
	ck_assert_uint_eq(got.store, a_segment.store);
	ck_assert_uint_eq(got.epoch, a_segment.epoch);
	ck_assert_uint_eq(got.base, a_segment.base);
	ck_assert_uint_eq(got.prev_base, a_segment.prev_base);
	ck_assert_uint_eq(got.log_start, a_segment.log_start);
	ck_assert_uint_eq(got.wall_ms, a_segment.wall_ms);
}
END_TEST

START_TEST(every_flipped_bit_of_a_segment_header_is_noticed)
{
	uint8_t block[DISK_BLOCK];
	struct segment_head got;
	format_segment_encode(block, &a_segment);
	for (size_t i = 0; i < SEGMENT_HEAD_USED * 8; i++) {
		block[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert_msg(!format_segment_decode(block, &got), "bit %zu", i);
		block[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}
END_TEST

START_TEST(a_batch_comes_back_with_its_records)
{
	uint8_t *p = mem_pages(DISK_BLOCK);
	struct batch_head h = fill(p), got;
	uint32_t crc = format_batch_seal(p, &h);
	ck_assert(format_batch_decode(p, &got) && format_batch_check(p, &got));
	ck_assert_uint_eq(got.crc, crc);
	ck_assert_uint_eq(got.lsn, 8192);
	ck_assert_uint_eq(got.prev_crc, 99);
	ck_assert_uint_eq(got.flags, FORMAT_LAZY);
	struct format_record r = format_record_at(p + FORMAT_BATCH_HEAD);
	ck_assert_uint_eq(r.type, 1);
	ck_assert_uint_eq(r.body_bytes, 8);
	mem_pages_free(p, DISK_BLOCK);
}
END_TEST

START_TEST(every_flipped_bit_of_a_batch_is_noticed)
{
	uint8_t *p = mem_pages(DISK_BLOCK);
	struct batch_head h = fill(p), got;
	format_batch_seal(p, &h);
	for (size_t i = 0; i < h.used_len * 8u; i++) {
		p[i / 8] ^= (uint8_t)(1 << i % 8);
		bool ok = format_batch_decode(p, &got) && format_batch_check(p, &got);
		ck_assert_msg(!ok, "bit %zu of %u", i, h.used_len * 8);
		p[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	ck_assert(format_batch_decode(p, &got) && format_batch_check(p, &got));
	mem_pages_free(p, DISK_BLOCK);
}
END_TEST

START_TEST(zeros_are_no_batch_and_no_segment)
{
	uint8_t *p = mem_pages(DISK_BLOCK);
	struct batch_head b;
	struct segment_head s;
	ck_assert(!format_batch_decode(p, &b));
	ck_assert(!format_segment_decode(p, &s));
	mem_pages_free(p, DISK_BLOCK);
}
END_TEST

Suite *suite_persistence_format(void)
{
	Suite *s = suite_create("persistence/format");
	TCase *t = tcase_create("bytes");
	tcase_add_test(t, a_segment_header_comes_back);
	tcase_add_test(t, every_flipped_bit_of_a_segment_header_is_noticed);
	tcase_add_test(t, a_batch_comes_back_with_its_records);
	tcase_add_test(t, every_flipped_bit_of_a_batch_is_noticed);
	tcase_add_test(t, zeros_are_no_batch_and_no_segment);
	suite_add_tcase(s, t);
	return s;
}
