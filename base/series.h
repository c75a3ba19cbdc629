/* SPDX-License-Identifier: Apache-2.0 */
/* A series: what a few numbers were at certain steps of time, the last of them.  A step at which
 * nothing was put had the numbers of the one before, so that what does not change takes nothing.
 * All series of a pool together take so many bytes at most; of those the ones that were put into
 * longest ago go first. */
#ifndef BASE_SERIES_H
#define BASE_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct series_pool {
	struct list all;             /* the one put into longest ago first */
	uint64_t bytes, most_bytes;
};

struct series;

void series_pool_init(struct series_pool *p, uint64_t most_bytes);

/* A series without anything, of rows of n numbers and with room for so many rows at first (0: a
 * few), that is put at *home and goes from there when others need its room; false when there is no
 * room for it and no series that has rested since the step `quiet`. */
bool series_new(struct series_pool *p, struct series **home, size_t n, size_t rows,
                uint64_t quiet);

/* From its home.  NULL there is allowed. */
void series_free(struct series **home);

/* The numbers at that step, which is not before the last one.  What was before the step `from`
 * may be forgotten, but for the last row of that; and older rows when there is no room. */
void series_put(struct series *s, uint64_t step, uint64_t from, const uint64_t *numbers);

/* What the ith number was at a step, or at its first row when that came later. */
uint64_t series_get(const struct series *s, uint64_t step, size_t i);

/* The steps of its first and its last row: there is one. */
uint64_t series_first(const struct series *s);
uint64_t series_last(const struct series *s);

/* Of several with the same numbers, the finer ones first: the first one that goes back to the step,
 * else the one that goes back farthest.  NULL is allowed among them, and the answer if all are. */
const struct series *series_finest(struct series *const *all, size_t n, uint64_t step);

/* Frees those that have rested since the step, some at a time. */
void series_sweep(struct series_pool *p, uint64_t quiet);

#endif
