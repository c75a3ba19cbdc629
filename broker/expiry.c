/* SPDX-License-Identifier: Apache-2.0 */
/* The heap may name a queue too early, after the message it stood there for was taken or after it
 * was used; then it is put back with its next deadline.  It is never late. */
#include "broker/expiry.h"

#include "base/die.h"
#include "broker/dead.h"
#include "broker/delayed.h"
#include "broker/on.h"
#include "broker/parking.h"
#include "broker/state.h"
#include "queue/fetch.h"
#include "queue/queue.h"

/* A million may be due at one moment.  Costs as in broker.deaths, of about a microsecond. */
enum {
	TURN_COST = 1000,            /* from the end of a turn to that of the next, but at least ... */
	RUN_COST = 200,              /* ... in expiry_run ... */
	GET_COST = 16,               /* ... and for each basic.get */
	SLICE = 64,                  /* messages of one queue before the next has its turn */
	LOOK_COST = 250,             /* of one look that only told deadlines apart */
	LEASE_COST = 32,             /* of a queue that goes */
	DEEP = 1 << 16,              /* entries: to take one from their middle costs as much again */
};

static struct queue *first(const struct broker *b)
{
	struct heap_node *n = heap_top(&b->deadlines);
	return n ? list_entry(n, struct live, deadline)->queue : NULL;
}

/* While it has consumers it is in use. */
static int64_t end_of_lease(const struct queue *q)
{
	bool ends = q->settings->lease_ms >= 0 && !q->live->rotation.count;
	return ends ? q->live->used_ms + q->settings->lease_ms : QUEUE_NO_DEADLINE;
}

static int64_t next_deadline(const struct queue *q)
{
	int64_t message = queue_deadline(q), lease = end_of_lease(q);
	return message < lease ? message : lease;
}

/* It is there while it has messages or a lease. */
static void place_in_heap(struct broker *b, struct queue *q)
{
	struct live *live = q->live;
	if (!queue_is_live(q))
		return;
	if (live->stream)
		stream_look(q, (int64_t)b->now_ms);
	else if (queue_is_timed(q) && lane_is_cold(queue_wanted(q)))
		fetch_ahead(q);
	live->deadline_ms = next_deadline(q);
	live->deadline_in = &b->deadlines;
	bool wanted = live->deadline_ms != QUEUE_NO_DEADLINE, there = heap_linked(&live->deadline);
	if (wanted && there)
		heap_move(&b->deadlines, &live->deadline);
	else if (wanted)
		heap_push(&b->deadlines, &live->deadline);
	else if (there)
		heap_remove(&b->deadlines, &live->deadline);
}

void expiry_use(struct broker *b, struct queue *q)
{
	if (q->settings->lease_ms < 0)
		return;
	live_begin(q);
	q->live->used_ms = (int64_t)b->now_ms;
	if (!heap_linked(&q->live->deadline))
		place_in_heap(b, q);
}

/* Who waited to see what is left when all that was due has ended. */
static void wake(struct broker *b, struct queue *q)
{
	if (queue_deadline(q) > (int64_t)b->now_ms && !queue_is_behind(q))
		parking_wake(b, q);
}

void expiry_review(struct broker *b, struct queue *q)
{
	place_in_heap(b, q);
	wake(b, q);
}

void expiry_watch(struct broker *b, struct queue *q)
{
	const struct live *live = q->live;
	bool stands = heap_linked(&live->deadline);
	if (!queue_is_timed(q) || (stands && live->deadline_ms <= (int64_t)b->now_ms))
		return;
	if (!stands ||
	    (queue_may_end_before(q, live->deadline_ms) && queue_deadline(q) < live->deadline_ms))
		place_in_heap(b, q);
}

void expiry_forget(struct broker *b, struct queue *q)
{
	if (heap_linked(&q->live->deadline))
		heap_remove(&b->deadlines, &q->live->deadline);
}

/* It has its message. */
static void leave(struct broker *b, struct queue *q, struct entry e)
{
	if (q->waits_in)
		delayed_fire(b, q, e);
	else
		dead_letter(b, q, e, DEATH_EXPIRED);
}

