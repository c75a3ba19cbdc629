/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's side of the file engine: records into batches, batches to the worker.
 *
 * The happy path: log_append copies a record into the batch being filled, whose position is
 * already known.  At the end of the turn log_submit hands the batch over if none is in flight;
 * what arrives meanwhile fills the next one, so batches grow with the load and no timer is
 * needed.  The worker writes and syncs, and log_poll moves `durable` on.
 *
 * Records that nobody waits for may lie LAZY_MS; SEAL_MS after the last batch an empty one goes
 * out, so that recovery can tell a torn tail from a damaged one up to the very last record. */
#include "persistence/log_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/die.h"
#include "base/mem.h"
#include "persistence/log_state.h"
#include "persistence/record.h"

enum {
	LAZY_MS = 10,
	SEAL_MS = 20,
	RETRY_MS = 100,
	LAZY_BYTES = 256 << 10,
	PRESSED_ABOVE = 16 << 20,
	PRESSED_BELOW = 8 << 20,
	REST_ABOVE = 64 << 10,       /* idle buffers keep no more than this */
	POOL_MAX = 2,
};

static struct log_file *self(struct log *l)
{
	return (struct log_file *)(void *)l;
}

static const struct log_file *const_self(const struct log *l)
{
	return (const struct log_file *)(const void *)l;
}

void log_segment_name(char name[32], uint64_t base)
{
	snprintf(name, 32, "w%016" PRIx64 ".seg", base);
}

void log_spare_name(char name[32], uint64_t number)
{
	snprintf(name, 32, "spare-%" PRIu64 ".seg", number);
}

/* ---- segments ---- */

struct segment *log_add_segment(struct log_file *l, uint64_t base, uint64_t prev_base)
{
	struct segment *s = mem_zalloc(sizeof *s);
	list_init(&s->link);
	s->base = base;
	s->prev_base = prev_base;
	s->log_start = l->log_start;
	s->file_bytes = l->options.segment_bytes;
	s->handle = -1;
	if (l->n_segments == l->cap_segments) {
		l->cap_segments = l->cap_segments ? 2 * l->cap_segments : 8;
		l->segments = mem_realloc(l->segments, l->cap_segments * sizeof *l->segments);
	}
	l->segments[l->n_segments++] = s;
	return s;
}

/* The index of the segment that holds the position. */
size_t log_segment_index(const struct log_file *l, log_position at)
{
	size_t low = 0, high = l->n_segments;
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;
		if (l->segments[mid]->base <= at)
			low = mid;
		else
			high = mid;
	}
	must(l->n_segments && l->segments[low]->base <= at);
	return low;
}

static struct segment *segment_of(const struct log_file *l, log_position at)
{
	return l->segments[log_segment_index(l, at)];
}

/* What a position belongs to: its batch until that has a segment. */
struct hold *log_hold_of(struct log_file *l, log_position at)
{
	if (l->filling && at >= l->filling->head.lsn)
		return &l->filling->hold;
	list_each(it, &l->queued) {
		struct batch *b = list_entry(it, struct batch, link);
		if (at >= b->head.lsn && at < b->head.lsn + b->head.disk_len)
			return &b->hold;
	}
	return &segment_of(l, at)->hold;
}

static void file_retain(struct log *log, log_position at, uint64_t n, uint64_t bytes)
{
	struct log_file *l = self(log);
	struct hold *h = log_hold_of(l, at);
	h->live += n;
	h->weight += bytes + n * HOLD_EACH;
	if (at >= l->began)
		h->put += bytes + n * HOLD_EACH;
}

static void file_release(struct log *log, log_position at, uint64_t bytes)
{
	struct log_file *l = self(log);
	log_position to;
	while (l->forwards.n && (to = forward_take(&l->forwards, at)))
		at = to;
	struct hold *h = log_hold_of(l, at);
	must(h->live > 0 && h->weight >= bytes + HOLD_EACH);
	h->live--;
	h->weight -= bytes + HOLD_EACH;
	l->look_hollow |= h->live == 0;
	l->look_sparse |= (h->live & (h->live - 1)) == 0;   /* now and then, at the last ones too */
}

