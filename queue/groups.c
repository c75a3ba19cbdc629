/* SPDX-License-Identifier: Apache-2.0 */
/* Where a group with something aside stands follows from who holds it: with the free ones, with its
 * holder, or nowhere when that one has left or fetched.  `settle` puts it there after a change. */
#include "queue/groups.h"

#include "amqp/props.h"
#include "amqp/table.h"
#include "base/die.h"
#include "base/mem.h"
#include "base/slab.h"
#include "queue/queue.h"
#include "queue/store.h"

enum {
	ASIDE_MAX = 4096,
	ASIDE_LEAST = 64,      /* while messages are beyond the memory budget */
};

static bool is_older(const struct heap_node *a, const struct heap_node *b)
{
	return list_entry(a, struct group, oldest)->aside[0].seq <
	       list_entry(b, struct group, oldest)->aside[0].seq;
}

struct groups *groups_new(struct slice arguments)
{
	struct field f;
	if (!table_find(arguments, "x-group-header", &f) || f.letter != 'S' || f.bytes.n == 0)
		return NULL;
	struct groups *gs = mem_zalloc(sizeof *gs);
	gs->header = f.bytes;
	list_init(&gs->free);
	heap_init(&gs->oldest, is_older);
	return gs;
}

void groups_free(struct groups *gs)
{
	if (!gs)
		return;
	must(gs->by_hash.count == 0);
	map_free(&gs->by_hash);
	heap_free(&gs->oldest);
	mem_free(gs);
}

/* ---- keys ---- */

static struct slice hash_key(const struct group *g)
{
	return slice_of(&g->hash, sizeof g->hash);
}

/* False when the message belongs to no group. */
static bool hash_of(const struct groups *gs, const struct message *m, uint64_t *hash)
{
	struct field f;
	if (!table_find_slice(props_headers(message_header(m)), gs->header, &f))
		return false;
	if (field_is_integer(&f))
		*hash = map_hash(slice_of(&f.integer, sizeof f.integer));
	else if (f.letter == 'S')
		*hash = map_hash(f.bytes);
	return field_is_integer(&f) || f.letter == 'S';
}

static struct group *group_of(struct groups *gs, const struct message *m)
{
	uint64_t hash;
	if (!hash_of(gs, m, &hash))
		return NULL;
	struct group *g = map_get(&gs->by_hash, slice_of(&hash, sizeof hash));
	if (g)
		return g;
	g = slab_alloc(sizeof *g);
	*g = (struct group){ .hash = hash };
	list_init(&g->turn);
	heap_node_init(&g->oldest);
	map_put(&gs->by_hash, hash_key(g), g);
	return g;
}

/* ---- what is aside ---- */

static void sift_up(struct group *g, size_t at, struct entry e)
{
	for (; at > 0 && g->aside[(at - 1) / 2].seq > e.seq; at = (at - 1) / 2)
		g->aside[at] = g->aside[(at - 1) / 2];
	g->aside[at] = e;
}

static void sift_down(struct group *g, struct entry e)
{
	size_t at = 0;
	for (size_t child; (child = 2 * at + 1) < g->n_aside; at = child) {
		if (child + 1 < g->n_aside && g->aside[child + 1].seq < g->aside[child].seq)
			child++;
		if (g->aside[child].seq >= e.seq)
			break;
		g->aside[at] = g->aside[child];
	}
	g->aside[at] = e;
}

static void put(struct queue *q, struct group *g, struct entry e)
{
	if (g->n_aside == g->cap_aside) {
		g->cap_aside = g->cap_aside ? 2 * g->cap_aside : 4;
		g->aside = mem_realloc(g->aside, g->cap_aside * sizeof *g->aside);
	}
	sift_up(g, g->n_aside++, e);
	queue_stir(q);
	q->live->aside++;
	live_remove_unacked(q->live, &e, e.message->body_bytes);
	live_add_ready(q->live, &e, e.message->body_bytes);
}

static struct entry take(struct queue *q, struct group *g)
{
	struct entry e = g->aside[0];
	queue_stir(q);
	if (--g->n_aside)
		sift_down(g, g->aside[g->n_aside]);
	q->live->aside--;
	live_remove_ready(q->live, &e, e.message->body_bytes);
	live_add_unacked(q->live, &e, e.message->body_bytes);
	return e;
}

/* ---- where a group stands ---- */

static void set_oldest(struct groups *gs, struct group *g)
{
	bool there = heap_linked(&g->oldest);
	if (g->n_aside && there)
		heap_move(&gs->oldest, &g->oldest);
	else if (g->n_aside)
		heap_push(&gs->oldest, &g->oldest);
	else if (there)
		heap_remove(&gs->oldest, &g->oldest);
}

static void discard(struct groups *gs, struct group *g)
{
	map_remove(&gs->by_hash, hash_key(g));
	mem_free(g->aside);
	slab_free(g, sizeof *g);
}

/* Behind the others: keys take turns. */
static void stand_in_line(struct groups *gs, struct group *g)
{
	list_remove(&g->turn);
	set_oldest(gs, g);
	if (g->n_aside && g->n_out == 0)
		list_push(&gs->free, &g->turn);
	else if (g->n_aside && g->holder && !g->holder->cancelled)
		list_push(&g->holder->aside, &g->turn);
	if (g->holder)
		rotation_favour(&g->holder->queue->live->rotation, g->holder);
}

static void settle(struct groups *gs, struct group *g)
{
	if (g->n_aside || heap_linked(&g->oldest))
		stand_in_line(gs, g);
	if (g->n_out == 0)
		g->holder = NULL;
	if (g->n_aside == 0 && g->n_out == 0)
		discard(gs, g);
}

