/* SPDX-License-Identifier: Apache-2.0 */
/* Single messages: looked at, moved, deleted, and who holds them. */
#include <inttypes.h>

#include "base/die.h"
#include "base/quantity.h"
#include "broker/browse.h"
#include "broker/channel.h"
#include "broker/holdings.h"
#include "broker/manage.h"
#include "broker/moving.h"
#include "broker/state.h"
#include "management/call.h"
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

/* Which messages, and how many. */
static bool read_range(struct call *c, uint64_t *from, uint64_t *most)
{
	return read_number(c, c->options.from, "The number to begin from", from) &&
	       read_number(c, c->options.how_many, "The count", most);
}

static bool read_search(struct call *c, struct browse_spec *spec)
{
	spec->text = c->options.search;
	if (c->options.search.n > BROWSE_TEXT_BYTES)
		call_refuse(c, "The text to look for has more than %d bytes.", BROWSE_TEXT_BYTES);
	return c->options.search.n <= BROWSE_TEXT_BYTES;
}

/* ---- looking at them ---- */

struct look {
	struct browse browse;
	uint64_t skip;               /* messages that are passed over */
	uint64_t most;               /* ... and that may still be shown */
	uint64_t shown;
	uint64_t next;               /* what is behind the last one: tail goes on from there ... */
	uint64_t look_ms, until_ms;  /* ... then, when all was shown; 0: it is at it; and ends */
};

static void end_look(void *kept)
{
	browse_end(&((struct look *)kept)->browse);
}

static const char *const message_names[] = { "sequence", "state", "redelivered", "exchange",
	                                         "routing_key", "payload_bytes", "payload" };

/* Messages in JSON say more than those in columns: such rows are put by hand. */
static void show_object(struct call *c, bool first, struct buf *out, const struct browsed *b,
                        struct cell state)
{
	const struct broker *broker = c->host->broker;
	struct showing how = { .truncate = WHOLE_BYTES };
	struct buf room = { 0 };
	buf_printf(out, first || c->options.format != FORMAT_JSON ? "{" : ",{");
	object_put(out, "sequence", cell_number(b->seen.seq));
	object_put(out, "state", state);
	showing_put(out, &broker->store, b, &how, (int64_t)broker->now_ms, &room);
	buf_printf(out, "}\n");
	buf_free(&room);
}

static void show_row(struct call *c, struct buf *out, const struct browsed *b, struct cell state)
{
	const struct message *m = b->seen.message;
	struct buf room = { 0 };
	struct cell cells[] = { cell_number(b->seen.seq),
		                    state,
		                    cell_boolean(b->seen.redelivered),
		                    cell_slice(message_exchange(m)),
		                    cell_slice(message_key(m)),
		                    cell_number(m->body_bytes),
		                    cell_slice(showing_body(m, SHOWN_BYTES, &room)) };
	grid_put_row(&c->grid, cells, out);
	buf_free(&room);
}

static void show(struct call *c, struct look *l, struct buf *out, const struct browsed *b)
{
	struct cell state = cell_atom(b->unacked ? "unacked" : b->seen.waits ? "waiting" : "ready");
	if (c->options.json)
		show_object(c, l->shown == 0, out, b, state);
	else
		show_row(c, out, b, state);
	l->next = b->seen.seq + 1;
	l->shown++;
	l->most--;
}

/* CALL_DONE: as many as may be were shown, or all there are. */
static enum call_state look_on(struct call *c, struct look *l, struct buf *out)
{
	struct browsed b;
	browse_go_on(&l->browse);
	while (l->most && out->len < PIECE_BYTES) {
		switch (browse_next(&l->browse, &b)) {
		case BROWSE_LATER: return CALL_MORE;
		case BROWSE_WAITS: return CALL_WAITS;
		case BROWSE_END: return CALL_DONE;
		default: break;
		}
		if (l->skip)
			l->skip--;
		else
			show(c, l, out, &b);
	}
	return l->most ? CALL_MORE : CALL_DONE;
}

/* ---- peek ---- */

