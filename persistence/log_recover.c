/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a log: which segments there are, then every record from the first to the last valid
 * batch.  The rule at the first batch that is not valid:
 *
 *   CORRUPT when something proves that it had once been durable: a later segment, or a valid
 *   batch further on whose durable_lsn is beyond it.  Then nothing is opened.  Where the next
 *   segment does not follow on this one there is a hole: that is as good as the end of the segment
 *   when a RECORD_DEFINE of CATALOG_HOLE says so, which may stand anywhere behind.
 *   TORN otherwise: the tail of a crash.  The log ends there, and this run writes to a new
 *   segment, so that what lies behind is never looked at again. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/logline.h"
#include "base/mem.h"
#include "persistence/catalog.h"
#include "persistence/log_state.h"
#include "persistence/record.h"

enum { WINDOW_BYTES = 1 << 20 };

struct hole {
	uint64_t from, to;
};

struct holes {
	struct hole *p;
	size_t n, cap;
};

struct recover {
	size_t at;                    /* the segment being read */
	uint64_t lsn;                 /* of the next batch */
	uint64_t proven;              /* durable up to here, as the batches say */
	uint32_t prev_crc, epoch;
	bool first;                   /* its predecessor is unknown: at the beginning, behind a hole */
	uint8_t enter;                /* the record that says what a segment begins with; 0: none */
	struct holes found, said;
	uint8_t *window;              /* LOG_BATCH_BYTES of pages */
	uint64_t window_at, window_n; /* file range in it */
	bool in_batch;
	struct batch_head batch;
	uint32_t record, offset;      /* of the next record of the batch */
	bool clean;
	bool looked;                  /* for a summary of this segment */
	struct log_summary summary;   /* the one given last */
};

/* ---- the directory ---- */

struct found_segment {
	struct segment_head head;
	uint64_t bytes;               /* of the file */
};

struct listing {
	struct log_file *l;
	struct found_segment *found;
	size_t n, cap;
	uint64_t spares[LOG_SPARES_MAX];
	size_t n_spares;
	struct buf names;             /* of files to be removed, NUL-terminated */
	struct buf summaries;         /* positions, u64, of the segments that have one */
	bool unfinished;              /* it is a backup that is not whole */
	char bad[32];                 /* a segment file without a valid header */
	int error;
};

static int read_head(struct log_file *l, const char *name, struct segment_head *out,
                     uint64_t *bytes)
{
	uint8_t *block = mem_pages(DISK_BLOCK);
	int handle = l->disk->ops->open(l->disk, name, false, 0);
	int64_t size = handle < 0 ? handle : l->disk->ops->size(l->disk, handle);
	int error = size < 0 ? (int)size : 0;
	if (!error && size < DISK_BLOCK)
		error = -EUCLEAN;
	if (!error)
		error = l->disk->ops->read(l->disk, handle, 0, block, DISK_BLOCK);
	if (!error && !format_segment_decode(block, out))
		error = -EUCLEAN;
	if (handle >= 0)
		l->disk->ops->close(l->disk, handle);
	mem_pages_free(block, DISK_BLOCK);
	*bytes = (uint64_t)size;
	return error;
}

static void add_found(struct listing *s, struct found_segment f)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 16;
		s->found = mem_realloc(s->found, s->cap * sizeof *s->found);
	}
	s->found[s->n++] = f;
}

static void discard_later(struct listing *s, const char *name)
{
	buf_append(&s->names, name, strlen(name) + 1);
}

static void note_segment(struct listing *s, const char *name, uint64_t base)
{
	struct found_segment f;
	int error = read_head(s->l, name, &f.head, &f.bytes);
	if (!error && f.head.base != base)
		error = -EUCLEAN;
	if (error && !s->error) {
		s->error = error;
		snprintf(s->bad, sizeof s->bad, "%s", name);
	}
	if (!error)
		add_found(s, f);
}

