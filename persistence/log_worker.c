/* SPDX-License-Identifier: Apache-2.0 */
/* The disk side of the file engine, as steps: the batch in flight first; when there is none, one
 * slice of housekeeping (giving up trimmed segments, filling a spare with zeros ahead of need,
 * because overwriting blocks that were written before syncs twice as fast as fresh ones).
 *
 * A new segment: a spare (or a fresh file) gets its header and is synced under its old name, then
 * it is renamed and the directory is synced.  So a file that has a segment's name has a header.
 *
 * Failure modes: no room for a new segment is waited out (stalled); any other failure is final. */
#include <errno.h>

#include "base/die.h"
#include "base/mem.h"
#include "persistence/log_state.h"

enum {
	ZERO_SLICE = 256 << 10,
	ZERO_BELOW = 128 << 10,    /* bytes of a batch: larger ones hide what fresh blocks cost */
};

static const char fresh_name[] = "fresh.tmp", zero_name[] = "zero.tmp";

void log_worker_init(struct log_file *l)
{
	list_init(&l->worker.trims);
	list_init(&l->worker.summaries);
	summary_init(&l->worker.summary, false);
	histogram_init(&l->worker.syncs_us, &scale_microseconds);
	l->worker.zero_handle = l->worker.active_handle = -1;
}

static void stop_zeroing(struct log_file *l)
{
	struct log_worker *w = &l->worker;
	if (w->zero_handle >= 0)
		l->disk->ops->close(l->disk, w->zero_handle);
	w->zero_handle = -1;
	mem_pages_free(w->zeros, ZERO_SLICE);
	w->zeros = NULL;
}

void log_worker_free(struct log_file *l)
{
	stop_zeroing(l);
	log_summary_free(l);
	log_summary_forget(&l->worker.survey);
	for (struct list *t; (t = list_pop(&l->worker.trims));) {
		struct segment *s = list_entry(t, struct segment, link);
		if (s->handle >= 0)
			l->disk->ops->close(l->disk, s->handle);
		mem_free(s);
	}
}

/* ---- spares ---- */

static void set_spares(struct log_file *l, uint64_t n)
{
	log_thread_lock(l->thread);
	l->worker.spares = n;
	log_thread_unlock(l->thread);
}

/* Only the worker changes the number: it may read it without the lock. */
static bool take_spare(struct log_file *l, char name[32])
{
	struct log_worker *w = &l->worker;
	if (w->spares == 0)
		return false;
	log_spare_name(name, w->spare_names[w->spares - 1]);
	set_spares(l, w->spares - 1);
	return true;
}

static int add_spare(struct log_file *l, const char *from)
{
	struct log_worker *w = &l->worker;
	char name[32];
	log_spare_name(name, w->next_spare);
	int error = l->disk->ops->rename(l->disk, from, name);
	if (error)
		return error;
	w->spare_names[w->spares] = w->next_spare++;
	set_spares(l, w->spares + 1);
	return 0;
}

/* ---- a new segment ---- */

/* A file that has another name somewhere is part of a backup: nothing is written to it. */
static bool is_ours_alone(const struct log_file *l, const char *name)
{
	return l->disk->ops->links(l->disk, name) == 1;
}

static int open_blank(struct log_file *l, char name[32])
{
	const struct disk_ops *ops = l->disk->ops;
	while (take_spare(l, name)) {
		int handle = is_ours_alone(l, name) ? ops->open(l->disk, name, false, 0) : -EMLINK;
		if (handle >= 0)
			return handle;
		ops->remove(l->disk, name);
	}
	memcpy(name, fresh_name, sizeof fresh_name);
	ops->remove(l->disk, name);
	return ops->open(l->disk, name, true, l->options.segment_bytes);
}

static int write_head(struct log_file *l, struct segment *s)
{
	uint8_t *block = mem_pages(DISK_BLOCK);
	struct segment_head h = { .store = l->store,
		                      .epoch = l->epoch,
		                      .base = s->base,
		                      .prev_base = s->prev_base,
		                      .log_start = s->log_start,
		                      .wall_ms = l->options.wall_ms,
		                      .inside = s->inside };
	format_segment_encode(block, &h);
	int error = l->disk->ops->write(l->disk, s->handle, 0, block, DISK_BLOCK);
	mem_pages_free(block, DISK_BLOCK);
	return error ? error : l->disk->ops->sync(l->disk, s->handle);
}

