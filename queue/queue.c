/* SPDX-License-Identifier: Apache-2.0 */
/* The life of an entry: queue_push puts it into a lane, queue_take hands it out, by which it
 * becomes unacked, and queue_settle ends it, or queue_return puts it back.  Each of these keeps the
 * numbers of live.h, and an end is told to the log (store_ack).  What comes back from the log is in
 * fetch.c, what ends by the clock in lifetime.c, and what there is of all in tally.c. */
#include "queue/queue.h"

#include "amqp/props.h"
#include "amqp/table.h"
#include "base/die.h"
#include "base/mem.h"
#include "queue/fetch.h"
#include "queue/lifetime.h"
#include "queue/peek.h"
#include "queue/retention.h"
#include "queue/shelf.h"
#include "queue/store.h"

static bool is_true(struct slice arguments, const char *key)
{
	struct field f;
	return table_find(arguments, key, &f) && f.letter == 't' && f.boolean;
}

/* Behind name and arguments, of a queue that has any. */
static struct settings *own_settings(struct queue *q)
{
	size_t at = offsetof(struct queue, bytes) + q->name_n + q->arguments_n;
	return (void *)((char *)q + mem_aligned(at));
}

void queue_set_policy(struct queue *q, const struct settings *policy)
{
	q->settings = policy;
	if (q->arguments_n == 0)
		return;
	struct settings *own = own_settings(q);
	settings_of_arguments(own, queue_arguments(q));
	settings_join(own, policy);
	if (stream_is_asked_for(queue_arguments(q)))
		settings_of_stream(own);
	q->settings = own;
}

static void set_dedup(struct queue *q)
{
	struct slice arguments = queue_arguments(q);
	if (!dedup_is_asked_for(arguments))
		return;
	q->dedup = dedup_new(q->store, arguments, q);
	if (dedup_is_kept(arguments))
		q->dedup->id = q->id;
}

static struct queue *allocate(struct slice name, struct slice arguments)
{
	size_t n = offsetof(struct queue, bytes) + name.n + arguments.n;
	must(name.n <= UINT8_MAX && arguments.n <= UINT32_MAX);
	struct queue *q = mem_zalloc(arguments.n ? mem_aligned(n) + sizeof(struct settings) : n);
	q->name_n = (uint8_t)name.n;
	q->arguments_n = (uint32_t)arguments.n;
	memcpy(q->bytes, name.p, name.n);
	if (arguments.n)
		memcpy(q->bytes + name.n, arguments.p, arguments.n);
	return q;
}

struct queue *queue_new(struct store *s, const struct queue_spec *spec)
{
	struct queue *q = allocate(spec->name, spec->arguments);
	q->live = (struct live *)&live_none;
	q->durable = spec->durable;
	q->auto_delete = spec->auto_delete;
	q->exclusive = spec->exclusive;
	q->owner = spec->owner;
	q->id = spec->id;
	q->store = s;
	q->next_seq = 1;
	q->single = is_true(spec->arguments, "x-single-active-consumer");
	q->counts = settings_are_of_type(spec->arguments, "quorum");
	list_init(&q->link);
	list_init(&q->on_owner);
	list_init(&q->bindings);
	store_know_queue(s, q);
	queue_set_policy(q, &settings_none);
	set_dedup(q);
	if (stream_is_asked_for(spec->arguments))
		live_begin(q);
	if (retention_is_asked_for(spec->arguments) && !spec->id == !spec->retained_id)
		retention_begin(q, spec->retained_id);
	return q;
}

static void bury(struct queue *q)
{
	must(!list_linked(&q->on_owner));
	live_end(q);
	dedup_free(q->dedup);
	ranges_free(&q->gone);
	motion_free(&q->motion);
	mem_free(q);
}

/* An entry leaves for good; what is logged of it is up to the caller. */
static inline void forget(struct queue *q, struct entry *e, uint64_t body_bytes)
{
	if (q->dedup)
		dedup_drop(q->dedup, e->seq, e->message);
	if (e->at)
		log_release(q->store->log, e->at, body_bytes);
	if (e->message)
		message_drop(&e->message);
}

