/* SPDX-License-Identifier: Apache-2.0 */
/* A set of sequence numbers as ascending ranges that lie apart: the messages of a queue that are
 * gone.  Adding at the end, which is what acks in order do, takes no time; anywhere else it costs a
 * search, however many ranges there are. */
#ifndef PERSISTENCE_RANGES_H
#define PERSISTENCE_RANGES_H

#include <stdbool.h>

#include "persistence/record.h"

struct ranges_block;

struct ranges {
	union {
		struct ranges_block *one; /* the only block, when cap is 0 and n_blocks is 1 */
		struct ranges_block **blocks;
	};
	uint32_t n_blocks, cap;
	size_t n;                     /* ranges in all */
};

/* Adds the numbers of r, which may be in already; r.count is not 0. */
void ranges_add(struct ranges *s, struct record_range r);

/* Takes the numbers of r out, as far as they are in; r.count is not 0. */
void ranges_remove(struct ranges *s, struct record_range r);

/* True when the number is in. */
bool ranges_hold(const struct ranges *s, uint64_t seq);

/* The lowest range; false when there is none.  ranges_shift takes it out. */
bool ranges_first(const struct ranges *s, struct record_range *out);
void ranges_shift(struct ranges *s);

/* The next of all ranges: start with a zeroed walk, false at the end. */
struct ranges_walk {
	uint32_t block, at;
};

bool ranges_next(const struct ranges *s, struct ranges_walk *w, struct record_range *out);

/* Frees the memory; it is an empty set afterwards. */
void ranges_free(struct ranges *s);

#endif
