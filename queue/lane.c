/* SPDX-License-Identifier: Apache-2.0 */
/* Hot entries lie in chains of pages; a page is freed when its last entry has been popped, so an
 * empty lane owns nothing.  Returned entries lie in an array heap, which goes as soon as it is
 * empty. */
#include "queue/lane.h"

#include "base/die.h"
#include "base/mem.h"
#include "base/slab.h"

enum {
	PAGE_SLOTS = 15,
	HEAD_PAGES = 2,           /* the front of a lane stays in memory */
	DEEP = (HEAD_PAGES + 2) * PAGE_SLOTS,
};

struct page {
	struct list link;
	uint16_t head, tail;      /* slots [head, tail) are in use */
	struct entry_slot slots[PAGE_SLOTS];
};

void lane_init(struct lane *l)
{
	*l = (struct lane){ 0 };
	list_init(&l->head);
	list_init(&l->tail);
	list_init(&l->loading);
	trail_init(&l->cold);
}

void lane_free(struct lane *l)
{
	must(lane_count(l) == 0);
	trail_free(&l->cold);
}

static struct page *first_page(const struct list *pages)
{
	return list_first(pages, struct page, link);
}

static void push_page(struct list *pages, struct entry e)
{
	struct page *p = list_empty(pages) ? NULL : list_entry(pages->prev, struct page, link);
	if (!p || p->tail == PAGE_SLOTS) {
		p = slab_alloc(sizeof *p);
		p->head = p->tail = 0;
		list_push(pages, &p->link);
	}
	must(p->tail == p->head || p->slots[p->tail - 1].seq < e.seq);
	p->slots[p->tail++] = (struct entry_slot){ e.seq, e.message, e.at, e.kept };
}

static bool has_depth(const struct lane *l)
{
	return l->n_loading || l->cold.count || l->n_tail;
}

void lane_push(struct lane *l, struct entry e)
{
	must(e.message);
	if (!has_depth(l)) {
		lane_push_head(l, e);
		return;
	}
	push_page(&l->tail, e);
	l->n_tail++;
}

void lane_push_head(struct lane *l, struct entry e)
{
	push_page(&l->head, e);
	l->n_head++;
}

static void sift_up(struct entry *heap, size_t at, struct entry e)
{
	while (at > 0 && heap[(at - 1) / 2].seq > e.seq) {
		heap[at] = heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap[at] = e;
}

static void sift_down(struct entry *heap, size_t n, struct entry e)
{
	size_t at = 0;
	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n && heap[child + 1].seq < heap[child].seq)
			child++;
		if (heap[child].seq >= e.seq)
			break;
		heap[at] = heap[child];
	}
	heap[at] = e;
}

void lane_return(struct lane *l, struct entry e)
{
	if (l->n_returned == l->cap_returned) {
		l->cap_returned = l->cap_returned ? 2 * l->cap_returned : 8;
		l->returned = mem_realloc(l->returned, l->cap_returned * sizeof *l->returned);
	}
	sift_up(l->returned, l->n_returned++, e);
}

static void pop_returned(struct lane *l, struct entry *out)
{
	*out = l->returned[0];
	struct entry last = l->returned[--l->n_returned];
	if (l->n_returned) {
		sift_down(l->returned, l->n_returned, last);
		return;
	}
	mem_free(l->returned);
	l->returned = NULL;
	l->cap_returned = 0;
}

/* When nothing is between them any more, the tail is the head. */
static void join(struct lane *l)
{
	if (l->n_head || l->n_loading || l->cold.count)
		return;
	list_splice(&l->head, &l->tail);
	l->n_head = l->n_tail;
	l->n_tail = 0;
}

static struct entry of_slot(const struct entry_slot *s)
{
	return (struct entry){ .message = s->message, .seq = s->seq, .at = s->at, .kept = s->kept };
}

static void pop_fresh(struct lane *l, struct page *p, struct entry *out)
{
	*out = of_slot(&p->slots[p->head++]);
	l->n_head--;
	if (p->head == p->tail) {
		list_remove(&p->link);
		slab_free(p, sizeof *p);
		join(l);
	}
}

/* The number of the first fresh entry, wherever it is; there is one. */
static uint64_t first_fresh(const struct lane *l)
{
	uint64_t seq = 0;
	const struct page *p = first_page(&l->head);
	if (p)
		return p->slots[p->head].seq;
	if (l->n_loading)
		return l->loading_seq;
	bool there = trail_first(&l->cold, &seq);
	must(there);
	return seq;
}

