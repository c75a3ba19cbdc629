/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of a few entries, and an array of the pages: a tree of one level.  Two neighbours that fit
 * into one page become one, so that what is taken from the middle leaves no room behind.  Most
 * queues are short: the only page needs no array. */
#include "queue/row.h"

#include <string.h>

#include "base/die.h"
#include "base/mem.h"
#include "base/slab.h"

enum {
	PAGE_SLOTS = 15,
	FIRST_PAGES = 8,
};

struct row_page {
	uint16_t head, tail;          /* slots [head, tail) are in use, at least one */
	struct entry slots[PAGE_SLOTS];
};

static struct row_page *page_at(const struct row *s, uint32_t i)
{
	return s->cap ? s->pages[s->at + i] : s->one;
}

static uint32_t used(const struct row_page *p)
{
	return (uint32_t)(p->tail - p->head);
}

/* ---- the array ---- */

static void make_array(struct row *s)
{
	struct row_page *one = s->one;
	s->pages = mem_alloc(FIRST_PAGES * sizeof(struct row_page *));
	s->pages[0] = one;
	s->cap = FIRST_PAGES;
	s->at = 0;
}

static void make_room(struct row *s)
{
	if (s->cap == 0)
		make_array(s);
	if (s->at + s->n < s->cap)
		return;
	if (s->at > s->cap / 2) {
		memmove(s->pages, s->pages + s->at, s->n * sizeof(struct row_page *));
		s->at = 0;
		return;
	}
	must(s->cap <= UINT32_MAX / 2);
	s->cap *= 2;
	s->pages = mem_realloc(s->pages, s->cap * sizeof(struct row_page *));
}

/* A new page, which will be the ith. */
static struct row_page *page_add(struct row *s, uint32_t i)
{
	struct row_page *p = slab_alloc(sizeof *p);
	p->head = p->tail = 0;
	if (s->n == 0 && s->cap == 0) {
		s->one = p;
	} else {
		make_room(s);
		struct row_page **at = s->pages + s->at + i;
		memmove(at + 1, at, (s->n - i) * sizeof(struct row_page *));
		*at = p;
	}
	s->n++;
	return p;
}

/* From the side where fewer have to move. */
static void page_remove(struct row *s, uint32_t i)
{
	slab_free(page_at(s, i), sizeof(struct row_page));
	s->n--;
	if (s->n == 0) {
		if (s->cap)
			mem_free(s->pages);
		row_init(s);
		return;
	}
	struct row_page **first = s->pages + s->at;
	if (i <= s->n / 2) {
		memmove(first + 1, first, i * sizeof(struct row_page *));
		s->at++;
	} else {
		memmove(first + i, first + i + 1, (s->n - i) * sizeof(struct row_page *));
	}
}

/* ---- both ends ---- */

void row_push(struct row *s, struct entry e)
{
	struct row_page *p = s->n ? page_at(s, s->n - 1) : NULL;
	must(!p || p->slots[p->tail - 1].seq < e.seq);
	if (!p || p->tail == PAGE_SLOTS)
		p = page_add(s, s->n);
	p->slots[p->tail++] = e;
	s->count++;
}

bool row_pop(struct row *s, struct entry *out)
{
	if (s->n == 0)
		return false;
	struct row_page *p = page_at(s, 0);
	*out = p->slots[p->head++];
	s->count--;
	if (p->head == p->tail)
		page_remove(s, 0);
	return true;
}

const struct entry *row_first(const struct row *s)
{
	const struct row_page *p = s->n ? page_at(s, 0) : NULL;
	return p ? &p->slots[p->head] : NULL;
}

const struct entry *row_last(const struct row *s)
{
	const struct row_page *p = s->n ? page_at(s, s->n - 1) : NULL;
	return p ? &p->slots[p->tail - 1] : NULL;
}

/* ---- the middle ---- */

/* The page the number belongs to: the last that begins at or below it, or the first. */
static uint32_t page_of(const struct row *s, uint64_t seq)
{
	uint32_t low = 0, high = s->n;
	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;
		const struct row_page *p = page_at(s, mid);
		if (p->slots[p->head].seq <= seq)
			low = mid;
		else
			high = mid;
	}
	return low;
}

/* The first slot in use with at least that number. */
static uint16_t slot_of(const struct row_page *p, uint64_t seq)
{
	uint16_t i = p->head;
	while (i < p->tail && p->slots[i].seq < seq)
		i++;
	return i;
}

struct entry *row_find(const struct row *s, uint64_t seq)
{
	if (s->n == 0)
		return NULL;
	struct row_page *p = page_at(s, page_of(s, seq));
	uint16_t i = slot_of(p, seq);
	return i < p->tail && p->slots[i].seq == seq ? &p->slots[i] : NULL;
}

