/* SPDX-License-Identifier: Apache-2.0 */
/* Queues with a limit to their length (x-max-length, x-max-length-bytes), and what happens beyond
 * it (x-overflow): the oldest messages go, or new ones are refused.  Only ready messages count, and
 * what consumers can take is theirs before anything is dropped or refused. */
#ifndef BROKER_OVERFLOW_H
#define BROKER_OVERFLOW_H

#include "broker/state.h"
#include "queue/queue.h"

struct message;

/* A policy can make a queue too long by millions: so many messages go in a turn, and so many more
 * for each that comes, so that it always gets shorter. */
enum { OVERFLOW_TURN = 2000, OVERFLOW_EACH = 2 };

/* The queue is longer than it may be. */
static inline void overflow_note(struct broker *b, struct queue *q)
{
	b->trims += OVERFLOW_EACH;
	if (!list_linked(&q->live->overfull))
		list_push(&b->overfull, &q->live->overfull);
}

/* Of the queues in *routed, puts those that refuse the message last, and returns how many there
 * are.  With deliver, consumers are given first what waits for them. */
size_t overflow_part(struct broker *b, const struct message *m, struct route_set *routed,
                     bool deliver);

/* Drops the oldest messages of queues that are too long; what they become may make other queues
 * too long, which are dealt with as well. */
void overflow_trim(struct broker *b);

/* Cheap, for after every frame: the lengths that a client can ask for are within their limits, but
 * for queues that are too long by more messages than a turn may drop, which go on in the next. */
static inline void overflow_run(struct broker *b)
{
	if (!list_empty(&b->overfull))
		overflow_trim(b);
}

#endif
