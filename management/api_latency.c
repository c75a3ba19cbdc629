/* SPDX-License-Identifier: Apache-2.0 */
/* How long things take, over HTTP: how often since the start which time was not exceeded.  Who asks
 * twice has by subtraction what was between, and percentiles of that. */
#include "base/histogram.h"
#include "broker/state.h"
#include "management/api.h"
#include "management/object.h"

/* parts: of its numbers in a second. */
static void put(struct buf *out, const char *key, const struct histogram *h, unsigned parts)
{
	if (!h || !h->scale)
		return;
	unsigned us = 1000000 / parts;
	object_open(out, key);
	object_put(out, "count", cell_number(h->count));
	object_put(out, "sum_us", cell_number(h->sum * us));
	object_open_list(out, "spread");
	for (unsigned i = 0; i <= h->scale->n; i++) {
		object_open(out, NULL);
		object_put(out, "most_us",
		           i < h->scale->n ? cell_number(h->scale->bounds[i] * us) : cell_empty());
		object_put(out, "count", cell_number(h->counts[i]));
		object_close(out);
	}
	object_close_list(out);
	object_close(out);
}

enum call_state api_latencies(struct http_response *r, struct buf *out)
{
	const struct broker *b = r->host->broker;
	struct log_stats log = { 0 };
	if (!api_is_here(r))
		return http_not_found(r, out);
	if (b->options.log)
		log_stats(b->options.log, &log);
	object_open(out, NULL);
	put(out, "confirm", &b->counters.confirm_ms, 1000);
	put(out, "log_sync", &log.syncs_us, 1000000);
	put(out, "loop_turn", r->host->turns_us, 1000000);
	put(out, "queue_residence", &b->counters.residence_ms, 1000);
	object_close(out);
	return CALL_DONE;
}
