/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of queues and streams over HTTP, as they are looked at: they stay. */
#include <inttypes.h>

#include "broker/browse.h"
#include "broker/channel.h"
#include "broker/names.h"
#include "broker/origin.h"
#include "broker/state.h"
#include "management/api.h"
#include "management/object.h"
#include "management/showing.h"
#include "queue/queue.h"

enum {
	COUNT = 10,                  /* messages, when nothing is said */
	TRUNCATE = 50000,            /* bytes of each payload, likewise */
	ANSWER_BYTES = 16 << 20,     /* of payloads in one answer */
};

struct look {
	struct browse browse;
	uint64_t most, shown;        /* messages */
	uint64_t next;               /* what is behind the last one */
	uint64_t bytes;              /* of payloads */
};

static void end(void *kept)
{
	browse_end(&((struct look *)kept)->browse);
}

/* ---- what is asked for ---- */

static struct slice text_of(struct http_response *r, const char *key)
{
	struct slice s = http_text(r, key);
	return s.p ? s : http_query(r, key);
}

static bool read_where(struct http_response *r, struct buf *out, enum browse_where *where)
{
	static const char *const names[BROWSE_WHERES] = { "any", "routing_key", "properties",
		                                              "headers", "payload" };
	struct slice said = text_of(r, "field");
	*where = BROWSE_ANYWHERE;
	for (int i = 0; said.n && i < BROWSE_WHERES; i++) {
		*where = (enum browse_where)i;
		if (slice_is(said, names[i]))
			return true;
	}
	if (said.n)
		http_bad_request(r, out, "field has to be any, routing_key, properties, headers or "
		                         "payload");
	return !said.n;
}

/* What is none must not pass for nothing: all would be meant. */
static bool is_text(struct http_response *r, struct buf *out, const char *key)
{
	struct field f;
	if (!table_find(r->body.bytes, key, &f) || f.letter == 'S' || f.letter == 'V')
		return true;
	http_bad_request(r, out, "%s has to be a text", key);
	return false;
}

bool api_read_search(struct http_response *r, struct buf *out, struct browse_spec *spec)
{
	if (!is_text(r, out, "field") || !is_text(r, out, "search") ||
	    !read_where(r, out, &spec->where))
		return false;
	spec->text = text_of(r, "search");
	if (spec->text.n > BROWSE_TEXT_BYTES)
		http_bad_request(r, out, "search has more than %d bytes", BROWSE_TEXT_BYTES);
	return spec->text.n <= BROWSE_TEXT_BYTES;
}

bool api_read_number(struct http_response *r, struct buf *out, const char *key, uint64_t least,
                     uint64_t most, uint64_t *n)
{
	struct field f;
	int64_t said;
	if (!table_find(r->body.bytes, key, &f) || f.letter == 'V')
		return true;
	if (!http_number(r, key, &said) || said < 0 || (uint64_t)said < least ||
	    (uint64_t)said > most) {
		http_bad_request(r, out, "%s has to be a number from %" PRIu64 " to %" PRIu64, key, least,
		                 most);
		return false;
	}
	*n = (uint64_t)said;
	return true;
}

/* ---- the answer ---- */

static struct showing how_to_show(const struct http_response *r)
{
	int64_t most;
	struct showing how = { TRUNCATE, slice_is(http_text(r, "encoding"), "base64") };
	if (http_number(r, "truncate", &most) && most >= 0)
		how.truncate = (uint64_t)most;
	return how;
}

static void put(struct http_response *r, struct look *l, struct buf *out, const struct browsed *b)
{
	const struct queue *q = browse_queue(&l->browse);
	const struct broker *broker = r->host->broker;
	struct showing how = how_to_show(r);
	buf_printf(out, "%s{", l->shown++ ? "," : "");
	if (q->live->stream) {
		object_put(out, "offset", cell_number(b->seen.seq - 1));
	} else {
		object_put(out, "sequence", cell_number(b->seen.seq));
		object_put(out, "state", cell_text(b->unacked         ? "unacked"
		                                   : b->seen.waits ? "waiting" : "ready"));
		object_put(out, "message_count", cell_number(queue_ready(q)));
	}
	showing_put(out, &broker->store, b, &how, (int64_t)broker->now_ms, &r->room);
	buf_u8(out, '}');
	l->next = b->seen.seq + 1;
	l->bytes += r->room.len;
}

/* Where to go on, if there may be more. */
static enum call_state finish(const struct look *l, struct buf *out, bool more)
{
	uint64_t next = l->browse.cut ? l->browse.from : l->next;
	const struct queue *q = browse_queue(&l->browse);
	if (more)
		buf_printf(out, "],\"next\":%" PRIu64 "}", next - (q && q->live->stream ? 1 : 0));
	else
		buf_printf(out, "],\"next\":null}");
	return CALL_DONE;
}

