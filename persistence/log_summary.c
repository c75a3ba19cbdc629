/* SPDX-License-Identifier: Apache-2.0 */
/* Summaries of segments as files: w<base>.sum beside w<base>.seg.  The worker takes in each batch
 * when it is durable; when a segment is full its summary is written in a quiet moment, under
 * another name until it is whole.  A start takes the summary of every segment that has a good one,
 * and reads the others, and makes up for the summaries that are missing.
 *
 * A good one says that it belongs to this store and this segment, and where the segment ends: there
 * the next one must begin. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/crc32c.h"
#include "base/endian.h"
#include "base/mem.h"
#include "persistence/log_state.h"

/* crc u32 of what follows up to the end of the summary, then the fields in order. */
enum {
	SUM_CRC = 0,
	SUM_MAGIC = 4,
	SUM_VERSION = 12,
	SUM_STORE = 16,
	SUM_BASE = 24,
	SUM_END = 32,
	SUM_BYTES = 40,
	SUM_LAST_CRC = 48,
	SUM_EPOCH = 52,
	SUM_PUT = 56,
	SUM_HEAD = 64,
};

/* 3 did not say when messages were placed, 2 not what is due, 1 not what was copied forward. */
enum { VERSION = 4, OLDEST = 2 };

enum { BYTES_MAX = 1 << 30 };

static const char magic[8] = "LEVERSUM", unfinished[] = "sum.tmp";

/* A summary that is to be written. */
struct pending {
	struct list link;
	uint64_t base;
	struct buf bytes;            /* head and summary */
};

void log_summary_name(char name[32], uint64_t base)
{
	snprintf(name, 32, "w%016" PRIx64 ".sum", base);
}

void log_summary_batch(struct log_file *l, const struct batch *b)
{
	const uint8_t *p = b->p + FORMAT_BATCH_HEAD;
	for (uint32_t i = 0; i < b->head.n_records; i++) {
		struct format_record f = format_record_at(p);
		struct log_record r = { .type = f.type,
			                    .at = b->head.lsn + (uint64_t)(p - b->p),
			                    .body = slice_of(p + FORMAT_RECORD_HEAD, f.body_bytes) };
		summary_add(&l->worker.summary, &r);
		p += format_record_bytes(f.body_bytes);
	}
}

void log_summary_end(struct log_file *l, uint64_t base, uint64_t end, uint32_t epoch)
{
	struct log_worker *w = &l->worker;
	if (w->summary.spoilt || w->summary.in_transaction) {
		summary_clear(&w->summary);
		return;
	}
	struct pending *p = mem_zalloc(sizeof *p);
	p->base = base;
	memset(buf_reserve(&p->bytes, SUM_HEAD), 0, SUM_HEAD);
	p->bytes.len = SUM_HEAD;
	uint64_t put = w->summary.put_weight;
	summary_write(&p->bytes, &w->summary);
	summary_clear(&w->summary);
	uint8_t *h = p->bytes.p;
	put_le64(h + SUM_PUT, put);
	memcpy(h + SUM_MAGIC, magic, sizeof magic);
	put_le32(h + SUM_VERSION, VERSION);
	put_le64(h + SUM_STORE, l->store);
	put_le64(h + SUM_BASE, base);
	put_le64(h + SUM_END, end);
	put_le64(h + SUM_BYTES, p->bytes.len - SUM_HEAD);
	put_le32(h + SUM_LAST_CRC, w->prev_crc);
	put_le32(h + SUM_EPOCH, epoch);
	put_le32(h + SUM_CRC, crc32c(0, h + SUM_MAGIC, p->bytes.len - SUM_MAGIC));
	list_push(&w->summaries, &p->link);
}

static void forget(struct pending *p)
{
	list_remove(&p->link);
	buf_free(&p->bytes);
	mem_free(p);
}

void log_summary_remove(struct log_file *l, uint64_t base)
{
	char name[32];
	list_each_safe(it, &l->worker.summaries) {
		struct pending *p = list_entry(it, struct pending, link);
		if (p->base == base)
			forget(p);
	}
	log_summary_name(name, base);
	l->disk->ops->remove(l->disk, name);
}

