/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of up to 256 ranges, and an array of the blocks: a tree of one level. Most sets are one
 * range: the only block needs no array, and grows as it is needed. */
#include "persistence/ranges.h"

#include <string.h>

#include "base/mem.h"

enum {
	BLOCK_RANGES = 256,
	FIRST_RANGES = 2,
	FIRST_BLOCKS = 8,
};

struct ranges_block {
	uint32_t n, cap;              /* one at least */
	struct record_range p[];
};

/* Where a range is, or would be. */
struct spot {
	uint32_t block, at;
};

static uint64_t end_of(struct record_range r)
{
	return r.first + r.count;
}

static struct ranges_block *block_at(const struct ranges *s, uint32_t i)
{
	return s->cap ? s->blocks[i] : s->one;
}

static void block_set(struct ranges *s, uint32_t i, struct ranges_block *b)
{
	if (s->cap)
		s->blocks[i] = b;
	else
		s->one = b;
}

static struct record_range *range_at(const struct ranges *s, struct spot w)
{
	return w.block < s->n_blocks ? &block_at(s, w.block)->p[w.at] : NULL;
}

/* The first range that ends at or behind the number; behind all of them when there is none. */
static struct spot find(const struct ranges *s, uint64_t seq)
{
	uint32_t low = 0, high = s->n_blocks;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		const struct ranges_block *b = block_at(s, mid);
		if (end_of(b->p[b->n - 1]) < seq)
			low = mid + 1;
		else
			high = mid;
	}
	struct spot w = { low, 0 };
	if (low == s->n_blocks)
		return w;
	const struct ranges_block *b = block_at(s, low);
	for (high = b->n; w.at < high;) {
		uint32_t mid = w.at + (high - w.at) / 2;
		if (end_of(b->p[mid]) < seq)
			w.at = mid + 1;
		else
			high = mid;
	}
	return w;
}

static struct spot after(const struct ranges *s, struct spot w)
{
	if (++w.at == block_at(s, w.block)->n)
		w = (struct spot){ w.block + 1, 0 };
	return w;
}

/* ---- blocks ---- */

static struct ranges_block *block_new(uint32_t cap)
{
	struct ranges_block *b = mem_alloc(sizeof *b + cap * sizeof *b->p);
	b->n = 0;
	b->cap = cap;
	return b;
}

static void make_room(struct ranges *s)
{
	if (s->n_blocks < s->cap || s->n_blocks == 0)
		return;
	struct ranges_block *one = s->one, **old = s->cap ? s->blocks : NULL;
	uint32_t cap = s->cap ? 2 * s->cap : FIRST_BLOCKS;
	s->blocks = mem_realloc(old, cap * sizeof(struct ranges_block *));
	if (!old)
		s->blocks[0] = one;
	s->cap = cap;
}

/* The new one will be the ith. */
static void block_insert(struct ranges *s, uint32_t i, struct ranges_block *b)
{
	make_room(s);
	if (s->cap)
		memmove(s->blocks + i + 1, s->blocks + i,
		        (s->n_blocks - i) * sizeof(struct ranges_block *));
	block_set(s, i, b);
	s->n_blocks++;
}

static void block_remove(struct ranges *s, uint32_t i)
{
	mem_free(block_at(s, i));
	s->n_blocks--;
	if (s->n_blocks == 0)
		ranges_free(s);
	else
		memmove(s->blocks + i, s->blocks + i + 1,
		        (s->n_blocks - i) * sizeof(struct ranges_block *));
}

/* Its upper part becomes a block of its own: half of it, but of the last nothing, for that is where
 * most are added. */
static void split(struct ranges *s, uint32_t i)
{
	struct ranges_block *b = block_at(s, i), *upper = block_new(BLOCK_RANGES);
	uint32_t keep = i + 1 == s->n_blocks ? b->n - 1 : b->n / 2;
	upper->n = b->n - keep;
	memcpy(upper->p, b->p + keep, upper->n * sizeof *b->p);
	b->n = keep;
	block_insert(s, i + 1, upper);
}

static void grow(struct ranges *s, uint32_t i)
{
	struct ranges_block *b = block_at(s, i);
	uint32_t cap = 2 * b->cap;
	b = mem_realloc(b, sizeof *b + cap * sizeof *b->p);
	b->cap = cap;
	block_set(s, i, b);
}

