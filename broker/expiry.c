/* SPDX-License-Identifier: Apache-2.0 */
/* The heap may name a queue too early, after the message it stood there for was taken or after it
 * was used; then it is put back with its next deadline.  It is never late. */
#include "broker/expiry.h"

#include "base/die.h"
#include "broker/dead.h"
#include "broker/delayed.h"
#include "broker/on.h"
#include "broker/state.h"
#include "queue/fetch.h"
#include "queue/queue.h"

enum { TURN_BUDGET = 4096 };

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
		stream_look(q);
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

void expiry_review(struct broker *b, struct queue *q)
{
	place_in_heap(b, q);
}

void expiry_watch(struct broker *b, struct queue *q)
{
	const struct live *live = q->live;
	if (!queue_is_timed(q))
		return;
	if (!heap_linked(&live->deadline) ||
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
		if (!deleted)
			broker_run_queue(b, r.queue);
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

void expiry_run(struct broker *b)
{
	int64_t now = (int64_t)b->now_ms;
	struct queue *q;
	for (int turns = TURN_BUDGET / 64;
	     turns && (q = first(b)) && q->live->deadline_ms <= now; turns--) {
		if (end_of_lease(q) <= now) {
			on_queue_remove(b, q);
			continue;
		}
		if (q->live->stream)
			stream_forget_old(q, now, 64);
		else
			expiry_drop_due(b, q, now, 64);
		place_in_heap(b, q);
		broker_run_queue(b, q);
	}
}

uint64_t expiry_deadline(const struct broker *b)
{
	const struct queue *q = first(b);
	if (!q)
		return UINT64_MAX;
	return q->live->deadline_ms < 0 ? 0 : (uint64_t)q->live->deadline_ms;
}
