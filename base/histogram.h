/* SPDX-License-Identifier: Apache-2.0 */
/* How often a number was how large: counts between bounds that ascend (scales.def).  Adding costs a
 * few compares and three increments. */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BOUNDS_MAX = 16 };

struct scale {
	unsigned n;
	uint64_t bounds[HISTOGRAM_BOUNDS_MAX];   /* the largest number that counts there */
};

#define SCALE(name, ...) extern const struct scale scale_##name;
#include "base/scales.def"
#undef SCALE

struct histogram {
	const struct scale *scale;
	uint64_t counts[HISTOGRAM_BOUNDS_MAX + 1];   /* the last: of what is above all bounds */
	uint64_t count, sum;
};

static inline void histogram_init(struct histogram *h, const struct scale *s)
{
	*h = (struct histogram){ .scale = s };
}

/* So large, so often. */
static inline void histogram_add(struct histogram *h, uint64_t value, uint64_t times)
{
	unsigned i = 0, n = h->scale->n;
	while (i < n && value > h->scale->bounds[i])
		i++;
	h->counts[i] += times;
	h->count += times;
	h->sum += value * times;
}

/* The number that so large a part of those counted do not exceed, on a straight line between two
 * bounds; what is above all bounds counts as the last of them.  0 when there is none. */
double histogram_percentile(const struct histogram *h, double part);

/* The bound that none of them exceeds, likewise. */
uint64_t histogram_most(const struct histogram *h);

#endif
