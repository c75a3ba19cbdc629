/* SPDX-License-Identifier: Apache-2.0 */
/* Fresh entries lie in a chain of pages.  A page is 64 slots of sequence number and message; it is
 * freed when its last entry has been popped, so an empty lane owns nothing.  Returned entries lie
 * in an array heap, which goes as soon as it is empty. */
#include "queue/lane.h"

#include "base/die.h"
#include "base/mem.h"

enum { PAGE_SLOTS = 63 };

struct page {
	struct list link;
	uint16_t head, tail;      /* slots [head, tail) are in use */
	struct {
		uint64_t seq;
		struct message *message;
	} slots[PAGE_SLOTS];
};

void lane_init(struct lane *l)
{
	*l = (struct lane){ 0 };
	list_init(&l->pages);
}

static struct page *first_page(const struct lane *l)
{
	return list_first(&l->pages, struct page, link);
}

void lane_free(struct lane *l)
{
	struct entry e;
	while (lane_pop(l, &e))
		message_drop(&e.message);
}

void lane_push(struct lane *l, uint64_t seq, struct message *m)
{
	struct page *p = list_empty(&l->pages) ? NULL : list_entry(l->pages.prev, struct page, link);
	if (!p || p->tail == PAGE_SLOTS) {
		p = mem_alloc(sizeof *p);
		p->head = p->tail = 0;
		list_push(&l->pages, &p->link);
	}
	must(p->tail == p->head || p->slots[p->tail - 1].seq < seq);
	p->slots[p->tail].seq = seq;
	p->slots[p->tail++].message = m;
	l->fresh++;
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

static void pop_fresh(struct lane *l, struct page *p, struct entry *out)
{
	*out = (struct entry){ .message = p->slots[p->head].message, .seq = p->slots[p->head].seq };
	p->head++;
	l->fresh--;
	if (p->head == p->tail) {
		list_remove(&p->link);
		mem_free(p);
	}
}

bool lane_pop(struct lane *l, struct entry *out)
{
	struct page *p = first_page(l);
	if (l->n_returned && (!p || l->returned[0].seq < p->slots[p->head].seq))
		pop_returned(l, out);
	else if (p)
		pop_fresh(l, p, out);
	else
		return false;
	return true;
}

struct entry lane_peek(const struct lane *l)
{
	const struct page *p = first_page(l);
	if (l->n_returned && (!p || l->returned[0].seq < p->slots[p->head].seq))
		return l->returned[0];
	if (!p)
		return (struct entry){ 0 };
	return (struct entry){ .message = p->slots[p->head].message, .seq = p->slots[p->head].seq };
}

bool lane_next(const struct lane *l, struct lane_walk *w, struct entry *out)
{
	if (!w->page)
		w->page = l->pages.next;
	while (w->page != &l->pages) {
		const struct page *p = list_entry(w->page, struct page, link);
		if (p->head + w->at < p->tail) {
			size_t i = p->head + w->at++;
			*out = (struct entry){ p->slots[i].message, p->slots[i].seq, false };
			return true;
		}
		w->page = p->link.next;
		w->at = 0;
	}
	if (w->at >= l->n_returned)
		return false;
	*out = l->returned[w->at++];
	return true;
}