static void insert(struct ranges *s, struct spot w, struct record_range r)
{
	if (s->n_blocks == 0)
		block_insert(s, 0, block_new(FIRST_RANGES));
	if (w.block == s->n_blocks && w.block > 0)
		w = (struct spot){ w.block - 1, block_at(s, w.block - 1)->n };
	if (block_at(s, w.block)->n == BLOCK_RANGES) {
		split(s, w.block);
		uint32_t kept = block_at(s, w.block)->n;
		if (w.at > kept)
			w = (struct spot){ w.block + 1, w.at - kept };
	} else if (block_at(s, w.block)->n == block_at(s, w.block)->cap) {
		grow(s, w.block);
	}
	struct ranges_block *b = block_at(s, w.block);
	memmove(b->p + w.at + 1, b->p + w.at, (b->n - w.at) * sizeof *b->p);
	b->p[w.at] = r;
	b->n++;
	s->n++;
}

/* Returns where the range behind it is now. */
static struct spot erase(struct ranges *s, struct spot w)
{
	struct ranges_block *b = block_at(s, w.block);
	b->n--;
	s->n--;
	memmove(b->p + w.at, b->p + w.at + 1, (b->n - w.at) * sizeof *b->p);
	if (b->n == 0)
		block_remove(s, w.block);
	else if (w.at == b->n)
		w = (struct spot){ w.block + 1, 0 };
	return w;
}

/* ---- the set ---- */

static struct record_range *last_range(const struct ranges *s)
{
	struct ranges_block *b = s->n_blocks ? block_at(s, s->n_blocks - 1) : NULL;
	return b ? &b->p[b->n - 1] : NULL;
}

/* The range at the spot has grown: those it reaches now become part of it. */
static void absorb(struct ranges *s, struct spot w, uint64_t to)
{
	struct spot next = after(s, w);
	for (struct record_range *r; (r = range_at(s, next)) && r->first <= to;) {
		to = end_of(*r) > to ? end_of(*r) : to;
		next = erase(s, next);
	}
	struct record_range *grown = range_at(s, w);
	grown->count = to - grown->first;
}

void ranges_add(struct ranges *s, struct record_range r)
{
	struct record_range *last = last_range(s);
	if (last && end_of(*last) == r.first) {
		last->count += r.count;
		return;
	}
	struct spot w = last && end_of(*last) < r.first ? (struct spot){ s->n_blocks, 0 }
	                                                : find(s, r.first);
	struct record_range *there = range_at(s, w);
	if (!there || there->first > end_of(r)) {
		insert(s, w, r);
		return;
	}
	uint64_t to = end_of(r) > end_of(*there) ? end_of(r) : end_of(*there);
	if (r.first < there->first)
		there->first = r.first;
	absorb(s, w, to);
}

void ranges_remove(struct ranges *s, struct record_range r)
{
	uint64_t to = end_of(r);
	struct spot w = find(s, r.first + 1);
	for (struct record_range *there; (there = range_at(s, w)) && there->first < to;) {
		struct record_range old = *there;
		if (old.first < r.first)
			there->count = r.first - old.first;
		if (end_of(old) > to && old.first < r.first) {
			insert(s, after(s, w), (struct record_range){ to, end_of(old) - to });
			return;
		}
		if (end_of(old) > to) {
			*there = (struct record_range){ to, end_of(old) - to };
			return;
		}
		w = old.first < r.first ? after(s, w) : erase(s, w);
	}
}

bool ranges_hold(const struct ranges *s, uint64_t seq)
{
	const struct record_range *r = range_at(s, find(s, seq + 1));
	return r && r->first <= seq;
}

bool ranges_first(const struct ranges *s, struct record_range *out)
{
	if (s->n)
		*out = block_at(s, 0)->p[0];
	return s->n != 0;
}

void ranges_shift(struct ranges *s)
{
	erase(s, (struct spot){ 0, 0 });
}

bool ranges_next(const struct ranges *s, struct ranges_walk *w, struct record_range *out)
{
	struct spot at = { w->block, w->at };
	const struct record_range *r = range_at(s, at);
	if (!r)
		return false;
	*out = *r;
	at = after(s, at);
	*w = (struct ranges_walk){ at.block, at.at };
	return true;
}

void ranges_free(struct ranges *s)
{
	for (uint32_t i = 0; i < s->n_blocks; i++)
		mem_free(block_at(s, i));
	if (s->cap)
		mem_free(s->blocks);
	*s = (struct ranges){ 0 };
}
