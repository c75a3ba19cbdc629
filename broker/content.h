/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to a peer: a method frame, the content header exactly as it was published, and the
 * body cut to the peer's frame size (AMQP 0-9-1 section 2.3.5.2). */
#ifndef BROKER_CONTENT_H
#define BROKER_CONTENT_H

#include "base/slice.h"
#include "queue/lane.h"

struct channel;
struct queue;

/* basic.deliver to a consumer; and from that offset of a stream (header x-stream-offset). */
void content_deliver(struct channel *ch, struct slice consumer_tag, uint64_t delivery_tag,
                     const struct entry *e);
void content_deliver_at(struct channel *ch, struct slice consumer_tag, uint64_t delivery_tag,
                        const struct entry *e, uint64_t offset);

/* basic.get-ok; left is the number of ready messages that remain. */
void content_get_ok(struct channel *ch, uint64_t delivery_tag, const struct entry *e,
                    uint32_t left);

/* basic.return of an unroutable message: 312 NO_ROUTE. */
void content_return(struct channel *ch, struct message *m);

/* basic.return of a message that a queue has no room for, ahead of the nack of its publish: 311,
 * with the queue and its limit as text, and in headers x-reject-queue, x-reject-reason ("maxlen")
 * and x-reject-tag. */
void content_refuse(struct channel *ch, struct message *m, const struct queue *q, uint64_t tag);

/* basic.return of a publisher's question: 200, with the answer in headers
 * x-publisher-sequence and x-publisher-complete. */
void content_return_progress(struct channel *ch, struct message *m, uint64_t highest,
                             uint64_t complete);

#endif
