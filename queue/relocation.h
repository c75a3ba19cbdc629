/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a part of the log that is mostly dead is copied forward, so that reclaim.h can
 * give the part up: a dead letter that nobody looks at does not keep 64 MB.
 *
 * The summary of the part says which messages were put there; each queue knows which of its own
 * are gone; the others are read back, a few at a time, and appended again, one queue after the
 * other.  Whoever holds an entry goes on holding it by its old position (log_forward). */
#ifndef QUEUE_RELOCATION_H
#define QUEUE_RELOCATION_H

#include "base/buf.h"
#include "persistence/summary.h"
#include "queue/readback.h"

struct store;

struct relocation_place {
	log_position at;
	uint64_t bytes;
};

struct relocation {
	enum {
		RELOCATION_RESTS,
		RELOCATION_SURVEYS,
		RELOCATION_WALKS,
		RELOCATION_READS,
		RELOCATION_SHELVES,
	} doing;
	struct log_extent extent;        /* what is to become empty */
	log_position surveyed;           /* the part whose summary is walked: it, or the next one */
	struct summary here;             /* that summary */
	size_t cursor, moved;            /* how far the walk is: queues, then those moved there */
	const struct summary_queue *queue;
	struct trail_walk walk;
	struct relocation_place next;    /* found, and not read yet; at 0: none */

	struct readback readback;        /* what is read ... */
	struct log_move moves[READBACK_MOST];   /* ... and was appended again */
	size_t n_moves;
	uint64_t bytes;
	log_position after;              /* the next ones are read once this is durable */

	struct buf superseded;           /* log_position, ascending: copied before the last stop */
};

/* Recovery is over: superseded is complete. */
void relocation_recover(struct store *s);

/* Once a turn: begins, or goes a step on. */
void relocation_turn(struct store *s, log_position durable);

/* True when it could go on at once. */
bool relocation_is_busy(const struct store *s, log_position durable);

/* What it had read is back. */
void relocation_take(struct store *s);

/* The log is closed. */
void relocation_free(struct store *s);

#endif
