/* SPDX-License-Identifier: Apache-2.0 */
/* The log: an ordered, durable sequence of records.  Everything above is written against these
 * few functions, behind which stands an engine (a vtable): files on a disk today, simulated or
 * distributed ones beside it.  Rules:
 *
 *  - Records are appended in memory, handed over in batches at the end of a loop turn
 *    (log_submit) and become durable in order.  Completions are polled (log_poll); the engine
 *    never calls back.  A batch becomes durable as a whole or not at all.
 *  - Positions are opaque but ordered.  Callers hold no pointer into the engine's buffers.
 *  - A durable record can be read back by its position as long as it is retained (log_fetch).
 *  - Scanning what is left of the log from its start (log_next) gives every record that has not
 *    been given up.  Space comes back from the front (log_trim), and from an extent in the middle
 *    that nothing retains (log_drop) once what its records say of older ones was appended again.
 *    Where little is left, that is appended again too (log_sparse).
 *  - A failed write or sync is final: log_poll reports it once, nothing becomes durable after.
 *
 * All functions belong to one thread, the one that owns the broker. */
#ifndef PERSISTENCE_LOG_H
#define PERSISTENCE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/histogram.h"
#include "base/list.h"
#include "base/slice.h"

typedef uint64_t log_position;   /* 0: no position */

enum {
	LOG_MAX_RECORD = 1 << 20,    /* bytes of one record's body; larger things are split above */
};

struct log_record {
	uint8_t type;
	log_position at;
	uint64_t wall_ms;            /* when its batch was written, as the wall clock said */
	struct slice body;           /* valid until the next log_next */
};

struct log_report {
	log_position durable;        /* every record appended before this position is durable */
	bool pressed;                /* too much is waiting for the disk: stop reading publishers */
	bool full;                   /* little room is left on the disk: it is for acks */
	int failed;                  /* 0, or the errno that ended the log */
};

struct log_extent {
	log_position from, to;       /* a part that can be given up as a whole: [from, to) */
	uint64_t live;               /* retained references into it */
};

/* A record that was copied forward, how many references of it went with it, and what all of them
 * are worth. */
struct log_move {
	log_position from, to;
	uint64_t n, bytes;
};

/* What log_survey answers. */
enum log_survey {
	LOG_SURVEY_LATER,            /* it is being read: ask again */
	LOG_SURVEY_THERE,
	LOG_SURVEY_NEVER,            /* it cannot be read: the extent stays until it is the oldest */
};

struct log_stats {
	uint64_t batches, records, bytes;   /* made durable since open */
	uint64_t copied;                    /* of those records, copied forward */
	uint64_t moved;                     /* copied ones that are held by their old positions */
	uint64_t reads, read_bytes;         /* what fetches had to ask the disk for ... */
	uint64_t fetched;                   /* ... and the records that they brought */
	uint64_t segments;                  /* files in use, spares not counted */
	uint64_t disk_bytes;                /* all files, spares counted */
	uint64_t spare_bytes;               /* of spares: room that new segments will take */
	uint64_t store;                     /* a number that no other log has */
	struct histogram batch_records;     /* of batches; without a scale: not kept ... */
	struct histogram syncs_us;          /* how long the disk took for each of those it synced */
};

/* How far a backup is. */
struct log_backup {
	bool over;
	int error;                   /* when it is over: 0, or -errno, with a sentence in why */
	char why[256];
	bool copies;                 /* not links: the directory is on another file system */
	uint64_t files, all_files;   /* segments that are there, of how many */
	uint64_t bytes, all_bytes;
};

/* What is read back of one record. */
struct log_found {
	int error;                   /* 0; -EUCLEAN: it does not verify; or what the disk said */
	uint8_t type;
	struct slice body;           /* in memory of the fetch */
	log_position next;           /* of the record behind it; only for a RECORD_CHUNK */
};

/* Records to be read back, in one go. The fetch and its positions are the caller's, who must leave
 * them alone until log_fetched gives the fetch back and then calls log_fetch_free. */
