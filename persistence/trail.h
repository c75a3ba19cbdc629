/* SPDX-License-Identifier: Apache-2.0 */
/* A trail: where the log has the messages of one queue, first in, first out.  Of each is known its
 * number, where its record is, how large its body is and whether the log must be told of its end:
 * two bytes for most, because numbers, positions and sizes are kept as differences.  A trail lies
 * in pages of up to 4,096 entries, which can be written out and taken in whole. */
#ifndef PERSISTENCE_TRAIL_H
#define PERSISTENCE_TRAIL_H

#include "base/buf.h"
#include "base/list.h"
#include "persistence/log.h"

struct trail_entry {
	uint64_t seq;
	log_position at;         /* a multiple of eight */
	uint64_t body_bytes;
	bool kept;               /* its end must be logged; false: a record that recovery ignores */
};

struct trail {
	struct list pages;
	uint64_t count;
	uint64_t body_bytes;     /* of all that are in */
};

void trail_init(struct trail *t);

/* Frees the memory; what the entries retain is the caller's business. */
void trail_free(struct trail *t);

/* Adds at the back; seq is above all that are in. */
void trail_push(struct trail *t, struct trail_entry e);

/* Takes the first entry; false when there is none. */
bool trail_pop(struct trail *t, struct trail_entry *out);

/* The first and the last entry's number, left in place; false when there is none. */
bool trail_peek(const struct trail *t, struct trail_entry *out);
bool trail_last(const struct trail *t, uint64_t *seq);

/* All of from is added at the back of to, in no time; its numbers are above those of to. */
void trail_join(struct trail *to, struct trail *from);

/* Appends the whole trail as bytes (nothing of it may have been popped). */
void trail_write(struct buf *out, const struct trail *t);

/* Takes a trail off the front of the bytes, as trail_write made them, and adds it at the back.
 * False when they make no sense: then nothing was added. */
bool trail_read(struct trail *t, struct slice *in);

/* A walk over what is in, page by page: start with a zeroed walk. */
struct trail_walk {
	const struct list *page;
	uint32_t n, at;
	uint64_t seq, position, size;
};

/* The next page: how many entries it has left, their bodies, and bounds of their positions; false
 * at the end. */
bool trail_next_page(const struct trail *t, struct trail_walk *w, uint64_t *n, uint64_t *bytes,
                     log_position *low, log_position *high);

/* The next entry of that page; false at its end. */
bool trail_next(struct trail_walk *w, struct trail_entry *out);

/* Bytes of memory taken. */
size_t trail_footprint(const struct trail *t);

#endif
