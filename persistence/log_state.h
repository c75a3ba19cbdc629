/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the file engine, shared by log_file.c (the broker's side), log_worker.c (the disk
 * side), log_reader.c (reading back) and log_recover.c (the scan),
 * log_backup.c (copies of all of it while it goes on).  Which thread owns a field is
 * said beside it: core (the broker's), worker (the log thread's), or lock (both, under
 * log_thread_lock). */
#ifndef PERSISTENCE_LOG_STATE_H
#define PERSISTENCE_LOG_STATE_H

#include "base/list.h"
#include "persistence/format.h"
#include "persistence/forward.h"
#include "persistence/log_file.h"
#include "persistence/log_thread.h"
#include "persistence/summary.h"

enum { LOG_BATCH_BYTES = 4 << 20 };   /* the buffer of one batch */

/* What is retained of a stretch of the log.  A reference weighs what its body does and a little. */
struct hold {
	uint64_t live;               /* references */
	uint64_t weight;             /* of those */
	uint64_t put;                /* of all that there ever were, about */
};

enum { HOLD_EACH = SUMMARY_EACH };   /* a reference without a body */

/* One segment file.  The table of segments is the core's; handle is the worker's once the segment
 * takes batches. */
struct segment {
	struct list link;            /* on log_file.given_up, then on log_worker.trims */
	uint64_t base;               /* position of the first batch */
	uint64_t end;                /* behind the last one; 0: not known yet */
	uint32_t inside;             /* enum format_inside */
	bool mute;                   /* core: it cannot be surveyed */
	uint64_t prev_base, log_start;
	struct hold hold;            /* core */
	bool offered;                /* core: to be copied forward */
	uint32_t readers;            /* core: fetches under way */
	uint64_t file_bytes;         /* what recovery found or segment_bytes */
	int handle;                  /* -1: not open */
	bool begun;                  /* worker: the file exists under its final name */
};

struct batch {
	struct list link;            /* core: queued, or in the pool */
	uint8_t *p;                  /* LOG_BATCH_BYTES of pages */
	struct batch_head head;
	bool urgent;
	uint64_t lazy_since_ms;      /* when the first record came, 0: not known yet */
	struct hold hold;            /* core: until it has a segment */
	struct segment *segment;     /* where it goes, set when it is handed over */
	size_t touched;              /* most bytes ever used of the buffer */
	uint32_t inside;             /* what it begins in the middle of */
};

/* The summary of a segment, read. */
struct log_summary {
	uint8_t *pages;
	size_t n;
	struct slice body;           /* what summary_write made */
	uint64_t end;                /* of the segment */
	uint32_t last_crc, epoch;    /* of its last batch */
	uint64_t put;                /* weight of all that was put into it */
};

struct log_worker {
	/* lock */
	struct batch *job;           /* the batch in flight */
	bool job_done;
	int failed;                  /* errno, final */
	bool stalled;                /* no room for a new segment: tried again when kicked */
	bool low;                    /* little room beyond the segment in use */
	struct list trims;           /* segments to be given up, oldest first */
	uint64_t spares;             /* files waiting to be used again */
	struct histogram syncs_us;   /* of batches */
	uint64_t survey_base, survey_end;   /* to be surveyed, or done: the core's to change then */
	bool survey_asked, survey_done;
	struct log_summary survey;   /* pages NULL: it cannot be read */
	/* worker */
	uint64_t sync_us;            /* of the batch in flight; UINT64_MAX: it was not synced */
	uint32_t prev_crc;           /* of the batch written last */
	uint64_t spare_names[16];
	uint64_t next_spare;         /* number of the next spare file's name */
	uint64_t active_used;        /* bytes of the active segment in use */
	uint64_t active_batches;     /* written to it */
	int active_handle;           /* of that segment, -1: none yet */
	int zero_handle;             /* a spare being filled with zeros, -1: none */
	uint64_t zeroed;
	bool zero_off;               /* no room for spares: not tried again until a roll */
	uint8_t *zeros;              /* pages for that, only while it lasts */
	struct summary summary;      /* of the active segment so far (the core's during recovery) */
	struct list summaries;       /* of full segments, to be written */
	uint64_t segment_base;       /* of the segment that took the batch before, 0: of none yet */
};

enum { LOG_SPARES_MAX = 16 };

struct log_reader {
	struct log_thread *threads;  /* core: started with the first fetch */
	struct log_thread *sharer;   /* ... and the one that reads what is shared */
	size_t under_way;            /* core: fetches that were not given back yet */
	struct list waiting, done;   /* under the lock of threads: struct log_fetch */
	struct list sharing;         /* ... waiting for the sharer */
};

/* Parts of segments that several fetches share: the sharer's. */
struct log_windows {
	struct list used;
	size_t n, most;
};

/* Bytes [from, to) of a file. */
struct log_stretch {
	const uint8_t *bytes;
	uint64_t from, to;
};

struct backup_file {
	uint64_t base, bytes;        /* of the segment, as much of the file as counts */
};

/* A backup, by a thread of its own once all that it takes is durable. */
struct backup {
	enum { BACKUP_NONE, BACKUP_WAITS, BACKUP_RUNS, BACKUP_OVER } doing;   /* core, as are: */
	uint64_t number;
	char *directory;
	uint64_t cut;                /* all before it is in the backup, and fills its segments */
	struct segment **pinned;     /* read by the backup, so that they are not given up */
	size_t n_pinned, n_released;
	struct log_thread *thread;
	struct log_backup report;    /* lock of that thread */
	/* the thread's */
	enum { BACKUP_STEP_NONE, BACKUP_STEP_OPEN, BACKUP_STEP_FILES, BACKUP_STEP_CLOSE } step;
	struct disk *to;
	struct backup_file *files;
	size_t n_files, at;
	bool copies;
	int from_handle, to_handle;  /* of the file being copied, -1: none */
	uint64_t copied;
	uint8_t *pages;
};

