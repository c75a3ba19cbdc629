/* SPDX-License-Identifier: Apache-2.0 */
/* The bindings stand in an array by their numbers (x-stream-partition-order, else the key). */
#include "exchange/partitions.h"

#include <string.h>

#include "amqp/table.h"
#include "base/endian.h"
#include "base/mem.h"
#include "exchange/exchange.h"

struct partitions {
	struct binding **at;
	size_t n, cap;
};

static uint32_t rotate(uint32_t v, int by)
{
	return v << by | v >> (32 - by);
}

static uint32_t scramble(uint32_t k)
{
	return rotate(k * 0xCC9E2D51u, 15) * 0x1B873593u;
}

static uint32_t finish(uint32_t h)
{
	h = (h ^ h >> 16) * 0x85EBCA6Bu;
	h = (h ^ h >> 13) * 0xC2B2AE35u;
	return h ^ h >> 16;
}

uint32_t partitions_hash(uint32_t seed, struct slice bytes)
{
	uint32_t h = seed, length = (uint32_t)bytes.n, tail = 0;
	while (bytes.n >= 4)
		h = rotate(h ^ scramble(get_le32(slice_take(&bytes, 4).p)), 13) * 5 + 0xE6546B64u;
	for (size_t i = bytes.n; i > 0; i--)
		tail = tail << 8 | bytes.p[i - 1];
	return finish((tail ? h ^ scramble(tail) : h) ^ length);
}

/* False when it has none. */
static bool number_of(struct slice key, struct slice arguments, int64_t *out)
{
	struct field f;
	if (table_find(arguments, "x-stream-partition-order", &f)) {
		*out = f.integer;
		return field_is_integer(&f) && f.integer >= 0;
	}
	*out = 0;
	for (size_t i = 0; i < key.n; i++) {
		if (key.p[i] < '0' || key.p[i] > '9' || i == 9)
			return false;
		*out = 10 * *out + (key.p[i] - '0');
	}
	return key.n != 0;
}

static const struct refusal *check(struct slice key, struct slice arguments, struct buf *text)
{
	int64_t number;
	if (number_of(key, arguments, &number))
		return NULL;
	buf_printf(text, "the routing key of a partition, or its x-stream-partition-order, has to be "
	                 "its number");
	return &PRECONDITION_FAILED;
}

static bool is_before(const struct binding *a, const struct binding *b)
{
	int64_t x = 0, y = 0;
	number_of(a->key, a->arguments, &x);
	number_of(b->key, b->arguments, &y);
	return x != y ? x < y : slice_order(a->identity, b->identity) < 0;
}

static size_t place_of(const struct partitions *p, const struct binding *b)
{
	size_t i = 0;
	while (i < p->n && is_before(p->at[i], b))
		i++;
	return i;
}

static void bind(struct exchange *x, struct binding *b)
{
	struct partitions *p = x->state;
	if (!p)
		p = x->state = mem_zalloc(sizeof *p);
	if (p->n == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 4;
		p->at = mem_realloc(p->at, p->cap * sizeof *p->at);
	}
	size_t i = place_of(p, b);
	memmove(p->at + i + 1, p->at + i, (p->n - i) * sizeof *p->at);
	p->at[i] = b;
	p->n++;
}

static void unbind(struct exchange *x, struct binding *b)
{
	struct partitions *p = x->state;
	size_t i = place_of(p, b);
	p->n--;
	memmove(p->at + i, p->at + i + 1, (p->n - i) * sizeof *p->at);
}

static void route(struct exchange *x, const struct route *r, struct found *out)
{
	const struct partitions *p = x->state;
	if (p && p->n)
		found_add(out, p->at[partitions_hash(PARTITIONS_SEED, r->key) % p->n]);
}

static void destroy(struct exchange *x)
{
	struct partitions *p = x->state;
	if (p)
		mem_free(p->at);
	mem_free(p);
}

const struct exchange_type exchange_super_stream = {
	.name = "x-super-stream", .one_key = true, .check = check, .bind = bind, .unbind = unbind,
	.route = route, .destroy = destroy,
};