static void note_spare(struct listing *s, const char *name, uint64_t number)
{
	int handle = s->l->disk->ops->open(s->l->disk, name, false, 0);
	int64_t size = handle < 0 ? -1 : s->l->disk->ops->size(s->l->disk, handle);
	if (handle >= 0)
		s->l->disk->ops->close(s->l->disk, handle);
	if (number >= s->l->worker.next_spare)
		s->l->worker.next_spare = number + 1;
	if (size == (int64_t)s->l->options.segment_bytes && s->n_spares < LOG_SPARES_MAX)
		s->spares[s->n_spares++] = number;
	else
		discard_later(s, name);
}

static void note_file(void *to, const char *name)
{
	struct listing *s = to;
	uint64_t number;
	int end = 0;
	if (sscanf(name, "w%16" SCNx64 ".seg%n", &number, &end) == 1 && end == 21 && !name[end])
		note_segment(s, name, number);
	else if (sscanf(name, "w%16" SCNx64 ".sum%n", &number, &end) == 1 && end == 21 && !name[end])
		buf_append(&s->summaries, &number, sizeof number);
	else if (sscanf(name, "spare-%" SCNu64 ".seg%n", &number, &end) == 1 && end && !name[end])
		note_spare(s, name, number);
	else if (strcmp(name, "fresh.tmp") == 0 || strcmp(name, "zero.tmp") == 0 ||
	         strcmp(name, "sum.tmp") == 0 || strcmp(name, "probe.tmp") == 0)
		discard_later(s, name);
	else if (strcmp(name, LOG_UNFINISHED) == 0)
		s->unfinished = true;
}

static int by_base(const void *a, const void *b)
{
	const struct found_segment *x = a, *y = b;
	return x->head.base < y->head.base ? -1 : x->head.base > y->head.base;
}

/* ---- refusing ---- */

static const char advice[] =
	"; `leveretctl log salvage` saves what can be read, or restore a backup of the data directory";

static int corrupt(struct buf *why, uint64_t base, uint64_t lsn, const char *what)
{
	char name[32];
	log_segment_name(name, base);
	buf_printf(why,
	           "the log is damaged in file %s at offset %" PRIu64 " (position %" PRIu64 "): %s%s",
	           name, FORMAT_SEGMENT_HEAD + (lsn - base), lsn, what, advice);
	return -EUCLEAN;
}

static int check_listing(const struct listing *s, struct buf *why)
{
	if (s->unfinished) {
		buf_printf(why, "this is a backup that was not finished (it has a file '" LOG_UNFINISHED
		                "'): it does not hold all that it should");
		return -EUCLEAN;
	}
	if (!s->error)
		return 0;
	if (s->error == -EUCLEAN)
		buf_printf(why, "the header of log file %s is damaged or of another version%s", s->bad,
		           advice);
	else
		buf_printf(why, "log file %s cannot be read: %s", s->bad, strerror(-s->error));
	return s->error;
}

/* ---- setting up ---- */

/* The newest header knows best where the log begins: what lies before had been trimmed and only
 * came back because a rename was lost in a crash. */
static uint64_t start_of(const struct listing *s)
{
	uint64_t start = 0;
	for (size_t i = 0; i < s->n; i++)
		start = s->found[i].head.log_start > start ? s->found[i].head.log_start : start;
	return start;
}

static int check_chain(const struct listing *s, size_t first, struct buf *why)
{
	for (size_t i = first; i < s->n; i++) {
		if (s->found[i].head.store != s->found[first].head.store) {
			buf_printf(why, "log files of two different stores lie in the data directory%s",
			           advice);
			return -EUCLEAN;
		}
	}
	return 0;
}

/* Summaries of segments that are gone. */
static void discard_summaries(struct listing *s, size_t first)
{
	for (size_t at = 0; at < s->summaries.len; at += sizeof(uint64_t)) {
		uint64_t base;
		char name[32];
		size_t i = first;
		memcpy(&base, s->summaries.p + at, sizeof base);
		while (i < s->n && s->found[i].head.base != base)
			i++;
		log_summary_name(name, base);
		if (i == s->n)
			discard_later(s, name);
	}
}

static void discard_files(struct log_file *l, const struct listing *s)
{
	for (size_t at = 0; at < s->names.len;) {
		const char *name = (const char *)s->names.p + at;
		l->disk->ops->remove(l->disk, name);
		at += strlen(name) + 1;
	}
}

