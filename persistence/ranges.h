/* SPDX-License-Identifier: Apache-2.0 */
/* A set of sequence numbers as ascending ranges that lie apart: the messages of a queue that are
 * gone.  Adding at the end, which is what acks in order do, takes no time. */
#ifndef PERSISTENCE_RANGES_H
#define PERSISTENCE_RANGES_H

#include <stdbool.h>

#include "persistence/record.h"

struct ranges {
	struct record_range *p;
	size_t n, cap;
};

/* Adds the numbers of r, which may be in already; r.count is not 0. */
void ranges_add(struct ranges *s, struct record_range r);

/* True when the number is in. */
bool ranges_hold(const struct ranges *s, uint64_t seq);

/* Takes the first n ranges out. */
void ranges_shift(struct ranges *s, size_t n);

/* Frees the memory; it is an empty set afterwards. */
void ranges_free(struct ranges *s);

#endif
