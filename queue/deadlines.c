/* SPDX-License-Identifier: Apache-2.0 */
/* A radix heap with digits of four bits.  An entry is in the bucket that is named by the highest
 * digit in which its time differs from the time reached, and by what that digit is: so buckets
 * lie in order of time, the first digit's hold one millisecond each, and wider ones are told
 * apart when their first entry is due.  An entry moves once a digit at most, nine times in a
 * year; whatever the times are, entries of one time stay in their order.
 *
 * Telling a bucket apart is done a slice at a time.  Meanwhile what belongs to it is added to
 * its end, so that it does not overtake. */
#include "queue/deadlines.h"

#include <string.h>

#include "base/die.h"
#include "base/mem.h"

enum {
	DIGIT_BITS = 4,
	DIGITS = 1 << DIGIT_BITS,
	SLICE = 2000,                /* entries told apart at a time: a fifth of a millisecond */
	SWEEP_LEAST = 1024,
	SWEEP_STEP = 8,              /* entries looked at for one that is added */
};

struct deadlines_bucket {
	uint32_t key;                /* which digit, and what it is */
	uint64_t least;              /* none of its entries is due before */
	struct dues dues;
};

/* In unsigned order. */
static uint64_t of_ms(int64_t when_ms)
{
	return (uint64_t)when_ms ^ 1ull << 63;
}

static int64_t to_ms(uint64_t when)
{
	return (int64_t)(when ^ 1ull << 63);
}

void deadlines_init(struct deadlines *d)
{
	*d = (struct deadlines){ .sweep_at = SWEEP_LEAST };
	dues_init(&d->swept);
}

/* The lists are moved along with the array: their ends point into it. */
static void relink(struct dues *to, struct dues *from)
{
	dues_init(to);
	dues_join(to, from);
}

static void bucket_move(struct deadlines_bucket *to, struct deadlines_bucket *from)
{
	struct dues dues;
	relink(&dues, &from->dues);
	to->key = from->key;
	to->least = from->least;
	relink(&to->dues, &dues);
}

static struct deadlines_bucket *bucket_add(struct deadlines *d, uint32_t i, uint32_t key)
{
	if (d->n == d->cap) {
		uint32_t cap = d->cap ? 2 * d->cap : 2;
		struct deadlines_bucket *more = mem_alloc(cap * sizeof *more);
		for (uint32_t j = 0; j < d->n; j++)
			bucket_move(&more[j], &d->buckets[j]);
		mem_free(d->buckets);
		d->buckets = more;
		d->cap = cap;
	}
	for (uint32_t j = d->n++; j > i; j--)
		bucket_move(&d->buckets[j], &d->buckets[j - 1]);
	struct deadlines_bucket *b = &d->buckets[i];
	b->key = key;
	b->least = UINT64_MAX;
	dues_init(&b->dues);
	return b;
}

static void bucket_remove(struct deadlines *d, uint32_t i)
{
	dues_free(&d->buckets[i].dues);
	d->n--;
	for (uint32_t j = i; j < d->n; j++)
		bucket_move(&d->buckets[j], &d->buckets[j + 1]);
	if (d->n == 0) {
		mem_free(d->buckets);
		d->buckets = NULL;
		d->cap = 0;
	}
}

void deadlines_free(struct deadlines *d)
{
	while (d->n)
		bucket_remove(d, d->n - 1);
	dues_free(&d->swept);
	deadlines_init(d);
}

static uint32_t key_of(const struct deadlines *d, uint64_t when)
{
	uint64_t differs = when ^ d->reached;
	unsigned digit = differs ? (unsigned)(63 - __builtin_clzll(differs)) / DIGIT_BITS : 0;
	return digit * DIGITS + (when >> digit * DIGIT_BITS & (DIGITS - 1));
}

/* The first bucket with at least that key. */
static uint32_t find(const struct deadlines *d, uint32_t key)
{
	uint32_t i = 0;
	while (i < d->n && d->buckets[i].key < key)
		i++;
	return i;
}

static inline void add(struct deadlines *d, const struct due *e, uint64_t when, uint32_t key)
{
	uint32_t i = find(d, key);
	struct deadlines_bucket *b = i < d->n && d->buckets[i].key == key ? &d->buckets[i]
	                                                                  : bucket_add(d, i, key);
	b->least = when < b->least ? when : b->least;
	dues_push(&b->dues, e);
}

/* Which bucket is being told apart: the first that is of the digit it was made for. */
static struct deadlines_bucket *spreading(const struct deadlines *d)
{
	for (uint32_t i = 0; i < d->n; i++) {
		struct deadlines_bucket *b = &d->buckets[i];
		uint32_t digit = b->key / DIGITS;
		if (digit && b->key % DIGITS == (d->reached >> digit * DIGIT_BITS & (DIGITS - 1)))
			return b;
	}
	return NULL;
}

