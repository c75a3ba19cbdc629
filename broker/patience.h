/* SPDX-License-Identifier: Apache-2.0 */
/* How long a delivery may stay without an ack (consumer_timeout, x-consumer-timeout).  A channel
 * notes those of its deliveries that may not stay for ever, the one due first on top of a heap, and
 * stands by it in the broker's heap of channels: what was acked meanwhile is passed over when its
 * time comes, or swept out when it is the greater part.  Deliveries without a timeout are not
 * noted. */
#ifndef BROKER_PATIENCE_H
#define BROKER_PATIENCE_H

#include "base/heap.h"
#include "base/slice.h"

struct broker;
struct channel;
struct queue;

struct patience {
	struct patience_due *dues;    /* a binary min-heap by when they are due */
	size_t n, cap;
	uint64_t due_ms;              /* by which the channel stands in the broker's heap */
	struct heap_node node;
	uint32_t n_late;              /* tags whose messages went back, and which may still be acked */
};

/* The broker's heap of channels. */
void patience_heap_init(struct heap *h);

void patience_init(struct patience *p);

/* Off the broker's heap; frees the memory. */
void patience_free(struct channel *ch);

/* Milliseconds that the queue allows: its own argument, else the broker's option; 0: for ever. */
uint64_t patience_of_queue(const struct broker *b, const struct queue *q);

/* What the queue allows has changed: so has, for deliveries to come, what its consumers go by that
 * said nothing of their own. */
void patience_review(const struct broker *b, struct queue *q);

/* The delivery, just made, may stay for so long. */
void patience_note(struct channel *ch, uint64_t tag, uint64_t ms);

/* Takes back what stayed too long.  As RabbitMQ 4.3: its consumer is cancelled when the client can
 * be told so, and a late ack is taken for what it is; else the channel is closed with 406. */
void patience_run(struct broker *b);

/* When patience_run has to be called next; UINT64_MAX: not before there are more deliveries. */
uint64_t patience_deadline(const struct broker *b);

#endif
