/* SPDX-License-Identifier: Apache-2.0 */
/* A look at what a queue has, in the order of numbers, that changes nothing: neither who gets what,
 * nor what is in memory.  What is in the log only is read a few messages at a time, on the side.
 * The queue is handed in with each call, and may change between two: what is there all the time is
 * met once, what comes or goes meanwhile may be met or not. */
#ifndef QUEUE_PEEK_H
#define QUEUE_PEEK_H

#include "queue/entry.h"

struct peek;
struct queue;
struct store;

/* From the number on, to those below another one.  numbers, ascending and borrowed: only those;
 * NULL: all. */
struct peek *peek_new(struct store *s, uint64_t from, uint64_t below);
void peek_only(struct peek *p, const uint64_t *numbers, size_t n);
void peek_free(struct peek **p);

struct peeked {
	struct message *message;     /* the peek's, until the next call */
	uint64_t seq;
	bool redelivered;
	bool waits;                  /* it counts as unacked, and waits for its time to come back */
	uint16_t lane;               /* for queue_take_out, as is what follows */
	log_position at;
	bool kept;
};

enum peek_answer {
	PEEK_ENTRY,
	PEEK_LATER,                  /* it takes another turn */
	PEEK_END,
};

/* The next message, whether it is ready or waits.  The queue is always the same, and no stream. */
enum peek_answer peek_next(struct peek *p, struct queue *q, struct peeked *out);

/* True while it reads: it is no use to ask again before a turn has ended. */
bool peek_is_busy(const struct peek *p);

/* For fetch.c: something that it had asked for is back. */
void peek_take(struct peek *p);

/* The log is closed. */
void peeks_end(struct store *s);

#endif