/* What was returned has lower numbers than what is fresh, so no entry that stays has one in
 * between. */
static void drop_lane(struct queue *q, struct lane *l, bool acked)
{
	uint64_t first, last;
	struct entry e;
	fetch_forget(q, l, acked);
	while (lane_pop_returned(l, &e))
		queue_drop(q, e, e.message->body_bytes, acked);
	bool any = lane_range(l, &first, &last);
	if (any && q->dedup)
		dedup_cut(q->dedup, first);
	if (any && acked && queue_is_logged(q)) {
		struct record_range gone = { first, last - first + 1 };
		ranges_add(&q->gone, gone);
		store_ack(q->store, q, gone);
	}
	shelf_bury(q->store, l);
}

/* Of one priority: numbers in between are those of others. */
static void drop_level(struct queue *q, struct lane *l, bool acked)
{
	struct trail_entry c;
	struct entry e;
	fetch_forget(q, l, acked);
	while (lane_pop(l, &e))
		queue_drop(q, e, e.message->body_bytes, acked);
	while (lane_load(l, &c)) {
		e = (struct entry){ .seq = c.seq, .at = c.at, .kept = c.kept };
		queue_drop(q, e, c.body_bytes, acked);
		lane_loaded(l, 1, 0);
	}
	while (lane_pop(l, &e))
		queue_drop(q, e, e.message->body_bytes, acked);
}

/* All ready entries go; acked: the log is to know.  Returns how many there were. */
static uint64_t drop_all(struct queue *q, bool acked)
{
	struct live *live = q->live;
	uint64_t n = queue_ready(q);
	if (!queue_is_live(q))
		return 0;
	queue_stir(q);
	if (live->groups)
		groups_drop(q, acked);
	for (unsigned i = 0; i < live->n_levels; i++)
		drop_level(q, &live->levels[i], acked);
	drop_lane(q, &live->lane, acked);
	live->n_fetches = 0;
	live->ready_bytes = 0;
	live->ready_kept = (struct portion){ 0 };
	lifetime_clear(q);
	must(queue_ready(q) == 0);
	return n;
}

static void drop_aside(struct queue *q)
{
	struct entry e;
	uint64_t body_bytes;
	while (lifetime_take_aside(q, &e, &body_bytes)) {
		live_remove_unacked(q->live, &e, body_bytes);
		forget(q, &e, body_bytes);
	}
}

void queue_delete(struct queue **pq)
{
	struct queue *q = *pq;
	*pq = NULL;
	must(q->live->rotation.count == 0 && list_empty(&q->bindings));
	q->deleted = true;
	q->settings = &settings_none;   /* a policy's may go before it */
	list_remove(&q->on_owner);
	store_forget_queue(q->store, q);
	publishers_drop(q);
	if (queue_is_live(q)) {
		live_leave(q);
		if (q->live->stream)
			stream_end(q->live->stream);
		replay_leave(q);
		if (q->live->retained)
			queue_delete(&q->live->retained);
		drop_aside(q);
		drop_all(q, false);
	}
	if (q->live->unacked == 0)
		bury(q);
}

/* ---- priorities ---- */

struct lane *queue_lane(const struct queue *q, uint16_t number)
{
	return number == 0 ? &q->live->lane : &q->live->levels[number - 1];
}

/* After a start nobody knows yet which message has what priority: they are told apart as they come
 * back, and nothing is handed out before all are. */
static void tell_apart(struct queue *q)
{
	struct live *live = q->live;
	struct entry e;
	while (live->n_levels && lane_pop(&live->lane, &e)) {
		struct lane *l = live_level(live, e.message);
		lane_push(l, e);
		lifetime_note(q, l, &e);
	}
}

struct lane *queue_front(struct queue *q)
{
	struct live *live = q->live;
	tell_apart(q);
	if (lane_count(&live->lane))
		return &live->lane;
	for (unsigned i = live->n_levels; i > 0; i--)
		if (lane_count(&live->levels[i - 1]))
			return &live->levels[i - 1];
	return &live->lane;
}

