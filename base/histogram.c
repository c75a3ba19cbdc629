/* SPDX-License-Identifier: Apache-2.0 */
#include "base/histogram.h"

#define SCALE(name, ...)                                                           \
	const struct scale scale_##name = {                                            \
		sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t), { __VA_ARGS__ }    \
	};
#include "base/scales.def"
#undef SCALE

static uint64_t bound(const struct histogram *h, unsigned i)
{
	return h->scale->bounds[i < h->scale->n ? i : h->scale->n - 1];
}

double histogram_percentile(const struct histogram *h, double part)
{
	double left = part * (double)h->count, low = 0;
	for (unsigned i = 0; i <= h->scale->n; i++) {
		double n = (double)h->counts[i], high = (double)bound(h, i);
		if (n > 0 && n >= left)
			return low + (high - low) * left / n;
		left -= n;
		low = high;
	}
	return 0;
}

uint64_t histogram_most(const struct histogram *h)
{
	for (unsigned i = h->scale->n + 1; i > 0; i--)
		if (h->counts[i - 1])
			return bound(h, i - 1);
	return 0;
}
