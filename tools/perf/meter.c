/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/perf/meter.h"

#include <time.h>

struct counts counts;

uint64_t meter_now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Below eight each value has a class of its own; then eight classes for each power of two. */
static unsigned class_of(uint64_t us)
{
	if (us < 8)
		return (unsigned)us;
	unsigned power = 63 - (unsigned)__builtin_clzll(us);
	unsigned class = 8 * (power - 2) + (unsigned)(us >> (power - 3) & 7);
	return class < METER_CLASSES ? class : METER_CLASSES - 1;
}

/* The least that belongs to the next class. */
static uint64_t end_of(unsigned class)
{
	if (class < 8)
		return class + 1;
	unsigned power = class / 8 + 2;
	return (uint64_t)(8 + class % 8 + 1) << (power - 3);
}

void meter_add(struct meter *m, uint64_t us)
{
	atomic_fetch_add_explicit(&m->n, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&m->total_us, us, memory_order_relaxed);
	atomic_fetch_add_explicit(&m->classes[class_of(us)], 1, memory_order_relaxed);
}

static void read_meter(struct meter_reading *out, struct meter *m)
{
	out->n = atomic_load_explicit(&m->n, memory_order_relaxed);
	out->total_us = atomic_load_explicit(&m->total_us, memory_order_relaxed);
	for (unsigned i = 0; i < METER_CLASSES; i++)
		out->classes[i] = atomic_load_explicit(&m->classes[i], memory_order_relaxed);
}

void meter_read(struct reading *out)
{
	out->at_us = meter_now_us();
	for (unsigned i = 0; i < COUNTS; i++)
		out->n[i] = atomic_load_explicit(&counts.n[i], memory_order_relaxed);
	read_meter(&out->latency, &counts.latency);
	read_meter(&out->confirm, &counts.confirm);
}

void meter_since(struct meter_reading *out, const struct meter_reading *now,
                 const struct meter_reading *then)
{
	out->n = now->n - then->n;
	out->total_us = now->total_us - then->total_us;
	for (unsigned i = 0; i < METER_CLASSES; i++)
		out->classes[i] = now->classes[i] - then->classes[i];
}

uint64_t meter_quantile_us(const struct meter_reading *m, double percent)
{
	uint64_t all = 0, seen = 0;
	for (unsigned i = 0; i < METER_CLASSES; i++)
		all += m->classes[i];
	for (unsigned i = 0; i < METER_CLASSES && all; i++) {
		seen += m->classes[i];
		if ((double)seen * 100 >= percent * (double)all)
			return end_of(i) - 1;
	}
	return 0;
}