/* A segment is proof that all before it is durable, also when batches are not synced. */
static int settle_previous(struct log_file *l)
{
	struct log_worker *w = &l->worker;
	if (l->options.sync || w->active_handle < 0)
		return 0;
	return l->disk->ops->sync(l->disk, w->active_handle);
}

/* Two more segments and a half must be there: publishers wait before the last two are begun, so
 * that acks, which are small and in the end give room back, have them to themselves. */
static void look_for_room(struct log_file *l)
{
	uint64_t segment = l->options.segment_bytes;
	int64_t room = l->disk->ops->room(l->disk);
	uint64_t have = l->worker.spares * segment + (room > 0 ? (uint64_t)room : 0);
	log_thread_lock(l->thread);
	l->worker.low = have < 2 * segment + segment / 2;
	log_thread_unlock(l->thread);
}

static int begin_segment(struct log_file *l, struct segment *s)
{
	char blank[32], name[32];
	int error = settle_previous(l);
	if (error)
		return error;
	if (s->handle < 0)
		s->handle = open_blank(l, blank);
	if (s->handle < 0)
		return s->handle;
	log_segment_name(name, s->base);
	error = write_head(l, s);
	if (!error)
		error = l->disk->ops->rename(l->disk, blank, name);
	if (!error)
		error = l->disk->ops->sync_directory(l->disk);
	s->begun = !error;
	l->worker.zero_off = false;
	l->worker.active_batches = 0;
	look_for_room(l);
	return error;
}

/* ---- the batch in flight ---- */

static void end_summary(struct log_file *l, const struct segment *s)
{
	struct log_worker *w = &l->worker;
	if (w->segment_base && w->segment_base != s->base)
		log_summary_end(l, w->segment_base, s->base, l->epoch);
	w->segment_base = s->base;
}

static int sync_batch(struct log_file *l, int handle)
{
	uint64_t (*clock_us)(void) = l->options.clock_us;
	uint64_t from = clock_us ? clock_us() : 0;
	int error = l->disk->ops->sync(l->disk, handle);
	l->worker.sync_us = clock_us ? clock_us() - from : 0;
	return error;
}

static int write_batch(struct log_file *l, struct batch *b)
{
	struct segment *s = b->segment;
	l->worker.sync_us = UINT64_MAX;
	int error = s->begun ? 0 : begin_segment(l, s);
	if (error)
		return error;
	l->worker.active_handle = s->handle;
	end_summary(l, s);
	b->head.prev_crc = l->worker.prev_crc;
	uint32_t crc = format_batch_seal(b->p, &b->head);
	uint64_t at = FORMAT_SEGMENT_HEAD + (b->head.lsn - s->base);
	error = l->disk->ops->write(l->disk, s->handle, at, b->p, b->head.disk_len);
	if (!error && l->options.sync)
		error = sync_batch(l, s->handle);
	l->worker.prev_crc = crc;
	l->worker.active_used = at + b->head.disk_len;
	l->worker.active_batches++;
	if (!error)
		log_summary_batch(l, b);
	return error;
}

static void tell(struct log_file *l, int error)
{
	bool stalled = error == -ENOSPC || error == -EDQUOT;
	log_thread_lock(l->thread);
	l->worker.stalled = stalled;
	l->worker.job_done = error == 0;
	if (l->worker.job_done && l->worker.sync_us != UINT64_MAX)
		histogram_add(&l->worker.syncs_us, l->worker.sync_us, 1);
	if (error && !stalled)
		l->worker.failed = -error;
	log_thread_unlock(l->thread);
	if (l->options.wake)
		l->options.wake(l->options.wake_to);
}

/* A segment in use was allocated whole: only a new one can meet a full disk, and then nothing of
 * the batch has been written yet. */
