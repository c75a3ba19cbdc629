/* SPDX-License-Identifier: Apache-2.0 */
/* x-modulus-hash, x-random and x-local-random: one of the bindings, which stand in an array in
 * order of their identity, so that the order is the same after a restart. */
#include "exchange/spread.h"

#include <string.h>

#include "base/mem.h"
#include "exchange/exchange.h"

struct spread {
	struct binding **at;
	size_t n, cap;
	uint64_t random;
};

static uint64_t mix(uint64_t h)
{
	h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9u;
	h = (h ^ h >> 27) * 0x94D049BB133111EBu;
	return h ^ h >> 31;
}

/* FNV-1a, and a mixing of all bits into all. */
uint64_t spread_hash(uint64_t seed, struct slice bytes)
{
	uint64_t h = seed ^ 0xCBF29CE484222325u;
	for (size_t i = 0; i < bytes.n; i++)
		h = (h ^ bytes.p[i]) * 0x100000001B3u;
	return mix(h);
}

/* The first place whose binding is not before the identity. */
static size_t place_of(const struct spread *s, struct slice identity)
{
	size_t low = 0, high = s->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (slice_order(s->at[mid]->identity, identity) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void bind(struct exchange *x, struct binding *b)
{
	struct spread *s = x->state;
	if (!s) {
		s = x->state = mem_zalloc(sizeof *s);
		s->random = spread_hash(1, x->name);
	}
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 4;
		s->at = mem_realloc(s->at, s->cap * sizeof *s->at);
	}
	size_t i = place_of(s, b->identity);
	memmove(s->at + i + 1, s->at + i, (s->n - i) * sizeof *s->at);
	s->at[i] = b;
	s->n++;
}

static void unbind(struct exchange *x, struct binding *b)
{
	struct spread *s = x->state;
	size_t i = place_of(s, b->identity);
	s->n--;
	memmove(s->at + i, s->at + i + 1, (s->n - i) * sizeof *s->at);
}

static void route_by_key(struct exchange *x, const struct route *r, struct found *out)
{
	const struct spread *s = x->state;
	if (s && s->n)
		found_add(out, s->at[spread_hash(0, r->key) % s->n]);
}

static void route_at_random(struct exchange *x, const struct route *r, struct found *out)
{
	struct spread *s = x->state;
	(void)r;
	if (!s || !s->n)
		return;
	s->random += 0x9E3779B97F4A7C15u;
	found_add(out, s->at[mix(s->random) % s->n]);
}

static void destroy(struct exchange *x)
{
	struct spread *s = x->state;
	if (s)
		mem_free(s->at);
	mem_free(s);
}

const struct exchange_type exchange_modulus_hash = {
	.name = "x-modulus-hash", .one_key = true, .bind = bind, .unbind = unbind,
	.route = route_by_key, .destroy = destroy,
};

const struct exchange_type exchange_random = {
	.name = "x-random", .one_key = true, .bind = bind, .unbind = unbind,
	.route = route_at_random, .destroy = destroy,
};

/* All queues of one broker are local to it. */
const struct exchange_type exchange_local_random = {
	.name = "x-local-random", .one_key = true, .bind = bind, .unbind = unbind,
	.route = route_at_random, .destroy = destroy,
};
