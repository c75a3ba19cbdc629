/* SPDX-License-Identifier: Apache-2.0 */
/* Headers: the binding's arguments against the message's headers (AMQP 0-9-1 section 3.1.3.4, with
 * RabbitMQ's all-with-x and any-with-x).  A void argument asks only that the header is there. */
#include "amqp/table.h"
#include "exchange/exchange.h"

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

static bool matches(const struct binding *b, struct slice headers)
{
	enum match_mode mode = binding_mode(b);
	bool any = mode == MATCH_ANY || mode == MATCH_ANY_WITH_X;
	struct table_walk w = table_walk(b->arguments);
	struct slice key;
	struct field wanted, there;
	while (table_next(&w, &key, &wanted)) {
		if (!counts(key, mode))
			continue;
		bool hit = table_find_slice(headers, key, &there) &&
		           (wanted.letter == 'V' || field_equal(&wanted, &there));
		if (hit == any)
			return any;
	}
	return !any;
}

static void route(struct exchange *x, const struct route *r, struct found *out)
{
	list_each(it, &x->bindings) {
		struct binding *b = list_entry(it, struct binding, on_source);
		if (matches(b, r->headers))
			found_add(out, b);
	}
}

const struct exchange_type exchange_headers = {
	.name = "headers", .one_key = true, .check = check, .route = route,
};
