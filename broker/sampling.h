/* SPDX-License-Identifier: Apache-2.0 */
/* Samples of what goes on: at every step of a few seconds those that moved since the last one are
 * measured, some in each turn.  Series (base/series.h) keep ten minutes of them; of the broker as a
 * whole also a day in coarser steps.  While nothing moves nobody is woken for one: it is taken in a
 * turn that is made anyway. */
#ifndef BROKER_SAMPLING_H
#define BROKER_SAMPLING_H

#include "base/series.h"
#include "broker/latency.h"
#include "queue/motion.h"

struct broker;
struct queue;

enum measure {
#define TRAFFIC(name) MEASURE_##name,
#include "queue/traffic.def"
#undef TRAFFIC
#define MEASURE(name) MEASURE_##name,
#include "broker/measures.def"
#undef MEASURE
	MEASURES
};

enum { SAMPLING_SPANS = 2 };

/* Of the broker, coarser and coarser. */
struct sampling_span {
	struct series *series;
	uint64_t steps;              /* from one row to the next */
	uint64_t rows;
};

struct sampling {
	uint64_t interval_ms;
	uint64_t step;               /* at which those that moved are measured now ... */
	uint64_t done;               /* ... and up to which all are */
	uint64_t begins;             /* what was before is forgotten (sampling_forget) */
	struct list due;             /* struct motion.stirred: to be gathered, then measured ... */
	struct list gathered;        /* ... and while some are to be gathered yet, the others */
	bool gathers;
	uint64_t churn, turns;
	struct series_pool pool, own_pool;   /* the other one is of the broker's series */
	struct motion motion;        /* of the broker */
	struct sampling_span spans[SAMPLING_SPANS];
	struct series *latencies[1 + SAMPLING_SPANS];   /* as fine as motion.series and the spans */
};

/* interval_ms 0: no samples. */
void sampling_init(struct broker *b, uint64_t interval_ms, uint64_t most_bytes);
void sampling_free(struct broker *b);

/* Measures some. */
void sampling_turn(struct broker *b);

/* When sampling_turn has something to do; UINT64_MAX: not before something moves. */
uint64_t sampling_deadline(const struct broker *b);

/* How many measures there are of each kind: the first ones. */
size_t sampling_measures(enum motion_kind kind);

/* The numbers now; of connections, virtual hosts and the broker after counters_settle. */
void sampling_measure(const struct broker *b, const struct motion *m, uint64_t out[MEASURES]);

/* Likewise of a queue, which may have messages and not have moved since the start. */
void sampling_measure_queue(const struct broker *b, const struct queue *q,
                            uint64_t out[MEASURES]);

/* In what part of the looks at the queue a consumer was able to take a message, in per cent; of one
 * at rest as it is now. */
unsigned sampling_capacity(const struct broker *b, const struct queue *q);

/* What the measures in the mask are now, in sum; what they were at a step; and how fast that
 * changed between the last two steps, in a second.  m NULL: it never moved.  What has no samples,
 * because it did not move for long or there was no room for it, was always as it is now. */
uint64_t sampling_now(const struct broker *b, const struct motion *m, uint64_t mask);
uint64_t sampling_at(const struct broker *b, const struct motion *m, uint64_t mask, uint64_t step);
double sampling_rate(const struct broker *b, const struct motion *m, uint64_t mask);

/* The last step up to which all is known, and the first of which something is. */
uint64_t sampling_last(const struct broker *b);
uint64_t sampling_first(const struct broker *b, const struct motion *m);

/* From now on nothing is told of what was before: the rates of all things are nought until the next
 * step, and there are no older samples.  Counts go on. */
void sampling_forget(struct broker *b);

/* For so many seconds samples are kept: span 0 of all that moves, the next ones of the broker as a
 * whole, in coarser steps. */
uint64_t sampling_kept_s(const struct broker *b, unsigned span);

/* The wall clock at a step. */
uint64_t sampling_wall_ms(const struct broker *b, uint64_t step);

#endif
