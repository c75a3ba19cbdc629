/* SPDX-License-Identifier: Apache-2.0 */
/* Two kinds of entries end by the clock.  Those that stand in a lane die where they stand: of
 * messages with a time of their own the index of deadlines says number and place; of others, which
 * end by the queue's time to live alone and so in the order in which they stand, the first of each
 * lane says it.  Those that stand aside (live.later: to be tried again; live.held: dead letters
 * that nobody took) count as unacked, and only their deadline leads back to them: where others name
 * a lane, theirs says what is to become of them. */
#include "queue/lifetime.h"

#include "base/die.h"
#include "queue/fetch.h"
#include "queue/queue.h"
#include "queue/shelf.h"
#include "queue/store.h"

enum {
	RECALLS = 64,                 /* of one queue at a time */
	LOOKS = 64,                   /* at deadlines of which the entry is gone, in one call */
	BACK = UINT16_MAX,            /* where deadlines name a lane: the entry is to come back then */
	HELD = BACK - QUEUE_NOTES,    /* ... it is held, with the note that is added to this */
};

#define RETRY_LONGEST_MS 315360000000   /* ten years, as any time to live */

/* ---- what is due ---- */

/* Lanes as deadlines name them: that of all, then one for each priority. */
static uint16_t lane_number(const struct queue *q, const struct lane *l)
{
	const struct live *live = q->live;
	return l == &live->lane ? 0 : (uint16_t)(l - live->levels + 1);
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

void lifetime_note(struct queue *q, const struct lane *l, const struct entry *e)
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

/* The others are stale. */
void lifetime_clear(struct queue *q)
{
	struct live *live = q->live;
	if (lifetime_stands_aside(live))
		return;
	deadlines_free(&live->deadlines);
	ranges_free(&live->plucked);
}

void queue_restore_due(struct queue *q, const struct due *e)
{
	if (!queue_is_live(q))
		return;
	q->live->expires = true;
	add_deadline(q, e);
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

/* ---- standing aside ---- */

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
	const struct lane *l = live->n_levels ? live_level(live, e.message) : &live->lane;
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

/* Their deadlines know their sizes. */
bool lifetime_take_aside(struct queue *q, struct entry *out, uint64_t *body_bytes)
{
	struct live *live = q->live;
	struct due d;
	while (lifetime_stands_aside(live)) {
		if (!deadlines_take(&live->deadlines, QUEUE_NO_DEADLINE - 1, &d))
			continue;
		*body_bytes = d.body_bytes;
		bool held = take_held(live, &d, out);
		if (held)
			portion_add(&live->dead, UINT64_MAX, -d.body_bytes);
		if (held || (d.lane == BACK && take_aside(live, &live->later, &d, out)))
			return true;
	}
	return false;
}

void queue_try_again(struct queue *q, struct entry e)
{
	if (q->deleted)
		queue_settle(q, e);
	else
		queue_put_back(q, e);
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
		queue_put_back(q, e);
	else
		fetch_recall(q, e, d->body_bytes, RECALL_RETRY);
}

/* ---- taking what is due ---- */

/* False when it is there no more. */
static bool take_wherever_it_is(struct queue *q, const struct due *d, struct entry *out)
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
	live_remove_ready(live, out, d->body_bytes);
	live_add_unacked(live, out, d->body_bytes);
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
		if (take_wherever_it_is(q, &d, out))
			return true;
	}
	bool aside = aside_deadline(q) <= due_ms;
	if (aside)
		groups_take_oldest(q, out);
	else if (at > due_ms || !queue_take_from(q, l, out))
		return false;
	*body_bytes = out->message->body_bytes;
	return true;
}
