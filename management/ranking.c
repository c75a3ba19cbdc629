/* SPDX-License-Identifier: Apache-2.0 */
#include "management/ranking.h"

#include "base/die.h"
#include "base/mem.h"

enum { SORT_PIECE = 2000 };

struct ranked {
	uint64_t came;
	size_t key_n, text_n;
	uint8_t bytes[];             /* key, then text */
};

static struct slice key_of(const struct ranked *e)
{
	return slice_of(e->bytes, e->key_n);
}

/* Whether a is to stand behind b. */
static bool is_behind(const struct ranking *r, struct slice a, uint64_t a_came,
                      const struct ranked *b)
{
	int order = slice_order(a, key_of(b));
	if (r->reverse)
		order = -order;
	return order ? order > 0 : a_came > b->came;
}

static bool is_worse(const struct ranking *r, const struct ranked *a, const struct ranked *b)
{
	return is_behind(r, key_of(a), a->came, b);
}

/* ---- the heap ---- */

static void swap(struct ranking *r, size_t i, size_t k)
{
	struct ranked *e = r->all[i];
	r->all[i] = r->all[k];
	r->all[k] = e;
}

static void rise(struct ranking *r, size_t i)
{
	for (; i && is_worse(r, r->all[i], r->all[(i - 1) / 2]); i = (i - 1) / 2)
		swap(r, i, (i - 1) / 2);
}

static void sink(struct ranking *r)
{
	for (size_t i = 0;;) {
		size_t worst = i;
		for (size_t k = 2 * i + 1; k <= 2 * i + 2; k++)
			if (k < r->n && is_worse(r, r->all[k], r->all[worst]))
				worst = k;
		if (worst == i)
			return;
		swap(r, i, worst);
		i = worst;
	}
}

static size_t footprint(const struct ranked *e)
{
	return sizeof *e + e->key_n + e->text_n;
}

/* The worst goes behind the heap. */
static struct ranked *pop(struct ranking *r)
{
	swap(r, 0, --r->n);
	sink(r);
	return r->all[r->n];
}

/* ---- from outside ---- */

bool ranking_admits(const struct ranking *r, struct slice key)
{
	return r->n < r->most || (r->n && !is_behind(r, key, r->came, r->all[0]));
}

static void drop_worst(struct ranking *r)
{
	struct ranked *e = pop(r);
	r->bytes -= footprint(e);
	*r->together -= footprint(e);
	mem_free(e);
}

enum ranking_answer ranking_add(struct ranking *r, struct slice key, struct slice text)
{
	struct ranked *e;
	size_t bytes = sizeof *e + key.n + text.n;
	if (r->n == r->most)
		drop_worst(r);
	if (bytes > r->most_bytes - r->bytes)
		return RANKING_TOO_LONG;
	if (bytes > RANKINGS_MAX_BYTES - *r->together)
		return RANKING_BUSY;
	if (r->n == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 64;
		r->all = mem_realloc(r->all, r->cap * sizeof(void *));
	}
	e = mem_alloc(bytes);
	e->came = r->came++;
	e->key_n = key.n;
	e->text_n = text.n;
	if (key.n)
		memcpy(e->bytes, key.p, key.n);
	if (text.n)
		memcpy(e->bytes + key.n, text.p, text.n);
	r->bytes += bytes;
	*r->together += bytes;
	r->all[r->n++] = e;
	rise(r, r->n - 1);
	return RANKING_KEPT;
}

/* The heap shrinks to nothing, and behind it grows what is in order. */
bool ranking_sort(struct ranking *r)
{
	for (int left = SORT_PIECE; r->n && left; left--) {
		pop(r);
		r->sorted++;
	}
	return r->n == 0;
}

size_t ranking_count(const struct ranking *r)
{
	return r->sorted;
}

struct slice ranking_get(const struct ranking *r, size_t i)
{
	const struct ranked *e = r->all[i];
	must(r->n == 0 && i < r->sorted);
	return slice_of(e->bytes + e->key_n, e->text_n);
}

void ranking_free(struct ranking *r)
{
	for (size_t i = 0; i < r->n + r->sorted; i++)
		mem_free(r->all[i]);
	if (r->together)
		*r->together -= r->bytes;
	mem_free(r->all);
	*r = (struct ranking){ 0 };
}
