/* SPDX-License-Identifier: Apache-2.0 */
/* Stretches: what a reader of a stream reads from the log in one go, kept for a while, so that
 * others who come by the same place neither read nor decode it again; who comes while it is being
 * read waits for it.  Where nobody else reads the stream there are none. */
#ifndef QUEUE_STRETCH_H
#define QUEUE_STRETCH_H

#include "queue/row.h"

struct queue;
struct stream;

struct stretch {
	struct list link;            /* on the stream's: the newest is first */
	struct stream *stream;
	uint64_t first, end;         /* all there is of the numbers [first, end) ... */
	bool coming;                 /* ... when it has been read */
	struct row entries;          /* with their messages ... */
	uint64_t bytes;              /* ... which take so much memory */
};

/* [first, end) is being read: the new stretch is the stream's.  NULL when nobody else reads it. */
struct stretch *stretch_begin(struct queue *q, uint64_t first, uint64_t end);

/* The next message that was read; takes a reference of its own. */
void stretch_add(struct stretch *x, struct entry e);

/* All was read; those before it that were kept for longest may go. */
void stretch_done(struct stretch *x);

/* It is not wanted, or will not be read: who waits for it has to be woken. */
void stretch_drop(struct stretch *x);

/* The one that has the number, or will have it; NULL: none. */
const struct stretch *stretch_find(const struct stream *st, uint64_t seq);

/* All but those that are coming go. */
void stretches_drop(struct stream *st);

#endif