struct log_fetch {
	void *owner;                 /* the caller's */
	unsigned kind;               /* the caller's */
	bool shared;                 /* others will want to read what lies between these records */
	const log_position *at;      /* ascending; of records that are durable and retained */
	size_t n;
	struct log_found *found;     /* one for each, once it is back */
	struct list link;            /* the engine's, as is what follows */
	struct log_block *blocks;
	void *segment;
	uint64_t valid;
	uint64_t reads, read_bytes;
};

enum { LOG_FETCH_RECORDS = 1024 };

struct log;

struct log_ops {
	int (*next)(struct log *l, struct log_record *out, struct buf *why);
	log_position (*append)(struct log *l, uint8_t type, bool urgent, const struct slice *parts,
	                       size_t n);
	void (*submit)(struct log *l, uint64_t now_ms);
	uint64_t (*deadline)(const struct log *l);
	void (*poll)(struct log *l, struct log_report *out);
	void (*retain)(struct log *l, log_position at, uint64_t n, uint64_t bytes);
	void (*release)(struct log *l, log_position at, uint64_t bytes);
	log_position (*reach)(const struct log *l, log_position at);
	void (*fetch)(struct log *l, struct log_fetch *f);
	struct log_fetch *(*fetched)(struct log *l);
	bool (*oldest)(const struct log *l, struct log_extent *out);
	void (*trim)(struct log *l, log_position upto);
	bool (*hollow)(struct log *l, struct log_extent *out);
	enum log_survey (*survey)(struct log *l, log_position from, struct slice *out);
	bool (*drop)(struct log *l, log_position from);
	bool (*sparse)(struct log *l, struct log_extent *out);
	void (*forward)(struct log *l, const struct log_move *moves, size_t n);
	log_position (*where)(const struct log *l, log_position at);
	log_position (*end)(const struct log *l);
	bool (*holds)(const struct log *l, log_position at);
	void (*stats)(const struct log *l, struct log_stats *out);
	int (*backup)(struct log *l, const char *directory, uint64_t *number);
	bool (*backed_up)(struct log *l, uint64_t number, struct log_backup *out);
	int (*close)(struct log *l);
};

struct log {
	const struct log_ops *ops;
	bool was_clean;              /* set when the scan ended: the last run closed the log itself */
};

/* Recovery: the next record of the scan.  1 and *out; 0 at the end, from when on the log takes
 * appends; -errno when the log must not be used (corrupt, unreadable), with a sentence in why
 * that names file and position.  Must be called until it answers 0 before anything else. */
static inline int log_next(struct log *l, struct log_record *out, struct buf *why)
{
	return l->ops->next(l, out, why);
}

/* Of two positions, the one that is durable last. */
static inline log_position log_later(log_position a, log_position b)
{
	return a > b ? a : b;
}

/* Appends a record whose body is the n parts one after the other (at most LOG_MAX_RECORD bytes)
 * and returns its position.  It is durable once the reported durable position is greater.
 * urgent: somebody waits for it; a record that is not may lie for up to 10 ms. */
static inline log_position log_append(struct log *l, uint8_t type, bool urgent,
                                      const struct slice *parts, size_t n)
{
	return l->ops->append(l, type, urgent, parts, n);
}

/* End of a loop turn: hands the batch over when there is reason to and none is in flight. */
static inline void log_submit(struct log *l, uint64_t now_ms)
{
	l->ops->submit(l, now_ms);
}

/* The time by which log_submit wants to be called again (lazy records, the closing seal),
 * UINT64_MAX when it does not. */
static inline uint64_t log_deadline(const struct log *l)
{
	return l->ops->deadline(l);
}

static inline void log_poll(struct log *l, struct log_report *out)
{
	l->ops->poll(l, out);
}

/* Counts n more reasons (one less) to keep the record at the position, and bytes that all of them
 * (that one) are worth.  Every position that log_append or log_next gave may be retained any number
 * of times. */
static inline void log_retain(struct log *l, log_position at, uint64_t n, uint64_t bytes)
{
	l->ops->retain(l, at, n, bytes);
}

static inline void log_release(struct log *l, log_position at, uint64_t bytes)
{
	l->ops->release(l, at, bytes);
}