static int adopt(struct log_file *l, struct listing *s, struct buf *why)
{
	size_t first = 0;
	uint64_t start = start_of(s);
	char name[32];
	for (; first < s->n && s->found[first].head.base < start; first++) {
		log_segment_name(name, s->found[first].head.base);
		discard_later(s, name);
	}
	int error = check_chain(s, first, why);
	if (error)
		return error;
	discard_summaries(s, first);
	discard_files(l, s);
	l->log_start = start;
	for (size_t i = first; i < s->n; i++) {
		struct segment *g = log_add_segment(l, s->found[i].head.base, s->found[i].head.prev_base);
		g->begun = true;
		l->epoch = s->found[i].head.epoch > l->epoch ? s->found[i].head.epoch : l->epoch;
		g->file_bytes = s->found[i].bytes;
		g->inside = s->found[i].head.inside;
	}
	memcpy(l->worker.spare_names, s->spares, sizeof s->spares);
	l->worker.spares = s->n_spares;
	l->store = l->n_segments ? s->found[first].head.store : l->options.entropy;
	return 0;
}

/* A spare that is seen may be known under its old name as well after a loss of power: not any more,
 * before something else is written to it. */
static int settle_names(struct log_file *l, struct buf *why)
{
	int error = l->disk->ops->sync_directory(l->disk);
	if (error)
		buf_printf(why, "the data directory cannot be synced: %s", strerror(-error));
	return error;
}

/* The first segment, or one behind a hole: what stood before it is not known. */
static void enter_at(struct log_file *l, size_t i)
{
	struct recover *r = l->recover;
	const struct segment *s = l->segments[i];
	r->lsn = s->base;
	r->first = true;
	if (s->inside & FORMAT_IN_TRANSACTION)
		r->enter = RECORD_BEGIN;
	else if (i > 0)
		r->enter = RECORD_ABORT;
}

int log_recover_begin(struct log_file *l, struct buf *why)
{
	struct listing s = { .l = l };
	struct recover *r = l->recover = mem_zalloc(sizeof *r);
	int error = l->disk->ops->list(l->disk, note_file, &s);
	if (error)
		buf_printf(why, "the data directory cannot be listed: %s", strerror(-error));
	if (!error)
		error = check_listing(&s, why);
	if (s.n)
		qsort(s.found, s.n, sizeof *s.found, by_base);
	if (!error)
		error = adopt(l, &s, why);
	if (!error && s.n_spares)
		error = settle_names(l, why);
	mem_free(s.found);
	buf_free(&s.names);
	buf_free(&s.summaries);
	r->lsn = FORMAT_FIRST_LSN;
	r->first = true;
	if (l->n_segments)
		enter_at(l, 0);
	return error;
}

void log_recover_free(struct log_file *l)
{
	struct recover *r = l->recover;
	if (!r)
		return;
	mem_pages_free(r->window, LOG_BATCH_BYTES);
	log_summary_forget(&r->summary);
	mem_free(r->found.p);
	mem_free(r->said.p);
	mem_free(r);
	l->recover = NULL;
}

/* ---- holes ---- */

static void add_hole(struct holes *h, uint64_t from, uint64_t to)
{
	if (h->n == h->cap) {
		h->cap = h->cap ? 2 * h->cap : 8;
		h->p = mem_realloc(h->p, h->cap * sizeof *h->p);
	}
	h->p[h->n++] = (struct hole){ from, to };
}

static bool is_said(const struct holes *said, struct hole h)
{
	for (size_t i = 0; i < said->n; i++)
		if (said->p[i].from <= h.from && h.to <= said->p[i].to)
			return true;
	return false;
}

static void listen_record(struct recover *r, const struct log_record *record)
{
	struct record_define d;
	uint64_t from, to;
	if (record->type == RECORD_DEFINE && record_define_decode(record->body, &d) &&
	    catalog_hole_decode(&d, &from, &to))
		add_hole(&r->said, from, to);
}

