/* SPDX-License-Identifier: Apache-2.0 */
/* Streams over HTTP, and queues that retain what was acked: where they begin and end, and how far
 * their readers are. */
#include <inttypes.h>

#include "broker/browse.h"
#include "broker/state.h"
#include "management/api.h"
#include "management/object.h"
#include "queue/offsets.h"
#include "queue/queue.h"

enum call_state api_streams(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_STREAMS, NULL);
}

/* ---- one ---- */

static void put_offsets(struct buf *out, const struct queue *stream)
{
	object_open_list(out, "offsets");
	list_each(it, &stream->live->stream->all_offsets) {
		const struct offset *o = list_entry(it, struct offset, link);
		if (o->next == 0)
			continue;
		object_open(out, NULL);
		object_put(out, "name", cell_slice(slice_of(o->name, o->name_n)));
		object_put(out, "offset", cell_integer((int64_t)o->next - 2));
		object_close(out);
	}
	object_close_list(out);
}

static void end(void *kept)
{
	browse_end(kept);
}

/* When the message at the offset was placed, which has to be read: false when it takes longer. */
static bool find_time(struct http_response *r, struct queue *q, uint64_t seq,
                      enum call_state *state)
{
	struct browse *browse = http_keep(r, sizeof *browse, end);
	struct browsed b;
	const struct queue *stream = q->live->retained ? q->live->retained : q;
	struct browse_spec spec = { .from = seq, .below = stream->live->stream->visible,
		                        .history = stream != q };
	if (!browse->broker)
		browse_begin(browse, r->host->broker, q, &spec);
	browse_go_on(browse);
	enum browse_answer answer = browse_next(browse, &b);
	if (answer == BROWSE_LATER || answer == BROWSE_WAITS) {
		*state = answer == BROWSE_LATER ? CALL_MORE : CALL_WAITS;
		return false;
	}
	if (answer == BROWSE_ITEM)
		object_put(&r->room, r->count ? "last_timestamp" : "first_timestamp",
		           cell_integer(b.seen.message->published_ms -
		                        r->host->broker->store.clock_offset_ms));
	browse_end(browse);
	r->count++;
	return true;
}

/* Both times first; where it is empty there are none. */
enum call_state api_stream(struct http_response *r, struct buf *out)
{
	enum call_state state;
	struct slice name = r->parts[1];
	struct queue *q = api_queue_named(r, &name);
	struct roster_row row = { .broker = r->host->broker, .vhost = r->vhost, .queue = q };
	if (!q || (!q->live->stream && !q->live->retained))
		return http_not_found(r, out);
	const struct queue *stream = q->live->retained ? q->live->retained : q;
	if (!r->begun)
		buf_u8(&r->room, '{');
	if (r->count == 0 && !find_time(r, q, stream_first(stream), &state))
		return state;
	if (r->count == 1 && !find_time(r, q, stream->live->stream->visible - 1, &state))
		return state;
	rows_begin(&r->rows, r->host, ROSTER_STREAMS);
	rows_put_open(&r->rows, &row, out);
	if (r->room.len > 1)
		buf_printf(out, ",%.*s", (int)r->room.len - 1, (const char *)r->room.p + 1);
	put_offsets(out, stream);
	buf_u8(out, '}');
	return CALL_DONE;
}
