/* SPDX-License-Identifier: Apache-2.0 */
/* How long things take: histograms of the broker as a whole, and what these had counted at the
 * steps of its samples (sampling.h), so that who looks has percentiles of what was between any
 * two. */
#ifndef BROKER_LATENCY_H
#define BROKER_LATENCY_H

#include <stddef.h>

#include "base/histogram.h"

struct broker;
struct series;

enum latency {
#define LATENCY(name, parts, histogram) LATENCY_##name,
#include "broker/latencies.def"
#undef LATENCY
	LATENCIES
};

/* Its name, and how many microseconds one of its numbers is. */
const char *latency_name(enum latency l);
unsigned latency_us(enum latency l);

/* All of them as they are now; without a scale: it is not counted. */
void latency_look(const struct broker *b, struct histogram now[LATENCIES]);

/* What was counted after a step and up to a later one, as far back as that is known, into *h,
 * which has its scale; nought of it if nothing is known. */
void latency_between(const struct broker *b, enum latency l, uint64_t from, uint64_t to,
                     struct histogram *h);

/* The first step up to which something is known; UINT64_MAX: there is none. */
uint64_t latency_first(const struct broker *b);

/* Puts what is counted now into the series at *home, at the step that is being taken; what was
 * before the step `from` may be forgotten.  A new series gets room for so many rows. */
void latency_put(struct broker *b, struct series **home, uint64_t from, size_t rows);

#endif
