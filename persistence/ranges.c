/* SPDX-License-Identifier: Apache-2.0 */
#include "persistence/ranges.h"

#include <string.h>

#include "base/mem.h"

static uint64_t end_of(struct record_range r)
{
	return r.first + r.count;
}

/* The first range that ends at or behind the number; most are added at the end. */
static size_t find(const struct ranges *s, uint64_t seq)
{
	size_t low = 0, high = s->n;
	if (high && end_of(s->p[high - 1]) < seq)
		return high;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (end_of(s->p[mid]) < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void make_room(struct ranges *s)
{
	if (s->n < s->cap)
		return;
	s->cap = s->cap ? 2 * s->cap : 2;
	s->p = mem_realloc(s->p, s->cap * sizeof *s->p);
}

void ranges_add(struct ranges *s, struct record_range r)
{
	if (s->n && end_of(s->p[s->n - 1]) == r.first) {
		s->p[s->n - 1].count += r.count;
		return;
	}
	size_t at = find(s, r.first), end = at;
	uint64_t to = end_of(r);
	for (; end < s->n && s->p[end].first <= to; end++) {
		r.first = s->p[end].first < r.first ? s->p[end].first : r.first;
		to = end_of(s->p[end]) > to ? end_of(s->p[end]) : to;
	}
	r.count = to - r.first;
	if (end == at)
		make_room(s);
	if (end != at + 1)
		memmove(s->p + at + 1, s->p + end, (s->n - end) * sizeof *s->p);
	s->p[at] = r;
	s->n += 1 + at - end;
}

bool ranges_hold(const struct ranges *s, uint64_t seq)
{
	size_t i = find(s, seq + 1);
	return i < s->n && s->p[i].first <= seq;
}

void ranges_shift(struct ranges *s, size_t n)
{
	if (n)
		memmove(s->p, s->p + n, (s->n - n) * sizeof *s->p);
	s->n -= n;
}

void ranges_free(struct ranges *s)
{
	mem_free(s->p);
	*s = (struct ranges){ 0 };
}
