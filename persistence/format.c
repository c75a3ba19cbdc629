/* SPDX-License-Identifier: Apache-2.0 */
#include "persistence/format.h"

#include <string.h>

#include "base/crc32c.h"
#include "base/endian.h"

/* Segment header: crc u32 of what follows up to SEGMENT_BYTES, then the fields in order. */
enum {
	SEGMENT_CRC = 0,
	SEGMENT_MAGIC = 4,
	SEGMENT_VERSION = 12,
	SEGMENT_STORE = 16,
	SEGMENT_BASE = 24,
	SEGMENT_PREV = 32,
	SEGMENT_START = 40,
	SEGMENT_WALL = 48,
	SEGMENT_EPOCH = 56,
	SEGMENT_INSIDE = 60,
	SEGMENT_BYTES = 64,
};

static const char segment_magic[8] = "LEVERET";

void format_segment_encode(uint8_t *p, const struct segment_head *h)
{
	memset(p, 0, DISK_BLOCK);
	memcpy(p + SEGMENT_MAGIC, segment_magic, sizeof segment_magic);
	put_le32(p + SEGMENT_VERSION, FORMAT_VERSION);
	put_le64(p + SEGMENT_STORE, h->store);
	put_le64(p + SEGMENT_BASE, h->base);
	put_le64(p + SEGMENT_PREV, h->prev_base);
	put_le64(p + SEGMENT_START, h->log_start);
	put_le64(p + SEGMENT_WALL, h->wall_ms);
	put_le32(p + SEGMENT_EPOCH, h->epoch);
	put_le32(p + SEGMENT_INSIDE, h->inside);
	put_le32(p + SEGMENT_CRC, crc32c(0, p + 4, SEGMENT_BYTES - 4));
}

bool format_segment_decode(const uint8_t *p, struct segment_head *out)
{
	if (get_le32(p + SEGMENT_CRC) != crc32c(0, p + 4, SEGMENT_BYTES - 4) ||
	    memcmp(p + SEGMENT_MAGIC, segment_magic, sizeof segment_magic) != 0 ||
	    get_le32(p + SEGMENT_VERSION) != FORMAT_VERSION)
		return false;
	*out = (struct segment_head){ .store = get_le64(p + SEGMENT_STORE),
		                          .epoch = get_le32(p + SEGMENT_EPOCH),
		                          .base = get_le64(p + SEGMENT_BASE),
		                          .prev_base = get_le64(p + SEGMENT_PREV),
		                          .log_start = get_le64(p + SEGMENT_START),
		                          .wall_ms = get_le64(p + SEGMENT_WALL),
		                          .inside = get_le32(p + SEGMENT_INSIDE) };
	return out->base < FORMAT_LSN_END && out->log_start <= out->base && out->prev_base < out->base;
}

enum {
	BATCH_CRC = 0,
	BATCH_MAGIC = 4,
	BATCH_LSN = 8,
	BATCH_USED = 16,
	BATCH_DISK = 20,
	BATCH_RECORDS = 24,
	BATCH_EPOCH = 28,
	BATCH_DURABLE = 32,
	BATCH_WALL = 40,
	BATCH_PREV_CRC = 48,
	BATCH_DIR_CRC = 52,
	BATCH_PARTS = 56,      /* part u16 of n u16: 1 of 1 until batches come in parts */
	BATCH_FLAGS = 60,
};

#define BATCH_MAGIC_VALUE 0x31474F4Cu   /* "LOG1" */
#define BATCH_ONE_PART 0x00010001u

enum { RECORD_LEN = 0, RECORD_TYPE = 4, RECORD_CRC = 8 };

void format_record_head(uint8_t *p, uint8_t type, uint32_t body_bytes)
{
	memset(p, 0, FORMAT_RECORD_HEAD);
	put_le32(p + RECORD_LEN, body_bytes);
	p[RECORD_TYPE] = type;
}

struct format_record format_record_at(const uint8_t *p)
{
	return (struct format_record){ p[RECORD_TYPE], get_le32(p + RECORD_LEN) };
}

