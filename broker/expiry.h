/* SPDX-License-Identifier: Apache-2.0 */
/* Time to live, of messages and of queues.  A queue that has messages with deadlines, or that is
 * to go when nobody uses it (x-expires), stands in the broker's heap of deadlines.  A message
 * dies at its time, wherever it stands in its queue, and is never handed out later. */
#ifndef BROKER_EXPIRY_H
#define BROKER_EXPIRY_H

#include <stdbool.h>
#include <stdint.h>

struct broker;
struct entry;
struct group;
struct queue;

/* The queue is used: declared, asked for a message, left by its last consumer, or found at a
 * start. Its lease begins anew. */
void expiry_use(struct broker *b, struct queue *q);

/* The queue may have a new, earlier deadline. */
void expiry_watch(struct broker *b, struct queue *q);

/* What the queue goes by has changed. */
void expiry_review(struct broker *b, struct queue *q);

/* The queue goes. */
void expiry_forget(struct broker *b, struct queue *q);

/* Ends what has a deadline up to due_ms; at most max messages.  Those that are in the log only, and
 * that somebody wants when they are dead, are read back first: expiry_collect. */
void expiry_drop_due(struct broker *b, struct queue *q, int64_t due_ms, uint32_t max);

/* Those that were read back, and those that are held and whose time to be tried again has come,
 * become dead letters. */
void expiry_collect(struct broker *b);

/* For basic.get: ends what is due now.  False when that is more than may end before the next turn,
 * or when much of it is still being read back: the channel is to wait for the queue (parking_wait),
 * which wakes it when all is done. */
bool expiry_catch_up(struct broker *b, struct queue *q);

/* True when the entry, which was just taken, had a deadline up to due_ms. */
bool expiry_is_due(const struct queue *q, const struct entry *e, int64_t due_ms);

/* Ends it; g is its group, NULL when it has none. */
void expiry_drop(struct broker *b, struct queue *q, struct entry *e, struct group *g);

/* Ends what is due now, a bounded number of messages; queues whose lease is over go. */
void expiry_run(struct broker *b);

/* When expiry_run is due; UINT64_MAX: nothing has a deadline. */
uint64_t expiry_deadline(const struct broker *b);

#endif
