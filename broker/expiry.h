/* SPDX-License-Identifier: Apache-2.0 */
/* Time to live, of messages and of queues.  A queue whose first message has a deadline, or that is
 * to go when nobody uses it (x-expires), stands in the broker's heap of deadlines.  A message that
 * reaches the front of its queue too late is never handed out; one behind others dies when it
 * comes to the front. */
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

/* The front of the queue may have a new, earlier deadline. */
void expiry_watch(struct broker *b, struct queue *q);

/* What the queue goes by has changed. */
void expiry_review(struct broker *b, struct queue *q);

/* The queue goes. */
void expiry_forget(struct broker *b, struct queue *q);

/* Ends what stands in front and has a deadline up to due_ms; at most max messages. */
void expiry_drop_front(struct broker *b, struct queue *q, int64_t due_ms, uint32_t max);

/* True when the entry, which was just taken, had a deadline up to due_ms. */
bool expiry_is_due(const struct queue *q, const struct entry *e, int64_t due_ms);

/* Ends it; g is its group, NULL when it has none. */
void expiry_drop(struct broker *b, struct queue *q, struct entry *e, struct group *g);

/* Ends what is due now, a bounded number of messages; queues whose lease is over go. */
void expiry_run(struct broker *b);

/* When expiry_run is due; UINT64_MAX: nothing has a deadline. */
uint64_t expiry_deadline(const struct broker *b);

#endif
