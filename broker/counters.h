/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted of the broker as a whole since it began, and where the things that messages go
 * through are told of it: queues, exchanges, channels, virtual hosts.  The names are those of
 * RabbitMQ's global counters. */
#ifndef BROKER_COUNTERS_H
#define BROKER_COUNTERS_H

#include "queue/message.h"
#include "queue/motion.h"

struct channel;
struct entry;
struct exchange;
struct queue;

enum queue_kind { QUEUE_CLASSIC, QUEUE_QUORUM, QUEUE_STREAM, QUEUE_KINDS };

/* "rabbit_classic_queue" ... */
const char *queue_kind_name(enum queue_kind kind);

enum { SIZE_CLASSES = 9 };

struct counters {
	uint64_t messages_received, messages_received_confirm;
	uint64_t messages_routed;    /* to queues: one for each of them */
	uint64_t messages_confirmed;
	uint64_t messages_unroutable_dropped, messages_unroutable_returned;
	struct traffic by_kind[QUEUE_KINDS];   /* what queues of that kind have handed out */
	uint64_t sizes[SIZE_CLASSES];   /* messages received that are no larger than that, and larger
	                                 * than the one before ... */
	uint64_t size_bytes;         /* ... and the sum of their bodies */
	uint64_t publishers;         /* channels that have published and are open */
	uint64_t connections_closed; /* those opened are numbered */
	uint64_t channels_opened, channels_closed;
	uint64_t queues_declared, queues_created, queues_deleted;
};

/* The largest body of each class, in bytes; of the last UINT64_MAX. */
extern const uint64_t counters_sizes[SIZE_CLASSES];

/* Handed out by queues of all kinds together. */
struct traffic counters_traffic(const struct counters *c);

/* A client's message, that it is routed to the queues of b->routed, and placed in the first n. */
void count_publish(struct channel *ch, const struct message *m);
void count_routed(struct channel *ch, struct exchange *x);
void count_placed(struct channel *ch, size_t n);
void count_unroutable(struct channel *ch, bool returned);

/* So many are safe: the publisher is told so. */
void count_confirms(struct channel *ch, size_t n);

/* Handed out, to a consumer or by basic.get; or there was nothing. */
void count_deliver(struct channel *ch, struct queue *q, bool no_ack, bool redelivered);
void count_get(struct channel *ch, struct queue *q, bool no_ack, bool redelivered);
void count_get_empty(struct channel *ch, struct queue *q);

/* The client has it for good. */
void count_ack(struct channel *ch, struct queue *q);

#endif
