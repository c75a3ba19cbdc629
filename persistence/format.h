/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of the file engine: segment headers, batches, records.  docs/log-format.md draws
 * them; this file is the only one that knows the offsets.  All integers are little endian. */
#ifndef PERSISTENCE_FORMAT_H
#define PERSISTENCE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "persistence/disk.h"

enum {
	FORMAT_VERSION = 1,
	FORMAT_SEGMENT_HEAD = DISK_BLOCK,   /* batches begin here in the file */
	FORMAT_BATCH_HEAD = 64,
	FORMAT_RECORD_HEAD = 16,
};

/* The log begins here: position 0 means "none".  Where it would end, nobody comes to: a number
 * beyond that is no position. */
#define FORMAT_FIRST_LSN 4096ull
#define FORMAT_LSN_END (1ull << 62)

enum format_flags {
	FORMAT_SEAL = 1,       /* an empty batch that only carries durable_lsn */
	FORMAT_LAZY = 2,       /* nobody waited for it */
	FORMAT_CLEAN = 4,      /* the last batch of a run that closed its log */
};

/* What a segment begins in the middle of: its first records need those of the segment before. */
enum format_inside {
	FORMAT_IN_TRANSACTION = 1,   /* its RECORD_BEGIN stands before */
	FORMAT_IN_MESSAGE = 2,       /* the first RECORD_CHUNKs of it stand before */
	FORMAT_INSIDE_KNOWN = 4,     /* always set; not in segments of before this was said */
};

struct segment_head {
	uint64_t store;        /* identity of the store, random */
	uint32_t epoch;
	uint64_t base;         /* position of the first batch */
	uint64_t prev_base;    /* of the segment before; 0: there is none */
	uint64_t log_start;    /* everything before is trimmed */
	uint64_t wall_ms;
	uint32_t inside;       /* enum format_inside */
};

/* Fills a block of DISK_BLOCK bytes. */
void format_segment_encode(uint8_t *block, const struct segment_head *h);

/* False when the block is no segment header, or one of another version, or says that the log begins
 * or the segment before lies behind this one. */
bool format_segment_decode(const uint8_t *block, struct segment_head *out);

struct batch_head {
	uint64_t lsn;          /* must equal the batch's position: stale bytes never match */
	uint32_t used_len;     /* head and records */
	uint32_t disk_len;     /* a multiple of DISK_BLOCK, the rest zeros */
	uint32_t n_records;
	uint32_t epoch;
	uint64_t durable_lsn;  /* everything before was durable when this batch was written */
	uint64_t wall_ms;
	uint32_t prev_crc;     /* crc of the head before: a batch is valid only after it */
	uint32_t flags;
	uint32_t crc;          /* decoding only: of this head */
};

/* Computes the checksums of all records and fills in the head of a batch whose records lie in p
 * from FORMAT_BATCH_HEAD on.  Returns the head's crc. */
uint32_t format_batch_seal(uint8_t *p, const struct batch_head *h);

/* Reads a head and checks it by its own crc, nothing else. */
bool format_batch_decode(const uint8_t *p, struct batch_head *out);

/* Checks the records of a whole batch: structure and every checksum. */
bool format_batch_check(const uint8_t *p, const struct batch_head *h);

/* The bytes a record takes in a batch: head, body, padding to eight. */
static inline size_t format_record_bytes(size_t body)
{
	return (FORMAT_RECORD_HEAD + body + 7) & ~(size_t)7;
}

/* Writes the head of a record; its checksum comes with format_batch_seal. */
void format_record_head(uint8_t *p, uint8_t type, uint32_t body_bytes);

struct format_record {
	uint8_t type;
	uint32_t body_bytes;
};

/* Checks a record by itself: structure within the n bytes at p, and its checksum. */
bool format_record_check(const uint8_t *p, size_t n);

/* The record at p, of a batch that was checked. */
struct format_record format_record_at(const uint8_t *p);

#endif