static enum call_state go_on(struct http_response *r, struct look *l, struct buf *out)
{
	struct browsed b;
	browse_go_on(&l->browse);
	while (out->len < PIECE_BYTES) {
		if (l->shown == l->most || l->bytes >= ANSWER_BYTES)
			return finish(l, out, true);
		switch (browse_next(&l->browse, &b)) {
		case BROWSE_ITEM: put(r, l, out, &b); break;
		case BROWSE_LATER: return CALL_MORE;
		case BROWSE_WAITS: return CALL_WAITS;
		default: return finish(l, out, l->browse.cut);
		}
	}
	return CALL_MORE;
}

/* The queue of the path, which the user may read; NULL, and the state, if not, or not yet. */
static struct queue *source(struct http_response *r, struct buf *out, enum call_state *state)
{
	struct slice name = r->parts[1];
	struct queue *q = api_queue_named(r, &name);
	struct channel *ch = api_client(r, out, state);
	const struct refusal *why = ch ? names_queue(ch, q ? queue_name(q) : name, RIGHT_READ, &q)
	                               : NULL;
	if (why)
		*state = api_refuse(r, out, why);
	return ch && !why ? q : NULL;
}

static enum call_state begin(struct http_response *r, struct look *l, struct buf *out,
                             struct queue *q, const struct browse_spec *spec)
{
	browse_begin(&l->browse, r->host->broker, q, spec);
	l->next = spec->from;
	buf_printf(out, "{\"messages\":[");
	return go_on(r, l, out);
}

/* ---- peek ---- */

enum call_state api_queue_peek(struct http_response *r, struct buf *out)
{
	struct look *l = http_keep(r, sizeof *l, end);
	struct browse_spec spec = { .below = UINT64_MAX };
	enum call_state state;
	if (l->browse.broker)
		return go_on(r, l, out);
	if (!r->begun && !http_read_body(r, out))
		return CALL_DONE;
	l->most = COUNT;
	if (!api_read_number(r, out, "from", 0, INT64_MAX, &spec.from) ||
	    !api_read_number(r, out, "count", 1, BROWSE_MOST, &l->most))
		return CALL_DONE;
	struct queue *q = source(r, out, &state);
	if (!q)
		return state;
	if (q->live->stream)
		return http_bad_request(r, out, "it is a stream: streams/.../read reads it");
	if (!api_read_search(r, out, &spec))
		return CALL_DONE;
	spec.unacked = http_flag(r, "unacked", true);
	return begin(r, l, out, q, &spec);
}

/* ---- streams ---- */

static bool read_origin(const struct http_response *r, int64_t wall_ms, struct origin *out)
{
	struct field f;
	*out = (struct origin){ .kind = ORIGIN_FIRST };
	if (table_find(r->body.bytes, "timestamp", &f) && f.letter != 'V') {
		if (!field_is_integer(&f) || f.integer < 0)
			return false;
		f = (struct field){ .letter = 'T', .timestamp = (uint64_t)f.integer };
		return origin_read(&f, wall_ms, out);
	}
	return !table_find(r->body.bytes, "offset", &f) || origin_read(&f, wall_ms, out);
}

enum call_state api_stream_read(struct http_response *r, struct buf *out)
{
	struct look *l = http_keep(r, sizeof *l, end);
	struct broker *b = r->host->broker;
	enum call_state state;
	struct origin o;
	if (l->browse.broker)
		return go_on(r, l, out);
	if (!r->begun && !http_read_body(r, out))
		return CALL_DONE;
	l->most = COUNT;
	if (!api_read_number(r, out, "count", 1, BROWSE_MOST, &l->most))
		return CALL_DONE;
	if (!read_origin(r, (int64_t)broker_wall_ms(b), &o))
		return http_bad_request(r, out, "offset has to be first, last, next, a number or a time "
		                        "such as 1h, timestamp a number of seconds");
	struct queue *q = source(r, out, &state);
	if (!q)
		return state;
	struct queue *stream = q->live->retained ? q->live->retained : q;
	if (!stream->live->stream)
		return http_not_found(r, out);
	struct browse_spec spec = { .from = origin_number(stream, &o),
		                        .below = stream->live->stream->visible,
		                        .history = stream != q };
	if (o.kind == ORIGIN_TIME)
		spec.since_ms = o.wall_ms + b->store.clock_offset_ms;
	return api_read_search(r, out, &spec) ? begin(r, l, out, q, &spec) : CALL_DONE;
}
