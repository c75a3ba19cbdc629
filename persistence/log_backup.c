/* SPDX-License-Identifier: Apache-2.0 */
/* A backup while the log goes on.  The batch being filled is ended, so that all appended so far
 * lies before a cut, and the first batch behind it begins a new segment.  Every segment there is
 * gets a reader, which keeps it from being given up: what is appended again on its behalf lies
 * before the cut, or the segment itself is in the backup.  When the cut is durable a thread of the
 * backup's own gives each segment and its summary a second name in the other directory, or, on
 * another file system, copies them; each is let go as it is done.
 *
 * A segment that has two names is never written to again, on either side: see is_ours_alone in
 * log_worker.c and settle_last in log_recover.c.
 *
 * Until the end a file in the directory says that the backup is not whole: it is made durable
 * first and removed last. */
#include <errno.h>
#include <stdio.h>

#include "base/die.h"
#include "base/mem.h"
#include "persistence/log_state.h"

enum { SLICE_BYTES = 4 << 20 };

static struct log_file *self(struct log *l)
{
	return (struct log_file *)(void *)l;
}

/* ---- the broker's side ---- */

static void pin(struct backup *b, struct segment *s)
{
	b->pinned = mem_realloc(b->pinned, (b->n_pinned + 1) * sizeof(struct segment *));
	b->pinned[b->n_pinned++] = s;
	s->readers++;
}

static void release(struct log_file *l, size_t upto)
{
	struct backup *b = &l->backup;
	if (upto == b->n_released)
		return;
	while (b->n_released < upto)
		b->pinned[b->n_released++]->readers--;
	log_give_up_unread(l);
}

static void forget(struct backup *b)
{
	mem_free(b->directory);
	mem_free(b->pinned);
	mem_free(b->files);
	b->directory = NULL;
	b->pinned = NULL;
	b->files = NULL;
	b->n_pinned = b->n_released = b->n_files = b->at = 0;
}

int log_file_backup(struct log *log, const char *directory, uint64_t *number)
{
	struct log_file *l = self(log);
	struct backup *b = &l->backup;
	if (b->doing == BACKUP_WAITS || b->doing == BACKUP_RUNS)
		return -EBUSY;
	if (l->failed)
		return -l->failed;
	*number = ++b->number;
	b->report = (struct log_backup){ 0 };
	b->directory = mem_strdup(directory);
	log_end_filling(l);
	b->cut = l->end;
	for (size_t i = 0; i < l->n_segments; i++)
		pin(b, l->segments[i]);
	b->doing = BACKUP_WAITS;
	return 0;
}

/* Segments that were begun meanwhile and lie before the cut: none of them can have been given up,
 * for that waits for what is behind the cut. */
static void pin_new(struct log_file *l)
{
	struct backup *b = &l->backup;
	uint64_t last = b->n_pinned ? b->pinned[b->n_pinned - 1]->base : 0;
	for (size_t i = 0; i < l->n_segments; i++)
		if (l->segments[i]->base > last && l->segments[i]->base < b->cut)
			pin(b, l->segments[i]);
}

static void name_files(struct backup *b)
{
	b->n_files = b->n_pinned;
	b->files = mem_zalloc((b->n_files + 1) * sizeof *b->files);
	for (size_t i = 0; i < b->n_files; i++) {
		const struct segment *s = b->pinned[i];
		uint64_t end = s->end && s->end < b->cut ? s->end : b->cut;
		b->files[i] = (struct backup_file){ s->base, FORMAT_SEGMENT_HEAD + (end - s->base) };
		b->report.all_bytes += b->files[i].bytes;
	}
	b->report.all_files = b->n_files;
}

static void end(struct log_file *l)
{
	struct backup *b = &l->backup;
	log_thread_free(b->thread);
	b->thread = NULL;
	release(l, b->n_pinned);
	forget(b);
	b->doing = BACKUP_OVER;
}

static void fail(struct backup *b, int error, const char *what)
{
	b->report.over = true;
	b->report.error = error;
	snprintf(b->report.why, sizeof b->report.why, "%s: %s", what, strerror(-error));
}

static void begin(struct log_file *l)
{
	struct backup *b = &l->backup;
	pin_new(l);
	name_files(b);
	b->from_handle = b->to_handle = -1;
	b->copies = false;
	b->to = NULL;
	b->step = BACKUP_STEP_OPEN;
	b->doing = BACKUP_RUNS;
	if (!l->options.threaded)
		return;
	b->thread = log_thread_new(1, log_backup_step, l);
	if (b->thread) {
		log_thread_kick(b->thread);
		return;
	}
	b->step = BACKUP_STEP_NONE;
	fail(b, -EAGAIN, "a thread for the backup cannot be started");
}

