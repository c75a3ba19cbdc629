/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of rows, each a step and its numbers, that doubles while what is in it is wanted. */
#include "base/series.h"

#include <string.h>

#include "base/die.h"
#include "base/mem.h"

enum { FIRST_ROWS = 2, SWEPT_AT_ONCE = 64 };

struct series {
	struct series_pool *pool;
	struct series **home;
	struct list link;            /* in the pool */
	size_t n;                    /* numbers of a row */
	size_t at, count, cap;       /* rows [at, at + count) of the ring are there */
	uint64_t *ring;
};

void series_pool_init(struct series_pool *p, uint64_t most_bytes)
{
	*p = (struct series_pool){ .most_bytes = most_bytes };
	list_init(&p->all);
}

static uint64_t ring_bytes(size_t n, size_t rows)
{
	return rows * (n + 1) * sizeof(uint64_t);
}

static size_t place(const struct series *s, size_t i)
{
	must(s->cap > 0);
	return (s->at + i) % s->cap;
}

static uint64_t *row(const struct series *s, size_t i)
{
	return s->ring + place(s, i) * (s->n + 1);
}

/* ---- room ---- */

static bool is_quiet(const struct series *s, uint64_t quiet)
{
	return s->count == 0 || series_last(s) < quiet;
}

static bool make_room(struct series_pool *p, uint64_t bytes, uint64_t quiet)
{
	while (bytes > p->most_bytes || p->bytes > p->most_bytes - bytes) {
		struct series *oldest = list_first(&p->all, struct series, link);
		if (!oldest || !is_quiet(oldest, quiet))
			return false;
		series_free(oldest->home);
	}
	return true;
}

bool series_new(struct series_pool *p, struct series **home, size_t n, size_t rows,
                uint64_t quiet)
{
	size_t cap = rows ? rows : FIRST_ROWS;
	uint64_t bytes = sizeof(struct series) + ring_bytes(n, cap);
	must(!*home);
	if (!make_room(p, bytes, quiet))
		return false;
	struct series *s = mem_alloc(sizeof *s);
	*s = (struct series){ .pool = p, .home = home, .n = n, .cap = cap };
	s->ring = mem_alloc(ring_bytes(n, cap));
	list_push(&p->all, &s->link);
	p->bytes += bytes;
	*home = s;
	return true;
}

void series_free(struct series **home)
{
	struct series *s = *home;
	if (!s)
		return;
	s->pool->bytes -= sizeof *s + ring_bytes(s->n, s->cap);
	list_remove(&s->link);
	mem_free(s->ring);
	mem_free(s);
	*home = NULL;
}

void series_sweep(struct series_pool *p, uint64_t quiet)
{
	struct series *oldest;
	for (int i = 0; i < SWEPT_AT_ONCE; i++) {
		oldest = list_first(&p->all, struct series, link);
		if (!oldest || !is_quiet(oldest, quiet))
			return;
		series_free(oldest->home);
	}
}

/* ---- rows ---- */

static void forget_before(struct series *s, uint64_t from)
{
	while (s->count > 1 && *row(s, 1) <= from) {
		s->at = place(s, 1);
		s->count--;
	}
}

/* Twice the rows, or the oldest goes. */
static void make_way(struct series *s)
{
	struct series_pool *p = s->pool;
	uint64_t more = ring_bytes(s->n, s->cap);
	if (p->bytes > p->most_bytes || more > p->most_bytes - p->bytes) {
		s->at = place(s, 1);
		s->count--;
		return;
	}
	uint64_t *ring = mem_alloc(2 * more);
	for (size_t i = 0; i < s->count; i++)
		memcpy(ring + i * (s->n + 1), row(s, i), (s->n + 1) * sizeof *ring);
	mem_free(s->ring);
	s->ring = ring;
	s->at = 0;
	s->cap *= 2;
	p->bytes += more;
}

void series_put(struct series *s, uint64_t step, uint64_t from, const uint64_t *numbers)
{
	must(s->count == 0 || series_last(s) <= step);
	forget_before(s, from);
	if (s->count && series_last(s) == step)
		s->count--;
	else if (s->count == s->cap)
		make_way(s);
	uint64_t *to = row(s, s->count++);
	*to = step;
	memcpy(to + 1, numbers, s->n * sizeof *numbers);
	list_remove(&s->link);
	list_push(&s->pool->all, &s->link);
}

uint64_t series_get(const struct series *s, uint64_t step, size_t i)
{
	size_t low = 0, high = s->count;
	must(s->count && i < s->n);
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (*row(s, middle) <= step)
			low = middle;
		else
			high = middle;
	}
	return row(s, low)[1 + i];
}

uint64_t series_first(const struct series *s)
{
	must(s->count);
	return *row(s, 0);
}

uint64_t series_last(const struct series *s)
{
	must(s->count);
	return *row(s, s->count - 1);
}

const struct series *series_finest(struct series *const *all, size_t n, uint64_t step)
{
	const struct series *best = NULL;
	for (size_t i = 0; i < n; i++)
		if (all[i] && (!best || (series_first(best) > step &&
		                         series_first(all[i]) < series_first(best))))
			best = all[i];
	return best;
}