struct log_file {
	struct log log;
	struct log_file_options options;
	struct disk *disk;
	struct log_thread *thread;   /* NULL: steps are done by the caller */
	struct log_worker worker;
	struct log_reader reader;
	struct log_windows windows;
	struct backup backup;

	/* core */
	struct segment **segments;   /* ascending; the last is active */
	size_t n_segments, cap_segments;
	uint64_t store;              /* identity */
	uint32_t epoch;
	uint64_t log_start;
	uint64_t active_end;         /* position behind the last batch given to the active segment */
	bool active_open;            /* the last segment may take batches of this run */
	uint64_t durable, began;     /* began: where this run did */
	uint64_t end;                /* position of the next batch */
	struct batch *filling;
	struct list queued;          /* full batches, oldest first */
	size_t n_queued;
	uint64_t waiting_bytes;      /* filling, queued and in flight */
	struct list given_up;        /* segments given up, oldest first, that may still be read */
	bool look_hollow;            /* there may be hollow segments */
	bool look_sparse;            /* there may be sparse ones */
	struct forward_table forwards;
	struct segment *surveyed;    /* kept for the worker */
	uint32_t inside;             /* what the next record stands in the middle of */
	struct batch *in_flight;
	struct list pool;
	bool pressed, full;
	int failed;
	uint64_t now_ms, opened_ms;
	bool unsealed;               /* a seal is due some time after the last batch */
	uint64_t seal_at_ms, retry_at_ms;
	struct log_stats stats;

	struct recover *recover;     /* while the scan lasts */
};

/* log_worker.c */
bool log_worker_step(void *log_file);
void log_worker_init(struct log_file *l);
void log_worker_free(struct log_file *l);

/* log_reader.c: reading back, by threads of its own or as steps of the caller. */
void log_reader_init(struct log_file *l);
void log_reader_free(struct log_file *l);
void log_reader_begin(struct log_file *l, struct log_fetch *f);
struct log_fetch *log_reader_done(struct log_file *l);
bool log_reader_step(void *log_file);

/* The fetch asks the disk for n bytes. */
static inline void log_fetch_count(struct log_fetch *f, size_t n)
{
	f->reads++;
	f->read_bytes += n;
}

/* log_window.c: the window of the fetch's segment that the place in the file lies in, which is the
 * caller's until log_window_drop.  NULL when it cannot be had. */
struct log_window;
struct log_window *log_window_get(struct log_file *l, struct log_fetch *f, int handle,
                                  uint64_t at, struct log_stretch *out);
void log_window_drop(struct log_window *w);
void log_windows_free(struct log_file *l);

/* log_summary.c: summaries of segments in files beside them. */
/* A batch of the active segment is durable. */
void log_summary_batch(struct log_file *l, const struct batch *b);

/* The segment is full and ends before the position: its summary is to be written. */
void log_summary_end(struct log_file *l, uint64_t base, uint64_t end, uint32_t epoch);

/* Writes one; false when there is none to write. */
bool log_summary_step(struct log_file *l);

/* The segment is given up. */
void log_summary_remove(struct log_file *l, uint64_t base);
void log_summary_free(struct log_file *l);

/* The summary of the segment that begins at base and ends at end, or, where a hole follows, not
 * behind it; false when there is no good one.  *out is zeroed, or holds another one, which goes.
 * Freed with log_summary_forget. */
bool log_summary_read(struct log_file *l, uint64_t base, uint64_t end, bool hole,
                      struct log_summary *out);
void log_summary_forget(struct log_summary *s);

/* log_hollow.c: segments given up in the middle. */
bool log_is_needed(const struct log_file *l, size_t i);
bool log_file_hollow(struct log *log, struct log_extent *out);
enum log_survey log_file_survey(struct log *log, log_position from, struct slice *out);
bool log_file_drop(struct log *log, log_position from);

/* log_sparse.c: segments of which little is left. */
bool log_file_sparse(struct log *log, struct log_extent *out);
void log_file_forward(struct log *log, const struct log_move *moves, size_t n);
log_position log_file_where(const struct log *log, log_position at);

/* The worker's part of a survey; false when there is nothing to do. */
bool log_survey_step(struct log_file *l);

/* log_backup.c */
int log_file_backup(struct log *log, const char *directory, uint64_t *number);
bool log_file_backed_up(struct log *log, uint64_t number, struct log_backup *out);
bool log_backup_step(void *log_file);

/* After news of the log: begins what has waited, lets go of what was taken. */
void log_backup_turn(struct log_file *l);

/* Ends it, wherever it stands. */
void log_backup_free(struct log_file *l);

/* log_recover.c: reads directory and headers; then log_recover_next gives records until it
 * answers 0 and has set up the table of segments and the end of the log. */
int log_recover_begin(struct log_file *l, struct buf *why);
int log_recover_next(struct log_file *l, struct log_record *out, struct buf *why);
void log_recover_free(struct log_file *l);

/* log_file.c */
size_t log_segment_index(const struct log_file *l, log_position at);
struct hold *log_hold_of(struct log_file *l, log_position at);
void log_give_up(struct log_file *l, size_t index);
void log_give_up_unread(struct log_file *l);
void log_end_filling(struct log_file *l);
struct segment *log_add_segment(struct log_file *l, uint64_t base, uint64_t prev_base);
void log_segment_name(char name[32], uint64_t base);
void log_summary_name(char name[32], uint64_t base);
void log_spare_name(char name[32], uint64_t number);

/* The file that says that a backup is not whole. */
#define LOG_UNFINISHED "unfinished"

#endif
