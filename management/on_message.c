/* SPDX-License-Identifier: Apache-2.0 */
/* Single messages: looked at, moved, deleted, and who holds them. */
#include <inttypes.h>

#include "base/die.h"
#include "base/quantity.h"
#include "broker/channel.h"
#include "broker/manage.h"
#include "broker/state.h"
#include "management/object.h"
#include "management/showing.h"
#include "management/verbs.h"
#include "queue/queue.h"

enum {
	LOOK_MS = 100,               /* between two looks at what is followed */
	COUNT = 10,                  /* messages, when nothing is said */
	SHOWN_BYTES = 60,            /* of a payload in a table ... */
	WHOLE_BYTES = 50000,         /* ... and as JSON */
};

/* ---- rows ---- */

/* Messages in JSON say more than those in columns: such rows are put by hand. */
static void begin_object(struct call *c, struct buf *out)
{
	buf_printf(out, c->told++ && c->options.format == FORMAT_JSON ? ",{" : "{");
}

static enum call_state end_rows(struct call *c, struct buf *out)
{
	grid_end(&c->grid, out);
	return CALL_DONE;
}

/* ---- what is meant ---- */

static struct queue *find(struct call *c, struct slice name)
{
	struct vhost *v = call_vhost(c);
	struct queue *q = v ? topology_queue(&v->topology, name) : NULL;
	if (v && !q)
		call_fail(c, CALL_EXIT_DATA, "no queue '%.*s' in vhost '%.*s'", SLICE_ARG(name),
		          SLICE_ARG(c->vhost));
	return q;
}

/* What is not said stays. */
static bool read_number(struct call *c, struct slice text, const char *what, uint64_t *n)
{
	if (!text.p || quantity_count(text, n))
		return true;
	call_refuse(c, "%s has to be a number.", what);
	return false;
}

static bool read_search(struct call *c, struct browse_spec *spec)
{
	spec->text = c->options.search;
	if (c->options.search.n > BROWSE_TEXT_BYTES)
		call_refuse(c, "The text to look for has more than %d bytes.", BROWSE_TEXT_BYTES);
	return c->options.search.n <= BROWSE_TEXT_BYTES;
}

/* ---- peek ---- */

static void show(struct call *c, struct buf *out, const struct browsed *b)
{
	const struct broker *broker = c->host->broker;
	const struct message *m = b->seen.message;
	struct buf room = { 0 };
	struct cell state = cell_atom(b->unacked ? "unacked" : b->seen.waits ? "waiting" : "ready");
	if (c->options.json) {
		struct showing how = { .truncate = WHOLE_BYTES };
		begin_object(c, out);
		object_put(out, "sequence", cell_number(b->seen.seq));
		object_put(out, "state", state);
		showing_put(out, &broker->store, b, &how, (int64_t)broker->now_ms, &room);
		buf_printf(out, "}\n");
	} else {
		struct cell cells[] = { cell_number(b->seen.seq),
			                    state,
			                    cell_boolean(b->seen.redelivered),
			                    cell_slice(message_exchange(m)),
			                    cell_slice(message_key(m)),
			                    cell_number(m->body_bytes),
			                    cell_slice(showing_body(m, SHOWN_BYTES, &room)) };
		grid_put_row(&c->grid, cells, out);
	}
	buf_free(&room);
}

static const char *const message_names[] = { "sequence", "state", "redelivered", "exchange",
	                                         "routing_key", "payload_bytes", "payload" };

