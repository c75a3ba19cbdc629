/* SPDX-License-Identifier: Apache-2.0 */
/* Reading back.  A fetch is one segment's worth of positions.  They are read in spans: records that
 * lie close together with one read, far ones each with its own.  Records are checked one by one,
 * by their own checksum; the batch they came in does not matter any more.
 *
 * Several fetches are read at a time, each by one thread: that is what a disk's queue is for. */
#include <errno.h>

#include "base/die.h"
#include "base/mem.h"
#include "persistence/log_state.h"
#include "persistence/record.h"

enum {
	TAIL = DISK_BLOCK,           /* read behind the position of the last record of a span */
	GAP = 2 * DISK_BLOCK,        /* what is rather read than skipped */
	SPAN_BYTES = 1 << 20,
};

/* What a fetch was read into. */
struct log_block {
	struct log_block *next;
	size_t n;
	uint8_t *pages;
	struct log_window *window;   /* instead of pages */
};

/* Consecutive records of a fetch that one read covers. */
struct span {
	size_t first, n;
	uint64_t from, to;           /* file range */
};

void log_reader_init(struct log_file *l)
{
	list_init(&l->reader.waiting);
	list_init(&l->reader.done);
	list_init(&l->reader.sharing);
}

void log_fetch_free(struct log_fetch *f)
{
	for (struct log_block *b = f->blocks, *next; b; b = next) {
		next = b->next;
		mem_pages_free(b->pages, b->n);
		if (b->window)
			log_window_drop(b->window);
		mem_free(b);
	}
	mem_free(f->found);
	f->blocks = NULL;
	f->found = NULL;
}

static uint64_t offset_of(const struct segment *s, log_position at)
{
	return FORMAT_SEGMENT_HEAD + (at - s->base);
}

static uint64_t blocks(uint64_t n)
{
	return (n + DISK_BLOCK - 1) / DISK_BLOCK * DISK_BLOCK;
}

/* ---- one read ---- */

static const uint8_t *read_range(struct log_file *l, struct log_fetch *f, int handle, uint64_t from,
                                 uint64_t to, int *error)
{
	const struct segment *s = f->segment;
	uint64_t end = s->file_bytes / DISK_BLOCK * DISK_BLOCK;
	to = to < end ? to : end;
	*error = from < to ? 0 : -EUCLEAN;
	if (*error)
		return NULL;
	struct log_block *b = mem_alloc(sizeof *b);
	*b = (struct log_block){ f->blocks, (size_t)(to - from), mem_pages((size_t)(to - from)), NULL };
	f->blocks = b;
	log_fetch_count(f, b->n);
	*error = l->disk->ops->read(l->disk, handle, from, b->pages, b->n);
	return *error ? NULL : b->pages;
}

static struct span span_at(const struct log_fetch *f, size_t first)
{
	const struct segment *s = f->segment;
	uint64_t at = offset_of(s, f->at[first]);
	struct span p = { first, 1, at / DISK_BLOCK * DISK_BLOCK, blocks(at + TAIL) };
	while (first + p.n < f->n) {
		at = offset_of(s, f->at[first + p.n]);
		if (at > p.to + GAP || blocks(at + TAIL) - p.from > SPAN_BYTES)
			break;
		p.to = blocks(at + TAIL);
		p.n++;
	}
	return p;
}

/* ---- one record ---- */

static void give(struct log_found *out, const uint8_t *p)
{
	struct format_record r = format_record_at(p);
	*out = (struct log_found){ .type = r.type,
		                       .body = slice_of(p + FORMAT_RECORD_HEAD, r.body_bytes) };
}

/* The record goes on behind what was read: once more, all of it. */
static void read_alone(struct log_file *l, struct log_fetch *f, int handle, uint64_t at,
                       uint32_t body, struct log_found *out)
{
	uint64_t from = at / DISK_BLOCK * DISK_BLOCK;
	uint64_t to = blocks(at + format_record_bytes(body));
	const uint8_t *p = read_range(l, f, handle, from, to, &out->error);
	if (!p)
		return;
	if (format_record_check(p + (at - from), (size_t)(to - at)))
		give(out, p + (at - from));
	else
		out->error = -EUCLEAN;
}

/* The record behind the one that ends at e: right there, or the first of the next batch, or (0) in
 * the next segment. */
static log_position next_of(struct log_file *l, struct log_fetch *f, int handle, log_position e)
{
	const struct segment *s = f->segment;
	struct batch_head h;
	int error;
	uint64_t at = offset_of(s, e), from = at / DISK_BLOCK * DISK_BLOCK;
	const uint8_t *p = read_range(l, f, handle, from, from + 2 * DISK_BLOCK, &error);
	if (!p)
		return 0;
	if (at > from && format_record_at(p + (at - from)).type)
		return e;
	uint64_t batch = blocks(at);
	p += batch - from;
	if (batch >= s->file_bytes)
		return 0;
	log_position lsn = s->base + (batch - FORMAT_SEGMENT_HEAD);
	if (format_batch_decode(p, &h) && h.lsn == lsn)
		return lsn + FORMAT_BATCH_HEAD;
	return at == from && format_record_at(p).type ? e : 0;
}

