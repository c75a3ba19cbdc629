/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges of type x-delayed-message: a message with the header x-delay waits in a queue of the
 * exchange's own, which no client sees, and is routed when its time has come.  Its arrival where it
 * is routed to and its end here are one record. */
#ifndef BROKER_DELAYED_H
#define BROKER_DELAYED_H

#include "queue/entry.h"

struct broker;
struct queue;

/* The time of an entry that was taken from such a queue has come: it goes on its way, with its
 * header negated, so that whoever gets it can tell, and no exchange delays it again. */
void delayed_fire(struct broker *b, struct queue *q, struct entry e);

#endif
