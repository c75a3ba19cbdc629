/* SPDX-License-Identifier: Apache-2.0 */
/* Records that are read back to be appended again: asked for in one go, they come in order, each
 * with the whole body of its message, in however many records that lies. */
#ifndef QUEUE_HAUL_H
#define QUEUE_HAUL_H

#include "persistence/log.h"

struct store;

enum { HAUL_MOST = 256 };        /* records in one go */

struct haul {
	log_position at[HAUL_MOST];  /* where they are, ascending; of n, as many are done with */
	size_t n, done;
	bool given;                  /* the next one is with the caller */
	unsigned kind;               /* FETCH_ ..., who is called when something of it is back ... */
	void *owner;                 /* ... with that; the caller's */
	struct log_fetch fetch, part;    /* all of them; the next piece of a large body */
	log_position part_at;
	struct buf body;             /* pieces of the body of the next one */
};

/* Asks for the n records at the positions. */
void haul_ask(struct store *s, struct haul *h, unsigned kind);

/* Something of it is back: the next record, whose chunks are in body, until the next call; an error
 * in it says that it cannot be read.  NULL: more was asked for, or all are done with
 * (haul_is_over), and nothing is held any more. */
const struct log_found *haul_next(struct store *s, struct haul *h);

/* Where that one is. */
static inline log_position haul_at(const struct haul *h)
{
	return h->at[h->done];
}

static inline bool haul_is_over(const struct haul *h)
{
	return h->done == h->n;
}

/* The log is closed. */
void haul_free(struct haul *h);

#endif
