/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds what of a queue: a walk over all that is unacked, which takes as many turns as it
 * takes. What is held all the time is met once, what comes or goes meanwhile may be met or not. */
#ifndef BROKER_HOLDINGS_H
#define BROKER_HOLDINGS_H

#include <stdint.h>

#include "base/walk.h"
#include "broker/roster.h"

struct broker;
struct channel;
struct connection;
struct delivery;
struct queue;

/* Zeroed it is none. */
struct holdings {
	struct broker *broker;
	struct walk walk;            /* over the connections */
	const struct connection *connection;   /* that it is in ... */
	uint64_t number;
	size_t channel;              /* ... and where */
	uint64_t tag;
	unsigned looks;              /* so many things may be looked at yet */
};

/* Valid until anything changes. */
struct holding {
	const struct channel *channel;
	const struct delivery *delivery;
	uint64_t tag;
};

/* At the first connection. */
void holdings_begin(struct holdings *h, struct broker *b);

/* Before each piece: as many things as in a piece may be looked at. */
void holdings_go_on(struct holdings *h);

/* The next one of the queue.  ROSTER_NOT_YET: enough was looked at, it is the turn of others. */
enum roster_answer holdings_next(struct holdings *h, const struct queue *q, struct holding *out);

/* Harmless when it was not begun. */
void holdings_end(struct holdings *h);

/* How long that has been held, in milliseconds: up to some 50 days. */
uint32_t holding_age_ms(const struct holding *h);

#endif
