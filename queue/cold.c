/* SPDX-License-Identifier: Apache-2.0 */
/* A page is a run of encoded entries.  Each is one varint that holds the difference of its position
 * to the one before, in units of eight bytes, and three bits that say what follows: the number when
 * it is not the next one, the size when it is not the same again. */
#include "queue/cold.h"

#include "base/die.h"
#include "base/mem.h"

enum {
	PAGE_ENTRIES = 4096,
	FIRST_BYTES = 64,            /* of a page; it doubles, and is cut to size when it is full */
	ENTRY_BYTES_MAX = 30,        /* three varints */
};

enum { KEPT = 1, OTHER_SEQ = 2, OTHER_SIZE = 4, FLAG_BITS = 3 };

/* Where a reader or the writer stands: the entry that was coded last. */
struct place {
	uint32_t n, at;              /* entries and bytes passed */
	uint64_t seq, position, size;
};

struct page {
	struct list link;
	struct place write, read;
	uint32_t cap;
	uint8_t *bytes;
};

void cold_init(struct cold *c)
{
	*c = (struct cold){ 0 };
	list_init(&c->pages);
}

static void page_free(struct page *p)
{
	list_remove(&p->link);
	mem_free(p->bytes);
	mem_free(p);
}

void cold_free(struct cold *c)
{
	while (!list_empty(&c->pages))
		page_free(list_entry(c->pages.next, struct page, link));
	c->count = 0;
}

static void put(struct page *p, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		p->bytes[p->write.at++] = (uint8_t)(v | 0x80);
	p->bytes[p->write.at++] = (uint8_t)v;
}

static uint64_t get(const struct page *p, struct place *r)
{
	uint64_t v = 0;
	unsigned shift = 0;
	uint8_t b;
	do {
		must(r->at < p->write.at && shift < 64);
		b = p->bytes[r->at++];
		v |= (uint64_t)(b & 0x7F) << shift;
		shift += 7;
	} while (b & 0x80);
	return v;
}

/* Small for differences of either sign. */
static uint64_t fold(uint64_t difference)
{
	return difference << 1 ^ (uint64_t)((int64_t)difference >> 63);
}

static uint64_t unfold(uint64_t v)
{
	return v >> 1 ^ -(v & 1);
}

static struct page *page_new(struct cold *c)
{
	struct page *p = mem_zalloc(sizeof *p);
	p->cap = FIRST_BYTES;
	p->bytes = mem_alloc(p->cap);
	list_push(&c->pages, &p->link);
	return p;
}

static struct page *page_for_one_more(struct cold *c)
{
	struct page *p = list_empty(&c->pages) ? NULL : list_entry(c->pages.prev, struct page, link);
	if (p && p->write.n == PAGE_ENTRIES) {
		p->bytes = mem_realloc(p->bytes, p->write.at);
		p->cap = p->write.at;
		p = NULL;
	}
	if (!p)
		p = page_new(c);
	if (p->cap - p->write.at < ENTRY_BYTES_MAX) {
		p->cap *= 2;
		p->bytes = mem_realloc(p->bytes, p->cap);
	}
	return p;
}

void cold_push(struct cold *c, struct cold_entry e)
{
	struct page *p = page_for_one_more(c);
	struct place *w = &p->write;
	must(e.at % 8 == 0 && e.seq > w->seq);
	uint64_t flags = (e.kept ? KEPT : 0) | (e.seq != w->seq + 1 ? OTHER_SEQ : 0) |
	                 (e.body_bytes != w->size ? OTHER_SIZE : 0);
	put(p, fold(e.at / 8 - w->position) << FLAG_BITS | flags);
	if (flags & OTHER_SEQ)
		put(p, e.seq - w->seq);
	if (flags & OTHER_SIZE)
		put(p, fold(e.body_bytes - w->size));
	w->seq = e.seq;
	w->position = e.at / 8;
	w->size = e.body_bytes;
	w->n++;
	c->count++;
}

/* The entry at *r, which moves behind it. */
static struct cold_entry next(const struct page *p, struct place *r)
{
	uint64_t head = get(p, r);
	r->position += unfold(head >> FLAG_BITS);
	r->seq += head & OTHER_SEQ ? get(p, r) : 1;
	r->size += head & OTHER_SIZE ? unfold(get(p, r)) : 0;
	r->n++;
	return (struct cold_entry){ r->seq, 8 * r->position, r->size, head & KEPT };
}

bool cold_pop(struct cold *c, struct cold_entry *out)
{
	struct page *p = list_first(&c->pages, struct page, link);
	if (!p)
		return false;
	*out = next(p, &p->read);
	c->count--;
	if (p->read.n == p->write.n)
		page_free(p);
	return true;
}

bool cold_peek(const struct cold *c, struct cold_entry *out)
{
	const struct page *p = list_first(&c->pages, struct page, link);
	if (!p)
		return false;
	struct place r = p->read;
	*out = next(p, &r);
	return true;
}

size_t cold_footprint(const struct cold *c)
{
	size_t n = 0;
	list_each(it, &c->pages)
		n += sizeof(struct page) + list_entry(it, struct page, link)->cap;
	return n;
}
