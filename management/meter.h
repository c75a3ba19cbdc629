/* SPDX-License-Identifier: Apache-2.0 */
/* How fast a number changes: between the last two times it was looked at that lie a second or more
 * apart.  A zeroed one has not been looked at. */
#ifndef MANAGEMENT_METER_H
#define MANAGEMENT_METER_H

#include <stdint.h>

enum { METER_LEAST_MS = 1000 };

struct meter {
	uint64_t at_ms, value;
	double rate;                 /* a second; below 0 when it falls */
};

/* The number is this now; returns the rate. */
static inline double meter_read(struct meter *m, uint64_t now_ms, uint64_t value)
{
	uint64_t passed = now_ms - m->at_ms;
	if (m->at_ms && passed < METER_LEAST_MS)
		return m->rate;
	if (m->at_ms)
		m->rate = ((double)value - (double)m->value) * 1e3 / (double)passed;
	m->at_ms = now_ms;
	m->value = value;
	return m->rate;
}

#endif
