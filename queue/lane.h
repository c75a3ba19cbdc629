/* SPDX-License-Identifier: Apache-2.0 */
/* A lane: the ready entries of a queue in order.  An entry is a sequence number and a message;
 * fresh entries lie in small pages in ascending order, returned ones in a heap beside them, and
 * the next entry is the lower of both heads: so a returned message is back at its original
 * position at the cost of a heap step, and unacked messages cost the lane nothing.
 * Sequence numbers ascend but may have gaps. */
#ifndef QUEUE_LANE_H
#define QUEUE_LANE_H

#include "base/list.h"
#include "queue/message.h"

/* One message in one queue.  Whoever holds an entry holds its reference to the message. */
struct entry {
	struct message *message;
	uint64_t seq;
	bool redelivered;
};

struct lane {
	struct list pages;
	uint64_t fresh;               /* entries in pages */
	struct entry *returned;       /* a binary min-heap by seq */
	size_t n_returned, cap_returned;
};

void lane_init(struct lane *l);

/* Drops all entries and frees the lane's memory. */
void lane_free(struct lane *l);

static inline uint64_t lane_count(const struct lane *l)
{
	return l->fresh + l->n_returned;
}

/* Adds at the back; seq is above all that were pushed before. Takes over the reference. */
void lane_push(struct lane *l, uint64_t seq, struct message *m);

/* Puts an entry back at its place. Takes over the reference. */
void lane_return(struct lane *l, struct entry e);

/* Takes the first entry; false when there is none.  A fresh entry says redelivered = false. */
bool lane_pop(struct lane *l, struct entry *out);

/* The first entry, left in place; NULL message when there is none. */
struct entry lane_peek(const struct lane *l);

/* Walks all ready entries in no particular order: start with a zeroed walk. */
struct lane_walk {
	const struct list *page;
	size_t at;
};

bool lane_next(const struct lane *l, struct lane_walk *w, struct entry *out);

#endif
