/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/lane.h"

#include "base/die.h"

enum {
	HEAD_PAGES = 2,           /* the front of a lane stays in memory */
	DEEP = 60,                /* entries; fewer are not worth looking at */
};

void lane_init(struct lane *l)
{
	*l = (struct lane){ 0 };
	list_init(&l->loading);
	trail_init(&l->cold);
}

void lane_free(struct lane *l)
{
	must(lane_count(l) == 0);
	trail_free(&l->cold);
}

static bool has_depth(const struct lane *l)
{
	return l->n_loading || l->cold.count || l->tail.count;
}

void lane_push(struct lane *l, struct entry e)
{
	must(e.message);
	row_push(has_depth(l) ? &l->tail : &l->head, e);
}

void lane_push_head(struct lane *l, struct entry e)
{
	row_push(&l->head, e);
}

void lane_return(struct lane *l, struct entry e)
{
	row_put(&l->returned, e);
}

/* When nothing is between them any more, the tail is the head. */
static void join(struct lane *l)
{
	if (l->head.count || l->n_loading || l->cold.count)
		return;
	l->head = l->tail;
	row_init(&l->tail);
	if (l->head.count == 0 && l->cold.taken.n && !trail_has_shelves(&l->cold))
		ranges_free(&l->cold.taken);
}

/* The number of the first fresh entry, wherever it is; there is one. */
static uint64_t first_fresh(const struct lane *l)
{
	uint64_t seq = 0;
	if (l->head.count)
		return row_first(&l->head)->seq;
	if (l->n_loading)
		return l->loading_seq;
	bool there = trail_first(&l->cold, &seq);
	must(there);
	return seq;
}

static bool returned_is_next(const struct lane *l)
{
	bool fresh = l->head.count || l->n_loading || l->cold.count;
	return l->returned.count &&
	       (!fresh || row_first(&l->returned)->seq < first_fresh(l));
}

bool lane_pop(struct lane *l, struct entry *out)
{
	if (returned_is_next(l))
		return row_pop(&l->returned, out);
	if (!row_pop(&l->head, out))
		return false;
	join(l);
	return true;
}

bool lane_pop_returned(struct lane *l, struct entry *out)
{
	return row_pop(&l->returned, out);
}

bool lane_take(struct lane *l, uint64_t seq, struct entry *out)
{
	bool taken = row_take(&l->head, seq, out) || row_take(&l->tail, seq, out) ||
	             row_take(&l->returned, seq, out);
	if (taken && out->at && !out->kept)
		ranges_add(&l->cold.taken, (struct record_range){ seq, 1 });
	join(l);
	return taken;
}

bool lane_has(const struct lane *l, uint64_t seq)
{
	return row_find(&l->head, seq) || row_find(&l->tail, seq) || row_find(&l->returned, seq) ||
	       (l->cold.count && trail_has(&l->cold, seq));
}

bool lane_take_cold(struct lane *l, uint64_t seq, uint64_t body_bytes,
                    struct trail_emptied *emptied)
{
	bool taken = l->cold.count && trail_take(&l->cold, seq, body_bytes, emptied);
	join(l);
	return taken;
}

void lane_take_loading(struct lane *l)
{
	must(l->n_loading > 0);
	l->n_loading--;
	join(l);
}

bool lane_range(const struct lane *l, uint64_t *first, uint64_t *last)
{
	if (lane_count(l) == l->returned.count)
		return false;
	*first = first_fresh(l);
	const struct entry *e = row_last(l->tail.count ? &l->tail : &l->head);
	if (!e || (!l->tail.count && l->cold.count))
		return trail_last(&l->cold, last);
	*last = e->seq;
	return true;
}

void lane_detach(struct lane *l, struct row *head, struct row *tail)
{
	must(l->n_loading == 0 && l->cold.count == 0);
	*head = l->head;
	*tail = l->tail;
	row_init(&l->head);
	row_init(&l->tail);
}

bool lane_is_cold(const struct lane *l)
{
	return l->head.count == 0 && (l->n_loading || l->cold.count) && !returned_is_next(l);
}

struct entry lane_peek(const struct lane *l)
{
	const struct entry *e = row_first(returned_is_next(l) ? &l->returned : &l->head);
	return e ? *e : (struct entry){ 0 };
}

/* ---- coming back ---- */

bool lane_load(struct lane *l, struct trail_entry *out)
{
	if (!trail_pop(&l->cold, out))
		return false;
	if (l->n_loading++ == 0)
		l->loading_seq = out->seq;
	return true;
}

void lane_loaded(struct lane *l, uint64_t n, uint64_t still)
{
	must(n <= l->n_loading && (still || n == l->n_loading));
	l->n_loading -= n;
	l->loading_seq = still;
	join(l);
}

/* ---- going cold ---- */

bool lane_is_deep(const struct lane *l)
{
	return l->head.count + l->tail.count > DEEP;
}

/* A head that is all there is, and long: what is behind its first pages becomes the tail. */
struct entry *lane_coolable(struct lane *l, size_t *n)
{
	if (!has_depth(l) && l->head.count > DEEP)
		row_cut(&l->head, HEAD_PAGES, &l->tail);
	return row_full_page(&l->tail, n);
}

void lane_cool(struct lane *l)
{
	size_t n = 0;
	struct entry *page = row_full_page(&l->tail, &n);
	for (size_t i = 0; i < n; i++) {
		struct entry *e = &page[i];
		must(e->at);
		trail_push(&l->cold, (struct trail_entry){ e->seq, e->at, e->message->body_bytes,
		                                           e->kept, 0 });
		message_drop(&e->message);
	}
	row_drop_page(&l->tail);
}

/* ---- looking ---- */

bool lane_next(const struct lane *l, struct lane_walk *w, struct entry *out)
{
	const struct row *parts[] = { &l->head, &l->tail, &l->returned };
	for (; w->part < 3; *w = (struct lane_walk){ .part = w->part + 1 })
		if (row_next(parts[w->part], &w->at, out))
			return true;
	return false;
}
