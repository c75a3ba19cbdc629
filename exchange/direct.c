/* SPDX-License-Identifier: Apache-2.0 */
/* Direct: bindings whose key equals the routing key (AMQP 0-9-1 section 3.1.3.1).  One map from
 * key to the bindings that have it. */
#include "base/mem.h"
#include "exchange/exchange.h"

struct same_key {
	struct slice key;            /* owned */
	struct list bindings;
};

static struct map *keys_of(struct exchange *x)
{
	if (!x->state)
		x->state = mem_zalloc(sizeof(struct map));
	return x->state;
}

static void bind(struct exchange *x, struct binding *b)
{
	struct map *keys = keys_of(x);
	struct same_key *s = map_get(keys, b->key);
	if (!s) {
		s = mem_zalloc(sizeof *s);
		s->key = mem_own(b->key);
		list_init(&s->bindings);
		map_put(keys, s->key, s);
	}
	list_push(&s->bindings, &b->on_type);
}

static void unbind(struct exchange *x, struct binding *b)
{
	struct map *keys = keys_of(x);
	struct same_key *s = map_xget(keys, b->key);
	list_remove(&b->on_type);
	if (!list_empty(&s->bindings))
		return;
	map_remove(keys, s->key);
	mem_disown(s->key);
	mem_free(s);
}

static void route(struct exchange *x, const struct route *r, struct found *out)
{
	struct same_key *s = map_get(keys_of(x), r->key);
	if (s)
		list_each(it, &s->bindings)
			found_add(out, list_entry(it, struct binding, on_type));
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
