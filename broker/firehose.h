/* SPDX-License-Identifier: Apache-2.0 */
/* The firehose: while a virtual host is traced, a copy of each message that is published or
 * delivered there goes through its exchange amq.rabbitmq.trace, under the key publish.EXCHANGE or
 * deliver.QUEUE, with headers that tell where it came from, as many as fit in a frame.  What came
 * through that exchange is not copied again, nor what has become of it as a dead letter.  Callers
 * ask vhost.tracing first. */
#ifndef BROKER_FIREHOSE_H
#define BROKER_FIREHOSE_H

#include "exchange/topology.h"

struct channel;
struct entry;
struct message;
struct queue;

#define FIREHOSE_EXCHANGE "amq.rabbitmq.trace"

/* A copy whose header is larger than max: appends one that is not.  It is without the headers of
 * what was copied, then without its properties, then has but the first keys and queues.  False for
 * any other message. */
bool firehose_fit(struct buf *header, const struct message *m, size_t max);

/* The message was published on the channel, and these queues are to get it. */
void firehose_publish(struct channel *ch, const struct message *m, const struct route_set *routed);

/* The entry of the queue was sent to the client. */
void firehose_deliver(struct channel *ch, const struct queue *q, const struct entry *e);

#endif
