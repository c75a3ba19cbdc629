/* SPDX-License-Identifier: Apache-2.0 */
/* The firehose: while a virtual host is traced, a copy of each message that is published or
 * delivered there goes through its exchange amq.rabbitmq.trace, under the key publish.EXCHANGE or
 * deliver.QUEUE, with headers that tell where it came from.  Callers ask vhost.tracing first. */
#ifndef BROKER_FIREHOSE_H
#define BROKER_FIREHOSE_H

#include "exchange/topology.h"

struct channel;
struct entry;
struct message;
struct queue;

#define FIREHOSE_EXCHANGE "amq.rabbitmq.trace"

/* The message was published on the channel, and these queues are to get it. */
void firehose_publish(struct channel *ch, const struct message *m, const struct route_set *routed);

/* The entry of the queue was sent to the client. */
void firehose_deliver(struct channel *ch, const struct queue *q, const struct entry *e);

#endif