static void take_record(struct log_file *l, struct log_fetch *f, int handle, const struct span *p,
                        const uint8_t *bytes, size_t i)
{
	const struct segment *s = f->segment;
	struct log_found *out = &f->found[i];
	uint64_t at = offset_of(s, f->at[i]), end = s->file_bytes / DISK_BLOCK * DISK_BLOCK;
	const uint8_t *r = bytes + (at - p->from);
	uint64_t have = (p->to < end ? p->to : end) - at;
	uint32_t body = format_record_at(r).body_bytes;
	if (format_record_check(r, (size_t)have))
		give(out, r);
	else if (body <= LOG_MAX_RECORD && FORMAT_RECORD_HEAD + (uint64_t)body > have)
		read_alone(l, f, handle, at, body, out);
	else
		out->error = -EUCLEAN;
	if (!out->error && out->type == RECORD_CHUNK)
		out->next = next_of(l, f, handle, f->at[i] + format_record_bytes(out->body.n));
}

static void take_span(struct log_file *l, struct log_fetch *f, int handle, const struct span *p)
{
	int error;
	const uint8_t *bytes = read_range(l, f, handle, p->from, p->to, &error);
	for (size_t i = p->first; i < p->first + p->n; i++) {
		if (bytes)
			take_record(l, f, handle, p, bytes, i);
		else
			f->found[i].error = error;
	}
}

/* A record whose beginning, at least, lies in a window; false when there is none for it. */
static bool take_shared(struct log_file *l, struct log_fetch *f, int handle, size_t i)
{
	struct log_stretch x;
	uint64_t at = offset_of(f->segment, f->at[i]);
	struct log_window *w = log_window_get(l, f, handle, at, &x);
	if (!w)
		return false;
	struct log_block *b = mem_alloc(sizeof *b);
	*b = (struct log_block){ f->blocks, 0, NULL, w };
	f->blocks = b;
	if (at + TAIL > x.to)
		return false;
	struct span p = { i, 1, x.from, x.to };
	take_record(l, f, handle, &p, x.bytes, i);
	return true;
}

static void read_spans(struct log_file *l, struct log_fetch *f, int handle)
{
	for (size_t i = 0; i < f->n;) {
		struct span p = span_at(f, i);
		if (f->shared && take_shared(l, f, handle, i)) {
			i++;
			continue;
		}
		take_span(l, f, handle, &p);
		i += p.n;
	}
}

static void read_all(struct log_file *l, struct log_fetch *f)
{
	const struct segment *s = f->segment;
	char name[32];
	log_segment_name(name, s->base);
	f->found = mem_zalloc(f->n * sizeof *f->found);
	int handle = l->disk->ops->open(l->disk, name, false, 0);
	for (size_t i = 0; handle < 0 && i < f->n; i++)
		f->found[i].error = handle;
	if (handle >= 0)
		read_spans(l, f, handle);
	if (handle >= 0)
		l->disk->ops->close(l->disk, handle);
}

/* ---- fetches ---- */

static bool read_next(struct log_file *l, struct list *from)
{
	struct log_reader *r = &l->reader;
	log_thread_lock(r->threads);
	struct list *p = list_pop(from);
	log_thread_unlock(r->threads);
	if (!p)
		return false;
	read_all(l, list_entry(p, struct log_fetch, link));
	log_thread_lock(r->threads);
	list_push(&r->done, p);
	log_thread_unlock(r->threads);
	if (l->options.wake)
		l->options.wake(l->options.wake_to);
	return true;
}

static bool read_alone_step(void *log_file)
{
	struct log_file *l = log_file;
	return read_next(l, &l->reader.waiting);
}

static bool share_step(void *log_file)
{
	struct log_file *l = log_file;
	return read_next(l, &l->reader.sharing);
}

bool log_reader_step(void *log_file)
{
	return read_alone_step(log_file) || share_step(log_file);
}

static void start_threads(struct log_file *l)
{
	struct log_reader *r = &l->reader;
	if (l->options.threaded && !r->threads) {
		r->threads = log_thread_new(LOG_THREADS_MAX, read_alone_step, l);
		r->sharer = log_thread_new(1, share_step, l);
	}
	must(!l->options.threaded || (r->threads && r->sharer));
}

void log_reader_begin(struct log_file *l, struct log_fetch *f)
{
	struct log_reader *r = &l->reader;
	start_threads(l);
	f->shared = f->shared && l->windows.most;
	list_init(&f->link);
	f->found = NULL;
	f->blocks = NULL;
	f->reads = f->read_bytes = 0;
	r->under_way++;
	log_thread_lock(r->threads);
	list_push(f->shared ? &r->sharing : &r->waiting, &f->link);
	log_thread_unlock(r->threads);
	log_thread_kick(f->shared ? r->sharer : r->threads);
}

struct log_fetch *log_reader_done(struct log_file *l)
{
	struct log_reader *r = &l->reader;
	if (r->under_way == 0)
		return NULL;
	log_thread_lock(r->threads);
	struct list *p = list_pop(&r->done);
	log_thread_unlock(r->threads);
	if (!p)
		return NULL;
	r->under_way--;
	struct log_fetch *f = list_entry(p, struct log_fetch, link);
	l->stats.reads += f->reads;
	l->stats.read_bytes += f->read_bytes;
	l->stats.fetched += f->n;
	return f;
}

void log_reader_free(struct log_file *l)
{
	log_thread_free(l->reader.sharer);
	log_thread_free(l->reader.threads);
	l->reader.threads = l->reader.sharer = NULL;
}
