/* SPDX-License-Identifier: Apache-2.0 */
/* A skip list.  Above the list itself run lanes: in the slowest every eighth element on an average
 * is a stop, in the next one every eighth of those, and so on.  Who looks for something goes along
 * the fastest lane as far as it does not lead beyond, then along the next.  Each leg says how many
 * elements it goes on by, so that they are counted on the way.
 *
 * Which elements are stops is drawn under the secret seed of the maps, from a count: whoever
 * chooses the keys has no say in it. */
#include "base/order.h"

#include "base/die.h"
#include "base/map.h"
#include "base/mem.h"

/* An element at which some lanes stop, the slowest at least. */
struct order_stop {
	struct list *at;
	struct order_leg legs[];
};

enum { BITS = 3 };               /* one of eight */

/* Where a search has come to: each lane's last leg that does not lead beyond, and how many elements
 * that begins behind. */
struct way {
	struct order_leg *legs[ORDER_LANES];
	size_t passed[ORDER_LANES];
	struct list *at;             /* the last element before, or the head ... */
	size_t n;                    /* ... which is the n-th */
};

void order_init(struct order *o, order_key *key)
{
	*o = (struct order){ .key = key };
	list_init(&o->list);
	for (int i = 0; i < ORDER_LANES; i++)
		o->legs[i].elements = 1;
}

/* To the last element whose key is less. */
static void seek(struct order *o, struct slice key, struct way *w)
{
	struct order_leg *leg = &o->legs[ORDER_LANES - 1];
	w->at = &o->list;
	w->n = 0;
	for (int i = ORDER_LANES - 1; i >= 0; i--) {
		while (leg->next && slice_order(o->key(leg->next->at), key) < 0) {
			w->n += leg->elements;
			w->at = leg->next->at;
			leg = &leg->next->legs[i];
		}
		w->legs[i] = leg;
		w->passed[i] = w->n;
		leg -= i > 0;
	}
	for (struct list *l; (l = w->at->next) != &o->list && slice_order(o->key(l), key) < 0; w->n++)
		w->at = l;
}

/* In so many lanes it is a stop. */
static int draw(struct order *o)
{
	uint64_t n = o->drawn++;
	uint64_t dice = map_hash(slice_of(&n, sizeof n)) | 1ull << (BITS * ORDER_LANES);
	return __builtin_ctzll(dice) / BITS;
}

void order_put(struct order *o, struct list *link)
{
	struct way w;
	seek(o, o->key(link), &w);
	int lanes = draw(o);
	struct order_stop *s = NULL;
	if (lanes)
		s = mem_alloc(sizeof *s + (size_t)lanes * sizeof *s->legs);
	for (int i = 0; i < ORDER_LANES; i++) {
		struct order_leg *leg = w.legs[i];
		leg->elements++;
		if (i >= lanes)
			continue;
		s->at = link;
		s->legs[i].next = leg->next;
		s->legs[i].elements = leg->elements - (w.n + 1 - w.passed[i]);
		leg->next = s;
		leg->elements = w.n + 1 - w.passed[i];
	}
	must(w.at->next == &o->list || !slice_eq(o->key(w.at->next), o->key(link)));
	list_insert_before(w.at->next, link);
	o->count++;
}

void order_remove(struct order *o, struct list *link)
{
	struct way w;
	struct order_stop *s = NULL;
	seek(o, o->key(link), &w);
	must(w.at->next == link);
	for (int i = 0; i < ORDER_LANES; i++) {
		struct order_leg *leg = w.legs[i];
		leg->elements--;
		if (!leg->next || leg->next->at != link)
			continue;
		s = leg->next;
		leg->elements += s->legs[i].elements;
		leg->next = s->legs[i].next;
	}
	mem_free(s);
	list_remove(link);
	o->count--;
}

struct list *order_at(const struct order *o, size_t n)
{
	const struct order_leg *leg = &o->legs[ORDER_LANES - 1];
	const struct list *at = &o->list;
	size_t left = n + 1;
	must(n < o->count);
	for (int i = ORDER_LANES - 1; i >= 0; i--) {
		for (; leg->next && leg->elements <= left; leg = &leg->next->legs[i]) {
			left -= leg->elements;
			at = leg->next->at;
		}
		leg -= i > 0;
	}
	for (; left; left--)
		at = at->next;
	return (struct list *)at;
}

/* All stops are on the slowest lane. */
void order_free(struct order *o)
{
	for (struct order_stop *s = o->legs[0].next, *next; s; s = next) {
		next = s->legs[0].next;
		mem_free(s);
	}
	for (int i = 0; i < ORDER_LANES; i++)
		o->legs[i] = (struct order_leg){ NULL, 1 };
	list_init(&o->list);
	o->count = 0;
}

static void check_lane(const struct order *o, int lane)
{
	const struct order_leg *leg = &o->legs[lane];
	const struct list *at = &o->list;
	do {
		for (size_t n = leg->elements; n; n--)
			at = at->next;
		must(at == (leg->next ? leg->next->at : &o->list));
		leg = leg->next ? &leg->next->legs[lane] : NULL;
	} while (leg);
}

void order_check(const struct order *o)
{
	size_t n = 0;
	list_each(it, &o->list) {
		must(it->next == &o->list || slice_order(o->key(it), o->key(it->next)) < 0);
		n++;
	}
	must(n == o->count);
	for (int i = 0; i < ORDER_LANES; i++)
		check_lane(o, i);
}
