/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/client_properties.h"

#include "base/mem.h"
#include "broker/state.h"

struct client_properties {
	uint64_t shares;
	uint32_t n;
	uint8_t bytes[];
};

struct slice client_properties_table(const struct client_properties *t)
{
	return t ? slice_of(t->bytes, t->n) : slice_of("", 0);
}

struct client_properties *client_properties_take(struct broker *b, struct slice properties)
{
	if (properties.n == 0 || properties.n > CLIENT_PROPERTIES_MAX_BYTES)
		return NULL;
	struct client_properties *t = map_get(&b->client_properties, properties);
	if (!t) {
		t = mem_alloc(sizeof *t + properties.n);
		t->shares = 0;
		t->n = (uint32_t)properties.n;
		memcpy(t->bytes, properties.p, properties.n);
		map_put(&b->client_properties, client_properties_table(t), t);
	}
	t->shares++;
	return t;
}

void client_properties_leave(struct broker *b, struct client_properties **client_properties)
{
	struct client_properties *t = *client_properties;
	*client_properties = NULL;
	if (!t || --t->shares)
		return;
	map_remove(&b->client_properties, client_properties_table(t));
	mem_free(t);
}