static void listen_summary(struct recover *r, struct slice body)
{
	struct log_record record;
	struct slice catalog = summary_catalog(body);
	while (summary_next_record(&catalog, &record))
		listen_record(r, &record);
}

static int check_holes(const struct log_file *l, struct buf *why)
{
	const struct recover *r = l->recover;
	for (size_t i = 0; i < r->found.n; i++) {
		struct hole h = r->found.p[i];
		if (!is_said(&r->said, h))
			return corrupt(why, l->segments[log_segment_index(l, h.to)]->base, h.to,
			               "what was before it is missing");
	}
	return 0;
}

static bool hole_follows(const struct log_file *l, size_t i)
{
	return l->segments[i + 1]->prev_base != l->segments[i]->base;
}

/* ---- reading ---- */

static uint64_t file_end(const struct log_file *l, size_t i)
{
	return l->segments[i]->file_bytes / DISK_BLOCK * DISK_BLOCK;
}

/* Makes [at, at + n) of the current segment's file lie in the window; NULL with *error 0 when the
 * file is shorter. */
static const uint8_t *window(struct log_file *l, uint64_t at, size_t n, int *error)
{
	struct recover *r = l->recover;
	struct segment *s = l->segments[r->at];
	uint64_t end = file_end(l, r->at);
	*error = 0;
	if (at > end || n > end - at || n > LOG_BATCH_BYTES)
		return NULL;
	if (at >= r->window_at && at + n <= r->window_at + r->window_n)
		return r->window + (at - r->window_at);
	if (!r->window)
		r->window = mem_pages(LOG_BATCH_BYTES);
	uint64_t want = n > WINDOW_BYTES ? n : WINDOW_BYTES;
	want = want < end - at ? want : end - at;
	r->window_at = at;
	r->window_n = want;
	*error = l->disk->ops->read(l->disk, s->handle, at, r->window, want);
	return *error ? NULL : r->window;
}

static int open_segment(struct log_file *l, size_t i, struct buf *why)
{
	struct segment *s = l->segments[i];
	char name[32];
	log_segment_name(name, s->base);
	l->recover->window_n = 0;
	l->recover->looked = false;
	s->handle = l->disk->ops->open(l->disk, name, false, 0);
	if (s->handle >= 0)
		return 0;
	buf_printf(why, "log file %s cannot be opened: %s", name, strerror(-s->handle));
	return s->handle;
}

static uint64_t offset_of(const struct log_file *l, uint64_t lsn)
{
	return FORMAT_SEGMENT_HEAD + (lsn - l->segments[l->recover->at]->base);
}

/* 1: a valid batch at r->lsn, in the window. 0: none. */
static int read_batch(struct log_file *l)
{
	struct recover *r = l->recover;
	struct batch_head h;
	int error;
	const uint8_t *p = window(l, offset_of(l, r->lsn), DISK_BLOCK, &error);
	if (!p)
		return error;
	if (!format_batch_decode(p, &h) || h.lsn != r->lsn || h.epoch < r->epoch ||
	    (!r->first && h.prev_crc != r->prev_crc))
		return 0;
	p = window(l, offset_of(l, r->lsn), h.disk_len, &error);
	if (!p)
		return error;
	if (!format_batch_check(p, &h))
		return 0;
	r->batch = h;
	r->in_batch = true;
	r->record = 0;
	r->offset = FORMAT_BATCH_HEAD;
	return 1;
}

/* Looks behind an invalid batch for one that proves that it had been durable. */
static int find_evidence(struct log_file *l, bool *found)
{
	struct recover *r = l->recover;
	struct batch_head h;
	int error;
	*found = false;
	uint64_t base = l->segments[r->at]->base;
	for (uint64_t at = offset_of(l, r->lsn) + DISK_BLOCK; at < file_end(l, r->at);
	     at += DISK_BLOCK) {
		const uint8_t *p = window(l, at, DISK_BLOCK, &error);
		if (!p)
			return error;
		*found = format_batch_decode(p, &h) && h.lsn == base + (at - FORMAT_SEGMENT_HEAD) &&
		         h.epoch >= r->epoch && h.durable_lsn > r->lsn;
		if (*found)
			return 0;
	}
	return 0;
}