void log_summary_free(struct log_file *l)
{
	while (!list_empty(&l->worker.summaries))
		forget(list_entry(l->worker.summaries.next, struct pending, link));
	summary_free(&l->worker.summary);
}

/* ---- writing ---- */

/* One that cannot be written is done without, and without a word: this may be the worker's thread,
 * and lines of the log belong to the loop. */
static void write_file(struct log_file *l, const struct pending *p)
{
	const struct disk_ops *ops = l->disk->ops;
	size_t n = (p->bytes.len + DISK_BLOCK - 1) / DISK_BLOCK * DISK_BLOCK;
	char name[32];
	ops->remove(l->disk, unfinished);
	int handle = ops->open(l->disk, unfinished, true, n);
	if (handle < 0)
		return;
	uint8_t *pages = mem_pages(n);
	memcpy(pages, p->bytes.p, p->bytes.len);
	int error = ops->write(l->disk, handle, 0, pages, n);
	mem_pages_free(pages, n);
	if (!error)
		error = ops->sync(l->disk, handle);
	ops->close(l->disk, handle);
	log_summary_name(name, p->base);
	if (!error)
		ops->rename(l->disk, unfinished, name);
}

bool log_summary_step(struct log_file *l)
{
	struct pending *p = list_first(&l->worker.summaries, struct pending, link);
	if (!p)
		return false;
	write_file(l, p);
	forget(p);
	return true;
}

/* ---- reading ---- */

static bool is_version(uint32_t version)
{
	return version >= OLDEST && version <= VERSION;
}

static bool is_good(const struct log_file *l, const uint8_t *h, uint64_t n, uint64_t base,
                    uint64_t end, bool hole)
{
	uint64_t says = get_le64(h + SUM_END);
	return memcmp(h + SUM_MAGIC, magic, sizeof magic) == 0 &&
	       is_version(get_le32(h + SUM_VERSION)) && get_le64(h + SUM_STORE) == l->store &&
	       get_le64(h + SUM_BASE) == base && (says == end || (hole && says > base && says < end)) &&
	       get_le64(h + SUM_BYTES) <= n - SUM_HEAD &&
	       get_le32(h + SUM_CRC) ==
	           crc32c(0, h + SUM_MAGIC, SUM_HEAD - SUM_MAGIC + get_le64(h + SUM_BYTES));
}

/* What was read last gives its pages. */
static void make_room(struct log_summary *s, size_t n)
{
	if (s->n >= n)
		return;
	log_summary_forget(s);
	s->n = n;
	s->pages = mem_pages(n);
}

bool log_summary_read(struct log_file *l, uint64_t base, uint64_t end, bool hole,
                      struct log_summary *out)
{
	const struct disk_ops *ops = l->disk->ops;
	char name[32];
	log_summary_name(name, base);
	int handle = ops->open(l->disk, name, false, 0);
	int64_t size = handle < 0 ? -1 : ops->size(l->disk, handle);
	bool good = size >= DISK_BLOCK && size <= BYTES_MAX && size % DISK_BLOCK == 0;
	if (good)
		make_room(out, (size_t)size);
	good = good && ops->read(l->disk, handle, 0, out->pages, (size_t)size) >= 0;
	if (handle >= 0)
		ops->close(l->disk, handle);
	if (!good || !is_good(l, out->pages, (uint64_t)size, base, end, hole)) {
		log_summary_forget(out);
		return false;
	}
	out->body = slice_of(out->pages + SUM_HEAD, get_le64(out->pages + SUM_BYTES));
	out->end = get_le64(out->pages + SUM_END);
	out->last_crc = get_le32(out->pages + SUM_LAST_CRC);
	out->epoch = get_le32(out->pages + SUM_EPOCH);
	out->put = get_le64(out->pages + SUM_PUT);
	return true;
}

void log_summary_forget(struct log_summary *s)
{
	mem_pages_free(s->pages, s->n);
	*s = (struct log_summary){ 0 };
}