static bool file_oldest(const struct log *log, struct log_extent *out)
{
	const struct log_file *l = const_self(log);
	if (l->n_segments < 2)
		return false;
	const struct segment *first = l->segments[0];
	*out = (struct log_extent){ first->base, l->segments[1]->base, first->hold.live };
	return true;
}

/* In order, so that the front of the log on the disk only ever moves forward. */
void log_give_up_unread(struct log_file *l)
{
	struct segment *s;
	while ((s = list_first(&l->given_up, struct segment, link)) && s->readers == 0) {
		list_remove(&s->link);
		log_thread_lock(l->thread);
		list_push(&l->worker.trims, &s->link);
		log_thread_unlock(l->thread);
		log_thread_kick(l->thread);
	}
}

void log_give_up(struct log_file *l, size_t index)
{
	struct segment *s = l->segments[index];
	l->n_segments--;
	memmove(l->segments + index, l->segments + index + 1,
	        (l->n_segments - index) * sizeof *l->segments);
	list_push(&l->given_up, &s->link);
	log_give_up_unread(l);
}

static void file_trim(struct log *log, log_position upto)
{
	struct log_file *l = self(log);
	must(l->n_segments > 1 && l->segments[1]->base == upto && l->segments[0]->hold.live == 0);
	l->log_start = upto;
	log_give_up(l, 0);
}

static log_position file_end(const struct log *log)
{
	const struct log_file *l = const_self(log);
	return l->filling ? l->filling->head.lsn + l->filling->head.used_len : l->end;
}

static bool file_holds(const struct log *log, log_position at)
{
	const struct log_file *l = const_self(log);
	if (at >= l->active_end || l->n_segments == 0)
		return true;
	if (at < l->segments[0]->base)
		return false;
	const struct segment *s = l->segments[log_segment_index(l, at)];
	return s->end == 0 || at < s->end;
}

/* ---- reading back ---- */

static log_position file_reach(const struct log *log, log_position at)
{
	const struct log_file *l = const_self(log);
	size_t next = log_segment_index(l, at) + 1;
	return next < l->n_segments && l->segments[next]->base < l->durable ? l->segments[next]->base
	                                                                    : l->durable;
}

static void file_fetch(struct log *log, struct log_fetch *f)
{
	struct log_file *l = self(log);
	struct segment *s = segment_of(l, f->at[0]);
	must(f->n && f->n <= LOG_FETCH_RECORDS && f->at[f->n - 1] < file_reach(log, f->at[0]));
	f->segment = s;
	uint64_t end = s->end && s->end < l->durable ? s->end : l->durable;
	f->valid = FORMAT_SEGMENT_HEAD + (end - s->base);
	s->readers++;
	log_reader_begin(l, f);
}

/* A chunk at the end of its segment goes on at the beginning of the next one. */
static void complete_next(struct log_file *l, const struct segment *s, struct log_found *r)
{
	if (r->error || r->type != RECORD_CHUNK || r->next)
		return;
	for (size_t i = 0; i + 1 < l->n_segments; i++)
		if (l->segments[i] == s)
			r->next = l->segments[i + 1]->base + FORMAT_BATCH_HEAD;
}

static struct log_fetch *file_fetched(struct log *log)
{
	struct log_file *l = self(log);
	struct log_fetch *f = log_reader_done(l);
	if (!f)
		return NULL;
	struct segment *s = f->segment;
	for (size_t i = 0; i < f->n; i++)
		complete_next(l, s, &f->found[i]);
	if (--s->readers == 0)
		log_give_up_unread(l);
	return f;
}

/* ---- batches ---- */

