/* SPDX-License-Identifier: Apache-2.0 */
/* Records that are read back to be appended again: asked for in one go, they come in order, each
 * with the whole body of its message, in however many records that lies. */
#ifndef QUEUE_READBACK_H
#define QUEUE_READBACK_H

#include "persistence/log.h"

struct store;

enum { READBACK_MOST = 256 };    /* records in one go */

struct readback {
	log_position at[READBACK_MOST];   /* where they are, ascending; of n, as many are done with */
	size_t n, done;
	bool given;                  /* the next one is with the caller */
	unsigned kind;               /* FETCH_ ..., who is called when something of it is back ... */
	void *owner;                 /* ... with that; the caller's */
	struct log_fetch fetch, part;    /* all of them; the next piece of a large body */
	log_position part_at;
	struct buf body;             /* pieces of the body of the next one */
};

/* Asks for the n records at the positions. */
void readback_ask(struct store *s, struct readback *h, unsigned kind);

/* Something of it is back: the next record, whose chunks are in body, until the next call; an error
 * in it says that it cannot be read.  NULL: more was asked for, or all are done with
 * (readback_is_over), and nothing is held any more. */
const struct log_found *readback_next(struct store *s, struct readback *h);

/* Where that one is. */
static inline log_position readback_at(const struct readback *h)
{
	return h->at[h->done];
}

static inline bool readback_is_over(const struct readback *h)
{
	return h->done == h->n;
}

/* The log is closed. */
void readback_free(struct readback *h);

#endif
