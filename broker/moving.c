/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/moving.h"

#include "amqp/props.h"
#include "amqp/table.h"
#include "base/mem.h"
#include "broker/channel.h"
#include "broker/names.h"
#include "broker/overflow.h"
#include "broker/refuse.h"
#include "broker/state.h"
#include "queue/place.h"
#include "queue/queue.h"

enum { STEP_MESSAGES = 256, STEP_BYTES = 1 << 20 };

void moving_begin(struct moving *m, struct broker *b, struct queue *q,
                  const struct moving_spec *spec)
{
	struct browse_spec which = spec->which;
	*m = (struct moving){ .to = spec->to,
		                  .target = mem_own(spec->target),
		                  .key = spec->key.p ? mem_own(spec->key) : spec->key,
		                  .most = spec->most,
		                  .next = which.from };
	which.below = q->next_seq < which.below ? q->next_seq : which.below;
	which.unacked = false;
	browse_begin(&m->browse, b, q, &which);
}

void moving_end(struct moving *m)
{
	browse_end(&m->browse);
	mem_disown(m->target);
	mem_disown(m->key);
	m->target = m->key = slice_of(NULL, 0);
}

/* ---- who may ---- */

static const struct refusal *check_target_queue(struct channel *ch, const struct vhost *v,
                                                struct slice name)
{
	const struct queue *q = topology_queue(&v->topology, name);
	const struct refusal *r = NULL;
	if (ch)
		r = rights_check(ch, RIGHT_WRITE, THING_EXCHANGE, slice_of("", 0), 0);
	if (r)
		return r;
	if (!q)
		return names_no_queue(v, name);
	return ch ? names_check_owner(ch, q) : NULL;
}

static const struct refusal *check_target_exchange(struct channel *ch, const struct vhost *v,
                                                   struct slice name)
{
	const struct exchange *x = topology_exchange(&v->topology, name);
	const struct refusal *r = NULL;
	if (ch)
		r = rights_check(ch, RIGHT_WRITE, THING_EXCHANGE, name, x ? x->serial : 0);
	if (r)
		return r;
	if (!x)
		return names_no_exchange(v, name);
	if (x->internal && ch)
		return refuse(v->broker, &ACCESS_REFUSED,
		              "cannot publish to internal exchange '%.*s' in vhost '%.*s'",
		              SLICE_ARG(name), SLICE_ARG(v->name));
	return NULL;
}

static const struct refusal *check(const struct moving *m, struct channel *ch, struct queue *q)
{
	const struct vhost *v = vhost_of(q);
	const struct refusal *r = NULL;
	if (q->live->stream)
		return refuse(v->broker, &NOT_IMPLEMENTED,
		              "queue '%.*s' in vhost '%.*s' is a stream: nothing can be taken from it",
		              SLICE_ARG(queue_name(q)), SLICE_ARG(v->name));
	if (ch)
		r = names_queue(ch, queue_name(q), RIGHT_READ, &q);
	if (!r && m->to == MOVING_TO_QUEUE)
		r = check_target_queue(ch, v, m->target);
	if (!r && m->to == MOVING_TO_EXCHANGE)
		r = check_target_exchange(ch, v, m->target);
	return r;
}

/* ---- one message ---- */

static struct message *changed(const struct moving *m, const struct message *old)
{
	bool elsewhere = m->to == MOVING_TO_EXCHANGE;
	struct slice key = m->key.p ? m->key : message_key(old);
	struct message *now = message_copy(old, elsewhere ? m->target : message_exchange(old),
	                                   elsewhere ? key : message_key(old), message_header(old));
	now->died = old->died;
	now->published_ms = (int64_t)m->browse.broker->now_ms;
	return now;
}