static size_t batch_room(const struct log_file *l)
{
	uint64_t segment = l->options.segment_bytes - FORMAT_SEGMENT_HEAD;
	return segment < LOG_BATCH_BYTES ? (size_t)segment : LOG_BATCH_BYTES;
}

static struct batch *batch_new(struct log_file *l)
{
	struct list *p = list_pop(&l->pool);
	struct batch *b = p ? list_entry(p, struct batch, link) : mem_zalloc(sizeof *b);
	if (!b->p)
		b->p = mem_pages(LOG_BATCH_BYTES);
	uint8_t *pages = b->p;
	size_t touched = b->touched;
	*b = (struct batch){ .p = pages, .touched = touched };
	list_init(&b->link);
	b->head.lsn = l->end;
	b->head.used_len = FORMAT_BATCH_HEAD;
	b->inside = l->inside;
	return b;
}

static void batch_free(struct batch *b)
{
	mem_pages_free(b->p, LOG_BATCH_BYTES);
	mem_free(b);
}

static void batch_retire(struct log_file *l, struct batch *b)
{
	size_t spare = 0;
	list_each(it, &l->pool)
		spare++;
	if (spare >= POOL_MAX)
		batch_free(b);
	else
		list_push_front(&l->pool, &b->link);
}

/* Idle: the pages go back to the system. */
static void rest_pool(struct log_file *l)
{
	list_each(it, &l->pool) {
		struct batch *b = list_entry(it, struct batch, link);
		if (b->touched > REST_ABOVE)
			mem_pages_rest(b->p + REST_ABOVE, LOG_BATCH_BYTES - REST_ABOVE);
		b->touched = 0;
	}
}

/* No record comes into the batch any more: its length on disk and the next position are known. */
static void batch_end(struct log_file *l, struct batch *b)
{
	size_t used = b->head.used_len;
	size_t disk = (used + DISK_BLOCK - 1) / DISK_BLOCK * DISK_BLOCK;
	memset(b->p + used, 0, disk - used);
	b->head.disk_len = (uint32_t)disk;
	b->touched = disk > b->touched ? disk : b->touched;
	l->end += disk;
}

static void queue_filling(struct log_file *l)
{
	struct batch *b = l->filling;
	batch_end(l, b);
	list_push(&l->queued, &b->link);
	l->n_queued++;
	l->filling = NULL;
}

void log_end_filling(struct log_file *l)
{
	if (l->filling)
		queue_filling(l);
}

static void set_pressed(struct log_file *l)
{
	if (l->waiting_bytes > PRESSED_ABOVE)
		l->pressed = true;
	else if (l->waiting_bytes < PRESSED_BELOW)
		l->pressed = false;
}

/* What the record behind one of this type stands in the middle of. */
static uint32_t inside_after(uint32_t inside, uint8_t type)
{
	inside &= ~(uint32_t)FORMAT_IN_MESSAGE;
	switch (type) {
	case RECORD_BEGIN: return inside | FORMAT_IN_TRANSACTION;
	case RECORD_COMMIT:
	case RECORD_ABORT: return inside & ~(uint32_t)FORMAT_IN_TRANSACTION;
	case RECORD_CHUNK: return inside | FORMAT_IN_MESSAGE;
	default: return inside;
	}
}

static log_position file_append(struct log *log, uint8_t type, bool urgent,
                                const struct slice *parts, size_t n)
{
	struct log_file *l = self(log);
	size_t body = 0;
	for (size_t i = 0; i < n; i++)
		body += parts[i].n;
	size_t bytes = format_record_bytes(body);
	must(!l->recover && body <= LOG_MAX_RECORD && FORMAT_BATCH_HEAD + bytes <= batch_room(l));
	if (l->filling && l->filling->head.used_len + bytes > batch_room(l))
		queue_filling(l);
	if (!l->filling)
		l->filling = batch_new(l);
	struct batch *b = l->filling;
	uint8_t *p = b->p + b->head.used_len;
	log_position at = b->head.lsn + b->head.used_len;
	format_record_head(p, type, (uint32_t)body);
	memset(p + bytes - 8, 0, 8);
	p += FORMAT_RECORD_HEAD;
	for (size_t i = 0; i < n; i++) {
		if (parts[i].n)
			memcpy(p, parts[i].p, parts[i].n);
		p += parts[i].n;
	}
	b->head.used_len += (uint32_t)bytes;
	b->head.n_records++;
	b->urgent |= urgent;
	l->inside = inside_after(l->inside, type);
	l->waiting_bytes += bytes;
	set_pressed(l);
	return at;
}

