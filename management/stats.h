/* SPDX-License-Identifier: Apache-2.0 */
/* Measures (broker/sampling.h) as RabbitMQ's clients read them: the number, and beside it
 * {"rate": ...}; where the query asks for samples (msg_rates_age=60&msg_rates_incr=5), also what it
 * was, the newest first. */
#ifndef MANAGEMENT_STATS_H
#define MANAGEMENT_STATS_H

#include "base/buf.h"
#include "broker/sampling.h"

struct broker;

enum stats_family { STATS_LENGTHS, STATS_MSG_RATES, STATS_DATA_RATES, STATS_NODE, STATS_FAMILIES };

enum { STATS_SAMPLES_MAX = 500 };    /* and one, as with RabbitMQ */

/* How far samples go back and how far apart they are, of each family; 0: they are not wanted. */
struct stats_spans {
	struct stats_span {
		uint64_t age_ms, incr_ms;
	} of[STATS_FAMILIES];
};

struct stats_steps {
	uint64_t step, apart;
	uint64_t left;               /* this one and older ones */
};

/* The steps whose samples a span asks for, the newest first: multiples of the distance, back to
 * the first that is known; one at least, unless there are no samples or none are wanted. */
struct stats_steps stats_steps(const struct broker *b, struct stats_span span, uint64_t first);

/* To the next older one. */
void stats_back(struct stats_steps *s);

/* What begins the two keys of a family: "lengths" for lengths_age and lengths_incr. */
const char *stats_family_name(enum stats_family f);

/* The family that a mask of measures belongs to: that of its lowest. */
enum stats_family stats_family_of(uint64_t mask);

#define STATS_OF(name) (1ull << MEASURE_##name)
#define STATS_DELIVER_GET                                                                \
	(STATS_OF(deliver) | STATS_OF(deliver_no_ack) | STATS_OF(get) | STATS_OF(get_no_ack))
#define STATS_MESSAGES                                                      \
	(STATS_OF(messages_ready) | STATS_OF(messages_unacknowledged) | STATS_OF(messages_dlx))

/* Appends {"rate": ...}; spans NULL: without samples. */
void stats_put_rates(struct buf *out, const struct broker *b, const struct motion *m,
                     uint64_t mask, const struct stats_spans *spans);

/* Likewise of what has not moved since the start: it was always this. */
void stats_put_still(struct buf *out, const struct broker *b, uint64_t value, uint64_t mask,
                     const struct stats_spans *spans);

/* Appends "key":value,"key_details":{...} behind what is in an object that is open. */
void stats_put(struct buf *out, const char *key, uint64_t value, const struct broker *b,
               const struct motion *m, uint64_t mask, const struct stats_spans *spans);

#endif
