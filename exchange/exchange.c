/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/exchange.h"

#include "base/die.h"
#include "base/mem.h"

const struct exchange_type *exchange_type_find(struct slice name)
{
	static const struct exchange_type *const types[] = {
		&exchange_direct,
		&exchange_fanout,
		&exchange_topic,
		&exchange_headers,
	};
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (slice_is(name, types[i]->name))
			return types[i];
	return NULL;
}

void found_add(struct found *f, struct binding *b)
{
	if (f->n == f->cap) {
		f->cap = f->cap ? 2 * f->cap : 16;
		f->bindings = mem_realloc(f->bindings, f->cap * sizeof *f->bindings);
	}
	f->bindings[f->n++] = b;
}
