/* SPDX-License-Identifier: Apache-2.0 */
/* What was measured: samples of the counters at the edges of the window, latencies within it, the
 * processor time of the broker and of everybody else, and every fault that was seen. */
#ifndef TESTS_BENCH_FIGURES_H
#define TESTS_BENCH_FIGURES_H

#include <stdint.h>

enum fault { FAULT_ORDER, FAULT_TAG, FAULT_CONFIRM, FAULT_LOST };

struct figures_sample {
	uint64_t at_us, published, delivered;
	uint64_t least;            /* delivered to whoever got the least since the window began */
	double broker_cpu_s, own_cpu_s, all_cpu_s;
};

void figures_fault(enum fault f);

/* A confirm, or an arrival, so many microseconds after its publish. */
void figures_confirmed(uint64_t us);
void figures_arrived(uint64_t us);

/* So many are done by now: the first, the last and the slowest options.each are told apart. */
void figures_done(uint64_t n);

/* Forgets the latencies so far: the window begins. */
void figures_forget_latency(void);

/* The counters and the clocks now. */
struct figures_sample figures_sample(uint64_t published, uint64_t delivered, uint64_t least);

/* Prints the line: the window [a, b], and from `begin` to `end`, when all had arrived. Returns the
 * exit code: 0 when no fault was seen. */
int figures_print(const struct figures_sample *begin, const struct figures_sample *a,
                  const struct figures_sample *b, const struct figures_sample *end);

#endif
