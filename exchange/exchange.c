/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/exchange.h"

#include <stdlib.h>

#include "amqp/table.h"
#include "base/die.h"
#include "base/mem.h"

static const struct exchange_type *const types[] = {
	&exchange_direct,
	&exchange_fanout,
	&exchange_topic,
	&exchange_headers,
	&exchange_consistent_hash,
	&exchange_modulus_hash,
	&exchange_random,
	&exchange_local_random,
	&exchange_once,
	&exchange_history,
	&exchange_super_stream,
};

size_t exchange_type_names(const char *names[EXCHANGE_TYPES_MAX])
{
	size_t n = ARRAY_LEN(types);
	_Static_assert(ARRAY_LEN(types) < EXCHANGE_TYPES_MAX, "there is room for all");
	for (size_t i = 0; i < n; i++)
		names[i] = types[i]->name;
	names[n++] = EXCHANGE_DELAYED;
	return n;
}

const struct exchange_type *exchange_type_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (slice_is(name, types[i]->name))
			return types[i];
	return NULL;
}

const struct exchange_type *exchange_delayed_type(struct slice arguments)
{
	struct field f;
	bool there = table_find(arguments, "x-delayed-type", &f) && f.letter == 'S';
	return there ? exchange_type_find(f.bytes) : NULL;
}

void found_put(struct found *f, struct destination to)
{
	if (f->n == f->cap) {
		f->cap = f->cap ? 2 * f->cap : 16;
		f->at = mem_realloc(f->at, f->cap * sizeof *f->at);
	}
	f->at[f->n++] = to;
}

struct pair {
	struct slice key, bytes;   /* bytes: the key and its value as they stand in the table */
};

/* By key; of equal keys the one that came first is first. */
static int pair_order(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	size_t n = x->key.n < y->key.n ? x->key.n : y->key.n;
	int order = memcmp(x->key.p, y->key.p, n);
	if (order == 0 && x->key.n != y->key.n)
		order = x->key.n < y->key.n ? -1 : 1;
	return order ? order : x->key.p < y->key.p ? -1 : 1;
}

static void append_sorted(struct buf *out, struct slice table)
{
	struct buf pairs = { 0 };
	struct table_walk w = table_walk(table);
	const uint8_t *from = w.rest.p;
	struct field value;
	for (struct pair p; table_next(&w, &p.key, &value); from = w.rest.p) {
		p.bytes = slice_of(from, (size_t)(w.rest.p - from));
		buf_append(&pairs, &p, sizeof p);
	}
	struct pair *sorted = (struct pair *)(void *)pairs.p;
	size_t n = pairs.len / sizeof *sorted;
	if (n > 1)
		qsort(sorted, n, sizeof *sorted, pair_order);
	for (size_t i = 0; i < n; i++)
		buf_append_slice(out, sorted[i].bytes);
	buf_free(&pairs);
}

struct slice binding_identity(bool to_queue, struct slice to, struct slice key,
                              struct slice arguments)
{
	struct buf b = { 0 };
	buf_printf(&b, "%c%zu:%zu:", to_queue ? 'q' : 'e', to.n, key.n);
	buf_append_slice(&b, to);
	buf_append_slice(&b, key);
	append_sorted(&b, arguments);
	return buf_slice(&b);
}

void exchange_set_policy(struct exchange *x, struct slice alternate, bool nacks)
{
	struct field f;
	bool own = table_find(x->arguments, "alternate-exchange", &f) && f.letter == 'S';
	x->alternate = own ? f.bytes : alternate;
	x->nacks = nacks;
}
