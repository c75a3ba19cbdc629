/* SPDX-License-Identifier: Apache-2.0 */
/* The life of an entry: queue_push puts it into a lane, queue_take hands it out, by which it
 * becomes unacked, and queue_settle ends it, or queue_return puts it back.  Each of these keeps the
 * numbers of live.h, and an end is told to the log (store_ack).  What comes back from the log is in
 * fetch.c. */
#include "queue/queue.h"

#include "amqp/props.h"
#include "amqp/table.h"
#include "base/die.h"
#include "base/mem.h"
#include "queue/fetch.h"
#include "queue/peek.h"
#include "queue/retention.h"
#include "queue/shelf.h"
#include "queue/store.h"

enum {
	RECALLS = 64,                 /* of one queue at a time */
	LOOKS = 64,                   /* at deadlines of which the entry is gone, in one call */
	BACK = UINT16_MAX,            /* where deadlines name a lane: the entry is to come back then */
	HELD = BACK - QUEUE_NOTES,    /* ... it is held, with the note that is added to this */
};

#define RETRY_LONGEST_MS 315360000000   /* ten years, as any time to live */

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

static void set_keyring(struct queue *q)
{
	struct slice arguments = queue_arguments(q);
	if (!keyring_is_asked_for(arguments))
		return;
	q->keyring = keyring_new(q->store, arguments, q);
	if (keyring_is_kept(arguments))
		q->keyring->id = q->id;
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
	set_keyring(q);
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
	keyring_free(q->keyring);
	ranges_free(&q->gone);
	motion_free(&q->motion);
	mem_free(q);
}

