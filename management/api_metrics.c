/* SPDX-License-Identifier: Apache-2.0 */
/* What is served to Prometheus: its handlers (scrapes.def). */
#include "management/api.h"
#include "management/metrics.h"

static void end(void *kept)
{
	metrics_end(kept);
}

static struct metrics *metrics_of(struct http_response *r)
{
	return http_keep(r, sizeof(struct metrics), end);
}

static enum call_state go_on(struct http_response *r, enum metrics_view view, struct buf *out)
{
	struct metrics *m = metrics_of(r);
	if (!m->host)
		metrics_begin(m, r->host, view);
	r->type = "text/plain; version=0.0.4";
	return metrics_go_on(m, out) ? CALL_MORE : CALL_DONE;
}

enum call_state api_metrics(struct http_response *r, struct buf *out)
{
	return go_on(r, r->host->metrics_per_object ? METRICS_EACH : METRICS_ALL, out);
}

enum call_state api_metrics_per_object(struct http_response *r, struct buf *out)
{
	return go_on(r, METRICS_EACH, out);
}

enum call_state api_metrics_memory(struct http_response *r, struct buf *out)
{
	return go_on(r, METRICS_MEMORY, out);
}

/* False when there are too many. */
static bool choose(struct http_response *r)
{
	struct metrics *m = metrics_of(r);
	struct slice value, rest = r->request->query;
	metrics_begin(m, r->host, METRICS_CHOSEN);
	while ((value = http_query_next(r, "family", &rest)).p)
		metrics_choose(m, value);
	rest = r->request->query;
	while ((value = http_query_next(r, "vhost", &rest)).p)
		if (!metrics_choose_vhost(m, value))
			return false;
	return true;
}

enum call_state api_metrics_detailed(struct http_response *r, struct buf *out)
{
	if (!r->begun && !choose(r))
		return http_bad_request(r, out, "at most %d virtual hosts can be named",
		                        METRICS_VHOSTS_MAX);
	return go_on(r, METRICS_CHOSEN, out);
}