struct lane *queue_wanted(struct queue *q)
{
	struct lane *front = queue_front(q);
	if (q->settings->ttl_ms < 0 || lane_is_cold(front))
		return front;
	for (unsigned i = 0; i < q->live->n_levels; i++)
		if (lane_is_cold(&q->live->levels[i]))
			return &q->live->levels[i];
	return front;
}

bool queue_front_timestamp(const struct queue *q, uint64_t *out)
{
	const struct live *live = q->live;
	const struct lane *l = &live->lane;
	struct props p;
	for (unsigned i = live->n_levels; i && !lane_count(l); i--)
		l = &live->levels[i - 1];
	const struct message *m = lane_peek(l).message;
	if (!m || !props_decode(message_header(m), &p) || !(p.flags & PROP_timestamp))
		return false;
	*out = p.timestamp;
	return true;
}

void queue_move(struct queue *q)
{
	if (!q->motion) {
		q->motion = motion_new(MOTION_QUEUE, q, &q->stirred);
		q->motion->seen = q->next_seq;
		*motion_told(q->motion) = tally_of(q);
	}
	motion_stir(q->motion, &q->store->stirred);
}

void queue_push(struct queue *q, uint64_t seq, struct message *m)
{
	must(!q->deleted);
	live_begin(q);
	struct live *live = q->live;
	if (live->stream) {
		stream_push(q, seq, m);
		return;
	}
	struct entry e = { .message = message_ref(m), .seq = seq };
	if (queue_is_logged(q) && m->persistent && !m->spilled)   /* a stream may have logged it */
		e.at = m->position;
	e.kept = e.at != 0;
	live_add_ready(live, &e, m->body_bytes);
	struct lane *l = &live->lane;
	if (live->n_levels && !lane_count(l))
		l = live_level(live, m);
	lane_push(l, e);
	if (m->expires || m->delayed)
		lifetime_note(q, l, &e);
	message_count(m, &q->store->resident);
	if (!list_linked(&live->deep) && q->store->log && lane_is_deep(l))
		list_push(&q->store->deep, &live->deep);
}

static void forget_deadlines(struct queue *q)
{
	const struct live *live = q->live;
	if (!live->groups && queue_ready(q) == 0)
		lifetime_clear(q);
}

bool queue_take_from(struct queue *q, struct lane *l, struct entry *out)
{
	struct live *live = q->live;
	queue_stir(q);
	if (!lane_pop(l, out)) {
		fetch_ahead(q);
		return false;
	}
	out->redelivered |= out->seq < live->redelivered_below;
	if (out->seq >= live->delivered_below)
		live->delivered_below = out->seq + 1;
	live_remove_ready(live, out, out->message->body_bytes);
	live_add_unacked(live, out, out->message->body_bytes);
	if (l->cold.count)
		fetch_ahead(q);
	if (live->deadlines.count && lane_count(l) == 0)
		forget_deadlines(q);
	return true;
}

bool queue_take(struct queue *q, struct entry *out)
{
	return queue_take_from(q, queue_front(q), out);
}

void queue_put_back(struct queue *q, struct entry e)
{
	struct live *live = q->live;
	struct lane *l = live->n_levels ? live_level(live, e.message) : &live->lane;
	queue_stir(q);
	e.redelivered = true;
	live_remove_unacked(live, &e, e.message->body_bytes);
	live_add_ready(live, &e, e.message->body_bytes);
	lane_return(l, e);
	lifetime_note(q, l, &e);
}

/* Deadlines may name it still, when others stand around its place in the log. */
static void note_plucked(struct queue *q, const struct entry *e)
{
	int64_t after_ms;
	if (message_due(e->message, &after_ms))
		ranges_add(&q->live->plucked, (struct record_range){ e->seq, 1 });
}

static bool pluck(struct queue *q, const struct peeked *p, struct entry *out)
{
	struct live *live = q->live;
	struct trail_emptied emptied = { 0 };
	for (unsigned i = 0; i <= live->n_levels; i++) {
		struct lane *l = queue_lane(q, (uint16_t)i);
		if (lane_take(l, p->seq, out) || fetch_take(l, p->seq, out))
			return true;
	}
	*out = (struct entry){ .seq = p->seq, .at = p->at, .kept = p->kept };
	if (!p->at || p->waits || ranges_hold(&q->gone, p->seq) || row_find(&live->held, p->seq) ||
	    !lane_take_cold(queue_lane(q, p->lane), p->seq, p->message->body_bytes, &emptied))
		return false;
	shelf_release(q->store, emptied);
	return true;
}

