/* SPDX-License-Identifier: Apache-2.0 */
/* Headers: the binding's arguments against the message's headers (AMQP 0-9-1 section 3.1.3.4, with
 * RabbitMQ's all-with-x and any-with-x).  A void argument asks only that the header is there.
 *
 * What a binding asks for is read when it is made, and a message's headers are put into a table by
 * key once, however many bindings ask: a message costs what it has and what they ask for, and not
 * one times the other. */
#include "amqp/table.h"
#include "base/mem.h"
#include "exchange/exchange.h"

enum { KEEP_MOST = 256 };        /* places that stay when a message with many headers has passed */

enum match_mode { MATCH_ALL, MATCH_ANY, MATCH_ALL_WITH_X, MATCH_ANY_WITH_X, MATCH_BAD };

static enum match_mode mode_of(const struct field *f)
{
	static const char *const names[] = { "all", "any", "all-with-x", "any-with-x" };
	for (int i = MATCH_ALL; i < MATCH_BAD; i++)
		if (f->letter == 'S' && slice_is(f->bytes, names[i]))
			return (enum match_mode)i;
	return MATCH_BAD;
}

static const struct refusal *check(struct slice key, struct slice arguments, struct buf *text)
{
	(void)key;
	struct field f;
	if (!table_find(arguments, "x-match", &f) || mode_of(&f) != MATCH_BAD)
		return NULL;
	if (f.letter == 'S')
		buf_printf(text,
		           "Invalid x-match field value %.*s; expected all, any, all-with-x, or any-with-x",
		           SLICE_ARG(f.bytes));
	else
		buf_printf(text, "Invalid x-match field type %s (value expected to be longstr)",
		           field_type_name(&f));
	return &PRECONDITION_FAILED;
}

static enum match_mode binding_mode(const struct binding *b)
{
	struct field f;
	return table_find(b->arguments, "x-match", &f) ? mode_of(&f) : MATCH_ALL;
}

static bool counts(struct slice key, enum match_mode mode)
{
	if (slice_is(key, "x-match"))
		return false;
	return mode == MATCH_ALL_WITH_X || mode == MATCH_ANY_WITH_X || !slice_starts(key, "x-");
}

/* ---- what a binding asks for ---- */

struct condition {
	uint64_t hash;               /* of the key */
	struct slice key;            /* lies in the binding's arguments, as does the value */
	struct field wanted;
};

struct conditions {
	bool any;                    /* one of them is enough */
	size_t n;
	struct condition of[];
};

static void bind(struct exchange *x, struct binding *b)
{
	enum match_mode mode = binding_mode(b);
	struct buf found = { 0 };
	struct condition c;
	(void)x;
	for (struct table_walk w = table_walk(b->arguments); table_next(&w, &c.key, &c.wanted);) {
		c.hash = map_hash(c.key);
		if (counts(c.key, mode))
			buf_append(&found, &c, sizeof c);
	}
	struct conditions *all = b->match = mem_alloc(sizeof *all + found.len);
	all->any = mode == MATCH_ANY || mode == MATCH_ANY_WITH_X;
	all->n = found.len / sizeof c;
	if (found.len)
		memcpy(all->of, found.p, found.len);
	buf_free(&found);
}

static void unbind(struct exchange *x, struct binding *b)
{
	(void)x;
	mem_free(b->match);
	b->match = NULL;
}

/* ---- what a message has ---- */

struct header {
	uint64_t hash;
	struct slice key;            /* p == NULL: the place is free */
	struct field value;
};

/* Scratch of one exchange: open addressing, less than half full. */
struct headers {
	size_t cap;                  /* a power of two, or 0 */
	struct header *of;
};

static struct header *place(const struct headers *h, uint64_t hash, struct slice key)
{
	size_t i = hash & (h->cap - 1);
	while (h->of[i].key.p && (h->of[i].hash != hash || !slice_eq(h->of[i].key, key)))
		i = (i + 1) & (h->cap - 1);
	return &h->of[i];
}

/* The places are free and so many that half as many headers have room. */
static void clear(struct headers *h, size_t cap)
{
	if (cap > h->cap) {
		mem_free(h->of);
		h->of = mem_alloc(cap * sizeof *h->of);
		h->cap = cap;
	}
	for (size_t i = 0; i < h->cap; i++)
		h->of[i].key.p = NULL;
}

static size_t count(struct slice table)
{
	struct slice key;
	struct field f;
	size_t n = 0;
	for (struct table_walk w = table_walk(table); table_next(&w, &key, &f);)
		n++;
	return n;
}

/* Of equal keys the last counts. */
static void fill(struct headers *h, struct slice table)
{
	size_t cap = 16, n = count(table);
	struct header one;
	while (cap <= 2 * n)
		cap *= 2;
	clear(h, cap);
	for (struct table_walk w = table_walk(table); table_next(&w, &one.key, &one.value);) {
		one.hash = map_hash(one.key);
		*place(h, one.hash, one.key) = one;
	}
}

/* ---- matching ---- */

static bool hits(const struct headers *h, const struct condition *c)
{
	const struct header *there = place(h, c->hash, c->key);
	return there->key.p && (c->wanted.letter == 'V' || field_equal(&c->wanted, &there->value));
}

static bool matches(const struct binding *b, const struct headers *h)
{
	const struct conditions *all = b->match;
	for (size_t i = 0; i < all->n; i++)
		if (hits(h, &all->of[i]) == all->any)
			return all->any;
	return !all->any;
}

static void route(struct exchange *x, const struct route *r, struct found *out)
{
	struct headers *h = x->state;
	if (list_empty(&x->bindings))
		return;
	if (!h)
		h = x->state = mem_zalloc(sizeof *h);
	fill(h, r->headers);
	list_each(it, &x->bindings) {
		struct binding *b = list_entry(it, struct binding, on_source);
		out->looked += 1 + ((const struct conditions *)b->match)->n;
		if (matches(b, h))
			found_add(out, b);
	}
	if (h->cap > KEEP_MOST) {
		mem_free(h->of);
		*h = (struct headers){ 0 };
	}
}

static void destroy(struct exchange *x)
{
	struct headers *h = x->state;
	if (h)
		mem_free(h->of);
	mem_free(h);
	x->state = NULL;
}

const struct exchange_type exchange_headers = {
	.name = "headers", .one_key = true, .check = check, .bind = bind, .unbind = unbind,
	.route = route, .destroy = destroy,
};
