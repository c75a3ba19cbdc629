/* SPDX-License-Identifier: Apache-2.0 */
/* What waits to be written to one peer: a chain of pieces, each either bytes that the outbox owns
 * (frames encoded here, small bodies copied) or a stretch of a message's body that is borrowed
 * under a reference.  An empty outbox owns no memory. */
#ifndef BROKER_OUTBOX_H
#define BROKER_OUTBOX_H

#include "base/buf.h"
#include "base/list.h"
#include "base/slice.h"

struct message;

/* Buffers that outboxes of one broker lend and give back, so that an outbox that fills and drains
 * every turn costs no trip to the allocator. */
struct outbox_pool {
	struct list spare;
	size_t count;
};

void outbox_pool_init(struct outbox_pool *p);
void outbox_pool_free(struct outbox_pool *p);

struct outbox {
	struct outbox_pool *pool;
	struct list pieces;
	uint64_t bytes;           /* waiting in all */
	uint64_t total;           /* ever put in: tells whether anything was sent since */
	size_t mark;              /* where outbox_buf began */
};

void outbox_init(struct outbox *o, struct outbox_pool *pool);
void outbox_free(struct outbox *o);

/* A buffer to append encoded frames to; outbox_wrote accounts for what was appended. The buffer
 * is valid until the next call on this outbox. */
struct buf *outbox_buf(struct outbox *o);
void outbox_wrote(struct outbox *o);

/* Adds borrowed body bytes that m owns; takes a reference of its own. */
void outbox_body(struct outbox *o, struct message *m, struct slice bytes);

/* Fills at most max slices with what comes first; returns how many. */
size_t outbox_front(const struct outbox *o, struct slice *out, size_t max);

/* Takes n written bytes off the front. */
void outbox_sent(struct outbox *o, size_t n);

#endif