/* Writes again what the last segment holds from the position on.  After a sync that failed the
 * kernel takes its pages for clean: they are read back, and the next sync does nothing for them. */
static int write_again(struct log_file *l, uint64_t from)
{
	struct recover *r = l->recover;
	const struct segment *s = l->segments[r->at];
	int error = 0;
	for (uint64_t at = offset_of(l, from > s->base ? from : s->base), end = offset_of(l, r->lsn);
	     at < end && !error;) {
		size_t n = end - at < WINDOW_BYTES ? (size_t)(end - at) : WINDOW_BYTES;
		const uint8_t *p = window(l, at, n, &error);
		if (p)
			error = l->disk->ops->write(l->disk, s->handle, at, p, n);
		at += n;
	}
	return error;
}

/* What was read may lie in a cache only (a process that died between write and sync, or because of
 * a sync): it is made durable before anything is built on it.  A file with two names is part of a
 * backup: it was durable before it got the second one, and nothing is written to it any more. */
static int settle_last(struct log_file *l, struct segment *last, uint64_t used)
{
	char name[32];
	log_segment_name(name, last->base);
	if (l->disk->ops->links(l->disk, name) > 1)
		return l->disk->ops->sync(l->disk, last->handle);
	int error = write_again(l, l->recover->proven);
	if (error)
		return error;
	if (used < last->file_bytes &&
	    l->disk->ops->truncate(l->disk, last->handle, used) == 0)
		last->file_bytes = used;
	return l->disk->ops->sync(l->disk, last->handle);
}

/* The segment was read record by record: its summary is made up for. */
static void end_summary(struct log_file *l)
{
	struct recover *r = l->recover;
	l->worker.prev_crc = r->prev_crc;
	l->segments[r->at]->hold.put = l->worker.summary.put_weight;
	log_summary_end(l, l->segments[r->at]->base, r->lsn, r->epoch);
}

/* The log ends at r->lsn, in the last segment: what it holds behind that is cut off, and a segment
 * without any batch is as good as none. */
static int finish(struct log_file *l, struct buf *why)
{
	struct recover *r = l->recover;
	int error = check_holes(l, why);
	if (error)
		return error;
	l->end = l->durable = l->began = r->lsn;
	l->look_hollow = l->look_sparse = true;
	l->inside = (l->worker.summary.in_transaction ? FORMAT_IN_TRANSACTION : 0) |
	            (l->worker.summary.marks.len ? FORMAT_IN_MESSAGE : 0);
	l->epoch = (r->epoch > l->epoch ? r->epoch : l->epoch) + 1;
	l->worker.prev_crc = r->prev_crc;
	l->log.was_clean = l->n_segments == 0 || r->clean;
	if (l->n_segments == 0)
		return 0;
	struct segment *last = l->segments[l->n_segments - 1];
	if (last->base != r->lsn)
		end_summary(l);
	if (last->base == r->lsn) {
		l->disk->ops->close(l->disk, last->handle);
		mem_free(last);
		l->n_segments--;
	} else {
		error = settle_last(l, last, offset_of(l, r->lsn));
	}
	if (error)
		buf_printf(why, "the end of the log cannot be written: %s", strerror(-error));
	return error;
}

static int next_segment(struct log_file *l, struct buf *why)
{
	struct recover *r = l->recover;
	struct segment *s = l->segments[r->at];
	l->disk->ops->close(l->disk, s->handle);
	s->handle = -1;
	s->end = r->lsn;
	if (hole_follows(l, r->at)) {
		add_hole(&r->found, r->lsn, l->segments[r->at + 1]->base);
		enter_at(l, r->at + 1);
	}
	return open_segment(l, ++r->at, why);
}