struct entry *row_from(const struct row *s, uint64_t seq)
{
	if (s->n == 0)
		return NULL;
	uint32_t at = page_of(s, seq);
	struct row_page *p = page_at(s, at);
	uint16_t i = slot_of(p, seq);
	if (i < p->tail)
		return &p->slots[i];
	if (at + 1 == s->n)
		return NULL;
	p = page_at(s, at + 1);
	return &p->slots[p->head];
}

/* The upper half of the ith page, which is full, becomes a page of its own. */
static void split(struct row *s, uint32_t i)
{
	struct row_page *upper = page_add(s, i + 1), *p = page_at(s, i);
	uint16_t half = PAGE_SLOTS / 2;
	memcpy(upper->slots, p->slots + half, (PAGE_SLOTS - half) * sizeof *p->slots);
	upper->tail = (uint16_t)(PAGE_SLOTS - half);
	p->tail = half;
}

static void page_put(struct row_page *p, struct entry e)
{
	uint16_t i = slot_of(p, e.seq);
	must(i == p->tail || p->slots[i].seq != e.seq);
	if (p->tail < PAGE_SLOTS) {
		memmove(p->slots + i + 1, p->slots + i, (size_t)(p->tail - i) * sizeof e);
		p->tail++;
		p->slots[i] = e;
	} else {
		p->head--;
		memmove(p->slots + p->head, p->slots + p->head + 1,
		        (size_t)(i - p->head - 1) * sizeof e);
		p->slots[i - 1] = e;
	}
}

void row_put(struct row *s, struct entry e)
{
	const struct entry *last = row_last(s);
	if (!last || last->seq < e.seq) {
		row_push(s, e);
		return;
	}
	uint32_t i = page_of(s, e.seq);
	if (used(page_at(s, i)) == PAGE_SLOTS)
		split(s, i);
	page_put(page_at(s, page_of(s, e.seq)), e);
	s->count++;
}

/* The page behind the ith goes into it, if both fit. */
static void merge(struct row *s, uint32_t i)
{
	if (i + 1 >= s->n)
		return;
	struct row_page *p = page_at(s, i), *next = page_at(s, i + 1);
	if (used(p) + used(next) > PAGE_SLOTS)
		return;
	memmove(p->slots, p->slots + p->head, used(p) * sizeof *p->slots);
	p->tail = (uint16_t)used(p);
	p->head = 0;
	memcpy(p->slots + p->tail, next->slots + next->head, used(next) * sizeof *p->slots);
	p->tail = (uint16_t)(p->tail + used(next));
	page_remove(s, i + 1);
}

bool row_take(struct row *s, uint64_t seq, struct entry *out)
{
	struct entry *e = row_find(s, seq);
	if (!e)
		return false;
	uint32_t i = page_of(s, seq);
	struct row_page *p = page_at(s, i);
	*out = *e;
	memmove(e, e + 1, (size_t)(p->slots + p->tail - (e + 1)) * sizeof *e);
	p->tail--;
	s->count--;
	if (used(p) == 0) {
		page_remove(s, i);
		return true;
	}
	merge(s, i);
	if (i)
		merge(s, i - 1);
	return true;
}

/* ---- pages ---- */

void row_cut(struct row *s, uint32_t keep, struct row *rest)
{
	must(keep > 0 && rest->n == 0);
	if (keep >= s->n)
		return;
	for (uint32_t i = keep; i < s->n; i++) {
		rest->count += used(page_at(s, i));
		if (rest->n == 0)
			rest->one = page_at(s, i);
		else
			make_room(rest);
		if (rest->cap)
			rest->pages[rest->n] = page_at(s, i);
		rest->n++;
	}
	s->n = keep;
	s->count -= rest->count;
}

struct entry *row_full_page(struct row *s, size_t *n)
{
	struct row_page *p = s->n ? page_at(s, 0) : NULL;
	if (!p || (s->n == 1 && p->tail < PAGE_SLOTS))
		return NULL;
	*n = used(p);
	return &p->slots[p->head];
}

void row_drop_page(struct row *s)
{
	s->count -= used(page_at(s, 0));
	page_remove(s, 0);
}

bool row_next(const struct row *s, struct row_walk *w, struct entry *out)
{
	for (; w->page < s->n; w->page++, w->at = 0) {
		const struct row_page *p = page_at(s, w->page);
		if (p->head + w->at >= p->tail)
			continue;
		*out = p->slots[p->head + w->at++];
		return true;
	}
	return false;
}
