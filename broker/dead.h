/* SPDX-License-Identifier: Apache-2.0 */
/* Dead letters: a message that a queue gives up goes to the queue's dead-letter exchange with
 * headers that tell of its deaths, as RabbitMQ writes them (x-death, x-first-death-*,
 * x-last-death-*).  Where the log is concerned, its arrival there and its removal here are one
 * record. */
#ifndef BROKER_DEAD_H
#define BROKER_DEAD_H

#include "queue/lane.h"

struct broker;
struct queue;

enum death {
	DEATH_REJECTED,
	DEATH_EXPIRED,
	DEATH_MAXLEN,
	DEATH_DELIVERY_LIMIT,
	DEATHS,
};

/* Ends an entry that was taken from q: republished where q says, else dropped, or held where q
 * keeps its dead (x-dead-letter-strategy = at-least-once): not all that it is routed to take it, or
 * there is nothing that it is routed to. */
void dead_letter(struct broker *b, struct queue *q, struct entry e, enum death why);

/* The same for one that was held, and came back with that note. */
void dead_letter_again(struct broker *b, struct queue *q, struct entry e, unsigned note);

struct message;

/* As if the message had been in q and was dropped at once: the queue refused it. */
void dead_letter_refused(struct broker *b, struct queue *q, const struct message *m);

#endif
