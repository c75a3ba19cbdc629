/* SPDX-License-Identifier: Apache-2.0 */
/* Consumers of a channel: their begin and end, when they can take a message, and handing queues'
 * messages to them in turn. */
#ifndef BROKER_CONSUMING_H
#define BROKER_CONSUMING_H

#include "base/slice.h"
#include "queue/consumer.h"

struct broker;
struct channel;
struct queue;

struct consuming_spec {
	struct slice tag, arguments;
	bool no_ack, exclusive;
	int32_t priority;
	uint64_t patience_ms;   /* that its deliveries may stay unacked; 0: for ever */
};

/* A new consumer of q, at the end of its priority. */
void consuming_start(struct channel *ch, struct queue *q, const struct consuming_spec *spec);

/* Ends it: nothing is delivered to it any more; what it holds unacked stays. An auto-delete queue
 * whose last consumer this was is deleted. */
void consuming_stop(struct consumer *c);

/* As consuming_stop for a queue that is going away itself: the client is told, where it can. */
void consuming_cancel(struct consumer *c);

/* As consuming_stop, but the client is told, where it can. */
void consuming_expel(struct consumer *c);

/* One of its deliveries was settled or returned. */
void consuming_settled(struct consumer *c);

/* The same, and the channel is gone. */
void consuming_left(struct consumer *c);

/* True when it can be sent a message now. */
bool consuming_is_able(const struct consumer *c);

/* The consumer of the queue whose turn it is, which can take a message; NULL when there is none.
 * And that it was sent one. */
struct consumer *consuming_next(struct queue *q);
void consuming_count(struct consumer *c);

/* Hands out what the queue has and its consumers can take. */
void consuming_run(struct broker *b, struct queue *q);

/* Hands out what the runnable queues have, a slice of each in turn, until nothing moves or the
 * turn's budget is used up. */
void consuming_deliver(struct broker *b);

#endif
