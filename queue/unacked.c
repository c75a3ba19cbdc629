/* SPDX-License-Identifier: Apache-2.0 */
/* Pages hang in a ring that is indexed by (tag - base) / 64.  The front of the ring advances over
 * pages that are gone, so one old tag costs its own page and eight bytes for every 64 tags
 * since. */
#include "queue/unacked.h"

#include "base/die.h"
#include "base/mem.h"

enum { TAGS = 64 };

struct unacked_page {
	uint64_t used;                  /* one bit for each outstanding tag */
	struct delivery slots[TAGS];
};

void unacked_init(struct unacked *u)
{
	*u = (struct unacked){ 0 };
}

void unacked_free(struct unacked *u)
{
	must(u->count == 0);
	mem_free(u->pages);
	*u = (struct unacked){ 0 };
}

static struct unacked_page **place_of(const struct unacked *u, size_t index)
{
	return &u->pages[(u->first + index) & (u->cap - 1)];
}

static void widen(struct unacked *u)
{
	size_t cap = u->cap ? 2 * u->cap : 4;
	struct unacked_page **pages = mem_zalloc(cap * sizeof *pages);
	for (size_t i = 0; i < u->span; i++)
		pages[i] = *place_of(u, i);
	mem_free(u->pages);
	u->pages = pages;
	u->cap = cap;
	u->first = 0;
}

void unacked_put(struct unacked *u, uint64_t tag, struct delivery d)
{
	if (u->count == 0) {
		u->base = tag - tag % TAGS;
		u->span = 0;
	}
	size_t index = (tag - u->base) / TAGS;
	while (index >= u->cap)
		widen(u);
	for (; u->span <= index; u->span++)
		*place_of(u, u->span) = NULL;
	struct unacked_page **at = place_of(u, index);
	if (!*at) {
		*at = mem_alloc(sizeof **at);
		(*at)->used = 0;
	}
	uint64_t bit = 1ull << tag % TAGS;
	must(!((*at)->used & bit));
	(*at)->used |= bit;
	(*at)->slots[tag % TAGS] = d;
	u->count++;
}

static struct unacked_page **find(const struct unacked *u, uint64_t tag)
{
	if (u->count == 0 || tag < u->base || (tag - u->base) / TAGS >= u->span)
		return NULL;
	struct unacked_page **at = place_of(u, (tag - u->base) / TAGS);
	return *at && ((*at)->used >> tag % TAGS & 1) ? at : NULL;
}

bool unacked_has(const struct unacked *u, uint64_t tag)
{
	return find(u, tag) != NULL;
}

struct delivery *unacked_get(const struct unacked *u, uint64_t tag)
{
	struct unacked_page **at = find(u, tag);
	return at ? &(*at)->slots[tag % TAGS] : NULL;
}

uint64_t unacked_after(const struct unacked *u, uint64_t tag)
{
	if (u->count == 0 || tag == UINT64_MAX)
		return 0;
	uint64_t next = tag + 1 > u->base ? tag + 1 : u->base;
	for (size_t i = (next - u->base) / TAGS; i < u->span; i++, next = u->base + i * TAGS) {
		struct unacked_page *page = *place_of(u, i);
		uint64_t above = page ? page->used & ~0ull << next % TAGS : 0;
		if (above)
			return u->base + i * TAGS + (uint64_t)__builtin_ctzll(above);
	}
	return 0;
}

static void advance(struct unacked *u)
{
	while (u->span && !*place_of(u, 0)) {
		u->first = (u->first + 1) & (u->cap - 1);
		u->base += TAGS;
		u->span--;
	}
	if (u->count)
		return;
	mem_free(u->pages);
	*u = (struct unacked){ 0 };
}

bool unacked_take(struct unacked *u, uint64_t tag, struct delivery *out)
{
	struct unacked_page **at = find(u, tag);
	if (!at)
		return false;
	*out = (*at)->slots[tag % TAGS];
	(*at)->used &= ~(1ull << tag % TAGS);
	u->count--;
	if ((*at)->used == 0) {
		mem_free(*at);
		*at = NULL;
		advance(u);
	}
	return true;
}

uint64_t unacked_first(const struct unacked *u)
{
	if (u->count == 0)
		return 0;
	struct unacked_page *page = *place_of(u, 0);
	return u->base + (uint64_t)__builtin_ctzll(page->used);
}

bool unacked_take_first(struct unacked *u, uint64_t *tag, struct delivery *out)
{
	*tag = unacked_first(u);
	return *tag && unacked_take(u, *tag, out);
}
