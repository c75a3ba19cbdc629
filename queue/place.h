/* SPDX-License-Identifier: Apache-2.0 */
/* A routed message is put into its queues: one record in the log for those that are durable, one
 * entry in each.  The log comes first: an entry never exists that the log would not know of. */
#ifndef QUEUE_PLACE_H
#define QUEUE_PLACE_H

#include <stddef.h>

#include "persistence/log.h"
#include "persistence/record.h"

struct claims;
struct message;
struct queue;
struct store;

struct placed {
	log_position wait_for;   /* safe once the log is durable beyond this; 0: nothing to wait for */
	size_t queues;           /* that took it */
};

/* Puts a whole message at the back of each of the n queues. Takes references of its own.  What it
 * claims (NULL: nothing) becomes durable with it, or not at all. */
struct placed place(struct store *s, struct message *m, struct queue *const *queues, size_t n,
                    struct claims *claims);

/* As place, for a message that comes from another queue's entry, whose removal goes into the same
 * record (from->queue 0: that entry was never logged).  wait_for is 0 when no record was
 * written: then the removal is still to be logged.  It claims nothing: it did so when it came. */
struct placed place_moved(struct store *s, struct message *m, const struct record_target *from,
                          struct queue *const *queues, size_t n);

/* True when the queue keeps such a message: it will be durable. */
bool place_is_kept(const struct queue *q, const struct message *m);

#endif
