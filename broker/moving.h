/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that are ready in a queue are moved elsewhere, or deleted, because somebody says so: in
 * steps, each a transaction of the log.  So wherever it stops, a message is in one place.
 *
 * A moved message is the one that it was: properties, headers with the deaths it died, and to a
 * queue its exchange and key as well; to an exchange, it has that and the key that is said.  It is
 * as old as the move, so that its time to live begins anew.  Keys of deduplication are not looked
 * at: it was accepted when it came. */
#ifndef BROKER_MOVING_H
#define BROKER_MOVING_H

#include "amqp/refusal.h"
#include "broker/browse.h"
#include "persistence/log.h"

struct channel;

struct moving_spec {
	enum moving_to { MOVING_AWAY, MOVING_TO_QUEUE, MOVING_TO_EXCHANGE } to;
	struct slice target;         /* copied */
	struct slice key;            /* copied; p == NULL: it keeps its own */
	uint64_t most;               /* messages */
	struct browse_spec which;    /* what is behind the last message of now does not come along */
};

enum moving_state {
	MOVING_GOES_ON,              /* it is the turn of others */
	MOVING_WAITS,                /* likewise, until a turn has ended */
	MOVING_DONE,                 /* as many as were wanted, or all */
	MOVING_BLOCKED,              /* publishers are: memory or disk is short */
	MOVING_UNROUTABLE,           /* the next one would be in no queue */
	MOVING_FULL,                 /* a queue where it would go refuses it */
	MOVING_REFUSED,              /* it is not allowed, or something is gone: refusal says */
};

/* Zeroed it is none. */
struct moving {
	struct browse browse;
	enum moving_to to;
	struct slice target, key;    /* owned */
	uint64_t most;
	uint64_t moved;              /* so many were */
	uint64_t next;               /* the number to go on with */
	const struct refusal *refusal;   /* its sentence is the broker's (refuse.h) */
	log_position wait_for;       /* what was done is for good when the log is durable up to there */
};

/* Begins to move what is in the queue. */
void moving_begin(struct moving *m, struct broker *b, struct queue *q,
                  const struct moving_spec *spec);

/* The next step, on behalf of the user of the channel (NULL: of somebody who may do everything),
 * who may consume from the queue and publish to the target. */
enum moving_state moving_go_on(struct moving *m, struct channel *ch);

/* Harmless when it was not begun. */
void moving_end(struct moving *m);

#endif