/* rabbitmq-queues names a message by its position, the first being 1. */
static bool begin_peek(struct call *c, struct buf *out)
{
	struct browse_spec spec = { .below = UINT64_MAX, .unacked = c->n == 1 };
	uint64_t position = 0;
	c->most = c->n == 2 ? 1 : COUNT;
	if (!read_number(c, c->options.from, "The number to begin from", &spec.from) ||
	    !read_number(c, c->options.how_many, "The count", &c->most) || !read_search(c, &spec) ||
	    (c->n == 2 && !read_number(c, c->arguments[1], "The position", &position)))
		return false;
	if (c->n == 2 && position == 0)
		call_refuse(c, "The first position is 1.");
	struct queue *q = c->code ? NULL : find(c, c->arguments[0]);
	if (q && q->live->stream)
		call_fail(c, CALL_EXIT_DATA, "queue '%.*s' in vhost '%.*s' is a stream",
		          SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	if (c->code || !q)
		return false;
	c->count = position ? position - 1 : 0;
	call_banner(c, out, "Looking at messages of queue '%.*s' in vhost '%.*s' ...",
	            SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	call_grid(c, out, message_names, ARRAY_LEN(message_names));
	browse_begin(&c->browse, c->host->broker, q, &spec);
	return true;
}

/* count: so many are passed over. */
enum call_state verb_peek(struct call *c, struct buf *out)
{
	struct browsed b;
	if (!c->begun && !begin_peek(c, out))
		return CALL_DONE;
	browse_go_on(&c->browse);
	while (c->most && out->len < PIECE_BYTES) {
		switch (browse_next(&c->browse, &b)) {
		case BROWSE_LATER: return CALL_MORE;
		case BROWSE_WAITS: return CALL_WAITS;
		case BROWSE_END: return end_rows(c, out);
		default: break;
		}
		if (c->count) {
			c->count--;
			continue;
		}
		show(c, out, &b);
		c->most--;
	}
	return c->most ? CALL_MORE : end_rows(c, out);
}

/* ---- tail ---- */

/* Of a stream the numbers are offsets and one. */
static uint64_t next_number(const struct queue *q)
{
	return q->live->stream ? q->live->stream->visible : q->next_seq;
}

static bool begin_tail(struct call *c, struct buf *out)
{
	enum { SECONDS_MAX = 1000000 };
	struct browse_spec spec = { 0 };
	uint64_t s = 0, now_ms = c->host->broker->now_ms;
	c->most = UINT64_MAX;
	c->count = UINT64_MAX;
	if (c->options.duration.p && (!quantity_count(c->options.duration, &s) || s > SECONDS_MAX))
		call_refuse(c, "--duration takes a number of seconds");
	if (c->code || !read_number(c, c->options.from, "The number to begin from", &c->count) ||
	    !read_number(c, c->options.how_many, "The count", &c->most) || !read_search(c, &spec))
		return false;
	const struct queue *q = find(c, c->arguments[0]);
	if (!q || !call_follow(c))
		return false;
	if (c->count == UINT64_MAX)
		c->count = next_number(q);
	c->until_ms = s ? now_ms + s * 1000 : UINT64_MAX;
	call_banner(c, out, "Following queue '%.*s' in vhost '%.*s' ...", SLICE_ARG(c->arguments[0]),
	            SLICE_ARG(c->vhost));
	for (size_t i = 0; i < ARRAY_LEN(message_names); i++)   /* no row is held back */
		grid_measure(&c->grid, i, cell_text(message_names[i]));
	call_grid(c, out, message_names, ARRAY_LEN(message_names));
	return true;
}

/* From where it was; false: the queue is gone, which was said then. */
static bool look_again(struct call *c)
{
	struct browse_spec spec = { .from = c->count, .below = UINT64_MAX, .text = c->options.search };
	struct queue *q = find(c, c->arguments[0]);
	if (!q)
		return false;
	browse_end(&c->browse);
	browse_begin(&c->browse, c->host->broker, q, &spec);
	c->look_ms = 0;
	return true;
}

/* All that is there was shown: in a while there may be more. */
static enum call_state rest(struct call *c, struct buf *out)
{
	uint64_t now_ms = c->host->broker->now_ms;
	if (now_ms >= c->until_ms)
		return end_rows(c, out);
	c->look_ms = now_ms + LOOK_MS;
	return CALL_WAITS;
}

/* count: the number to go on from.  Between two looks look_ms is when the next one is. */
enum call_state verb_tail(struct call *c, struct buf *out)
{
	struct browsed b;
	if (!c->begun && (!begin_tail(c, out) || !look_again(c)))
		return CALL_DONE;
	if (c->look_ms > c->host->broker->now_ms)
		return CALL_WAITS;
	if (c->look_ms && !look_again(c))
		return CALL_DONE;
	browse_go_on(&c->browse);
	while (c->most && out->len < PIECE_BYTES) {
		switch (browse_next(&c->browse, &b)) {
		case BROWSE_LATER: return CALL_MORE;
		case BROWSE_WAITS: return CALL_WAITS;
		case BROWSE_END: return rest(c, out);
		default: break;
		}
		show(c, out, &b);
		c->count = b.seen.seq + 1;
		c->most--;
	}
	return c->most ? CALL_MORE : end_rows(c, out);
}

/* ---- moving and deleting ---- */

static enum call_state refuse_to_move(struct call *c, enum moving_state state)
{
	const char *why = state == MOVING_BLOCKED
	                      ? "publishers are blocked, as memory or disk is short"
	                  : state == MOVING_FULL
	                      ? "a queue has no room for the next message, and refuses what is too much"
	                      : "the next message is routed to no queue";
	struct slice text = state == MOVING_REFUSED ? buf_slice(&c->host->broker->text)
	                                            : slice_str(why);
	return call_fail(c, CALL_EXIT_UNAVAILABLE, "%" PRIu64 " messages were moved, then: %.*s",
	                 c->moving.moved, SLICE_ARG(text));
}

/* It is said when it is durable. */
static enum call_state move_on(struct call *c, const char *done, struct buf *out)
{
	struct moving *m = &c->moving;
	if (!c->told) {
		enum moving_state state = moving_go_on(m, NULL);
		buf_printf(&c->progress, "%s %" PRIu64 " messages", done, m->moved);
		if (state == MOVING_GOES_ON)
			return CALL_MORE;
		if (state == MOVING_WAITS)
			return CALL_WAITS;
		if (state != MOVING_DONE)
			return refuse_to_move(c, state);
		c->told = 1;
	}
	if (m->to == MOVING_AWAY && m->moved == 0)
		return call_fail(c, CALL_EXIT_DATA, "no message %.*s is ready in queue '%.*s'",
		                 SLICE_ARG(c->arguments[1]), SLICE_ARG(c->arguments[0]));
	if (!manage_is_durable(c->host->broker, m->wait_for))
		return CALL_WAITS;
	if (c->options.json)
		buf_printf(out, "{\"messages\":%" PRIu64 "}\n", m->moved);
	else if (!c->options.quiet)
		buf_printf(out, "%s %" PRIu64 " messages\n", done, m->moved);
	return CALL_DONE;
}

enum call_state verb_move(struct call *c, struct buf *out)
{
	struct moving_spec spec = { .to = MOVING_TO_QUEUE, .most = UINT64_MAX,
		                        .which = { .below = UINT64_MAX } };
	if (c->begun)
		return move_on(c, "Moved", out);
	if (!read_number(c, c->options.from, "The number to begin from", &spec.which.from) ||
	    !read_number(c, c->options.how_many, "The count", &spec.most) ||
	    !read_search(c, &spec.which))
		return CALL_DONE;
	struct queue *q = find(c, c->arguments[0]);
	if (!q || !find(c, c->arguments[1]))
		return CALL_DONE;
	spec.target = c->arguments[1];
	call_banner(c, out, "Moving messages of queue '%.*s' to queue '%.*s' in vhost '%.*s' ...",
	            SLICE_ARG(c->arguments[0]), SLICE_ARG(c->arguments[1]), SLICE_ARG(c->vhost));
	moving_begin(&c->moving, c->host->broker, q, &spec);
	return move_on(c, "Moved", out);
}

enum call_state verb_delete_message(struct call *c, struct buf *out)
{
	uint64_t seq = 0;
	if (c->begun)
		return move_on(c, "Deleted", out);
	if (!read_number(c, c->arguments[1], "The number of the message", &seq))
		return CALL_DONE;
	struct queue *q = find(c, c->arguments[0]);
	if (!q)
		return CALL_DONE;
	struct moving_spec spec = { .to = MOVING_AWAY, .most = 1,
		                        .which = { .from = seq, .below = seq + 1 } };
	call_banner(c, out, "Deleting message %" PRIu64 " of queue '%.*s' in vhost '%.*s' ...", seq,
	            SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	moving_begin(&c->moving, c->host->broker, q, &spec);
	return move_on(c, "Deleted", out);
}

/* ---- who holds what ---- */

static const char *const holding_names[] = { "sequence", "delivery_tag", "consumer_tag",
	                                         "connection", "channel", "user", "seconds" };

static void put_holding(struct call *c, struct buf *out, const struct holding *h)
{
	const struct delivery *d = h->delivery;
	const struct connection *con = h->channel->connection;
	struct cell cells[] = {
		cell_number(d->entry.seq),
		cell_number(h->tag),
		cell_slice(d->consumer ? d->consumer->tag : slice_of("", 0)),
		cell_text(con->name),
		cell_number(h->channel->number),
		con->user ? cell_text(con->user) : cell_empty(),
		cell_number(holding_age_ms(h) / 1000),
	};
	grid_put_row(&c->grid, cells, out);
}

enum call_state verb_list_unacked(struct call *c, struct buf *out)
{
	enum roster_answer answer = ROSTER_END;
	struct holding h;
	const struct queue *q = find(c, c->arguments[0]);
	if (!q)
		return CALL_DONE;
	if (!c->begun) {
		call_banner(c, out, "Listing unacknowledged messages of queue '%.*s' in vhost '%.*s' ...",
		            SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
		call_grid(c, out, holding_names, ARRAY_LEN(holding_names));
		holdings_begin(&c->holdings, c->host->broker);
	}
	holdings_go_on(&c->holdings);
	while (out->len < PIECE_BYTES &&
	       (answer = holdings_next(&c->holdings, q, &h)) == ROSTER_ROW)
		put_holding(c, out, &h);
	return answer == ROSTER_END ? end_rows(c, out) : CALL_MORE;
}
