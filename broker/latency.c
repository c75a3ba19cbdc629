/* SPDX-License-Identifier: Apache-2.0 */
/* A row has the counts of all histograms, one behind the other.  They only grow, so that the
 * difference of any two rows is a histogram, too. */
#include "broker/latency.h"

#include <string.h>

#include "base/die.h"
#include "broker/state.h"

enum {
	COUNTS = HISTOGRAM_BOUNDS_MAX + 1,
	ROW = LATENCIES * COUNTS,
};

const char *latency_name(enum latency l)
{
	static const char *const names[] = {
#define LATENCY(name, parts, histogram) #name,
#include "broker/latencies.def"
#undef LATENCY
	};
	return names[l];
}

unsigned latency_us(enum latency l)
{
	static const unsigned us[] = {
#define LATENCY(name, parts, histogram) 1000000 / (parts),
#include "broker/latencies.def"
#undef LATENCY
	};
	return us[l];
}

void latency_look(const struct broker *b, struct histogram now[LATENCIES])
{
	struct log_stats stats = { 0 }, *log = &stats;
	if (b->options.log)
		log_stats(b->options.log, log);
	const struct histogram *all[] = {
#define LATENCY(name, parts, histogram) histogram,
#include "broker/latencies.def"
#undef LATENCY
	};
	for (unsigned i = 0; i < LATENCIES; i++)
		now[i] = all[i] ? *all[i] : (struct histogram){ 0 };
}

/* Nothing was counted before the broker began. */
void latency_put(struct broker *b, struct series **home, uint64_t from, size_t rows)
{
	struct sampling *s = &b->sampling;
	struct histogram now[LATENCIES];
	uint64_t row[ROW] = { 0 };
	if (!*home) {
		if (!series_new(&s->own_pool, home, ROW, rows, 0))
			return;
		series_put(*home, s->step ? s->step - 1 : 0, 0, row);
	}
	latency_look(b, now);
	for (unsigned i = 0; i < LATENCIES; i++)
		memcpy(row + (size_t)i * COUNTS, now[i].counts, sizeof now[i].counts);
	series_put(*home, s->step, from, row);
}

static const struct series *ring_of(const struct broker *b, uint64_t step)
{
	return series_finest(b->sampling.latencies, ARRAY_LEN(b->sampling.latencies), step);
}

static uint64_t count_at(const struct broker *b, enum latency l, uint64_t step, unsigned i)
{
	return series_get(ring_of(b, step), step, (size_t)l * COUNTS + i);
}

void latency_between(const struct broker *b, enum latency l, uint64_t from, uint64_t to,
                     struct histogram *h)
{
	uint64_t begins = b->sampling.begins;
	histogram_init(h, h->scale);
	from = from > begins ? from : begins;
	if (to <= from || !ring_of(b, to))
		return;
	for (unsigned i = 0; i < COUNTS; i++) {
		uint64_t now = count_at(b, l, to, i), before = count_at(b, l, from, i);
		h->counts[i] = now > before ? now - before : 0;
		h->count += h->counts[i];
	}
}

uint64_t latency_first(const struct broker *b)
{
	const struct series *s = ring_of(b, 0);
	uint64_t begins = b->sampling.begins;
	if (!s)
		return UINT64_MAX;
	return 1 + (series_first(s) > begins ? series_first(s) : begins);
}
