/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/queue.h"

#include "amqp/table.h"
#include "base/die.h"
#include "base/mem.h"
#include "queue/fetch.h"
#include "queue/shelf.h"
#include "queue/store.h"

static struct slice own(struct slice s)
{
	return slice_of(mem_copy(s), s.n);
}

static bool is_true(struct slice arguments, const char *key)
{
	struct field f;
	return table_find(arguments, key, &f) && f.letter == 't' && f.boolean;
}

static bool is_quorum(struct slice arguments)
{
	struct field f;
	return table_find(arguments, "x-queue-type", &f) && f.letter == 'S' &&
	       slice_is(f.bytes, "quorum");
}

void queue_set_policy(struct queue *q, const struct settings *policy)
{
	settings_of_arguments(&q->settings, q->arguments);
	settings_join(&q->settings, policy);
	q->timed |= q->settings.ttl_ms >= 0;
}

static void init_lane(struct lane *l, const struct store *s)
{
	lane_init(l);
	if (s->page_entries)
		l->cold.page_entries = s->page_entries;
}

static void init_lanes(struct queue *q)
{
	struct field f;
	init_lane(&q->lane, q->store);
	if (!table_find(q->arguments, "x-max-priority", &f) || !field_is_integer(&f) ||
	    f.integer <= 0 || f.integer > 255)
		return;
	q->n_levels = (unsigned)f.integer + 1;
	q->levels = mem_alloc(q->n_levels * sizeof *q->levels);
	for (unsigned i = 0; i < q->n_levels; i++)
		init_lane(&q->levels[i], q->store);
}

struct queue *queue_new(struct store *s, const struct queue_spec *spec)
{
	struct queue *q = mem_zalloc(sizeof *q);
	q->name = own(spec->name);
	q->arguments = own(spec->arguments);
	q->durable = spec->durable;
	q->auto_delete = spec->auto_delete;
	q->exclusive = spec->exclusive;
	q->owner = spec->owner;
	q->id = spec->id;
	q->store = s;
	q->next_seq = 1;
	store_know_queue(s, q);
	init_lanes(q);
	rotation_init(&q->rotation, is_true(q->arguments, "x-single-active-consumer"));
	list_init(&q->runnable);
	list_init(&q->overfull);
	list_init(&q->link);
	list_init(&q->on_owner);
	list_init(&q->bindings);
	list_init(&q->acks_link);
	list_init(&q->long_trail);
	list_init(&q->shelved);
	list_init(&q->deep);
	heap_node_init(&q->hungry);
	list_init(&q->woken);
	list_init(&q->parked);
	heap_node_init(&q->deadline);
	q->counts = is_quorum(q->arguments);
	queue_set_policy(q, &settings_none);
	q->groups = groups_new(q->arguments);
	return q;
}

static void bury(struct queue *q)
{
	must(!list_linked(&q->runnable) && !list_linked(&q->on_owner));
	must(!heap_linked(&q->deadline) && list_empty(&q->parked));
	lane_free(&q->lane);
	for (unsigned i = 0; i < q->n_levels; i++)
		lane_free(&q->levels[i]);
	mem_free(q->levels);
	groups_free(q->groups);
	mem_free((void *)q->name.p);
	mem_free((void *)q->arguments.p);
	mem_free(q->acks);
	ranges_free(&q->gone);
	mem_free(q);
}

