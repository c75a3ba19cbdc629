/* SPDX-License-Identifier: Apache-2.0 */
/* A transaction of one channel: publishes and acks are held back until tx.commit, in the order
 * publishes first, then acks (as RabbitMQ does).  Held acks stay in the channel's unacked with a
 * mark, so that a rollback only has to take the marks off. */
#ifndef BROKER_TX_H
#define BROKER_TX_H

#include "base/slice.h"

struct channel;
struct message;

enum settle_how {
	SETTLE_ACK,
	SETTLE_REJECT,
	SETTLE_REQUEUE,              /* it comes back */
	SETTLE_FAILED,               /* likewise, because who had it could not do it */
};

struct tx_publish {
	struct message *message;
	bool mandatory;
};

struct tx_settle {
	uint64_t tag;
	enum settle_how how;
};

struct tx {
	bool on;
	struct tx_publish *publishes;
	size_t n_publishes, cap_publishes;
	struct tx_settle *settles;
	size_t n_settles, cap_settles;
	uint64_t held_bytes;         /* counted in connection.assembling_bytes */
};

/* Holds a whole message; takes the reference. */
void tx_hold_publish(struct channel *ch, struct message **m, bool mandatory);

/* Holds the settlement of an outstanding delivery tag. */
void tx_hold_settle(struct channel *ch, uint64_t tag, enum settle_how how);

/* Forgets everything held. */
void tx_reset(struct channel *ch);

#endif
