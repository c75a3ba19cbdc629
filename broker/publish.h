/* SPDX-License-Identifier: Apache-2.0 */
/* A whole message meets its exchange: checks, routing, placing, basic.return. */
#ifndef BROKER_PUBLISH_H
#define BROKER_PUBLISH_H

#include "amqp/refusal.h"
#include "persistence/log.h"

struct channel;
struct message;
struct props;

/* True when nothing in these properties can be refused by publish_check. */
bool publish_is_plain(const struct props *p);

/* What must hold before a message is taken, whether at once or at tx.commit: its exchange exists
 * and is not internal, user-id and expiration are valid. The properties are not
 * looked at when they are known to be plain. */
const struct refusal *publish_check(struct channel *ch, struct message *m, bool plain);

struct published {
	log_position wait_for;   /* 0: there is nothing to wait for */
	bool refused;            /* by a queue that was full, or by an exchange that nacks */
};

/* Routes and places m; a mandatory message that reaches no queue is returned to the channel. */
struct published publish(struct channel *ch, struct message *m, bool mandatory);

#endif
