/* SPDX-License-Identifier: Apache-2.0 */
/* x-consistent-hash: each message goes to one binding, the same for equal routing keys (or values
 * of a header or a property), shares in proportion to the weights that are the binding keys.
 *
 * Every binding draws a number from the message's value and its destination's name, and the best
 * draw wins; a weight makes the draws better.  So nothing depends on the order in which bindings
 * came, also over a restart, and one that comes or goes moves only what it gains or leaves. */
#include <math.h>

#include "amqp/props.h"
#include "amqp/table.h"
#include "base/endian.h"
#include "base/mem.h"
#include "exchange/exchange.h"
#include "exchange/spread.h"
#include "queue/queue.h"

enum { WEIGHT_DIGITS = 9 };

struct share {
	uint64_t name;               /* hash of the destination's */
	double weight;
};

static bool is_property(struct slice name)
{
	return slice_is(name, "correlation_id") || slice_is(name, "message_id") ||
	       slice_is(name, "timestamp");
}

static const struct refusal *check_exchange(struct slice arguments, struct buf *text)
{
	struct field property, header;
	if (!table_find(arguments, "hash-property", &property))
		return NULL;
	if (table_find(arguments, "hash-header", &header)) {
		buf_printf(text, "hash-header and hash-property are mutually exclusive");
		return &PRECONDITION_FAILED;
	}
	if (property.letter == 'S' && is_property(property.bytes))
		return NULL;
	buf_printf(text, "Unsupported property: %.*s",
	           property.letter == 'S' ? (int)property.bytes.n : 0,
	           property.letter == 'S' ? (const char *)property.bytes.p : "");
	return &PRECONDITION_FAILED;
}

/* A whole number with or without a sign; what has more than nine digits is as good as the largest
 * of nine. */
static bool read_weight(struct slice key, int64_t *out)
{
	bool negative = key.n && key.p[0] == '-';
	size_t at = key.n && (negative || key.p[0] == '+');
	int64_t weight = 0;
	if (at == key.n)
		return false;
	for (size_t digits = 0; at < key.n; at++, digits++) {
		if (key.p[at] < '0' || key.p[at] > '9')
			return false;
		weight = digits < WEIGHT_DIGITS ? 10 * weight + key.p[at] - '0' : 999999999;
	}
	*out = negative ? -weight : weight;
	return true;
}

static const struct refusal *check(struct slice key, struct slice arguments, struct buf *text)
{
	int64_t weight;
	(void)arguments;
	if (!read_weight(key, &weight))
		buf_printf(text, "The binding key must be an integer: <<\"%.*s\">>", SLICE_ARG(key));
	else if (weight < 1)
		buf_printf(text, "The binding key must be greater than 0");
	else
		return NULL;
	return &PRECONDITION_FAILED;
}

static void bind(struct exchange *x, struct binding *b)
{
	struct share *s = b->match = mem_zalloc(sizeof *s);
	int64_t weight = 1;
	(void)x;
	read_weight(b->key, &weight);
	s->name = spread_hash(0, b->queue ? queue_name(b->queue) : b->exchange->name);
	s->weight = (double)weight;
}

static void unbind(struct exchange *x, struct binding *b)
{
	(void)x;
	mem_free(b->match);
	b->match = NULL;
}

/* ---- what is hashed ---- */

static struct slice property_value(struct slice name, struct slice header, uint8_t number[8])
{
	struct props p;
	if (!props_decode(header, &p))
		return slice_of(NULL, 0);
	if (slice_is(name, "correlation_id"))
		return p.correlation_id;
	if (slice_is(name, "message_id"))
		return p.message_id;
	put_le64(number, p.timestamp);
	return slice_of(number, 8);
}

/* A message without the header or property hashes as one in which it is empty. */
static struct slice value_of(const struct exchange *x, const struct route *r, uint8_t number[8])
{
	struct field name, f;
	if (table_find(x->arguments, "hash-property", &name) && name.letter == 'S')
		return property_value(name.bytes, r->header, number);
	if (!table_find(x->arguments, "hash-header", &name) || name.letter != 'S')
		return r->key;
	if (!table_find_slice(r->headers, name.bytes, &f))
		return slice_of(NULL, 0);
	if (f.letter == 'S' || f.letter == 'x')
		return f.bytes;
	put_le64(number, field_is_integer(&f) ? (uint64_t)f.integer : 0);
	return slice_of(number, 8);
}

static double draw(const struct share *s, struct slice value)
{
	double u = ((double)(spread_hash(s->name, value) >> 11) + 1) / 9007199254740994.;
	return s->weight / -log(u);
}

static void route(struct exchange *x, const struct route *r, struct found *out)
{
	uint8_t number[8];
	struct slice value = value_of(x, r, number);
	struct binding *best = NULL;
	double best_draw = 0;
	list_each(it, &x->bindings) {
		struct binding *b = list_entry(it, struct binding, on_source);
		double d = draw(b->match, value);
		if (!best || d > best_draw) {
			best = b;
			best_draw = d;
		}
	}
	if (best)
		found_add(out, best);
}

const struct exchange_type exchange_consistent_hash = {
	.name = "x-consistent-hash", .one_key = true, .check_exchange = check_exchange,
	.check = check, .bind = bind, .unbind = unbind, .route = route,
};