void deadlines_add(struct deadlines *d, const struct due *e)
{
	struct due late;
	uint64_t when = of_ms(e->when_ms);
	if (when < d->reached) {
		late = *e;
		when = d->reached;
		late.when_ms = to_ms(when);
		e = &late;
	}
	uint32_t key = key_of(d, when);
	const struct deadlines_bucket *wide = d->spreads ? spreading(d) : NULL;
	if (wide && key / DIGITS < wide->key / DIGITS)
		key = wide->key;
	add(d, e, when, key);
	d->count++;
}

int64_t deadlines_next(const struct deadlines *d)
{
	if (d->spreads)
		return to_ms(d->reached);
	return d->n ? to_ms(d->buckets[0].least) : DEADLINES_NONE;
}

/* ---- sweeping: a few entries at a time, so that nobody waits for it ---- */

/* What was looked through goes back to where it came from, before the rest. */
static void put_back(struct deadlines *d, struct deadlines_bucket *b)
{
	struct dues rest;
	relink(&rest, &b->dues);
	relink(&b->dues, &d->swept);
	dues_join(&b->dues, &rest);
	dues_init(&d->swept);
	d->unswept = 0;
	d->sweep_key++;
}

/* The bucket is wanted: its entries are about to leave it. */
static void interrupt_sweep(struct deadlines *d, struct deadlines_bucket *b)
{
	if (d->unswept && b && b->key == d->sweep_key)
		put_back(d, b);
}

/* The bucket that is next to be looked through; NULL at the end. */
static struct deadlines_bucket *unswept(struct deadlines *d)
{
	uint32_t i = find(d, d->sweep_key);
	if (d->unswept)
		return &d->buckets[i];
	while (i < d->n && d->buckets[i].dues.count == 0)   /* it was told apart just now */
		i++;
	if (i == d->n)
		return NULL;
	d->sweep_key = d->buckets[i].key;
	d->unswept = d->buckets[i].dues.count;
	return &d->buckets[i];
}

static void end_sweep(struct deadlines *d)
{
	d->sweeps = false;
	d->sweep_at = 2 * d->count > SWEEP_LEAST ? 2 * d->count : SWEEP_LEAST;
}

static bool begin_sweep(struct deadlines *d, uint64_t can_live)
{
	d->sweeps = d->count / 2 >= can_live;
	d->sweep_key = 0;
	if (!d->sweeps)
		d->sweep_at = 2 * can_live;
	return d->sweeps;
}

void deadlines_sweep(struct deadlines *d, uint64_t can_live,
                     bool (*lives)(const void *owner, const struct due *e), const void *owner)
{
	struct due e;
	struct deadlines_bucket *b;
	if (!d->sweeps && !begin_sweep(d, can_live))
		return;
	for (int n = 0; n < SWEEP_STEP && (b = unswept(d)); n++) {
		dues_pop(&b->dues, &e);
		if (lives(owner, &e))
			dues_push(&d->swept, &e);
		else
			d->count--;
		if (--d->unswept)
			continue;
		put_back(d, b);
		if (b->dues.count == 0)
			bucket_remove(d, (uint32_t)(b - d->buckets));
	}
	if (!unswept(d))
		end_sweep(d);
}

/* True when the bucket is empty and gone. */
static bool spread(struct deadlines *d)
{
	struct due e;
	for (int n = 0; n < SLICE; n++) {
		struct deadlines_bucket *b = spreading(d);
		if (!b || !dues_pop(&b->dues, &e)) {
			if (b)
				bucket_remove(d, (uint32_t)(b - d->buckets));
			d->spreads = false;
			return true;
		}
		add(d, &e, of_ms(e.when_ms), key_of(d, of_ms(e.when_ms)));
	}
	return false;
}

bool deadlines_take(struct deadlines *d, int64_t now_ms, struct due *out)
{
	uint64_t now = of_ms(now_ms);
	interrupt_sweep(d, d->spreads ? spreading(d) : NULL);
	while (d->spreads || (d->n && d->buckets[0].least <= now)) {
		interrupt_sweep(d, &d->buckets[0]);
		if (!d->spreads && d->buckets[0].key < DIGITS) {
			struct deadlines_bucket *b = &d->buckets[0];
			dues_pop(&b->dues, out);
			d->reached = b->least;
			d->count--;
			if (b->dues.count == 0)
				bucket_remove(d, 0);
			return true;
		}
		if (!d->spreads)
			d->reached = d->buckets[0].least;
		d->spreads = true;
		if (!spread(d))
			return false;
	}
	return false;
}

size_t deadlines_footprint(const struct deadlines *d)
{
	size_t n = d->cap * sizeof *d->buckets + dues_footprint(&d->swept);
	for (uint32_t i = 0; i < d->n; i++)
		n += dues_footprint(&d->buckets[i].dues);
	return n;
}
