/* SPDX-License-Identifier: Apache-2.0 */
#include "management/stats.h"

#include <inttypes.h>

#include "base/die.h"
#include "broker/state.h"

const char *stats_family_name(enum stats_family f)
{
	static const char *const names[] = { [STATS_LENGTHS] = "lengths",
		                                 [STATS_MSG_RATES] = "msg_rates",
		                                 [STATS_DATA_RATES] = "data_rates",
		                                 [STATS_NODE] = "node_stats" };
	return names[f];
}

enum stats_family stats_family_of(uint64_t mask)
{
	uint64_t lowest = mask & -mask;
	if (lowest < STATS_OF(messages_ready))
		return STATS_MSG_RATES;
	if (lowest < STATS_OF(recv_oct))
		return STATS_LENGTHS;
	if (lowest < STATS_OF(connection_created))
		return STATS_DATA_RATES;
	return lowest < STATS_OF(mem_used) ? STATS_MSG_RATES : STATS_NODE;
}

struct stats_steps stats_steps(const struct broker *b, struct stats_span span, uint64_t first)
{
	struct stats_steps s = { 0 };
	uint64_t interval = b->sampling.interval_ms, last = sampling_last(b);
	if (!interval || !span.incr_ms)
		return s;
	s.apart = (span.incr_ms + interval - 1) / interval;
	s.step = last - last % s.apart;
	uint64_t asked = span.age_ms / span.incr_ms;
	uint64_t known = s.step > first ? (s.step - first) / s.apart : 0;
	s.left = 1 + (asked < known ? asked : known);
	return s;
}

void stats_back(struct stats_steps *s)
{
	s->left--;
	s->step -= s->left ? s->apart : 0;
}

static void put_sample(struct buf *out, uint64_t value, uint64_t wall_ms)
{
	buf_printf(out, "%s{\"sample\":%" PRIu64 ",\"timestamp\":%" PRIu64 "}",
	           out->p[out->len - 1] == '[' ? "" : ",", value, wall_ms);
}

/* What there is at the samples asked for: their number, and of these newest, oldest, sum. */
struct view {
	uint64_t n, newest, oldest, sum;
	uint64_t passed_ms;
};

/* Appends them as a list: at multiples of the distance, back from the last step.  m NULL: it was
 * always as it is still. */
static struct view list_samples(struct buf *out, const struct broker *b, const struct motion *m,
                                uint64_t still, uint64_t mask, struct stats_span span)
{
	struct view v = { 0 };
	struct stats_steps s = stats_steps(b, span, sampling_first(b, m));
	buf_u8(out, '[');
	for (; s.left; stats_back(&s)) {
		uint64_t value = m ? sampling_at(b, m, mask, s.step) : still;
		v.newest = v.n ? v.newest : value;
		v.oldest = value;
		v.sum += value;
		v.n++;
		put_sample(out, value, sampling_wall_ms(b, s.step));
	}
	v.passed_ms = v.n ? (v.n - 1) * s.apart * b->sampling.interval_ms : 0;
	buf_u8(out, ']');
	return v;
}

static void put_samples(struct buf *out, const struct broker *b, const struct motion *m,
                        uint64_t still, uint64_t mask, struct stats_span span)
{
	buf_printf(out, ",\"samples\":");
	struct view v = list_samples(out, b, m, still, mask, span);
	buf_printf(out, ",\"avg\":");
	buf_real(out, v.n ? (double)v.sum / (double)v.n : 0);
	buf_printf(out, ",\"avg_rate\":");
	buf_real(out, v.passed_ms ? (double)(int64_t)(v.newest - v.oldest) * 1e3 / (double)v.passed_ms
	                          : 0);
}

static void put_rates(struct buf *out, const struct broker *b, const struct motion *m,
                      uint64_t still, uint64_t mask, const struct stats_spans *spans)
{
	struct stats_span span = spans ? spans->of[stats_family_of(mask)] : (struct stats_span){ 0 };
	buf_printf(out, "{\"rate\":");
	buf_real(out, sampling_rate(b, m, mask));
	if (span.incr_ms)
		put_samples(out, b, m, still, mask, span);
	buf_u8(out, '}');
}

void stats_put_rates(struct buf *out, const struct broker *b, const struct motion *m,
                     uint64_t mask, const struct stats_spans *spans)
{
	put_rates(out, b, m, 0, mask, spans);
}

void stats_put_still(struct buf *out, const struct broker *b, uint64_t value, uint64_t mask,
                     const struct stats_spans *spans)
{
	put_rates(out, b, NULL, value, mask, spans);
}

static void put_key(struct buf *out, const char *key, const char *end)
{
	buf_printf(out, "%s\"%s%s\":", out->p[out->len - 1] == '{' ? "" : ",", key, end);
}

void stats_put(struct buf *out, const char *key, uint64_t value, const struct broker *b,
               const struct motion *m, uint64_t mask, const struct stats_spans *spans)
{
	put_key(out, key, "");
	buf_printf(out, "%" PRIu64, value);
	put_key(out, key, "_details");
	stats_put_rates(out, b, m, mask, spans);
}