/* rabbitmq-queues names a message by its position, the first being 1. */
static bool begin_peek(struct call *c, struct look *l, struct buf *out)
{
	struct browse_spec spec = { .below = UINT64_MAX, .unacked = c->n == 1 };
	uint64_t position = 1;
	l->most = c->n == 2 ? 1 : COUNT;
	if (!read_range(c, &spec.from, &l->most) || !read_search(c, &spec) ||
	    (c->n == 2 && !read_number(c, c->arguments[1], "The position", &position)))
		return false;
	if (position == 0)
		call_refuse(c, "The first position is 1.");
	struct queue *q = c->code ? NULL : find(c, c->arguments[0]);
	if (q && q->live->stream)
		call_fail(c, CALL_EXIT_DATA, "queue '%.*s' in vhost '%.*s' is a stream",
		          SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	if (c->code || !q)
		return false;
	l->skip = position - 1;
	call_banner(c, out, "Looking at messages of queue '%.*s' in vhost '%.*s' ...",
	            SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	call_grid(c, out, message_names, ARRAY_LEN(message_names));
	browse_begin(&l->browse, c->host->broker, q, &spec);
	return true;
}

enum call_state verb_peek(struct call *c, struct buf *out)
{
	struct look *l = call_keep(c, sizeof *l, end_look);
	if (!c->begun && !begin_peek(c, l, out))
		return CALL_DONE;
	enum call_state state = look_on(c, l, out);
	return state == CALL_DONE ? end_rows(c, out) : state;
}

/* ---- tail ---- */

/* Of a stream the numbers are offsets and one. */
static uint64_t next_number(const struct queue *q)
{
	return q->live->stream ? q->live->stream->visible : q->next_seq;
}

static bool begin_tail(struct call *c, struct look *l, struct buf *out)
{
	enum { SECONDS_MAX = 1000000 };
	struct browse_spec spec = { 0 };
	uint64_t s = 0, now_ms = c->host->broker->now_ms;
	struct slice duration = c->options.duration;
	l->most = l->next = UINT64_MAX;
	if (duration.p && (!quantity_count(duration, &s) || s > SECONDS_MAX))
		call_refuse(c, "--duration takes a number of seconds");
	if (c->code || !read_range(c, &l->next, &l->most) || !read_search(c, &spec))
		return false;
	const struct queue *q = find(c, c->arguments[0]);
	if (!q || !call_follow(c))
		return false;
	if (l->next == UINT64_MAX)
		l->next = next_number(q);
	l->until_ms = s ? now_ms + s * 1000 : UINT64_MAX;
	call_banner(c, out, "Following queue '%.*s' in vhost '%.*s' ...", SLICE_ARG(c->arguments[0]),
	            SLICE_ARG(c->vhost));
	for (size_t i = 0; i < ARRAY_LEN(message_names); i++)   /* no row is held back */
		grid_measure(&c->grid, i, cell_text(message_names[i]));
	call_grid(c, out, message_names, ARRAY_LEN(message_names));
	return true;
}

/* From where it was; false: the queue is gone, which was said then. */
static bool look_again(struct call *c, struct look *l)
{
	struct browse_spec spec = { .from = l->next, .below = UINT64_MAX, .text = c->options.search };
	struct queue *q = find(c, c->arguments[0]);
	if (!q)
		return false;
	browse_end(&l->browse);
	browse_begin(&l->browse, c->host->broker, q, &spec);
	l->look_ms = 0;
	return true;
}

/* All that is there was shown: in a while there may be more. */
static enum call_state rest(struct call *c, struct look *l, struct buf *out)
{
	uint64_t now_ms = c->host->broker->now_ms;
	if (now_ms >= l->until_ms)
		return end_rows(c, out);
	l->look_ms = now_ms + LOOK_MS;
	return CALL_WAITS;
}

enum call_state verb_tail(struct call *c, struct buf *out)
{
	struct look *l = call_keep(c, sizeof *l, end_look);
	if (!c->begun && (!begin_tail(c, l, out) || !look_again(c, l)))
		return CALL_DONE;
	if (l->look_ms > c->host->broker->now_ms)
		return CALL_WAITS;
	if (l->look_ms && !look_again(c, l))
		return CALL_DONE;
	enum call_state state = look_on(c, l, out);
	if (state != CALL_DONE)
		return state;
	return l->most ? rest(c, l, out) : end_rows(c, out);
}

/* ---- moving and deleting ---- */

struct move {
	struct moving moving;
	bool over;                   /* but it may not be durable yet */
};

static void end_move(void *kept)
{
	moving_end(&((struct move *)kept)->moving);
}

static enum call_state refuse_to_move(struct call *c, const struct moving *m,
                                      enum moving_state state)
{
	const char *why = state == MOVING_BLOCKED
	                      ? "publishers are blocked, as memory or disk is short"
	                  : state == MOVING_FULL
	                      ? "a queue has no room for the next message, and refuses what is too much"
	                      : "the next message is routed to no queue";
	struct slice text = state == MOVING_REFUSED ? buf_slice(&c->host->broker->text)
	                                            : slice_str(why);
	return call_fail(c, CALL_EXIT_UNAVAILABLE, "%" PRIu64 " messages were moved, then: %.*s",
	                 m->moved, SLICE_ARG(text));
}

/* It is said when it is durable. */
static enum call_state move_on(struct call *c, struct move *k, const char *done, struct buf *out)
{
	struct moving *m = &k->moving;
	if (!k->over) {
		enum moving_state state = moving_go_on(m, NULL);
		buf_printf(&c->progress, "%s %" PRIu64 " messages", done, m->moved);
		if (state == MOVING_GOES_ON)
			return CALL_MORE;
		if (state == MOVING_WAITS)
			return CALL_WAITS;
		if (state != MOVING_DONE)
			return refuse_to_move(c, m, state);
		k->over = true;
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
	struct move *k = call_keep(c, sizeof *k, end_move);
	struct moving_spec spec = { .to = MOVING_TO_QUEUE, .most = UINT64_MAX,
		                        .which = { .below = UINT64_MAX } };
	if (c->begun)
		return move_on(c, k, "Moved", out);
	if (!read_range(c, &spec.which.from, &spec.most) || !read_search(c, &spec.which))
		return CALL_DONE;
	struct queue *q = find(c, c->arguments[0]);
	if (!q || !find(c, c->arguments[1]))
		return CALL_DONE;
	spec.target = c->arguments[1];
	call_banner(c, out, "Moving messages of queue '%.*s' to queue '%.*s' in vhost '%.*s' ...",
	            SLICE_ARG(c->arguments[0]), SLICE_ARG(c->arguments[1]), SLICE_ARG(c->vhost));
	moving_begin(&k->moving, c->host->broker, q, &spec);
	return move_on(c, k, "Moved", out);
}

enum call_state verb_delete_message(struct call *c, struct buf *out)
{
	struct move *k = call_keep(c, sizeof *k, end_move);
	uint64_t seq = 0;
	if (c->begun)
		return move_on(c, k, "Deleted", out);
	if (!read_number(c, c->arguments[1], "The number of the message", &seq))
		return CALL_DONE;
	struct queue *q = find(c, c->arguments[0]);
	if (!q)
		return CALL_DONE;
	struct moving_spec spec = { .to = MOVING_AWAY, .most = 1,
		                        .which = { .from = seq, .below = seq + 1 } };
	call_banner(c, out, "Deleting message %" PRIu64 " of queue '%.*s' in vhost '%.*s' ...", seq,
	            SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	moving_begin(&k->moving, c->host->broker, q, &spec);
	return move_on(c, k, "Deleted", out);
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

static void end_holdings(void *kept)
{
	holdings_end(kept);
}

enum call_state verb_list_unacked(struct call *c, struct buf *out)
{
	struct holdings *all = call_keep(c, sizeof *all, end_holdings);
	enum roster_answer answer = ROSTER_END;
	struct holding h;
	const struct queue *q = find(c, c->arguments[0]);
	if (!q)
		return CALL_DONE;
	if (!c->begun) {
		call_banner(c, out, "Listing unacknowledged messages of queue '%.*s' in vhost '%.*s' ...",
		            SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
		call_grid(c, out, holding_names, ARRAY_LEN(holding_names));
		holdings_begin(all, c->host->broker);
	}
	holdings_go_on(all);
	while (out->len < PIECE_BYTES && (answer = holdings_next(all, q, &h)) == ROSTER_ROW)
		put_holding(c, out, &h);
	return answer == ROSTER_END ? end_rows(c, out) : CALL_MORE;
}
