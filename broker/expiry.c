/* SPDX-License-Identifier: Apache-2.0 */
/* The heap may name a queue too early, after the message it stood there for was taken; then it is
 * put back with the deadline of the next one.  It is never late. */
#include "broker/expiry.h"

#include "base/die.h"
#include "broker/dead.h"
#include "broker/state.h"
#include "queue/fetch.h"
#include "queue/queue.h"

enum { TURN_BUDGET = 4096 };

static struct queue *first(const struct broker *b)
{
	struct heap_node *n = heap_top(&b->deadlines);
	return n ? list_entry(n, struct queue, deadline) : NULL;
}

static void place_in_heap(struct broker *b, struct queue *q)
{
	if (lane_is_cold(&q->lane))
		fetch_ahead(q);
	q->deadline_ms = queue_deadline(q);
	bool wanted = q->deadline_ms != QUEUE_NO_DEADLINE, there = heap_linked(&q->deadline);
	if (wanted && there)
		heap_move(&b->deadlines, &q->deadline);
	else if (wanted)
		heap_push(&b->deadlines, &q->deadline);
	else if (there)
		heap_remove(&b->deadlines, &q->deadline);
}

void expiry_watch(struct broker *b, struct queue *q)
{
	if (q->timed && (!heap_linked(&q->deadline) || queue_deadline(q) < q->deadline_ms))
		place_in_heap(b, q);
}

void expiry_forget(struct broker *b, struct queue *q)
{
	if (heap_linked(&q->deadline))
		heap_remove(&b->deadlines, &q->deadline);
}

void expiry_drop_front(struct broker *b, struct queue *q, int64_t due_ms, uint32_t max)
{
	struct entry e;
	for (; max && queue_deadline(q) <= due_ms; max--) {
		bool taken = queue_take(q, &e);
		must(taken);
		dead_letter(b, q, e, DEATH_EXPIRED);
	}
}

void expiry_run(struct broker *b)
{
	int64_t now = (int64_t)b->now_ms;
	struct queue *q;
	for (int turns = TURN_BUDGET / 64; turns && (q = first(b)) && q->deadline_ms <= now; turns--) {
		expiry_drop_front(b, q, now, 64);
		place_in_heap(b, q);
	}
}

uint64_t expiry_deadline(const struct broker *b)
{
	const struct queue *q = first(b);
	if (!q)
		return UINT64_MAX;
	return q->deadline_ms < 0 ? 0 : (uint64_t)q->deadline_ms;
}