bool queue_take_out(struct queue *q, const struct peeked *p, struct entry *out)
{
	struct live *live = q->live;
	if (!queue_is_live(q) || live->stream)
		return false;
	queue_stir(q);
	if (!pluck(q, p, out))
		return live->aside && groups_take(q, p->seq, out);
	if (!out->message)
		out->message = message_ref(p->message);
	out->redelivered |= out->seq < live->redelivered_below;
	live_remove_ready(live, out, out->message->body_bytes);
	live_add_unacked(live, out, out->message->body_bytes);
	note_plucked(q, out);
	store_wake(q->store, q);
	return true;
}

static bool oldest_is_aside(const struct queue *q)
{
	const struct live *live = q->live;
	struct entry front = lane_peek(&live->lane);
	return live->aside && (!front.message || groups_oldest(live->groups) < front.seq);
}

bool queue_take_lowest(struct queue *q, struct entry *out)
{
	struct live *live = q->live;
	struct lane *l = queue_front(q);
	if (oldest_is_aside(q)) {
		groups_take_oldest(q, out);
		return true;
	}
	for (unsigned i = live->n_levels; i > 0 && l != &live->lane; i--)
		if (lane_count(&live->levels[i - 1]))
			l = &live->levels[i - 1];
	return queue_take_from(q, l, out);
}

/* True when the slot's record can be read back.  What this queue does not keep is never held in a
 * record of queues that do: that may be copied forward for those. */
static bool place_in_log(struct queue *q, const struct lane *l, struct entry *slot,
                         log_position durable)
{
	struct message *m = slot->message;
	if (!slot->at && (!m->spilled || !reclaim_spares(q->store, m->position)))
		m->position = 0;
	if (!m->position)
		store_spill(q->store, m);
	if (!slot->at && m->position < durable) {
		slot->at = m->position;
		log_retain(q->store->log, slot->at, 1, m->body_bytes);
		lifetime_note(q, l, slot);
	}
	return slot->at && slot->at < durable;
}

/* The lowest priority first: it is wanted last. */
static struct lane *coolable(struct queue *q, struct entry **slots, size_t *n)
{
	struct live *live = q->live;
	struct lane *l = &live->lane;
	*slots = lane_coolable(l, n);
	for (unsigned i = 0; !*slots && i < live->n_levels; i++)
		*slots = lane_coolable(l = &live->levels[i], n);
	return l;
}

enum cooled queue_cool(struct queue *q, log_position durable)
{
	size_t n;
	bool all = true;
	struct entry *slots;
	struct lane *l = coolable(q, &slots, &n);
	if (!slots)
		return COOLED_NOTHING;
	for (size_t i = 0; i < n; i++)
		all = place_in_log(q, l, &slots[i], durable) && all;
	if (all) {
		lane_cool(l);
		shelf_look(q->store, q);
	}
	return all ? COOLED_SOME : COOLED_LATER;
}

/* An entry is gone; logged: the log is to be told. */
static inline void note_end(struct queue *q, const struct entry *e, bool logged)
{
	if (q->deleted || !queue_is_logged(q))
		return;
	struct record_range one = { e->seq, 1 };
	ranges_add(&q->gone, one);
	if (logged && e->kept)
		store_ack(q->store, q, one);
}

void queue_drop(struct queue *q, struct entry e, uint64_t body_bytes, bool acked)
{
	queue_stir(q);
	live_remove_ready(q->live, &e, body_bytes);
	if (acked)
		note_end(q, &e, true);
	forget(q, &e, body_bytes);
}

static inline void no_longer_unacked(struct queue *q, const struct entry *e, uint64_t body_bytes)
{
	must(q->live->unacked > 0);
	queue_stir(q);
	live_remove_unacked(q->live, e, body_bytes);
	if (q->live->unacked == 0 && q->deleted)
		bury(q);
}

