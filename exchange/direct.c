/* SPDX-License-Identifier: Apache-2.0 */
/* Direct: bindings whose key equals the routing key (AMQP 0-9-1 section 3.1.3.1).  One map from
 * key to the bindings that have it. */
#include "base/mem.h"
#include "base/slab.h"
#include "exchange/bunch.h"

struct same_key {
	struct bunch bunch;
	struct slice key;            /* its bytes stand behind */
};

static struct map *keys_of(struct exchange *x)
{
	if (!x->state)
		x->state = mem_zalloc(sizeof(struct map));
	return x->state;
}

static struct same_key *same_key_new(struct slice key)
{
	struct same_key *s = slab_alloc(sizeof *s + key.n);
	uint8_t *copy = (uint8_t *)(s + 1);
	if (key.n)
		memcpy(copy, key.p, key.n);
	*s = (struct same_key){ .key = slice_of(copy, key.n) };
	return s;
}

static void bind(struct exchange *x, struct binding *b)
{
	struct map *keys = keys_of(x);
	struct same_key *s = map_get(keys, b->key);
	if (!s) {
		s = same_key_new(b->key);
		map_put(keys, s->key, s);
	}
	bunch_add(&s->bunch, b);
}

static void unbind(struct exchange *x, struct binding *b)
{
	struct map *keys = keys_of(x);
	struct same_key *s = map_xget(keys, b->key);
	if (!bunch_remove(&s->bunch, b))
		return;
	map_remove(keys, s->key);
	slab_free(s, sizeof *s + s->key.n);
}

static void route(struct exchange *x, const struct route *r, struct found *out)
{
	struct same_key *s = map_get(keys_of(x), r->key);
	if (s)
		bunch_found(&s->bunch, out);
}

static void destroy(struct exchange *x)
{
	if (x->state)
		map_free(x->state);
	mem_free(x->state);
}

const struct exchange_type exchange_direct = {
	.name = "direct", .bind = bind, .unbind = unbind, .route = route, .destroy = destroy,
};
