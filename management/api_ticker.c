/* SPDX-License-Identifier: Apache-2.0 */
/* Counters as they move, as server-sent events (ticker.h): GET /api/stream?topics=... */
#include "management/api.h"
#include "management/ticker.h"

static enum call_state refuse(struct http_response *r, struct buf *out)
{
	bool full = r->host->n_tickers >= TICKERS_MAX;
	return http_refuse(r, out, full ? 503 : 400, full ? "too_many_clients" : "bad_request", "%.*s",
	                   SLICE_ARG(buf_slice(&r->room)));
}

static void end(void *kept)
{
	ticker_free(kept);
}

enum call_state api_ticker(struct http_response *r, struct buf *out)
{
	struct ticker **ticker = http_keep(r, sizeof *ticker, end);
	if (!r->begun) {
		*ticker = ticker_new(http_query(r, "topics"), &r->host->n_tickers, &r->room);
		if (!*ticker)
			return refuse(r, out);
		r->type = "text/event-stream";
		buf_printf(out, ": numbers\n\n");
	}
	ticker_tell(*ticker, r->host->broker, r->user, r->now_ms, out);
	return CALL_WAITS;
}
