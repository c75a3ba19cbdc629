/* SPDX-License-Identifier: Apache-2.0 */
/* Cold entries: messages of one queue that are in the log only, first in, first out.  Of each is
 * known its number, where its record is, how large its body is and whether the log must be told of
 * its end: two bytes for most, because numbers, positions and sizes are kept as differences. */
#ifndef QUEUE_COLD_H
#define QUEUE_COLD_H

#include "base/list.h"
#include "persistence/log.h"

struct cold_entry {
	uint64_t seq;
	log_position at;         /* a multiple of eight */
	uint64_t body_bytes;
	bool kept;               /* its end must be logged; false: a record that recovery ignores */
};

struct cold {
	struct list pages;
	uint64_t count;
};

void cold_init(struct cold *c);

/* Frees the memory; what the entries retain is the caller's business. */
void cold_free(struct cold *c);

/* Adds at the back; seq is above all that are in. */
void cold_push(struct cold *c, struct cold_entry e);

/* Takes the first entry; false when there is none. */
bool cold_pop(struct cold *c, struct cold_entry *out);

/* The first entry, left in place; false when there is none. */
bool cold_peek(const struct cold *c, struct cold_entry *out);

/* Bytes of memory taken. */
size_t cold_footprint(const struct cold *c);

#endif