static uint32_t record_crc(const uint8_t *p, size_t body)
{
	return crc32c(crc32c(0, p, RECORD_CRC), p + FORMAT_RECORD_HEAD, body);
}

bool format_record_check(const uint8_t *p, size_t n)
{
	if (n < FORMAT_RECORD_HEAD)
		return false;
	size_t body = get_le32(p + RECORD_LEN);
	return body <= n - FORMAT_RECORD_HEAD && get_le32(p + RECORD_CRC) == record_crc(p, body);
}

uint32_t format_batch_seal(uint8_t *p, const struct batch_head *h)
{
	uint32_t dir = 0;
	uint8_t *r = p + FORMAT_BATCH_HEAD;
	for (uint32_t i = 0; i < h->n_records; i++) {
		size_t body = get_le32(r + RECORD_LEN);
		put_le32(r + RECORD_CRC, record_crc(r, body));
		dir = crc32c(dir, r, FORMAT_RECORD_HEAD);
		r += format_record_bytes(body);
	}
	put_le32(p + BATCH_MAGIC, BATCH_MAGIC_VALUE);
	put_le64(p + BATCH_LSN, h->lsn);
	put_le32(p + BATCH_USED, h->used_len);
	put_le32(p + BATCH_DISK, h->disk_len);
	put_le32(p + BATCH_RECORDS, h->n_records);
	put_le32(p + BATCH_EPOCH, h->epoch);
	put_le64(p + BATCH_DURABLE, h->durable_lsn);
	put_le64(p + BATCH_WALL, h->wall_ms);
	put_le32(p + BATCH_PREV_CRC, h->prev_crc);
	put_le32(p + BATCH_DIR_CRC, dir);
	put_le32(p + BATCH_PARTS, BATCH_ONE_PART);
	put_le32(p + BATCH_FLAGS, h->flags);
	uint32_t crc = crc32c(0, p + BATCH_MAGIC, FORMAT_BATCH_HEAD - BATCH_MAGIC);
	put_le32(p + BATCH_CRC, crc);
	return crc;
}

bool format_batch_decode(const uint8_t *p, struct batch_head *out)
{
	uint32_t crc = get_le32(p + BATCH_CRC);
	if (get_le32(p + BATCH_MAGIC) != BATCH_MAGIC_VALUE ||
	    crc != crc32c(0, p + BATCH_MAGIC, FORMAT_BATCH_HEAD - BATCH_MAGIC))
		return false;
	*out = (struct batch_head){ .lsn = get_le64(p + BATCH_LSN),
		                        .used_len = get_le32(p + BATCH_USED),
		                        .disk_len = get_le32(p + BATCH_DISK),
		                        .n_records = get_le32(p + BATCH_RECORDS),
		                        .epoch = get_le32(p + BATCH_EPOCH),
		                        .durable_lsn = get_le64(p + BATCH_DURABLE),
		                        .wall_ms = get_le64(p + BATCH_WALL),
		                        .prev_crc = get_le32(p + BATCH_PREV_CRC),
		                        .flags = get_le32(p + BATCH_FLAGS),
		                        .crc = crc };
	return out->used_len >= FORMAT_BATCH_HEAD && out->used_len <= out->disk_len &&
	       out->disk_len % DISK_BLOCK == 0 && get_le32(p + BATCH_PARTS) == BATCH_ONE_PART;
}

bool format_batch_check(const uint8_t *p, const struct batch_head *h)
{
	size_t at = FORMAT_BATCH_HEAD;
	uint32_t dir = 0;
	for (uint32_t i = 0; i < h->n_records; i++) {
		if (!format_record_check(p + at, h->used_len - at))
			return false;
		size_t whole = format_record_bytes(get_le32(p + at + RECORD_LEN));
		if (whole > h->used_len - at)
			return false;
		dir = crc32c(dir, p + at, FORMAT_RECORD_HEAD);
		at += whole;
	}
	return at == h->used_len && dir == get_le32(p + BATCH_DIR_CRC);
}
