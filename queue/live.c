/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/live.h"

#include "amqp/table.h"
#include "base/die.h"
#include "base/mem.h"
#include "base/slab.h"
#include "queue/fetch.h"
#include "queue/queue.h"
#include "queue/shelf.h"
#include "queue/store.h"

enum {
	LOOKS_A_TURN = 1000,         /* a tenth of a millisecond */
	ROUND_MS = 1000,
	LOOKS_A_MS = 100,            /* of many: a hundredth of the time */
};

#define EMPTY(l) { (struct list *)&live_none.l, (struct list *)&live_none.l }

const struct live live_none = {
	.lane = { .loading = EMPTY(lane.loading),
	          .cold = { .pages = EMPTY(lane.cold.pages), .rest = EMPTY(lane.cold.rest) } },
	.rotation = { .able = EMPTY(rotation.able),
	              .waiting = EMPTY(rotation.waiting),
	              .favoured = EMPTY(rotation.favoured) },
	.runnable = EMPTY(runnable),
	.overfull = EMPTY(overfull),
	.deep = EMPTY(deep),
	.to_fetch = { HEAP_NOWHERE },
	.recalls = EMPTY(recalls),
	.woken = EMPTY(woken),
	.parked = EMPTY(parked),
	.deadline = { HEAP_NOWHERE },
	.long_trail = EMPTY(long_trail),
	.shelved = EMPTY(shelved),
	.acks_link = EMPTY(acks_link),
	.link = EMPTY(link),
};

/* ---- beginning ---- */

static void init_lane(struct lane *l, const struct store *s)
{
	lane_init(l);
	if (s->page_entries)
		l->cold.page_entries = s->page_entries;
}

static void init_lanes(struct live *live, const struct queue *q)
{
	struct field f;
	init_lane(&live->lane, q->store);
	if (!table_find(queue_arguments(q), "x-max-priority", &f) || !field_is_integer(&f) ||
	    f.integer <= 0 || f.integer > 255)
		return;
	live->n_levels = (unsigned)f.integer + 1;
	live->levels = mem_alloc(live->n_levels * sizeof *live->levels);
	for (unsigned i = 0; i < live->n_levels; i++)
		init_lane(&live->levels[i], q->store);
}

static void init_lists(struct live *live)
{
	list_init(&live->runnable);
	list_init(&live->overfull);
	list_init(&live->deep);
	heap_node_init(&live->to_fetch);
	list_init(&live->recalls);
	list_init(&live->woken);
	list_init(&live->parked);
	heap_node_init(&live->deadline);
	list_init(&live->long_trail);
	list_init(&live->shelved);
	list_init(&live->acks_link);
	list_init(&live->link);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void live_remove_some_ready(struct live *l, uint64_t n, uint64_t bytes)
{
	struct portion *s = &l->ready_kept;
	l->ready_bytes -= bytes;
	*s = (struct portion){ s->n - least(n, s->n), s->bytes - least(bytes, s->bytes) };
}

void live_begin(struct queue *q)
{
	if (queue_is_live(q))
		return;
	struct live *live = slab_alloc(sizeof *live);
	*live = (struct live){ .queue = q, .expires = q->waits_in != NULL };
	init_lists(live);
	init_lanes(live, q);
	rotation_init(&live->rotation, q->single);
	deadlines_init(&live->deadlines);
	live->groups = groups_new(queue_arguments(q));
	list_push(&q->store->looks.all, &live->link);
	q->store->looks.n++;
	q->live = live;
	if (stream_is_asked_for(queue_arguments(q)))
		live->stream = stream_new(q);
}

/* ---- ending ---- */

void live_leave(struct queue *q)
{
	struct live *live = q->live;
	if (list_linked(&live->link))
		q->store->looks.n--;
	list_remove(&live->link);
	list_remove(&live->runnable);
	list_remove(&live->overfull);
	list_remove(&live->deep);
	list_remove(&live->woken);
	if (heap_linked(&live->deadline))
		heap_remove(live->deadline_in, &live->deadline);
	fetch_leave(q);
	shelf_forget(q);
}

void live_end(struct queue *q)
{
	struct live *live = q->live;
	if (!queue_is_live(q))
		return;
	live_leave(q);
	must(!live->unacked && !live->later.count && !live->dead.n && !live->rotation.count);
	must(list_empty(&live->parked) && list_empty(&live->recalls) && !live->retained);
	must(!list_linked(&live->acks_link));
	lane_free(&live->lane);
	for (unsigned i = 0; i < live->n_levels; i++)
		lane_free(&live->levels[i]);
	mem_free(live->levels);
	groups_free(live->groups);
	mem_free(live->stream);
	mem_free(live->acks);
	deadlines_free(&live->deadlines);
	ranges_free(&live->plucked);
	slab_free(live, sizeof *live);
	q->live = (struct live *)&live_none;
}

/* ---- looking ---- */

static bool has_something(const struct queue *q)
{
	const struct live *live = q->live;
	return queue_ready(q) || live->unacked || live->rotation.count ||
	       q->settings->lease_ms >= 0 || !list_empty(&live->parked) || live->stream ||
	       live->retained;
}

/* Something is still under way that knows of it.  Where it stands as one that may have something,
 * like among the deep, it just leaves. */
static bool is_known(const struct live *live)
{
	return list_linked(&live->runnable) || list_linked(&live->overfull) ||
	       list_linked(&live->woken) || list_linked(&live->acks_link) || live->n_fetches ||
	       live->n_recalls || live->lane.cold.coming || trail_has_shelves(&live->lane.cold) ||
	       heap_linked(&live->to_fetch) || (live->groups && live->groups->by_hash.count);
}

static void look(struct looks *k, struct live *live)
{
	struct queue *q = live->queue;
	bool used = live->seen != q->next_seq;
	live->seen = q->next_seq;
	list_remove(&live->link);
	list_push(&k->all, &live->link);
	if (has_something(q))
		k->again |= used;
	else if ((used && !k->hurries) || is_known(live))
		k->again = true;
	else
		live_end(q);
}

static void begin_round(struct looks *k)
{
	k->left = k->n;
	k->hurries = k->hurry;
	k->hurry = k->again = false;
}

void live_turn(struct store *s, uint64_t now_ms)
{
	struct looks *k = &s->looks;
	if (!k->left && !k->hurry && now_ms < k->next_ms) {
		k->again = true;
		return;
	}
	if (!k->left)
		begin_round(k);
	for (int n = LOOKS_A_TURN; n && k->left && k->n; n--, k->left--)
		look(k, list_entry(k->all.next, struct live, link));
	if (!k->n)
		k->left = 0;
	if (!k->left)
		k->next_ms = now_ms + ROUND_MS + k->n / LOOKS_A_MS;
}

void live_rest(struct store *s)
{
	s->looks.hurry = true;
}

uint64_t live_deadline(const struct store *s, uint64_t now_ms)
{
	const struct looks *k = &s->looks;
	if (!k->n)
		return UINT64_MAX;
	if (k->left || k->hurry)
		return now_ms;
	return k->again ? k->next_ms : UINT64_MAX;
}