/* ---- handing over ---- */

static bool fits(const struct log_file *l, const struct segment *active, const struct batch *b)
{
	uint64_t room = l->options.segment_bytes - FORMAT_SEGMENT_HEAD;
	bool cut = active->base < l->backup.cut && b->head.lsn >= l->backup.cut;
	return !cut && b->head.lsn + b->head.disk_len - active->base <= room;
}

/* A batch that does not fit behind the last one begins a new segment, and so does the first one
 * that is not in a backup. */
static void assign_segment(struct log_file *l, struct batch *b)
{
	struct segment *active = l->active_open ? l->segments[l->n_segments - 1] : NULL;
	if (!active || !fits(l, active, b)) {
		struct segment *last = l->n_segments ? l->segments[l->n_segments - 1] : NULL;
		if (last)
			last->end = b->head.lsn;
		active = log_add_segment(l, b->head.lsn, last ? last->base : 0);
		active->inside = b->inside | FORMAT_INSIDE_KNOWN;
		l->look_hollow = l->look_sparse = true;
		l->active_open = true;
	}
	b->segment = active;
	active->hold.live += b->hold.live;
	active->hold.weight += b->hold.weight;
	active->hold.put += b->hold.put;
	l->active_end = b->head.lsn + b->head.disk_len;
}

static void hand_over(struct log_file *l, struct batch *b, uint32_t flags)
{
	must(!l->in_flight);
	assign_segment(l, b);
	b->head.epoch = l->epoch;
	/* Without syncs only full segments are safe: they are synced before the next one begins. */
	b->head.durable_lsn = l->options.sync ? l->durable : b->segment->base;
	b->head.wall_ms = l->options.wall_ms + (l->now_ms - l->opened_ms);
	b->head.flags = flags | (b->urgent ? 0 : FORMAT_LAZY);
	l->in_flight = b;
	log_thread_lock(l->thread);
	l->worker.job = b;
	l->worker.job_done = false;
	log_thread_unlock(l->thread);
	log_thread_kick(l->thread);
}

/* The next batch there is a reason to write, ended; NULL when there is none. */
static struct batch *next_batch(struct log_file *l, bool force)
{
	struct list *q = list_pop(&l->queued);
	if (q) {
		l->n_queued--;
		return list_entry(q, struct batch, link);
	}
	struct batch *b = l->filling;
	if (!b)
		return NULL;
	if (b->lazy_since_ms == 0)
		b->lazy_since_ms = l->now_ms + 1;   /* 0 says "not known": off by one is no matter */
	bool old = l->now_ms + 1 >= b->lazy_since_ms + LAZY_MS;
	if (!force && !b->urgent && b->head.used_len < LAZY_BYTES && !old)
		return NULL;
	l->filling = NULL;
	batch_end(l, b);
	return b;
}

static void write_empty(struct log_file *l, uint32_t flags)
{
	struct batch *b = batch_new(l);
	b->urgent = true;
	batch_end(l, b);
	l->waiting_bytes += b->head.used_len;
	hand_over(l, b, flags);
}

static void seal_when_idle(struct log_file *l)
{
	if (!l->unsealed || l->filling)
		return;
	if (l->seal_at_ms == 0)
		l->seal_at_ms = l->now_ms + SEAL_MS;
	if (l->now_ms < l->seal_at_ms)
		return;
	write_empty(l, FORMAT_SEAL);
	l->unsealed = false;
	l->seal_at_ms = 0;
	rest_pool(l);
}