static enum moving_state route(struct moving *m, struct channel *ch, struct topology *t,
                               struct message *now)
{
	struct broker *b = m->browse.broker;
	struct route_set *to = &b->routed_dead;
	struct field cc;
	route_set_clear(to);
	if (m->to == MOVING_TO_QUEUE) {
		route_set_add(to, topology_queue(t, m->target));
		return MOVING_GOES_ON;
	}
	struct exchange *x = topology_exchange(t, m->target);
	struct route r = { .key = message_key(now), .headers = props_headers(message_header(now)),
		               .header = message_header(now), .message = now, .dead = true };
	if (table_find(r.headers, "CC", &cc) && cc.letter == 'A' && !m->key.p)
		r.cc = cc.bytes;
	m->refusal = ch ? rights_check_topic(ch, RIGHT_WRITE, x, r.key) : NULL;
	if (m->refusal)
		return MOVING_REFUSED;
	topology_route(t, x, &r, to);
	return to->n ? MOVING_GOES_ON : MOVING_UNROUTABLE;
}

static void put(struct moving *m, struct queue *q, struct entry e, struct message *now)
{
	struct broker *b = m->browse.broker;
	struct route_set *to = &b->routed_dead;
	place(&b->store, now, to->queues, to->n, NULL);
	quota_placed(to->queues, to->n, now->body_bytes);
	queue_settle(q, e);
	for (size_t i = 0; i < to->n; i++)
		broker_run_queue(b, to->queues[i]);
}

/* The copy is made before the entry is taken: where it cannot go, it stays where it is. */
static enum moving_state move_one(struct moving *m, struct channel *ch, struct queue *q,
                                  const struct peeked *seen)
{
	struct entry e;
	if (m->to == MOVING_AWAY) {
		if (queue_take_out(q, seen, &e)) {
			queue_settle(q, e);
			m->moved++;
		}
		return MOVING_GOES_ON;
	}
	struct message *now = changed(m, seen->message);
	enum moving_state state = route(m, ch, q->topology, now);
	struct broker *b = m->browse.broker;
	if (state == MOVING_GOES_ON && overflow_part(b, now, &b->routed_dead, false))
		state = MOVING_FULL;
	if (state == MOVING_GOES_ON && queue_take_out(q, seen, &e)) {
		put(m, q, e, now);
		m->moved++;
	}
	message_drop(&now);
	return state;
}

/* ---- steps ---- */

static enum moving_state step(struct moving *m, struct channel *ch, struct queue *q)
{
	enum moving_state state = MOVING_GOES_ON;
	struct browsed b;
	uint64_t bytes = 0;
	for (int i = 0; i < STEP_MESSAGES && bytes < STEP_BYTES; i++) {
		if (m->moved == m->most)
			return MOVING_DONE;
		enum browse_answer answer = browse_next(&m->browse, &b);
		if (answer != BROWSE_ITEM)
			return answer == BROWSE_END     ? MOVING_DONE
			       : answer == BROWSE_WAITS ? MOVING_WAITS
			                                : MOVING_GOES_ON;
		bytes += b.seen.message->body_bytes;
		m->next = b.seen.seq;
		if (!b.seen.waits)
			state = move_one(m, ch, q, &b.seen);
		if (state != MOVING_GOES_ON)
			return state;
		m->next++;
	}
	return state;
}

enum moving_state moving_go_on(struct moving *m, struct channel *ch)
{
	struct broker *b = m->browse.broker;
	struct queue *q = browse_queue(&m->browse);
	if (!q)
		return MOVING_DONE;
	m->refusal = check(m, ch, q);
	if (m->refusal)
		return MOVING_REFUSED;
	if (m->to != MOVING_AWAY && broker_is_alarmed(b))
		return MOVING_BLOCKED;
	if (b->pressed && m->to != MOVING_AWAY)
		return MOVING_WAITS;
	browse_go_on(&m->browse);
	store_begin(&b->store);
	enum moving_state state = step(m, ch, q);
	log_position at = store_commit(&b->store);
	m->wait_for = log_later(m->wait_for, at);
	broker_run_queue(b, q);
	return state;
}