/* An entry leaves for good; what is logged of it is up to the caller. */
static void forget(struct queue *q, struct entry *e, uint64_t body_bytes)
{
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
	if (acked && queue_is_logged(q) && lane_range(l, &first, &last)) {
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
	uint64_t n = queue_ready(q);
	if (q->groups)
		groups_drop(q, acked);
	for (unsigned i = 0; i < q->n_levels; i++)
		drop_level(q, &q->levels[i], acked);
	drop_lane(q, &q->lane, acked);
	q->n_fetches = 0;
	q->ready_bytes = 0;
	must(queue_ready(q) == 0);
	return n;
}

void queue_delete(struct queue **pq)
{
	struct queue *q = *pq;
	*pq = NULL;
	must(q->rotation.count == 0 && list_empty(&q->bindings));
	q->deleted = true;
	q->settings = settings_none;   /* a policy's strings may go before it */
	list_remove(&q->runnable);
	list_remove(&q->overfull);
	list_remove(&q->on_owner);
	list_remove(&q->deep);
	fetch_leave(q);
	list_remove(&q->woken);
	store_forget_queue(q->store, q);
	shelf_forget(q);
	drop_all(q, false);
	if (q->unacked == 0)
		bury(q);
}

/* ---- priorities ---- */

static struct lane *level_of(const struct queue *q, const struct message *m)
{
	return &q->levels[m->priority < q->n_levels ? m->priority : q->n_levels - 1];
}

/* After a start nobody knows yet which message has what priority: they are told apart as they come
 * back, and nothing is handed out before all are. */
static void tell_apart(struct queue *q)
{
	struct entry e;
	while (q->n_levels && lane_pop(&q->lane, &e))
		lane_push(level_of(q, e.message), e);
}

struct lane *queue_front(struct queue *q)
{
	tell_apart(q);
	if (lane_count(&q->lane))
		return &q->lane;
	for (unsigned i = q->n_levels; i > 0; i--)
		if (lane_count(&q->levels[i - 1]))
			return &q->levels[i - 1];
	return &q->lane;
}

int64_t queue_entry_deadline(const struct queue *q, const struct message *m)
{
	int64_t at = QUEUE_NO_DEADLINE;
	if (q->settings.ttl_ms >= 0)
		at = m->published_ms + q->settings.ttl_ms;
	if (m->expires) {
		int64_t own = m->published_ms + message_expiration_ms(m);
		at = own < at ? own : at;
	}
	return at;
}

static int64_t lane_deadline(const struct queue *q, const struct lane *l)
{
	const struct message *m = q->timed ? lane_peek(l).message : NULL;
	return m ? queue_entry_deadline(q, m) : QUEUE_NO_DEADLINE;
}

int64_t queue_deadline(const struct queue *q)
{
	int64_t least = lane_deadline(q, &q->lane);
	for (unsigned i = 0; q->timed && i < q->n_levels; i++) {
		int64_t at = lane_deadline(q, &q->levels[i]);
		least = at < least ? at : least;
	}
	return least;
}

void queue_push(struct queue *q, uint64_t seq, struct message *m)
{
	struct entry e = { .message = message_ref(m), .seq = seq };
	must(!q->deleted);
	if (queue_is_logged(q) && !m->spilled)
		e.at = m->position;
	e.kept = e.at != 0;
	q->timed |= m->expires;
	q->ready_bytes += m->body_bytes;
	struct lane *l = q->n_levels && !lane_count(&q->lane) ? level_of(q, m) : &q->lane;
	lane_push(l, e);
	message_count(m, &q->store->resident);
	if (!list_linked(&q->deep) && q->store->log && lane_is_deep(l))
		list_push(&q->store->deep, &q->deep);
}

static bool take(struct queue *q, struct lane *l, struct entry *out)
{
	if (!lane_pop(l, out)) {
		fetch_ahead(q);
		return false;
	}
	out->redelivered |= out->seq < q->redelivered_below;
	if (out->seq >= q->delivered_below)
		q->delivered_below = out->seq + 1;
	q->ready_bytes -= out->message->body_bytes;
	q->unacked++;
	if (l->cold.count)
		fetch_ahead(q);
	return true;
}

bool queue_take(struct queue *q, struct entry *out)
{
	return take(q, queue_front(q), out);
}

void queue_take_due(struct queue *q, int64_t due_ms, struct entry *out)
{
	struct lane *l = &q->lane;
	for (unsigned i = 0; i < q->n_levels && lane_deadline(q, l) > due_ms; i++)
		l = &q->levels[i];
	bool taken = take(q, l, out);
	must(taken);
}

static bool oldest_is_aside(const struct queue *q)
{
	struct entry front = lane_peek(&q->lane);
	return q->aside && (!front.message || groups_oldest(q->groups) < front.seq);
}

bool queue_take_lowest(struct queue *q, struct entry *out)
{
	struct lane *l = queue_front(q);
	if (oldest_is_aside(q)) {
		groups_take_oldest(q, out);
		return true;
	}
	for (unsigned i = q->n_levels; i > 0 && l != &q->lane; i--)
		if (lane_count(&q->levels[i - 1]))
			l = &q->levels[i - 1];
	return take(q, l, out);
}

/* True when the slot's record can be read back.  What this queue does not keep is never held in a
 * record of queues that do: that may be copied forward for those. */
static bool place_in_log(struct queue *q, struct entry *slot, log_position durable)
{
	struct message *m = slot->message;
	if (!slot->at && (!m->spilled || !reclaim_spares(q->store, m->position)))
		m->position = 0;
	if (!m->position)
		store_spill(q->store, m);
	if (!slot->at && m->position < durable) {
		slot->at = m->position;
		log_retain(q->store->log, slot->at, 1, m->body_bytes);
	}
	return slot->at && slot->at < durable;
}

/* The lowest priority first: it is wanted last. */
static struct lane *coolable(struct queue *q, struct entry **slots, size_t *n)
{
	struct lane *l = &q->lane;
	*slots = lane_coolable(l, n);
	for (unsigned i = 0; !*slots && i < q->n_levels; i++)
		*slots = lane_coolable(l = &q->levels[i], n);
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
		all = place_in_log(q, &slots[i], durable) && all;
	if (all) {
		lane_cool(l);
		shelf_look(q->store, q);
	}
	return all ? COOLED_SOME : COOLED_LATER;
}

/* An entry is gone; logged: the log is to be told. */
static void note_end(struct queue *q, const struct entry *e, bool logged)
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
	q->ready_bytes -= body_bytes;
	if (acked)
		note_end(q, &e, true);
	forget(q, &e, body_bytes);
}

