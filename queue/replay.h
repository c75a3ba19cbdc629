/* SPDX-License-Identifier: Apache-2.0 */
/* A range of what a queue retains is put back into the queue, all of it or nothing
 * (docs/decisions/0016-retention.md).  The messages are read first, over turns; then they are
 * appended again in one transaction, each with those who had it still and with the queue as one
 * more: so what the log had of it before is dead, and it is there once. */
#ifndef QUEUE_REPLAY_H
#define QUEUE_REPLAY_H

#include "persistence/log.h"
#include "queue/readback.h"

struct queue;
struct reader;
struct replayed;
struct store;

enum {
	REPLAY_MESSAGES = 100000,    /* in one step */
	REPLAY_BYTES = 16 << 20,     /* of their bodies */
};

enum replay_outcome {
	REPLAY_GOES_ON,
	REPLAY_DONE,
	REPLAY_BUSY,                 /* another goes on */
	REPLAY_BLOCKED,              /* publishers are: memory or disk is short */
	REPLAY_IMPOSSIBLE,           /* there is no log, or too much of it was copied already */
	REPLAY_MANY, REPLAY_LARGE,   /* it is more than REPLAY_MESSAGES, or REPLAY_BYTES */
	REPLAY_FORGOTTEN,            /* some of it is not retained, or not any more */
	REPLAY_UNREADABLE,           /* likewise, or is in very many queues */
	REPLAY_FULL,                 /* the queue has no room for it and refuses what is too much */
	REPLAY_GONE,                 /* the queue is deleted */
};

/* What became of one. */
struct replay_report {
	enum replay_outcome outcome;
	uint64_t messages, bytes;    /* that were put back */
	uint64_t expired;            /* and that would have expired at once: those stay away */
	log_position wait_for;       /* it is for good when the log is durable up to there */
};

struct replay {
	enum { REPLAY_RESTS, REPLAY_GATHERS, REPLAY_READS, REPLAY_APPENDS } doing;
	uint64_t number;             /* of the latest */
	struct replay_report report;
	struct queue *queue;         /* NULL: none, or it is over */
	struct reader *reader;       /* of the index of what it retains */
	uint64_t next, last;         /* numbers there: the next one to be read, the last one */
	uint64_t bytes;
	struct readback readback;
	struct replayed *all;        /* what was read ... */
	size_t n;                    /* ... of room for all */
};

/* Begins to put back what the queue, which retains its messages, had under these numbers, the first
 * and the last.  REPLAY_GOES_ON and the number of the replay; or why it does not. */
enum replay_outcome replay_begin(struct queue *q, uint64_t first, uint64_t last,
                                 uint64_t *number);

/* Once a turn, at that time.  The queue that something was put back into; NULL: none. */
struct queue *replay_turn(struct store *s, int64_t now_ms);

/* What became of that one; false when another was begun since. */
bool replay_report(const struct store *s, uint64_t number, struct replay_report *out);

/* What it had read is back. */
void replay_take(struct store *s);

/* The queue goes. */
void replay_leave(struct queue *q);

/* The log is closed. */
void replay_free(struct store *s);

#endif
