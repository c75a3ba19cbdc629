/* SPDX-License-Identifier: Apache-2.0 */
/* A routed message is put into its queues: one record in the log for those that are durable, one
 * entry in each.  The log comes first: an entry never exists that the log would not know of. */
#ifndef QUEUE_PLACE_H
#define QUEUE_PLACE_H

#include <stddef.h>

#include "persistence/log.h"

struct message;
struct queue;
struct store;

struct placed {
	log_position wait_for;   /* safe once the log is durable beyond this; 0: nothing to wait for */
	size_t queues;           /* that took it */
};

/* Puts a whole message at the back of each of the n queues. Takes references of its own. */
struct placed place(struct store *s, struct message *m, struct queue *const *queues, size_t n);

#endif