/* On a full disk what the backup waits for may itself wait for the room of what is pinned. */
static void give_up(struct log_file *l)
{
	if (l->failed)
		fail(&l->backup, -l->failed, "the log has failed");
	else
		fail(&l->backup, -ENOSPC, "the disk of the broker has little room left");
	end(l);
}

void log_backup_turn(struct log_file *l)
{
	struct backup *b = &l->backup;
	if (b->doing == BACKUP_WAITS && (l->failed || l->full))
		give_up(l);
	if (b->doing == BACKUP_WAITS && l->durable >= b->cut)
		begin(l);
	if (b->doing != BACKUP_RUNS)
		return;
	log_thread_lock(b->thread);
	size_t done = (size_t)b->report.files;
	bool over = b->report.over;
	log_thread_unlock(b->thread);
	release(l, done);
	if (over)
		end(l);
}

bool log_file_backed_up(struct log *log, uint64_t number, struct log_backup *out)
{
	struct backup *b = &self(log)->backup;
	if (number != b->number)
		return false;
	log_thread_lock(b->thread);
	*out = b->report;
	log_thread_unlock(b->thread);
	out->over = b->doing == BACKUP_OVER;
	return true;
}

/* ---- the thread's side ---- */

static bool cannot_link(int error)
{
	return error == -EXDEV || error == -EPERM || error == -EMLINK || error == -ENOTSUP;
}

/* One file of one name is a file of the other: what it holds is durable first. */
static int link_file(struct log_file *l, const char *name)
{
	const struct disk_ops *ops = l->disk->ops;
	int handle = ops->open(l->disk, name, false, 0);
	int error = handle < 0 ? handle : ops->sync(l->disk, handle);
	if (handle >= 0)
		ops->close(l->disk, handle);
	return error ? error : ops->link(l->disk, name, l->backup.to);
}

static void close_copy(struct log_file *l)
{
	struct backup *b = &l->backup;
	if (b->from_handle >= 0)
		l->disk->ops->close(l->disk, b->from_handle);
	if (b->to && b->to_handle >= 0)
		b->to->ops->close(b->to, b->to_handle);
	b->from_handle = b->to_handle = -1;
}

/* bytes 0: all of the file. */
static int open_copy(struct log_file *l, const char *name, uint64_t *bytes)
{
	struct backup *b = &l->backup;
	b->from_handle = l->disk->ops->open(l->disk, name, false, 0);
	if (b->from_handle < 0)
		return b->from_handle;
	int64_t size = *bytes ? (int64_t)*bytes : l->disk->ops->size(l->disk, b->from_handle);
	if (size < 0)
		return (int)size;
	*bytes = (uint64_t)size;
	b->to_handle = b->to->ops->open(b->to, name, true, *bytes);
	b->copied = 0;
	return b->to_handle < 0 ? b->to_handle : 0;
}

static int copy_slice(struct log_file *l, uint64_t bytes)
{
	struct backup *b = &l->backup;
	uint64_t left = bytes - b->copied;
	size_t n = left < SLICE_BYTES ? (size_t)left : SLICE_BYTES;
	if (!b->pages)
		b->pages = mem_pages(SLICE_BYTES);
	int error = l->disk->ops->read(l->disk, b->from_handle, b->copied, b->pages, n);
	if (!error)
		error = b->to->ops->write(b->to, b->to_handle, b->copied, b->pages, n);
	b->copied += n;
	if (!error && b->copied == bytes)
		error = b->to->ops->sync(b->to, b->to_handle);
	return error;
}

static int copy_whole(struct log_file *l, const char *name)
{
	struct backup *b = &l->backup;
	uint64_t bytes = 0;
	int error = open_copy(l, name, &bytes);
	while (!error && b->copied < bytes)
		error = copy_slice(l, bytes);
	close_copy(l);
	return error;
}

/* A summary may be missing. */
static int take_summary(struct log_file *l, uint64_t base)
{
	char name[32];
	log_summary_name(name, base);
	int error = l->backup.copies ? copy_whole(l, name) : link_file(l, name);
	return error == -ENOENT ? 0 : error;
}

static void took(struct log_file *l, uint64_t bytes, bool whole)
{
	struct backup *b = &l->backup;
	log_thread_lock(b->thread);
	b->report.bytes += bytes;
	b->report.files += whole;
	b->report.copies = b->copies;
	log_thread_unlock(b->thread);
	b->at += whole;
}

/* A slice of the segment being copied. */
static int go_on_copying(struct log_file *l, const struct backup_file *f)
{
	struct backup *b = &l->backup;
	uint64_t before = b->copied;
	int error = copy_slice(l, f->bytes);
	uint64_t bytes = b->copied - before;
	bool whole = b->copied == f->bytes;
	if (!error && whole) {
		close_copy(l);
		error = take_summary(l, f->base);
	}
	if (!error)
		took(l, bytes, whole);
	return error;
}