/* Records from the position up to, not including, the answer can be read back in one fetch. */
static inline log_position log_reach(const struct log *l, log_position at)
{
	return l->ops->reach(l, at);
}

/* Begins to read back at most LOG_FETCH_RECORDS records. */
static inline void log_fetch(struct log *l, struct log_fetch *f)
{
	l->ops->fetch(l, f);
}

/* The next fetch that is done, in no order, or NULL. */
static inline struct log_fetch *log_fetched(struct log *l)
{
	return l->ops->fetched(l);
}

/* Frees what the engine read into; found and its bodies are gone. */
void log_fetch_free(struct log_fetch *f);

/* The oldest extent, or false when only the active one is left. */
static inline bool log_oldest(const struct log *l, struct log_extent *out)
{
	return l->ops->oldest(l, out);
}

/* Gives up everything before the position, which must be the `to` of log_oldest with live == 0.
 * The caller has made sure that what still matters was appended again and is durable. */
static inline void log_trim(struct log *l, log_position upto)
{
	l->ops->trim(l, upto);
}

/* An extent behind the oldest and before the active one that nothing retains and that no record
 * before it needs; false when there is none. */
static inline bool log_hollow(struct log *l, struct log_extent *out)
{
	return l->ops->hollow(l, out);
}

/* What the records of a full extent say, as summary_write puts it: in *out when the answer is
 * LOG_SURVEY_THERE, valid until the next log_survey or log_drop.  Asked once a turn; of several
 * extents asked for in turn each gets its answer some time. */
static inline enum log_survey log_survey(struct log *l, log_position from, struct slice *out)
{
	return l->ops->survey(l, from, out);
}

/* Gives up the extent that begins at the position, which log_hollow named.  The caller has appended
 * again what its records say of older ones, and a RECORD_DEFINE of CATALOG_HOLE, and all of that is
 * durable.  False, and nothing happens, when something has come to retain it meanwhile. */
static inline bool log_drop(struct log *l, log_position from)
{
	return l->ops->drop(l, from);
}

/* An extent that is retained, but of which so much is dead that what is left should be appended
 * again, so that it can go.  Each is named once.  False when there is none, or an engine does
 * without. */
static inline bool log_sparse(struct log *l, struct log_extent *out)
{
	return l->ops->sparse(l, out);
}

/* Durable records were appended again, each with all references that are left of it: those go
 * over.  Who holds an old position goes on holding it, and releases it.  moves ascend by their old
 * positions. */
static inline void log_forward(struct log *l, const struct log_move *moves, size_t n)
{
	l->ops->forward(l, moves, n);
}

/* Where the record at the position was copied to; 0 when it was not, or nobody retains it by that
 * position.  It can be fetched from the old place as long as log_holds says so. */
static inline log_position log_where(const struct log *l, log_position at)
{
	return l->ops->where(l, at);
}

/* Everything appended so far lies before the position: it is durable once log_report.durable is
 * not less. */
static inline log_position log_end(const struct log *l)
{
	return l->ops->end(l);
}

/* False when the record at the position has been given up. */
static inline bool log_holds(const struct log *l, log_position at)
{
	return l->ops->holds(l, at);
}

static inline void log_stats(const struct log *l, struct log_stats *out)
{
	l->ops->stats(l, out);
}

/* Begins a backup: all that has been appended so far, as a log of its own, in a directory that is
 * missing or empty; nothing appended later is in it.  The log goes on meanwhile, and nothing of
 * what the backup takes is given up before it is taken.  Until it is whole, the directory does not
 * open as a log.  0 and the backup's number; -EBUSY: one is under way; -ENOTSUP: this engine makes
 * none. */
static inline int log_backup(struct log *l, const char *directory, uint64_t *number)
{
	return l->ops->backup(l, directory, number);
}

/* How far that backup is; false when another was begun since. */
static inline bool log_backed_up(struct log *l, uint64_t number, struct log_backup *out)
{
	return l->ops->backed_up(l, number, out);
}

/* Makes everything appended durable, marks the log as cleanly closed and frees it. 0 or -errno. */
static inline int log_close(struct log *l)
{
	return l->ops->close(l);
}

#endif