static bool returned_is_next(const struct lane *l)
{
	bool fresh = l->n_head || l->n_loading || l->cold.count;
	return l->n_returned && (!fresh || l->returned[0].seq < first_fresh(l));
}

bool lane_pop(struct lane *l, struct entry *out)
{
	struct page *p = first_page(&l->head);
	if (returned_is_next(l))
		pop_returned(l, out);
	else if (p)
		pop_fresh(l, p, out);
	else
		return false;
	return true;
}

bool lane_pop_returned(struct lane *l, struct entry *out)
{
	if (l->n_returned == 0)
		return false;
	pop_returned(l, out);
	return true;
}

bool lane_range(const struct lane *l, uint64_t *first, uint64_t *last)
{
	if (lane_count(l) == l->n_returned)
		return false;
	*first = first_fresh(l);
	const struct list *pages = l->n_tail ? &l->tail : &l->head;
	if (list_empty(pages))
		return trail_last(&l->cold, last);
	const struct page *p = list_entry(pages->prev, struct page, link);
	*last = p->slots[p->tail - 1].seq;
	return true;
}

void lane_detach(struct lane *l, struct list *pages)
{
	must(l->n_loading == 0 && l->cold.count == 0);
	list_splice(pages, &l->head);
	list_splice(pages, &l->tail);
	l->n_head = l->n_tail = 0;
}

bool lane_page_pop(struct list *pages, struct entry *out)
{
	struct page *p = first_page(pages);
	if (!p)
		return false;
	*out = of_slot(&p->slots[p->head++]);
	if (p->head == p->tail) {
		list_remove(&p->link);
		slab_free(p, sizeof *p);
	}
	return true;
}

bool lane_is_cold(const struct lane *l)
{
	return l->n_head == 0 && (l->n_loading || l->cold.count) && !returned_is_next(l);
}

struct entry lane_peek(const struct lane *l)
{
	const struct page *p = first_page(&l->head);
	if (returned_is_next(l))
		return l->returned[0];
	return p ? of_slot(&p->slots[p->head]) : (struct entry){ 0 };
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

/* A head that is all there is, and long: what is behind its first pages becomes the tail. */
static void split(struct lane *l)
{
	if (has_depth(l) || l->n_head <= DEEP)
		return;
	struct list *at = l->head.next;
	uint64_t n = 0;
	for (int i = 0; i < HEAD_PAGES; i++, at = at->next) {
		const struct page *p = list_entry(at, struct page, link);
		n += (uint64_t)(p->tail - p->head);
	}
	l->tail.next = at;
	l->tail.prev = l->head.prev;
	l->head.prev = at->prev;
	at->prev->next = &l->head;
	at->prev = &l->tail;
	l->tail.prev->next = &l->tail;
	l->n_tail = l->n_head - n;
	l->n_head = n;
}

bool lane_is_deep(const struct lane *l)
{
	return l->n_head + l->n_tail > DEEP;
}

struct entry_slot *lane_coolable(struct lane *l, size_t *n)
{
	split(l);
	struct page *p = first_page(&l->tail);
	if (!p || p->tail < PAGE_SLOTS)
		return NULL;
	*n = (size_t)(p->tail - p->head);
	return &p->slots[p->head];
}

void lane_cool(struct lane *l)
{
	struct page *p = first_page(&l->tail);
	for (; p->head < p->tail; p->head++) {
		struct entry_slot *s = &p->slots[p->head];
		struct trail_entry e = { s->seq, s->at, s->message->body_bytes, s->kept };
		must(s->at);
		trail_push(&l->cold, e);
		message_drop(&s->message);
		l->n_tail--;
	}
	list_remove(&p->link);
	slab_free(p, sizeof *p);
}

/* ---- looking ---- */

static bool next_in(const struct list *pages, struct lane_walk *w, struct entry *out)
{
	if (!w->page)
		w->page = pages->next;
	for (; w->page != pages; w->page = w->page->next, w->at = 0) {
		const struct page *p = list_entry(w->page, struct page, link);
		if (p->head + w->at >= p->tail)
			continue;
		*out = of_slot(&p->slots[p->head + w->at++]);
		return true;
	}
	return false;
}

bool lane_next(const struct lane *l, struct lane_walk *w, struct entry *out)
{
	if (!w->in_tail && next_in(&l->head, w, out))
		return true;
	if (!w->in_tail)
		*w = (struct lane_walk){ .in_tail = true };
	if (w->page != &l->tail && next_in(&l->tail, w, out))
		return true;
	if (w->at >= l->n_returned)
		return false;
	*out = l->returned[w->at++];
	return true;
}
