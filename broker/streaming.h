/* SPDX-License-Identifier: Apache-2.0 */
/* Consumers of streams: where they begin, what they ask for, and handing messages to them.  Who
 * consumes a stream has a place of its own in it; that it acks, in whatever way, only makes room in
 * its window. */
#ifndef BROKER_STREAMING_H
#define BROKER_STREAMING_H

#include <stdbool.h>
#include <stddef.h>

#include "amqp/refusal.h"
#include "base/slice.h"
#include "broker/tx.h"

struct basic_consume;
struct broker;
struct channel;
struct consumer;
struct queue;

/* 540 for a method that streams do not have. */
const struct refusal *streaming_refuse(struct channel *ch, const struct queue *q,
                                       const char *method);

/* What a consumer with these arguments reads: of a queue that retains its messages (retention.h)
 * those, when it says where to begin (x-stream-offset); else the queue. */
struct queue *streaming_source(struct queue *q, struct slice arguments);

/* What a consumer of the stream has to have: a window of its own (406), acks, and none of the whole
 * channel (540); and an offset that is one (406). */
const struct refusal *streaming_check_consume(struct channel *ch, const struct queue *q,
                                              const struct basic_consume *m);

/* Gives the consumer, whose arguments were checked, its place; takes it away; and forgets what it
 * had done. */
void streaming_start(struct broker *b, struct consumer *c);
void streaming_stop(struct consumer *c);
void streaming_end(struct consumer *c);

/* A message that it was sent is settled: acked or rejected, it is done with. */
void streaming_settled(struct consumer *c, uint64_t seq, enum settle_how how);

/* As consuming_run for one queue: hands out at most max messages. */
bool streaming_run(struct queue *q, size_t max, size_t *used);

#endif