static void no_longer_unacked(struct queue *q)
{
	must(q->unacked > 0);
	if (--q->unacked == 0 && q->deleted)
		bury(q);
}

void queue_return(struct queue *q, struct entry e)
{
	if (q->deleted) {
		forget(q, &e, e.message->body_bytes);
	} else {
		e.redelivered = true;
		e.returns += q->counts;
		q->ready_bytes += e.message->body_bytes;
		lane_return(q->n_levels ? level_of(q, e.message) : &q->lane, e);
	}
	no_longer_unacked(q);
}

bool queue_is_spent(const struct queue *q, const struct entry *e)
{
	return q->counts && e->returns >= (uint64_t)q->settings.delivery_limit;
}

void queue_settle(struct queue *q, struct entry e)
{
	note_end(q, &e, true);
	forget(q, &e, e.message->body_bytes);
	no_longer_unacked(q);
}

void queue_moved(struct queue *q, struct entry e)
{
	note_end(q, &e, false);
	forget(q, &e, e.message->body_bytes);
	no_longer_unacked(q);
}

uint64_t queue_purge(struct queue *q)
{
	return drop_all(q, true);
}

void queue_restore(struct queue *q, struct trail *t)
{
	must(!q->deleted);
	q->ready_bytes += t->body_bytes;
	trail_join(&q->lane.cold, t);
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
	uint64_t hot = 0, bytes = 0;
	check_lane(q, &q->lane, &hot, &bytes);
	for (unsigned i = 0; i < q->n_levels; i++)
		check_lane(q, &q->levels[i], &hot, &bytes);
	if (q->groups)
		groups_check(q, &hot, &bytes);
	must(bytes <= q->ready_bytes && (hot < queue_ready(q) || bytes == q->ready_bytes));
	uint32_t consumers = 0;
	list_each(it, &q->rotation.able)
		consumers++;
	list_each(it, &q->rotation.waiting)
		consumers++;
	must(consumers == q->rotation.count);
}
