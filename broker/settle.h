/* SPDX-License-Identifier: Apache-2.0 */
/* Settling deliveries: what basic.ack, nack, reject, recover and the end of a channel have in
 * common. */
#ifndef BROKER_SETTLE_H
#define BROKER_SETTLE_H

#include "amqp/refusal.h"
#include "broker/tx.h"

struct broker;
struct channel;

/* Settles one tag, or with multiple every outstanding tag up to it (0: all); of very many some now,
 * while the channel waits for its turn (parking_yield).  Refuses a tag that
 * is not outstanding (AMQP 0-9-1 section 1.8.3.13, RabbitMQ: 406).  In a transaction it is held. */
const struct refusal *settle(struct channel *ch, uint64_t tag, bool multiple,
                             enum settle_how how);

/* Settles one outstanding tag at once. */
void settle_one(struct channel *ch, uint64_t tag, enum settle_how how);

/* The entry of an outstanding tag goes back to its queue though the client has not said so; the tag
 * stays outstanding, for what the client will say of it. */
void settle_late(struct channel *ch, uint64_t tag);

/* Returns what is outstanding to its queues, in order.  False when there is more than there is time
 * for: the channel waits for its turn (parking_yield), and what is delivered until then stays. */
bool settle_return_some(struct channel *ch, enum settle_how how);

/* The channel ends, its consumers have left: what is outstanding goes back to its queues, in order,
 * of very much some now and the rest in turns to come. */
void settle_leave(struct channel *ch);
void settle_turn(struct broker *b);

/* What is left of that. */
void settle_rest(struct broker *b);

#endif
