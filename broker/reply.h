/* SPDX-License-Identifier: Apache-2.0 */
/* Direct reply-to: answers without a queue.  A channel that consumes from amq.rabbitmq.reply-to has
 * a name that nobody can guess; it stands as reply-to in what the channel publishes, and what is
 * published under that name goes to the channel at once, or nowhere when it is gone. */
#ifndef BROKER_REPLY_H
#define BROKER_REPLY_H

#include "amqp/refusal.h"
#include "base/slice.h"

struct basic_consume;
struct broker;
struct channel;
struct message;
struct reply;

/* The pseudo-queue itself. */
bool reply_is_pseudo_queue(struct slice name);

/* The name of a channel, there or gone. */
bool reply_is_name(struct slice name);

/* True while there is a channel of that name. */
bool reply_exists(const struct broker *b, struct slice name);

/* basic.consume from the pseudo-queue under a tag: one for a channel, and without acks. */
const struct refusal *reply_consume(struct channel *ch, struct slice tag, bool no_ack);

/* The tag of that consumer and the channel's name; p == NULL when it does not consume. */
struct slice reply_tag(const struct channel *ch);
struct slice reply_name(const struct channel *ch);

/* The end of that consumer, if there is one. */
void reply_cancel(struct channel *ch);

/* An answer was published under a name. */
void reply_deliver(struct broker *b, struct slice name, struct message *m);

#endif
