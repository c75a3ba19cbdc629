/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted of the broker as a whole since it began, and where the things that messages go
 * through are told of it.  On the way of a message little is counted (the decision is in
 * docs/decisions/0020-statistics.md); the traffic of queues, channels, exchanges, and of what these
 * are part of, is right after counters_settle. */
#ifndef BROKER_COUNTERS_H
#define BROKER_COUNTERS_H

#include "base/histogram.h"
#include "queue/message.h"
#include "queue/motion.h"

struct broker;
struct channel;
struct consumer;
struct entry;
struct exchange;
struct queue;
struct refusal;

enum queue_kind { QUEUE_CLASSIC, QUEUE_QUORUM, QUEUE_STREAM, QUEUE_KINDS };

/* "rabbit_classic_queue" ... */
const char *queue_kind_name(enum queue_kind kind);
enum queue_kind queue_kind_of(const struct queue *q);

enum {
	SIZE_CLASSES = 9,
	COUNT_RESIDENCE_OF = 16,
	SETTLE_MOST = 10000,         /* things gathered for one reader: two milliseconds */
};

/* The reply codes, in the order of errors.def. */
enum count_reply {
#define REPLY(code, name, scope) COUNT_##name,
#include "amqp/errors.def"
#undef REPLY
	COUNT_REPLIES,
};

struct counters {
	/* sums: after counters_settle */
	struct traffic channels;     /* of all of them: received is publish, confirmed is confirm ... */
	struct traffic confirming;   /* ... and of those that are in confirm mode */
	struct traffic exchanges;    /* routed is publish_out */
	struct traffic by_kind[QUEUE_KINDS];   /* of queues of that kind */

	uint64_t sizes[SIZE_CLASSES];   /* messages received that are no larger than that, and larger
	                                 * than the one before; of the first class after settling ... */
	uint64_t size_bytes;         /* ... and the sum of their bodies */
	struct histogram confirm_ms;   /* of what waited for the log: from when it was read to when it
	                                * is confirmed */
	struct histogram residence_ms; /* in a queue, until it is handed out for the first time: one of
	                                * COUNT_RESIDENCE_OF messages */
	uint64_t refused[COUNT_REPLIES];   /* channels and connections closed with that code */
	uint64_t publishers;         /* channels that have published and are open */
	uint64_t connections_closed; /* those opened are numbered */
	uint64_t channels_opened, channels_closed;
	uint64_t queues_declared, queues_created, queues_deleted;
};

/* The largest body of each class, in bytes; of the last UINT64_MAX. */
extern const uint64_t counters_sizes[SIZE_CLASSES];

void counters_init(struct counters *c);

/* Traffic is gathered and sums are right, also of virtual hosts: before any is read.  Where more
 * than SETTLE_MOST moved, the others are gathered by calls to come, or by the next sample: until
 * then what they did since the last one is missing in the sums.  counters_settle_all gathers all of
 * them, and takes its time. */
void counters_settle(struct broker *b);
void counters_settle_all(struct broker *b);

/* Gathers at most so many that stand on a list (struct motion.stirred), which go to the end of
 * another one.  Returns how many more it could have been. */
size_t counters_gather_some(struct list *from, struct list *to, size_t most);

/* The traffic of that one alone is right. */
void counters_gather(enum motion_kind kind, void *of);

/* What queues of all kinds have handed out. */
struct traffic counters_handed_out(const struct counters *c);

/* A channel's motion begins, from now on it is in confirm mode, and it ends, when its consumers
 * have gone. */
void count_channel(struct channel *ch);
void count_confirming(struct channel *ch);
void count_channel_end(struct channel *ch);

/* A client's message; and that it is routed to the queues of b->routed. */
void count_publish(struct channel *ch, const struct message *m);
void count_routed(struct broker *b, struct exchange *x);
/* Some are safe. */
void count_confirms(struct channel *ch);

/* Nobody takes it. */
void count_unroutable(struct channel *ch, bool returned);

/* So many were read that long ago, had to wait for the log, and are confirmed. */
void count_confirm_ms(struct broker *b, uint64_t ms, uint64_t n);

/* A channel or a connection is closed for that reason. */
void count_refusal(struct broker *b, const struct refusal *r);

/* What is about to be handed out, not from a stream, has waited in its queue. */
void count_residence(struct broker *b, const struct entry *e);

/* Handed out, to a consumer or by basic.get; or there was nothing. */
void count_deliver(struct consumer *c, bool redelivered);
void count_get(struct channel *ch, struct queue *q, bool no_ack, bool redelivered);
void count_get_empty(struct channel *ch, struct queue *q);

/* The client has it for good; c NULL, or on its way out: no consumer counts it. */
void count_ack(struct channel *ch, struct queue *q, struct consumer *c);

/* A consumer goes, or its queue is looked at: what it has counted is gathered. */
void count_consumer(struct consumer *c);

#endif
