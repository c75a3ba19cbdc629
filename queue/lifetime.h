/* SPDX-License-Identifier: Apache-2.0 */
/* When the entries of a queue end, and those that wait aside for their time: what queue.h says of
 * deadlines (queue_deadline, queue_take_due), of delayed retries (queue_set_aside) and of dead
 * letters that are held (queue_hold) is done in lifetime.c.  This is the part between the two. */
#ifndef QUEUE_LIFETIME_H
#define QUEUE_LIFETIME_H

#include "queue/live.h"

/* The entry is in the lane, with its message: if that has a time of its own, it is known now. */
void lifetime_note(struct queue *q, const struct lane *l, const struct entry *e);

/* Nothing is ready any more: deadlines are forgotten, unless some lead to what stands aside. */
void lifetime_clear(struct queue *q);

/* True when something comes back by its deadline only. */
static inline bool lifetime_stands_aside(const struct live *l)
{
	return l->later.count || l->held.count;
}

/* Takes one of those whatever its time, maybe without its message; false when there is none. */
bool lifetime_take_aside(struct queue *q, struct entry *out, uint64_t *body_bytes);

#endif