static bool do_job(struct log_file *l, struct batch *b)
{
	bool begun = b->segment->begun;
	int error = write_batch(l, b);
	if ((error == -ENOSPC || error == -EDQUOT) && (begun || b->segment->handle >= 0))
		error = -EIO;
	tell(l, error);
	return error == 0;
}

/* ---- housekeeping ---- */

static bool is_reusable(const struct log_file *l, const struct segment *s, const char *name)
{
	return s->file_bytes == l->options.segment_bytes && l->worker.spares < LOG_SPARES_MAX &&
	       is_ours_alone(l, name);
}

/* One at a time and each durable before the next, so that the front only ever moves forward. */
static int give_up(struct log_file *l, struct segment *s)
{
	char name[32];
	log_segment_name(name, s->base);
	if (s->handle >= 0 && s->handle == l->worker.active_handle)
		l->worker.active_handle = -1;
	if (s->handle >= 0)
		l->disk->ops->close(l->disk, s->handle);
	log_summary_remove(l, s->base);
	int error = is_reusable(l, s, name) ? add_spare(l, name)
	                                       : l->disk->ops->remove(l->disk, name);
	mem_free(s);
	return error ? error : l->disk->ops->sync_directory(l->disk);
}

static struct segment *next_trim(struct log_file *l)
{
	log_thread_lock(l->thread);
	struct list *t = list_pop(&l->worker.trims);
	log_thread_unlock(l->thread);
	return t ? list_entry(t, struct segment, link) : NULL;
}

/* Where batches are large, zeros would take from the disk what the batches need. */
static bool wants_spare(const struct log_file *l)
{
	const struct log_worker *w = &l->worker;
	if (w->spares || w->zero_off || w->active_used < l->options.segment_bytes / 4)
		return false;
	if (w->active_used / w->active_batches >= ZERO_BELOW)
		return false;
	return l->disk->ops->room(l->disk) > (int64_t)(4 * l->options.segment_bytes);
}

static int begin_zeroing(struct log_file *l)
{
	struct log_worker *w = &l->worker;
	l->disk->ops->remove(l->disk, zero_name);
	int handle = l->disk->ops->open(l->disk, zero_name, true, l->options.segment_bytes);
	if (handle < 0)
		return handle;
	w->zero_handle = handle;
	w->zeroed = 0;
	w->zeros = mem_pages(ZERO_SLICE);
	return 0;
}

static int zero_slice(struct log_file *l)
{
	struct log_worker *w = &l->worker;
	uint64_t left = l->options.segment_bytes - w->zeroed;
	size_t n = left < ZERO_SLICE ? (size_t)left : ZERO_SLICE;
	int error = l->disk->ops->write(l->disk, w->zero_handle, w->zeroed, w->zeros, n);
	if (!error)
		error = l->disk->ops->sync(l->disk, w->zero_handle);
	w->zeroed += n;
	if (error || w->zeroed < l->options.segment_bytes)
		return error;
	stop_zeroing(l);
	return add_spare(l, zero_name);
}

/* A spare is a convenience: when it cannot be had, one is not tried for until the next roll. */
static bool keep_house(struct log_file *l)
{
	struct log_worker *w = &l->worker;
	struct segment *trimmed = next_trim(l);
	if (trimmed) {
		int error = give_up(l, trimmed);
		look_for_room(l);
		if (error)
			tell(l, error == -ENOSPC ? -EIO : error);
		return error == 0;
	}
	if (log_survey_step(l) || log_summary_step(l))
		return true;
	if (w->zero_handle < 0 && !wants_spare(l))
		return false;
	int error = w->zero_handle < 0 ? begin_zeroing(l) : zero_slice(l);
	if (error) {
		stop_zeroing(l);
		w->zero_off = true;
	}
	return error == 0;
}

bool log_worker_step(void *log_file)
{
	struct log_file *l = log_file;
	log_thread_lock(l->thread);
	struct batch *job = l->worker.job_done ? NULL : l->worker.job;
	bool failed = l->worker.failed != 0;
	log_thread_unlock(l->thread);
	if (failed)
		return false;
	if (l->worker.low)
		look_for_room(l);
	return job ? do_job(l, job) : keep_house(l);
}