/* Without room the worker looks again from time to time. */
static void retry_when_full(struct log_file *l)
{
	log_thread_lock(l->thread);
	bool waits = l->worker.stalled || l->worker.low;
	log_thread_unlock(l->thread);
	if (!waits || l->now_ms < l->retry_at_ms)
		return;
	l->retry_at_ms = l->now_ms + RETRY_MS;
	log_thread_kick(l->thread);
}

static void file_submit(struct log *log, uint64_t now_ms)
{
	struct log_file *l = self(log);
	if (l->opened_ms == 0)
		l->opened_ms = now_ms;
	l->now_ms = now_ms;
	if (l->failed)
		return;
	retry_when_full(l);
	if (l->in_flight)
		return;
	struct batch *b = next_batch(l, false);
	if (b) {
		l->unsealed = true;
		l->seal_at_ms = 0;
		hand_over(l, b, 0);
	} else {
		seal_when_idle(l);
	}
}

static uint64_t file_deadline(const struct log *log)
{
	const struct log_file *l = const_self(log);
	if (l->failed)
		return UINT64_MAX;
	if (l->in_flight || (l->full && !l->filling))
		return l->now_ms + RETRY_MS;
	if (l->filling)
		return l->filling->urgent ? l->now_ms
		                          : l->filling->lazy_since_ms + LAZY_MS;
	if (l->unsealed)
		return l->seal_at_ms ? l->seal_at_ms : l->now_ms;
	return UINT64_MAX;
}

static void complete(struct log_file *l)
{
	struct batch *b = l->in_flight;
	l->in_flight = NULL;
	l->durable = b->head.lsn + b->head.disk_len;
	l->waiting_bytes -= b->head.used_len - (b->head.n_records ? FORMAT_BATCH_HEAD : 0);
	set_pressed(l);
	l->stats.batches++;
	l->stats.records += b->head.n_records;
	l->stats.bytes += b->head.disk_len;
	if (b->head.n_records)
		histogram_add(&l->stats.batch_records, b->head.n_records, 1);
	batch_retire(l, b);
}

static void take_news(struct log_file *l)
{
	log_thread_lock(l->thread);
	bool done = l->in_flight && l->worker.job_done;
	if (done)
		l->worker.job = NULL;
	if (l->worker.failed)
		l->failed = l->worker.failed;
	bool stalled = l->worker.stalled;
	l->full = stalled || l->worker.low;
	log_thread_unlock(l->thread);
	if (done && !l->failed)
		complete(l);
	if (stalled)
		l->pressed = true;
}

static void file_poll(struct log *log, struct log_report *out)
{
	struct log_file *l = self(log);
	take_news(l);
	log_backup_turn(l);
	*out = (struct log_report){ l->durable, l->pressed, l->full, l->failed };
}

static void file_stats(const struct log *log, struct log_stats *out)
{
	const struct log_file *l = const_self(log);
	*out = l->stats;
	out->moved = l->forwards.count;
	out->segments = l->n_segments;
	log_thread_lock(l->thread);
	uint64_t spares = l->worker.spares;
	out->syncs_us = l->worker.syncs_us;
	log_thread_unlock(l->thread);
	out->store = l->store;
	out->spare_bytes = out->disk_bytes = spares * l->options.segment_bytes;
	for (size_t i = 0; i < l->n_segments; i++)
		out->disk_bytes += l->segments[i]->file_bytes;
}

/* ---- begin and end ---- */

static int file_next(struct log *log, struct log_record *out, struct buf *why)
{
	struct log_file *l = self(log);
	must(l->recover);
	int more = log_recover_next(l, out, why);
	if (more)
		return more;
	log_recover_free(l);
	if (l->options.threaded && !(l->thread = log_thread_new(1, log_worker_step, l))) {
		buf_printf(why, "the log thread cannot be started");
		return -EAGAIN;
	}
	return 0;
}

