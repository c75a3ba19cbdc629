/* SPDX-License-Identifier: Apache-2.0 */
#include "persistence/forward.h"

#include <string.h>

#include "base/die.h"
#include "base/mem.h"

/* One record: its old place in units of eight bytes from the base. */
struct forward {
	uint32_t from, n;
	log_position to;
};

struct forwards {
	log_position base;
	size_t n, left;              /* all, and those that somebody holds still */
	struct forward *p;           /* ascending */
};

/* The last part that begins at or before the position, or n. */
static size_t find_part(const struct forward_table *t, log_position at)
{
	size_t low = 0, high = t->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (t->p[mid]->base <= at)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? low - 1 : t->n;
}

static struct forward *find(const struct forward_table *t, log_position at, size_t *part)
{
	*part = find_part(t, at);
	if (*part == t->n)
		return NULL;
	const struct forwards *f = t->p[*part];
	uint64_t from = (at - f->base) / 8;
	size_t low = 0, high = f->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (f->p[mid].from < from)
			low = mid + 1;
		else
			high = mid;
	}
	return low < f->n && f->p[low].from == from && f->p[low].n ? &f->p[low] : NULL;
}

static struct forwards *part_at(struct forward_table *t, log_position base)
{
	size_t i = find_part(t, base);
	if (i < t->n && t->p[i]->base == base)
		return t->p[i];
	i = i == t->n ? 0 : i + 1;
	if (t->n == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 4;
		t->p = mem_realloc(t->p, t->cap * sizeof(void *));
	}
	memmove(t->p + i + 1, t->p + i, (t->n - i) * sizeof(void *));
	t->n++;
	t->p[i] = mem_zalloc(sizeof *t->p[i]);
	t->p[i]->base = base;
	return t->p[i];
}

/* From behind, so that what is there already moves once. */
void forward_add(struct forward_table *t, log_position base, const struct log_move *moves,
                 size_t n)
{
	struct forwards *f = part_at(t, base);
	size_t old = f->n, at = old + n;
	f->p = mem_realloc(f->p, at * sizeof *f->p);
	t->count -= f->n;
	f->n = at;
	f->left += n;
	for (size_t i = n; i > 0;) {
		uint64_t from = (moves[i - 1].from - base) / 8;
		must(from <= UINT32_MAX && moves[i - 1].n && moves[i - 1].n <= UINT32_MAX);
		if (old && f->p[old - 1].from > from) {
			f->p[--at] = f->p[--old];
			continue;
		}
		if (old && f->p[old - 1].from == from) {
			old--;
			must(f->p[old].n == 0);
		}
		i--;
		f->p[--at] = (struct forward){ (uint32_t)from, (uint32_t)moves[i].n, moves[i].to };
	}
	memmove(f->p + old, f->p + at, (f->n - at) * sizeof *f->p);
	f->n -= at - old;
	t->count += f->n;
}

log_position forward_find(const struct forward_table *t, log_position at)
{
	size_t part;
	const struct forward *f = find(t, at, &part);
	return f ? f->to : 0;
}

static void drop_part(struct forward_table *t, size_t i)
{
	mem_free(t->p[i]->p);
	mem_free(t->p[i]);
	t->n--;
	memmove(t->p + i, t->p + i + 1, (t->n - i) * sizeof(void *));
}

log_position forward_take(struct forward_table *t, log_position at)
{
	size_t part;
	struct forward *f = find(t, at, &part);
	if (!f)
		return 0;
	log_position to = f->to;
	if (--f->n == 0 && --t->p[part]->left == 0) {
		t->count -= t->p[part]->n;
		drop_part(t, part);
	}
	return to;
}

void forward_free(struct forward_table *t)
{
	while (t->n)
		drop_part(t, t->n - 1);
	mem_free(t->p);
	*t = (struct forward_table){ 0 };
}
