/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/traits.h"

#include "base/mem.h"
#include "broker/state.h"

struct traits {
	uint64_t shares;
	uint32_t n;
	uint8_t bytes[];
};

struct slice traits_table(const struct traits *t)
{
	return t ? slice_of(t->bytes, t->n) : slice_of("", 0);
}

struct traits *traits_take(struct broker *b, struct slice properties)
{
	if (properties.n == 0 || properties.n > TRAITS_MAX_BYTES)
		return NULL;
	struct traits *t = map_get(&b->traits, properties);
	if (!t) {
		t = mem_alloc(sizeof *t + properties.n);
		t->shares = 0;
		t->n = (uint32_t)properties.n;
		memcpy(t->bytes, properties.p, properties.n);
		map_put(&b->traits, traits_table(t), t);
	}
	t->shares++;
	return t;
}

void traits_leave(struct broker *b, struct traits **traits)
{
	struct traits *t = *traits;
	*traits = NULL;
	if (!t || --t->shares)
		return;
	map_remove(&b->traits, traits_table(t));
	mem_free(t);
}