void queue_return(struct queue *q, struct entry e)
{
	if (q->deleted) {
		queue_give_up(q, e, e.message->body_bytes);
		return;
	}
	e.returns += q->counts;
	queue_put_back(q, e);
}

bool queue_is_spent(const struct queue *q, const struct entry *e)
{
	return q->counts && e->returns >= (uint64_t)q->settings->delivery_limit;
}

void queue_give_up(struct queue *q, struct entry e, uint64_t body_bytes)
{
	note_end(q, &e, true);
	forget(q, &e, body_bytes);
	no_longer_unacked(q, &e, body_bytes);
}

void queue_credit(struct queue *q)
{
	no_longer_unacked(q, &(struct entry){ 0 }, 0);
}

void queue_settle(struct queue *q, struct entry e)
{
	queue_give_up(q, e, e.message->body_bytes);
}

void queue_moved(struct queue *q, struct entry e)
{
	uint64_t body_bytes = e.message->body_bytes;
	note_end(q, &e, false);
	forget(q, &e, body_bytes);
	no_longer_unacked(q, &e, body_bytes);
}

/* What has come back to be tried again is ready but for the reading. */
uint64_t queue_purge(struct queue *q)
{
	return drop_all(q, true) + fetch_forget_retries(q);
}

void queue_restore(struct queue *q, struct trail *t, uint64_t redelivered_below)
{
	must(!q->deleted);
	if (t->count == 0) {
		trail_free(t);
		return;
	}
	live_begin(q);
	q->live->redelivered_below = redelivered_below;
	q->live->ready_bytes += t->body_bytes;
	portion_add(&q->live->ready_kept, t->count, t->body_bytes);
	trail_join(&q->live->lane.cold, t);
	shelf_look(q->store, q);
}

static void check_lane(const struct queue *q, const struct lane *l, uint64_t *hot, uint64_t *bytes)
{
	struct lane_walk w = { 0 };
	struct entry e;
	uint64_t before = *hot;
	while (lane_next(l, &w, &e)) {
		must(e.message && e.message->refs > 0 && e.seq < q->next_seq);
		must(message_is_whole(e.message));
		++*hot;
		*bytes += e.message->body_bytes;
	}
	must(*hot - before + l->n_loading + l->cold.count == lane_count(l));
}

void queue_check(const struct queue *q)
{
	const struct live *live = q->live;
	uint64_t hot = 0, bytes = 0;
	check_lane(q, &live->lane, &hot, &bytes);
	for (unsigned i = 0; i < live->n_levels; i++)
		check_lane(q, &live->levels[i], &hot, &bytes);
	if (live->groups)
		groups_check(q, &hot, &bytes);
	if (live->retained)
		queue_check(live->retained);
	if (q->dedup)
		dedup_check(q->dedup);
	must(bytes <= live->ready_bytes && (hot < queue_ready(q) || bytes == live->ready_bytes));
	must(live->ready_kept.n <= queue_ready(q) && live->ready_kept.bytes <= live->ready_bytes);
	must(live->unacked_kept.n <= live->unacked);
	must(live->unacked_kept.bytes <= live->unacked_bytes);
	must(live->unacked || !live->unacked_bytes);
	must(live->unacked_away.n <= live->unacked);
	must(live->unacked_away.bytes <= live->unacked_bytes);
	must(live->stream || tally_ready_ram(q).n == hot);
	must(live->stream || tally_ready_ram(q).bytes == bytes);
	must(live->held.count <= live->dead.n && live->later.count + live->dead.n <= live->unacked);
	must(live->dead.bytes <= live->unacked_bytes && (live->dead.n || !live->dead.bytes));
	must(live->dead_away.n <= live->dead.n && live->dead_away.bytes <= live->dead.bytes);
	must(live->dead_away.n <= live->unacked_away.n);
	uint32_t consumers = 0;
	list_each(it, &live->rotation.able)
		consumers++;
	list_each(it, &live->rotation.waiting)
		consumers++;
	must(consumers == live->rotation.count);
	must(queue_is_live(q) ? live->queue == q : !queue_ready(q) && !live->unacked && !consumers);
}
