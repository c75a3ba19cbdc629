/* SPDX-License-Identifier: Apache-2.0 */
/* Time to live.  A queue whose first message has a deadline stands in the broker's heap of
 * deadlines; a message that reaches the front of its queue too late is never handed out.  A
 * message behind others dies when it comes to the front. */
#ifndef BROKER_EXPIRY_H
#define BROKER_EXPIRY_H

#include <stdint.h>

struct broker;
struct queue;

/* The front of the queue may have a new, earlier deadline. */
void expiry_watch(struct broker *b, struct queue *q);

/* The queue goes. */
void expiry_forget(struct broker *b, struct queue *q);

/* Ends what stands in front and has a deadline up to due_ms; at most max messages. */
void expiry_drop_front(struct broker *b, struct queue *q, int64_t due_ms, uint32_t max);

/* Ends what is due now, a bounded number of messages. */
void expiry_run(struct broker *b);

/* When expiry_run is due; UINT64_MAX: nothing has a deadline. */
uint64_t expiry_deadline(const struct broker *b);

#endif