static int has_room(const struct backup *b)
{
	int64_t room = b->to->ops->room(b->to);
	return room >= 0 && (uint64_t)room < b->report.all_bytes ? -ENOSPC : 0;
}

/* The next segment, or a slice of it. */
static int take_file(struct log_file *l)
{
	struct backup *b = &l->backup;
	struct backup_file *f = &b->files[b->at];
	char name[32];
	if (b->from_handle >= 0)
		return go_on_copying(l, f);
	log_segment_name(name, f->base);
	int error = b->copies ? -EXDEV : link_file(l, name);
	if (error && cannot_link(error)) {
		error = b->copies ? 0 : has_room(b);
		b->copies = true;
		return error ? error : open_copy(l, name, &f->bytes);
	}
	if (!error)
		error = take_summary(l, f->base);
	if (!error)
		took(l, f->bytes, true);
	return error;
}

/* The mark is durable before anything else is there. */
static int open_target(struct log_file *l)
{
	struct backup *b = &l->backup;
	int error = l->disk->ops->beside(l->disk, b->directory, &b->to);
	if (error) {
		b->to = NULL;
		return error;
	}
	const struct disk_ops *ops = b->to->ops;
	error = ops->lock(b->to);
	int handle = error ? error : ops->open(b->to, LOG_UNFINISHED, true, DISK_BLOCK);
	if (handle < 0)
		return handle;
	error = ops->sync(b->to, handle);
	ops->close(b->to, handle);
	return error ? error : ops->sync_directory(b->to);
}

static int close_target(struct backup *b)
{
	int error = b->to->ops->sync_directory(b->to);
	if (!error)
		error = b->to->ops->remove(b->to, LOG_UNFINISHED);
	return error ? error : b->to->ops->sync_directory(b->to);
}

/* What was made is of no use to anybody: so there is room again, and another try can be made.  The
 * mark goes last. */
static void remove_made(struct backup *b)
{
	char name[32];
	for (size_t i = 0; i <= b->at && i < b->n_files; i++) {
		log_segment_name(name, b->files[i].base);
		b->to->ops->remove(b->to, name);
		log_summary_name(name, b->files[i].base);
		b->to->ops->remove(b->to, name);
	}
	if (b->to->ops->sync_directory(b->to) == 0)
		b->to->ops->remove(b->to, LOG_UNFINISHED);
}

static void let_go(struct log_file *l)
{
	struct backup *b = &l->backup;
	close_copy(l);
	mem_pages_free(b->pages, SLICE_BYTES);
	b->pages = NULL;
	if (b->to)
		b->to->ops->destroy(b->to);
	b->to = NULL;
	b->step = BACKUP_STEP_NONE;
}

static const char *reason(const struct backup *b, int error)
{
	if (error == -ENOTEMPTY)
		return "the directory must be empty, or not there";
	if (error == -EBUSY)
		return "a broker runs on that directory";
	if (error == -ENOSPC && b->copies)
		return "it is on another file system, which has no room for a copy";
	if (b->step == BACKUP_STEP_OPEN)
		return "the directory cannot be made or written to";
	return b->step == BACKUP_STEP_CLOSE ? "the backup cannot be finished"
	                                    : "a segment cannot be linked or copied";
}

static void conclude(struct log_file *l, int error)
{
	struct backup *b = &l->backup;
	const char *why = error ? reason(b, error) : "";
	bool made = b->to && b->step != BACKUP_STEP_OPEN;
	if (error && made)
		remove_made(b);
	let_go(l);
	log_thread_lock(b->thread);
	if (error)
		fail(b, error, why);
	b->report.over = true;
	log_thread_unlock(b->thread);
}

static int do_step(struct log_file *l)
{
	struct backup *b = &l->backup;
	switch (b->step) {
	case BACKUP_STEP_OPEN: return open_target(l);
	case BACKUP_STEP_FILES: return b->at < b->n_files ? take_file(l) : 0;
	default: return close_target(b);
	}
}

bool log_backup_step(void *log_file)
{
	struct log_file *l = log_file;
	struct backup *b = &l->backup;
	if (b->step == BACKUP_STEP_NONE)
		return false;
	int error = do_step(l);
	if (error || b->step == BACKUP_STEP_CLOSE)
		conclude(l, error);
	else if (b->step == BACKUP_STEP_OPEN)
		b->step = BACKUP_STEP_FILES;
	else if (b->at == b->n_files)
		b->step = BACKUP_STEP_CLOSE;
	if (l->options.wake)
		l->options.wake(l->options.wake_to);
	return b->step != BACKUP_STEP_NONE;
}

void log_backup_free(struct log_file *l)
{
	struct backup *b = &l->backup;
	log_thread_free(b->thread);
	b->thread = NULL;
	if (b->step != BACKUP_STEP_NONE)
		let_go(l);
	release(l, b->n_pinned);
	forget(b);
	b->doing = BACKUP_NONE;
}
