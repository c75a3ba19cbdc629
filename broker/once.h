/* SPDX-License-Identifier: Apache-2.0 */
/* Queues that take a key once (x-message-deduplication; docs/decisions/0008-deduplication.md), when
 * a message has been routed.  What exchanges make of keys is done by then (exchange/topology.h). */
#ifndef BROKER_ONCE_H
#define BROKER_ONCE_H

#include "broker/state.h"

struct message;

/* Takes those of the queues out that have the message's key already. */
void once_part(struct broker *b, const struct message *m, struct route_set *routed);

/* The first n of the queues are to take it: their claims are added to those of the exchanges. */
void once_claim(struct broker *b, const struct message *m, struct route_set *routed, size_t n);

#endif
