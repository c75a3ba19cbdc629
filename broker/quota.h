/* SPDX-License-Identifier: Apache-2.0 */
/* How many bytes of messages a virtual host may hold (max-bytes): the bodies of those that are
 * ready or held in its queues, or wait in its exchanges.  Nobody counts them for each message.
 * What was placed since they were counted last is added to what was found then, which is never too
 * little; when that reaches the limit they are counted anew, some queues a turn.  Where nine tenths
 * of the limit are found the virtual host is full, or it would be counted for every message: who
 * publishes waits then (pace.h) until less is found. */
#ifndef BROKER_QUOTA_H
#define BROKER_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/walk.h"

struct broker;
struct queue;
struct vhost;

struct quota {
	bool known;                  /* it was counted since there is a limit */
	bool full;
	bool in_exchanges;           /* ... that is where the round is */
	uint64_t counted, placed;    /* bytes: found last, and placed since */
	uint64_t at_ms;              /* when it was counted last */
	uint64_t found;              /* so far, while it is being counted ... */
	struct walk round;           /* ... over its queues, and then exchanges ... */
	struct list counting;        /* ... on the broker's list of those */
};

void quota_init(struct quota *q);

/* A message with a body of so many bytes was placed in n queues, all of one virtual host. */
void quota_placed(struct queue *const *queues, size_t n, uint64_t body_bytes);

/* True when it may take no more; counts again now and then. */
bool quota_is_full(struct vhost *v);

/* There is another limit, or none. */
void quota_review(struct vhost *v);

/* Goes on with counting. */
void quotas_turn(struct broker *b);

/* The virtual host goes. */
void quota_forget(struct quota *q);

#endif