/* No valid batch at r->lsn: the end of a segment, the end of the log, or damage. */
static int end_of_batches(struct log_file *l, struct buf *why)
{
	struct recover *r = l->recover;
	struct segment *s = l->segments[r->at];
	if (r->at + 1 < l->n_segments) {
		if (l->segments[r->at + 1]->base != r->lsn && !hole_follows(l, r->at))
			return corrupt(why, s->base, r->lsn, "a batch is damaged and the log goes on after it");
		end_summary(l);
		return next_segment(l, why);
	}
	bool proof;
	int error = find_evidence(l, &proof);
	if (error) {
		buf_printf(why, "the log cannot be read behind position %" PRIu64 ": %s", r->lsn,
		           strerror(-error));
		return error;
	}
	if (proof)
		return corrupt(why, s->base, r->lsn, "a batch is damaged that had been durable");
	error = finish(l, why);
	return error ? error : 1;
}

static void give_record(struct log_file *l, struct log_record *out)
{
	struct recover *r = l->recover;
	const uint8_t *p = r->window + (offset_of(l, r->lsn) - r->window_at) + r->offset;
	struct format_record f = format_record_at(p);
	*out = (struct log_record){ .type = f.type,
		                        .at = r->lsn + r->offset,
		                        .wall_ms = r->batch.wall_ms,
		                        .body = slice_of(p + FORMAT_RECORD_HEAD, f.body_bytes) };
	summary_add(&l->worker.summary, out);
	listen_record(r, out);
	r->offset += (uint32_t)format_record_bytes(f.body_bytes);
	r->record++;
}

/* What a segment begins in the middle of has no beginning in the log any more. */
static void give_enter(struct log_file *l, struct log_record *out)
{
	struct recover *r = l->recover;
	*out = (struct log_record){ .type = r->enter, .at = r->lsn };
	summary_add(&l->worker.summary, out);
	r->enter = 0;
}

/* At the beginning of a segment that another one follows: its summary instead of its records.  1
 * and the record, 0 when there is no good one, or -errno. */
static int give_summary(struct log_file *l, struct log_record *out, struct buf *why)
{
	struct recover *r = l->recover;
	if (l->options.whole || r->looked || r->at + 1 == l->n_segments ||
	    r->lsn != l->segments[r->at]->base)
		return 0;
	r->looked = true;
	uint64_t end = l->segments[r->at + 1]->base;
	if (!log_summary_read(l, r->lsn, end, hole_follows(l, r->at), &r->summary))
		return 0;
	*out = (struct log_record){ .type = RECORD_SUMMARY, .at = r->lsn + 8, .body = r->summary.body };
	summary_go_on(&l->worker.summary, out->body);
	listen_summary(r, out->body);
	l->segments[r->at]->hold.put = r->summary.put;
	r->lsn = r->summary.end;
	r->prev_crc = r->summary.last_crc;
	r->epoch = r->summary.epoch > r->epoch ? r->summary.epoch : r->epoch;
	r->first = false;
	int error = next_segment(l, why);
	return error ? error : 1;
}

static void leave_batch(struct recover *r)
{
	r->lsn += r->batch.disk_len;
	if (r->batch.durable_lsn > r->proven)
		r->proven = r->batch.durable_lsn;
	r->prev_crc = r->batch.crc;
	r->epoch = r->batch.epoch;
	r->clean = r->batch.flags & FORMAT_CLEAN;
	r->first = false;
	r->in_batch = false;
}

int log_recover_next(struct log_file *l, struct log_record *out, struct buf *why)
{
	struct recover *r = l->recover;
	int error;
	if (l->n_segments == 0)
		return finish(l, why);
	if (l->segments[r->at]->handle < 0 && (error = open_segment(l, r->at, why)))
		return error;
	for (;;) {
		if (r->enter) {
			give_enter(l, out);
			return 1;
		}
		if (r->in_batch && r->record < r->batch.n_records) {
			give_record(l, out);
			return 1;
		}
		if (r->in_batch)
			leave_batch(r);
		int got = give_summary(l, out, why);
		if (got)
			return got;
		got = read_batch(l);
		if (got == 0)
			got = end_of_batches(l, why);
		else if (got == 1)
			continue;
		else
			buf_printf(why, "the log cannot be read at position %" PRIu64 ": %s", r->lsn,
			           strerror(-got));
		if (got == 1)
			return 0;
		if (got < 0)
			return got;
	}
}
