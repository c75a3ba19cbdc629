/* SPDX-License-Identifier: Apache-2.0 */
/* Queues that take a message once, when it has been routed: those that remember keys
 * (x-message-deduplication; docs/decisions/0008-deduplication.md), and each of them what its
 * publisher numbers (docs/decisions/0017-publishers.md).  What exchanges make of keys is done by
 * then (exchange/topology.h). */
#ifndef BROKER_ONCE_H
#define BROKER_ONCE_H

#include "broker/state.h"

struct message;

/* Takes those of the queues out that have the message's key, or its number, already. */
void once_part(struct broker *b, const struct message *m, const struct sender *sender,
               struct route_set *routed);

/* The first n of the queues are to take it: their claims are added to those of the exchanges. The
 * others refused it, and take its number when it comes again: the nack has to wait for wait_for. */
void once_claim(struct broker *b, const struct message *m, const struct sender *sender,
                struct route_set *routed, size_t n);

/* How far a publisher has come in the queues that know it. */
struct once_progress {
	uint64_t highest;            /* that one of them accepted; 0: none */
	uint64_t complete;           /* all of them have accepted what came to them up to that */
	log_position at;             /* that is safe once the log is durable beyond */
};

/* Over all queues of the set. */
struct once_progress once_progress(const struct route_set *routed, struct slice publisher);

#endif