/* In order: what is at hand does not overtake what is being read back. */
static void end_one(struct broker *b, struct queue *q, struct entry e, uint64_t body_bytes)
{
	b->deaths += 1 + queue_ready(q) / DEEP;
	if (!q->settings->dead_exchange.p && !q->waits_in)
		queue_give_up(q, e, body_bytes);
	else if (e.message && q->live->n_recalls == 0)
		leave(b, q, e);
	else
		fetch_recall(q, e, body_bytes, RECALL_DUE);
}

void expiry_drop_due(struct broker *b, struct queue *q, int64_t due_ms, uint32_t max)
{
	struct entry e;
	uint64_t body_bytes;
	for (; max && queue_take_due(q, due_ms, &e, &body_bytes); max--)
		end_one(b, q, e, body_bytes);
}

/* How far the costs may go. */
static uint64_t budget(const struct broker *b, uint64_t least)
{
	uint64_t until = b->deaths_before + TURN_COST;
	return until > b->deaths + least ? until : b->deaths + least;
}

bool expiry_catch_up(struct broker *b, struct queue *q)
{
	int64_t now = (int64_t)b->now_ms;
	uint64_t until = budget(b, GET_COST), before;
	do {
		before = b->deaths;
		expiry_drop_due(b, q, now, GET_COST);
	} while (b->deaths != before && b->deaths < until);
	if (b->deaths != before && queue_deadline(q) <= now) {
		place_in_heap(b, q);
		return false;
	}
	return !queue_is_behind(q);
}

void expiry_collect(struct broker *b)
{
	struct recalled r;
	while (fetch_recalled(&b->store, &r)) {
		bool deleted = r.queue->deleted;
		if (r.entry.message && r.why == RECALL_RETRY)
			queue_try_again(r.queue, r.entry);
		else if (r.entry.message && r.why >= RECALL_HELD)
			dead_letter_again(b, r.queue, r.entry, r.why - RECALL_HELD);
		else if (r.entry.message)
			leave(b, r.queue, r.entry);
		else
			queue_give_up(r.queue, r.entry, r.body_bytes);
		if (!deleted) {
			broker_run_queue(b, r.queue);
			wake(b, r.queue);
		}
	}
}

bool expiry_is_due(const struct queue *q, const struct entry *e, int64_t due_ms)
{
	return queue_is_timed(q) && queue_entry_deadline(q, e->message) <= due_ms;
}

void expiry_drop(struct broker *b, struct queue *q, struct entry *e, struct group *g)
{
	if (g)
		groups_pass(q, g);
	end_one(b, q, *e, e->message->body_bytes);
}

/* Where more is due it stands behind who is due as well, whatever its messages were due at. */
static void drop_some(struct broker *b, struct queue *q)
{
	int64_t now = (int64_t)b->now_ms;
	uint64_t before = b->deaths;
	if (q->live->stream)
		stream_forget_old(q, now, SLICE);
	else
		expiry_drop_due(b, q, now, SLICE);
	place_in_heap(b, q);
	struct live *live = q->live;
	bool more = heap_linked(&live->deadline) && live->deadline_ms <= now;
	if (more) {
		live->deadline_ms = now;
		heap_move(&b->deadlines, &live->deadline);
	}
	if (b->deaths == before)
		b->deaths += more ? LOOK_COST : 1;
	wake(b, q);
	broker_run_queue(b, q);
}

void expiry_run(struct broker *b)
{
	uint64_t until = budget(b, RUN_COST);
	struct queue *q;
	while (b->deaths < until && (q = first(b)) && q->live->deadline_ms <= (int64_t)b->now_ms) {
		if (end_of_lease(q) <= (int64_t)b->now_ms) {
			on_queue_remove(b, q);
			b->deaths += LEASE_COST;
		} else {
			drop_some(b, q);
		}
	}
}

uint64_t expiry_deadline(const struct broker *b)
{
	const struct queue *q = first(b);
	if (!q)
		return UINT64_MAX;
	return q->live->deadline_ms < 0 ? 0 : (uint64_t)q->live->deadline_ms;
}
