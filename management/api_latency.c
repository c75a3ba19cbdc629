/* SPDX-License-Identifier: Apache-2.0 */
/* How long things take, over HTTP: how often since the start which time was not exceeded, and where
 * the query asks for samples (node_stats_age=60&node_stats_incr=5) percentiles of what was between
 * each and the one before, the newest first. */
#include "broker/state.h"
#include "management/api.h"
#include "management/object.h"

static void put_spread(struct buf *out, const struct histogram *h, unsigned us)
{
	object_open_list(out, "spread");
	for (unsigned i = 0; i <= h->scale->n; i++) {
		object_open(out, NULL);
		object_put(out, "most_us",
		           i < h->scale->n ? cell_number(h->scale->bounds[i] * us) : cell_empty());
		object_put(out, "count", cell_number(h->counts[i]));
		object_close(out);
	}
	object_close_list(out);
}

static void put_time(struct buf *out, const char *key, const struct histogram *h, double us)
{
	object_put(out, key, h->count ? cell_number((uint64_t)(us + 0.5)) : cell_empty());
}

static void put_sample(struct buf *out, const struct histogram *h, unsigned us, uint64_t wall_ms)
{
	object_open(out, NULL);
	object_put(out, "timestamp", cell_number(wall_ms));
	object_put(out, "count", cell_number(h->count));
	put_time(out, "p50_us", h, us * histogram_percentile(h, 0.5));
	put_time(out, "p99_us", h, us * histogram_percentile(h, 0.99));
	put_time(out, "max_us", h, us * (double)histogram_most(h));
	object_close(out);
}

static void put_samples(struct buf *out, const struct broker *b, enum latency l,
                        const struct scale *scale, struct stats_span span)
{
	struct histogram h = { .scale = scale };
	struct stats_steps s = stats_steps(b, span, latency_first(b));
	object_open_list(out, "samples");
	for (; s.left; stats_back(&s)) {
		uint64_t before = s.step > s.apart ? s.step - s.apart : 0;
		latency_between(b, l, before, s.step, &h);
		put_sample(out, &h, latency_us(l), sampling_wall_ms(b, s.step));
	}
	object_close_list(out);
}

static void put(struct http_response *r, struct buf *out, enum latency l, const struct histogram *h)
{
	struct stats_span span = r->spans.of[STATS_NODE];
	if (!h->scale)
		return;
	object_open(out, latency_name(l));
	object_put(out, "count", cell_number(h->count));
	object_put(out, "sum_us", cell_number(h->sum * latency_us(l)));
	put_spread(out, h, latency_us(l));
	if (span.incr_ms)
		put_samples(out, r->host->broker, l, h->scale, span);
	object_close(out);
}

enum call_state api_latencies(struct http_response *r, struct buf *out)
{
	struct histogram now[LATENCIES];
	if (!api_is_here(r))
		return http_not_found(r, out);
	if (!api_spans(r, out))
		return CALL_DONE;
	latency_look(r->host->broker, now);
	object_open(out, NULL);
	for (unsigned l = 0; l < LATENCIES; l++)
		put(r, out, l, &now[l]);
	object_close(out);
	return CALL_DONE;
}
