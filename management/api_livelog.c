/* SPDX-License-Identifier: Apache-2.0 */
/* The log as it is written, as server-sent events: the last lines first. */
#include "management/api.h"
#include "management/livelog.h"

enum { LINES_AT_ONCE = 64 };

static void put_line(struct buf *out, const struct livelog_line *line)
{
	buf_printf(out, "event: line\ndata: ");
	livelog_put(out, line);
	buf_printf(out, "\n\n");
}

/* count: number of the next line. */
enum call_state api_livelog(struct http_response *r, struct buf *out)
{
	const struct livelog_line *line;
	if (!r->begun) {
		r->type = "text/event-stream";
		buf_printf(out, ": the log\n\n");
	}
	for (int i = 0; i < LINES_AT_ONCE; i++) {
		if (!(line = livelog_read(r->host->livelog, &r->count))) {
			if (http_is_quiet(r, out))
				buf_printf(out, ":\n\n");
			return CALL_WAITS;
		}
		put_line(out, line);
	}
	return CALL_MORE;
}