/* An entry leaves for good; what is logged of it is up to the caller. */
static inline void forget(struct queue *q, struct entry *e, uint64_t body_bytes)
{
	if (q->keyring)
		keyring_drop(q->keyring, e->seq, e->message);
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
	if (any && q->keyring)
		keyring_cut(q->keyring, first);
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

/* Something comes back by its deadline only. */
static bool stands_aside(const struct live *live)
{
	return live->later.count || live->held.count;
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
	if (!stands_aside(live)) {
		deadlines_free(&live->deadlines);
		ranges_free(&live->plucked);
	}
	must(queue_ready(q) == 0);
	return n;
}

/* One that stands aside. */
static bool take_aside(struct live *live, struct row *row, const struct due *d, struct entry *out)
{
	if (!row_take(row, d->seq, out))
		return false;
	if (!out->message)
		portion_add(&live->unacked_away, UINT64_MAX, -d->body_bytes);
	if (!out->message && row == &live->held)
		portion_add(&live->dead_away, UINT64_MAX, -d->body_bytes);
	return true;
}

/* It counts as held until it was tried again. */
static bool take_held(struct live *live, const struct due *d, struct entry *out)
{
	return d->lane >= HELD && d->lane != BACK && take_aside(live, &live->held, d, out);
}

/* What would have come back. Their deadlines know their sizes. */
static void drop_later(struct queue *q)
{
	struct live *live = q->live;
	struct due d;
	struct entry e;
	while (stands_aside(live)) {
		if (!deadlines_take(&live->deadlines, QUEUE_NO_DEADLINE - 1, &d))
			continue;
		bool held = take_held(live, &d, &e);
		if (!held && (d.lane != BACK || !take_aside(live, &live->later, &d, &e)))
			continue;
		if (held)
			portion_add(&live->dead, UINT64_MAX, -d.body_bytes);
		live_settle(live, &e, d.body_bytes);
		forget(q, &e, d.body_bytes);
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
		drop_later(q);
		drop_all(q, false);
	}
	if (q->live->unacked == 0)
		bury(q);
}

struct portion queue_unacked(const struct queue *q)
{
	const struct live *l = q->live;
	if (l->stream)
		return (struct portion){ 0 };
	return (struct portion){ l->unacked - l->dead.n, l->unacked_bytes - l->dead.bytes };
}

struct portion queue_all(const struct queue *q)
{
	const struct live *l = q->live;
	struct portion unacked = queue_unacked(q);
	return (struct portion){ queue_ready(q) + unacked.n + l->dead.n,
		                     l->ready_bytes + unacked.bytes + l->dead.bytes };
}

struct tally queue_tally(const struct queue *q)
{
	const struct live *l = q->live;
	struct portion unacked = queue_unacked(q), kept = { 0 };
	if (!l->stream) {
		kept = l->ready_kept;
		portion_add(&kept, l->unacked_kept.n, l->unacked_kept.bytes);
	}
	return (struct tally){ .ready = queue_ready(q),
		                   .unacked = unacked.n,
		                   .held = l->dead.n,
		                   .lent = l->unacked - l->later.count - l->dead.n,
		                   .ready_bytes = l->ready_bytes,
		                   .unacked_bytes = unacked.bytes,
		                   .held_bytes = l->dead.bytes,
		                   .persistent = kept.n,
		                   .persistent_bytes = kept.bytes };
}

struct portion queue_ready_ram(const struct queue *q)
{
	const struct live *live = q->live;
	struct portion p = { live->aside, live->ready_bytes };
	for (unsigned i = 0; i <= live->n_levels; i++) {
		const struct lane *l = queue_lane(q, (uint16_t)i);
		portion_add(&p, lane_count(l) - l->n_loading - l->cold.count,
		            -(l->cold.body_bytes + fetch_loading_bytes(l)));
	}
	return p;
}

struct portion queue_unacked_ram(const struct queue *q)
{
	const struct live *live = q->live;
	struct portion p = queue_unacked(q);
	portion_add(&p, live->dead_away.n - live->unacked_away.n,
	            live->dead_away.bytes - live->unacked_away.bytes);
	return p;
}

struct portion queue_ram(const struct queue *q)
{
	struct portion p = queue_all(q), away = queue_paged_out(q);
	portion_add(&p, -away.n, -away.bytes);
	return p;
}

/* What is ready and not in memory, and what is neither. */
struct portion queue_paged_out(const struct queue *q)
{
	const struct live *live = q->live;
	struct portion p = live->unacked_away, ram = queue_ready_ram(q);
	portion_add(&p, queue_ready(q) - ram.n, live->ready_bytes - ram.bytes);
	return p;
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

/* ---- deadlines ---- */

/* Lanes as deadlines name them: that of all, then one for each priority. */
static uint16_t lane_number(const struct queue *q, const struct lane *l)
{
	const struct live *live = q->live;
	return l == &live->lane ? 0 : (uint16_t)(l - live->levels + 1);
}

struct lane *queue_lane(const struct queue *q, uint16_t number)
{
	return number == 0 ? &q->live->lane : &q->live->levels[number - 1];
}

static bool is_there(const void *queue, const struct due *d)
{
	const struct live *live = ((const struct queue *)queue)->live;
	if (live->later.count && row_find(&live->later, d->seq))
		return true;
	if (d->lane >= HELD)
		return d->lane < BACK && row_find(&live->held, d->seq);
	if (ranges_hold(&live->plucked, d->seq))
		return false;
	const struct lane *l = d->lane ? &live->levels[d->lane - 1] : &live->lane;
	return lane_has(l, d->seq) || fetch_loads(l, d->seq) ||
	       (live->aside && groups_have(live->groups, d->seq));
}

static void add_deadline(struct queue *q, const struct due *d)
{
	struct live *live = q->live;
	deadlines_add(&live->deadlines, d);
	if (deadlines_are_many(&live->deadlines))
		deadlines_sweep(&live->deadlines, queue_ready(q) + live->later.count + live->held.count,
		                is_there, q);
}

/* The entry is in the lane, and in memory. */
static void note_deadline(struct queue *q, const struct lane *l, const struct entry *e)
{
	struct message *m = e->message;
	int64_t after_ms;
	if (!message_due(m, &after_ms))
		return;
	q->live->expires = true;
	add_deadline(q, &(struct due){ .when_ms = m->published_ms + after_ms,
	                               .seq = e->seq,
	                               .at = e->at,
	                               .body_bytes = m->body_bytes,
	                               .lane = lane_number(q, l),
	                               .kept = e->kept });
}

/* ---- priorities ---- */

static struct lane *level_of(const struct live *live, const struct message *m)
{
	return &live->levels[m->priority < live->n_levels ? m->priority : live->n_levels - 1];
}

/* After a start nobody knows yet which message has what priority: they are told apart as they come
 * back, and nothing is handed out before all are. */
static void tell_apart(struct queue *q)
{
	struct live *live = q->live;
	struct entry e;
	while (live->n_levels && lane_pop(&live->lane, &e)) {
		struct lane *l = level_of(live, e.message);
		lane_push(l, e);
		note_deadline(q, l, &e);
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

void queue_move(struct queue *q)
{
	if (!q->motion) {
		q->motion = motion_new(MOTION_QUEUE, q, &q->stirred);
		q->motion->seen = q->next_seq;
		*motion_told(q->motion) = queue_tally(q);
	}
	motion_stir(q->motion, &q->store->stirred);
}

int64_t queue_entry_deadline(const struct queue *q, struct message *m)
{
	int64_t at = QUEUE_NO_DEADLINE;
	if (q->settings->ttl_ms >= 0)
		at = m->published_ms + q->settings->ttl_ms;
	int64_t after_ms;
	if (message_due(m, &after_ms) && m->published_ms + after_ms < at)
		at = m->published_ms + after_ms;
	return at;
}

/* By its first entry.  It knows of entries that deadlines do not: those that only the queue's time
 * to live ends, which all end in the order in which they stand. */
static int64_t lane_deadline(const struct queue *q, const struct lane *l)
{
	struct message *m = queue_is_timed(q) ? lane_peek(l).message : NULL;
	return m ? queue_entry_deadline(q, m) : QUEUE_NO_DEADLINE;
}

/* Of all first entries the one that is due first. */
static struct lane *soonest(const struct queue *q, int64_t *at)
{
	const struct live *live = q->live;
	const struct lane *first = &live->lane;
	*at = lane_deadline(q, first);
	for (unsigned i = 0; i < live->n_levels; i++) {
		int64_t other = lane_deadline(q, &live->levels[i]);
		first = other < *at ? &live->levels[i] : first;
		*at = other < *at ? other : *at;
	}
	return (struct lane *)first;
}

/* Of what waits for the holder of its group, the oldest. */
static int64_t aside_deadline(const struct queue *q)
{
	const struct live *live = q->live;
	struct message *m = live->aside ? groups_oldest_message(live->groups) : NULL;
	return m && queue_is_timed(q) ? queue_entry_deadline(q, m) : QUEUE_NO_DEADLINE;
}

int64_t queue_deadline(const struct queue *q)
{
	int64_t at = QUEUE_NO_DEADLINE;
	if (!queue_is_timed(q) || queue_is_behind(q))
		return at;
	if (q->live->stream)
		return stream_deadline(q);
	soonest(q, &at);
	int64_t aside = aside_deadline(q);
	at = aside < at ? aside : at;
	int64_t next = q->live->n_recalls < RECALLS ? deadlines_next(&q->live->deadlines) : at;
	return next < at ? next : at;
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
	live_gain(live, &e, m->body_bytes);
	struct lane *l = &live->lane;
	if (live->n_levels && !lane_count(l))
		l = level_of(live, m);
	lane_push(l, e);
	if (m->expires || m->delayed)
		note_deadline(q, l, &e);
	message_count(m, &q->store->resident);
	if (!list_linked(&live->deep) && q->store->log && lane_is_deep(l))
		list_push(&q->store->deep, &live->deep);
}

/* Of an empty queue: all that are left are stale. */
static void forget_deadlines(struct queue *q)
{
	struct live *live = q->live;
	if (!live->groups && !stands_aside(live) && queue_ready(q) == 0) {
		deadlines_free(&live->deadlines);
		ranges_free(&live->plucked);
	}
}

static bool take(struct queue *q, struct lane *l, struct entry *out)
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
	live_lose(live, out, out->message->body_bytes);
	live_lend(live, out, out->message->body_bytes);
	if (l->cold.count)
		fetch_ahead(q);
	if (live->deadlines.count && lane_count(l) == 0)
		forget_deadlines(q);
	return true;
}

bool queue_take(struct queue *q, struct entry *out)
{
	return take(q, queue_front(q), out);
}

static void back_to_place(struct queue *q, struct entry e)
{
	struct live *live = q->live;
	struct lane *l = live->n_levels ? level_of(live, e.message) : &live->lane;
	queue_stir(q);
	e.redelivered = true;
	live_settle(live, &e, e.message->body_bytes);
	live_gain(live, &e, e.message->body_bytes);
	lane_return(l, e);
	note_deadline(q, l, &e);
}

/* It is time to try it again, or once more where it is to go as a dead letter. */
static void come_back(struct queue *q, const struct due *d)
{
	struct entry e;
	if (take_held(q->live, d, &e)) {
		fetch_recall(q, e, d->body_bytes, RECALL_HELD + d->lane - HELD);
		return;
	}
	if (d->lane != BACK || !take_aside(q->live, &q->live->later, d, &e))
		return;
	if (e.message)
		back_to_place(q, e);
	else
		fetch_recall(q, e, d->body_bytes, RECALL_RETRY);
}

/* False when it is there no more. */
static bool take_from_anywhere(struct queue *q, const struct due *d, struct entry *out)
{
	struct live *live = q->live;
	struct trail_emptied emptied = { 0 };
	queue_stir(q);
	if (d->lane >= HELD) {
		come_back(q, d);
		return false;
	}
	if (live->later.count && take_aside(live, &live->later, d, out))
		return true;
	if (ranges_hold(&live->plucked, d->seq))
		return false;
	struct lane *l = queue_lane(q, d->lane);
	*out = (struct entry){ .seq = d->seq, .at = d->at, .kept = d->kept };
	if (!lane_take(l, d->seq, out) && !fetch_take(l, d->seq, out) &&
	    !(d->at && lane_take_cold(l, d->seq, d->body_bytes, &emptied)))
		return live->aside && groups_take(q, d->seq, out);
	shelf_release(q->store, emptied);
	out->redelivered |= out->seq < live->redelivered_below;
	live_lose(live, out, d->body_bytes);
	live_lend(live, out, d->body_bytes);
	return true;
}

bool queue_take_due(struct queue *q, int64_t due_ms, struct entry *out, uint64_t *body_bytes)
{
	struct live *live = q->live;
	int64_t at;
	struct due d;
	if (!queue_is_live(q) || queue_is_behind(q))
		return false;
	struct lane *l = soonest(q, &at);
	int64_t before = at <= due_ms ? at - 1 : due_ms;
	for (int looks = LOOKS; looks && live->n_recalls < RECALLS &&
	                        deadlines_take(&live->deadlines, before, &d); looks--) {
		*body_bytes = d.body_bytes;
		if (take_from_anywhere(q, &d, out))
			return true;
	}
	bool aside = aside_deadline(q) <= due_ms;
	if (aside)
		groups_take_oldest(q, out);
	else if (at > due_ms || !take(q, l, out))
		return false;
	*body_bytes = out->message->body_bytes;
	return true;
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
	live_lose(live, out, out->message->body_bytes);
	live_lend(live, out, out->message->body_bytes);
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
	return take(q, l, out);
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
		note_deadline(q, l, slot);
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
	live_lose(q->live, &e, body_bytes);
	if (acked)
		note_end(q, &e, true);
	forget(q, &e, body_bytes);
}

static inline void no_longer_unacked(struct queue *q, const struct entry *e, uint64_t body_bytes)
{
	must(q->live->unacked > 0);
	queue_stir(q);
	live_settle(q->live, e, body_bytes);
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
	back_to_place(q, e);
}

int64_t queue_retry_ms(const struct queue *q, const struct entry *e, bool failed)
{
	const struct settings *s = q->settings;
	enum retry other = failed ? RETRY_RETURNED : RETRY_FAILED;
	if (s->retry <= RETRY_DISABLED || s->retry == other || s->retry_min_ms <= 0)
		return 0;
	int64_t tries = (int64_t)e->returns + 1;
	int64_t ms = tries > RETRY_LONGEST_MS / s->retry_min_ms ? RETRY_LONGEST_MS
	                                                         : s->retry_min_ms * tries;
	return s->retry_max_ms >= 0 && s->retry_max_ms < ms ? s->retry_max_ms : ms;
}

/* Until then, where the deadline says. */
static struct due stand_aside(struct queue *q, struct row *row, struct entry e, struct due d)
{
	struct store *s = q->store;
	message_count(e.message, &s->resident);   /* it may have been read back */
	d.seq = e.seq;
	d.at = e.at;
	d.kept = e.kept;
	d.body_bytes = e.message->body_bytes;
	if (e.at && e.at < s->durable && s->resident > s->memory_budget) {
		portion_add(&q->live->unacked_away, 1, d.body_bytes);
		if (row == &q->live->held)
			portion_add(&q->live->dead_away, 1, d.body_bytes);
		message_drop(&e.message);
	}
	row_put(row, e);
	q->live->expires = true;
	add_deadline(q, &d);
	return d;
}

void queue_set_aside(struct queue *q, struct entry e, int64_t when_ms)
{
	struct live *live = q->live;
	const struct lane *l = live->n_levels ? level_of(live, e.message) : &live->lane;
	int64_t dies_ms = queue_entry_deadline(q, e.message);
	struct due d = { .when_ms = when_ms, .lane = BACK };
	queue_stir(q);
	e.returns++;
	d = stand_aside(q, &live->later, e, d);
	d.when_ms = dies_ms;
	d.lane = lane_number(q, l);
	if (dies_ms <= when_ms)
		add_deadline(q, &d);
}

void queue_hold(struct queue *q, struct entry e, int64_t when_ms, unsigned note)
{
	must(!q->deleted && note < QUEUE_NOTES);
	struct due d = { .when_ms = when_ms, .lane = (uint16_t)(HELD + note) };
	queue_stir(q);
	portion_add(&q->live->dead, 1, e.message->body_bytes);
	stand_aside(q, &q->live->held, e, d);
}

void queue_try_again(struct queue *q, struct entry e)
{
	if (q->deleted)
		queue_settle(q, e);
	else
		back_to_place(q, e);
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

void queue_restore_due(struct queue *q, const struct due *e)
{
	if (!queue_is_live(q))
		return;
	q->live->expires = true;
	add_deadline(q, e);
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
	if (q->keyring)
		keyring_check(q->keyring);
	must(bytes <= live->ready_bytes && (hot < queue_ready(q) || bytes == live->ready_bytes));
	must(live->ready_kept.n <= queue_ready(q) && live->ready_kept.bytes <= live->ready_bytes);
	must(live->unacked_kept.n <= live->unacked);
	must(live->unacked_kept.bytes <= live->unacked_bytes);
	must(live->unacked || !live->unacked_bytes);
	must(live->unacked_away.n <= live->unacked);
	must(live->unacked_away.bytes <= live->unacked_bytes);
	must(live->stream || queue_ready_ram(q).n == hot);
	must(live->stream || queue_ready_ram(q).bytes == bytes);
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
