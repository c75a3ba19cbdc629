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
};

/* Ends an entry that was taken from q: republished where q says, else dropped. */
void dead_letter(struct broker *b, struct queue *q, struct entry e, enum death why);

struct message;

/* As if the message had been in q and was dropped at once: the queue refused it. */
void dead_letter_refused(struct broker *b, struct queue *q, const struct message *m);

#endif