void groups_hold(struct queue *q, struct group *g, struct consumer *c)
{
	must(g->n_out == 0 || (c && g->holder == c));
	g->holder = c;
	g->n_out++;
	settle(q->live->groups, g);
}

void groups_pass(struct queue *q, struct group *g)
{
	settle(q->live->groups, g);
}

void groups_set_aside(struct queue *q, struct group *g, struct entry e)
{
	put(q, g, e);
	settle(q->live->groups, g);
}

void groups_release(struct queue *q, struct group *g)
{
	must(g->n_out > 0);
	g->n_out--;
	settle(q->live->groups, g);
}

void groups_leave(struct consumer *c)
{
	while (list_pop(&c->aside))
		;
}

/* ---- what comes next ---- */

static bool is_full(const struct queue *q)
{
	const struct store *s = q->store;
	uint64_t most = s->resident > s->memory_budget ? ASIDE_LEAST : ASIDE_MAX;
	return q->live->aside >= most;
}

/* What the lane has in front came back: it is older than all that is fresh. */
static bool front_is_returned(struct queue *q)
{
	struct entry e = lane_peek(&q->live->lane);
	return e.message && e.seq < q->live->groups->taken_below;
}

static struct group *first_aside(const struct groups *gs, const struct consumer *c)
{
	if (c && !list_empty(&c->aside))
		return list_first(&c->aside, struct group, turn);
	return list_first(&gs->free, struct group, turn);
}

/* Of its group, what was set aside may be older. */
static enum offered from_lane(struct queue *q, struct entry *e, struct group **g)
{
	struct groups *gs = q->live->groups;
	if (lane_count(&q->live->lane) == 0)
		return OFFER_NONE;
	if (!queue_take(q, e))
		return OFFER_LATER;
	if (e->seq >= gs->taken_below)
		gs->taken_below = e->seq + 1;
	*g = group_of(gs, e->message);
	if (*g && (*g)->n_aside && (*g)->aside[0].seq < e->seq) {
		put(q, *g, *e);
		*e = take(q, *g);
	}
	return OFFER_ENTRY;
}

enum offered groups_offer(struct queue *q, struct consumer *c, struct entry *e, struct group **g)
{
	if (front_is_returned(q))
		return from_lane(q, e, g);
	*g = first_aside(q->live->groups, c);
	if (*g) {
		*e = take(q, *g);
		return OFFER_ENTRY;
	}
	return is_full(q) ? OFFER_NONE : from_lane(q, e, g);
}

/* ---- all of it ---- */

static struct group *oldest(const struct groups *gs)
{
	struct heap_node *n = heap_top(&gs->oldest);
	return n ? list_entry(n, struct group, oldest) : NULL;
}

uint64_t groups_oldest(const struct groups *gs)
{
	const struct group *g = oldest(gs);
	return g ? g->aside[0].seq : UINT64_MAX;
}

struct message *groups_oldest_message(const struct groups *gs)
{
	const struct group *g = oldest(gs);
	return g ? g->aside[0].message : NULL;
}

static bool find(const struct groups *gs, uint64_t seq, struct group **g, size_t *i)
{
	size_t cursor = 0;
	if (seq < groups_oldest(gs) || seq >= gs->taken_below)
		return false;
	while ((*g = map_next(&gs->by_hash, &cursor)))
		for (*i = 0; *i < (*g)->n_aside; ++*i)
			if ((*g)->aside[*i].seq == seq)
				return true;
	return false;
}

bool groups_have(const struct groups *gs, uint64_t seq)
{
	struct group *g;
	size_t i;
	return find(gs, seq, &g, &i);
}

/* It becomes the oldest of its group, and so the next. */
bool groups_take(struct queue *q, uint64_t seq, struct entry *out)
{
	struct group *g;
	size_t i;
	if (!find(q->live->groups, seq, &g, &i))
		return false;
	for (struct entry e = g->aside[i]; i > 0; i = (i - 1) / 2) {
		g->aside[i] = g->aside[(i - 1) / 2];
		g->aside[(i - 1) / 2] = e;
	}
	*out = take(q, g);
	settle(q->live->groups, g);
	return true;
}

void groups_take_oldest(struct queue *q, struct entry *out)
{
	struct group *g = oldest(q->live->groups);
	*out = take(q, g);
	settle(q->live->groups, g);
}

void groups_drop(struct queue *q, bool acked)
{
	for (struct group *g; (g = oldest(q->live->groups));) {
		struct entry e = take(q, g);
		live_remove_unacked(q->live, &e, e.message->body_bytes);
		live_add_ready(q->live, &e, e.message->body_bytes);
		queue_drop(q, e, e.message->body_bytes, acked);
		settle(q->live->groups, g);
	}
}

bool groups_next(const struct groups *gs, struct groups_walk *w, struct entry *out)
{
	for (; w->group < gs->oldest.len; *w = (struct groups_walk){ w->group + 1, 0 }) {
		const struct group *g = list_entry(gs->oldest.nodes[w->group], struct group, oldest);
		if (w->entry < g->n_aside) {
			*out = g->aside[w->entry++];
			return true;
		}
	}
	return false;
}

void groups_check(const struct queue *q, uint64_t *n, uint64_t *bytes)
{
	size_t cursor = 0;
	uint64_t aside = 0;
	for (const struct group *g; (g = map_next(&q->live->groups->by_hash, &cursor));) {
		bool goes = g->n_out == 0 || (g->holder && !g->holder->cancelled);
		must(g->n_out || g->n_aside);
		must(list_linked(&g->turn) == (g->n_aside && goes));
		must(heap_linked(&g->oldest) == (g->n_aside > 0));
		for (size_t i = 0; i < g->n_aside; i++)
			*bytes += g->aside[i].message->body_bytes;
		aside += g->n_aside;
	}
	must(aside == q->live->aside);
	*n += aside;
}
