/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of queues over HTTP, as they are moved, deleted, or put back. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/quantity.h"
#include "broker/manage.h"
#include "broker/moving.h"
#include "broker/state.h"
#include "management/api.h"
#include "management/object.h"
#include "queue/queue.h"

struct move {
	struct moving moving;
	bool over;                   /* but it may not be durable yet */
};

static void end(void *kept)
{
	moving_end(&((struct move *)kept)->moving);
}

static struct move *move_of(struct http_response *r)
{
	return http_keep(r, sizeof(struct move), end);
}

/* ---- how it ends ---- */

/* Why it did not go on, for the answer. */
static void note_reason(struct http_response *r, enum moving_state state)
{
	struct broker *b = r->host->broker;
	buf_clear(&r->room);
	switch (state) {
	case MOVING_BLOCKED:
		buf_printf(&r->room, "publishers are blocked, as memory or disk is short");
		break;
	case MOVING_UNROUTABLE: buf_printf(&r->room, "the next message is routed to no queue"); break;
	case MOVING_FULL:
		buf_printf(&r->room, "a queue has no room for the next message, and refuses what is too "
		                     "much");
		break;
	case MOVING_REFUSED: buf_append_slice(&r->room, buf_slice(&b->text)); break;
	default: break;
	}
}

/* What was done is told of when it is durable. */
static enum call_state tell(struct http_response *r, const struct moving *m, struct buf *out)
{
	if (m->moved == 0 && r->room.len)
		return http_bad_request(r, out, "%.*s", SLICE_ARG(buf_slice(&r->room)));
	if (m->to == MOVING_AWAY)
		return m->moved ? http_status(r, 204) : http_not_found(r, out);
	buf_u8(out, '{');
	object_put(out, "moved", cell_number(m->moved));
	object_put(out, "next", cell_number(m->next));
	if (r->room.len)
		object_put(out, "reason", cell_slice(buf_slice(&r->room)));
	buf_u8(out, '}');
	return CALL_DONE;
}

static enum call_state go_on(struct http_response *r, struct buf *out)
{
	struct move *k = move_of(r);
	struct moving *m = &k->moving;
	enum call_state waits;
	if (!k->over) {
		struct channel *ch = api_client(r, out, &waits);
		enum moving_state state = ch ? moving_go_on(m, ch) : MOVING_WAITS;
		if (!ch && waits != CALL_WAITS)
			return waits;
		if (state == MOVING_GOES_ON)
			return CALL_MORE;
		if (state == MOVING_WAITS)
			return CALL_WAITS;
		if (state == MOVING_REFUSED && m->moved == 0)
			return api_refuse(r, out, m->refusal);
		note_reason(r, state);
		k->over = true;
	}
	return manage_is_durable(r->host->broker, m->wait_for) ? tell(r, m, out) : CALL_WAITS;
}

/* ---- moving ---- */

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

/* False, which was said then: they are no numbers, or too many. */
static bool read_numbers(struct http_response *r, struct buf *out,
                         uint64_t numbers[BROWSE_MOST], struct browse_spec *which)
{
	struct field list, f;
	size_t n = 0;
	bool sound = true;
	if (!table_find(r->body.bytes, "sequences", &list))
		return true;
	sound = list.letter == 'A';
	struct table_walk w = table_walk(list.bytes);
	while (sound && array_next(&w, &f)) {
		sound = field_is_integer(&f) && f.integer > 0 && n < BROWSE_MOST;
		if (sound)
			numbers[n++] = (uint64_t)f.integer;
	}
	if (!sound) {
		http_bad_request(r, out, "sequences has to be a list of up to %d numbers", BROWSE_MOST);
		return false;
	}
	qsort(numbers, n, sizeof *numbers, by_number);
	which->numbers = numbers;
	which->n_numbers = n;
	return true;
}

/* False, which was said then. */
static bool read_target(struct http_response *r, struct buf *out, struct moving_spec *spec)
{
	struct slice queue = http_text(r, "queue"), exchange = http_text(r, "exchange");
	if (!queue.p == !exchange.p) {
		http_bad_request(r, out, "either queue or exchange has to be there");
		return false;
	}
	spec->to = queue.p ? MOVING_TO_QUEUE : MOVING_TO_EXCHANGE;
	spec->target = queue.p ? queue : slice_is(exchange, "amq.default") ? slice_of("", 0) : exchange;
	spec->key = http_text(r, "routing_key");
	if (spec->key.n > 255)
		http_bad_request(r, out, "routing_key has more than 255 bytes");
	return spec->key.n <= 255;
}

static enum call_state begin(struct http_response *r, struct buf *out,
                             const struct moving_spec *spec)
{
	struct slice name = r->parts[1];
	struct queue *q = api_queue_named(r, &name);
	if (!q)
		return http_not_found(r, out);
	moving_begin(&move_of(r)->moving, r->host->broker, q, spec);
	return go_on(r, out);
}

enum call_state api_queue_move(struct http_response *r, struct buf *out)
{
	uint64_t numbers[BROWSE_MOST];
	struct moving_spec spec = { .most = UINT64_MAX, .which = { .below = UINT64_MAX } };
	if (r->begun)
		return go_on(r, out);
	if (!http_read_body(r, out) || !read_target(r, out, &spec) ||
	    !api_read_number(r, out, "from", 0, INT64_MAX, &spec.which.from) ||
	    !api_read_number(r, out, "count", 1, INT64_MAX, &spec.most) ||
	    !read_numbers(r, out, numbers, &spec.which) || !api_read_search(r, out, &spec.which))
		return CALL_DONE;
	return begin(r, out, &spec);
}

enum call_state api_message_delete(struct http_response *r, struct buf *out)
{
	uint64_t seq;
	if (r->begun)
		return go_on(r, out);
	if (!quantity_count(r->parts[2], &seq))
		return http_not_found(r, out);
	struct moving_spec spec = { .to = MOVING_AWAY, .most = 1,
		                        .which = { .from = seq, .below = seq + 1 } };
	return begin(r, out, &spec);
}