/* The thread is gone: its steps are done here until the batch in flight is. */
static int drain(struct log_file *l)
{
	while (l->in_flight && !l->failed) {
		log_worker_step(l);
		take_news(l);
		if (l->worker.stalled)
			return -ENOSPC;
	}
	return -l->failed;
}

static int write_rest(struct log_file *l)
{
	int error = drain(l);
	for (struct batch *b; !error && (b = next_batch(l, true)); error = drain(l))
		hand_over(l, b, 0);
	if (error)
		return error;
	write_empty(l, FORMAT_CLEAN);
	return drain(l);
}

static void free_batches(struct log_file *l)
{
	list_splice(&l->pool, &l->queued);
	for (struct list *p; (p = list_pop(&l->pool));)
		batch_free(list_entry(p, struct batch, link));
	if (l->filling)
		batch_free(l->filling);
	if (l->in_flight)
		batch_free(l->in_flight);
}

static void segment_free(const struct log_file *l, struct segment *s)
{
	if (s->handle >= 0)
		l->disk->ops->close(l->disk, s->handle);
	mem_free(s);
}

static void free_segments(struct log_file *l)
{
	for (size_t i = 0; i < l->n_segments; i++)
		segment_free(l, l->segments[i]);
	for (struct list *p; (p = list_pop(&l->given_up));)   /* while they were read */
		segment_free(l, list_entry(p, struct segment, link));
	mem_free(l->segments);
}

static int file_close(struct log *log)
{
	struct log_file *l = self(log);
	bool scanned = !l->recover;
	log_recover_free(l);
	log_backup_free(l);
	log_reader_free(l);
	log_windows_free(l);
	log_thread_free(l->thread);
	l->thread = NULL;
	int error = scanned && !l->failed ? write_rest(l) : -l->failed;
	while (!error && scanned && log_worker_step(l) && !l->worker.failed)
		;
	log_worker_free(l);
	free_batches(l);
	free_segments(l);
	forward_free(&l->forwards);
	mem_free(l);
	return error;
}

bool log_file_step(struct log *l)
{
	must(!self(l)->thread);
	return log_worker_step(self(l)) || log_reader_step(self(l));
}

bool log_file_backup_step(struct log *l)
{
	must(!self(l)->thread);
	return log_backup_step(self(l));
}

int log_file_open(struct log **out, const struct log_file_options *options, struct buf *why)
{
	static const struct log_ops ops = {
		.next = file_next,
		.append = file_append,
		.submit = file_submit,
		.deadline = file_deadline,
		.poll = file_poll,
		.retain = file_retain,
		.release = file_release,
		.reach = file_reach,
		.fetch = file_fetch,
		.fetched = file_fetched,
		.oldest = file_oldest,
		.trim = file_trim,
		.hollow = log_file_hollow,
		.survey = log_file_survey,
		.drop = log_file_drop,
		.sparse = log_file_sparse,
		.forward = log_file_forward,
		.where = log_file_where,
		.end = file_end,
		.holds = file_holds,
		.stats = file_stats,
		.backup = log_file_backup,
		.backed_up = log_file_backed_up,
		.close = file_close,
	};
	must(options->segment_bytes % DISK_BLOCK == 0 && options->segment_bytes >= 4 * DISK_BLOCK);
	struct log_file *l = mem_zalloc(sizeof *l);
	l->log.ops = &ops;
	l->options = *options;
	l->disk = options->disk;
	list_init(&l->queued);
	list_init(&l->pool);
	list_init(&l->given_up);
	histogram_init(&l->stats.batch_records, &scale_records);
	log_worker_init(l);
	log_reader_init(l);
	list_init(&l->windows.used);
	l->windows.most = (size_t)(options->window_bytes >> 20);
	int error = log_recover_begin(l, why);
	if (error) {
		file_close(&l->log);
		return error;
	}
	*out = &l->log;
	return 0;
}
