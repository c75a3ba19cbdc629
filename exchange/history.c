/* SPDX-License-Identifier: Apache-2.0 */
/* x-recent-history: a fanout that remembers, in a ring of as many messages as its argument says. */
#include "exchange/history.h"

#include "amqp/table.h"
#include "base/mem.h"
#include "exchange/exchange.h"
#include "queue/message.h"

struct history {
	size_t most, first, count;
	uint64_t bytes;
	struct message *kept[];
};

static int64_t length_of(struct slice arguments)
{
	struct field f;
	if (!table_find(arguments, "x-recent-history-length", &f))
		return HISTORY_USUAL;
	return field_is_integer(&f) ? f.integer : 0;
}

static void put_value(struct buf *text, struct slice arguments)
{
	struct field f;
	table_find(arguments, "x-recent-history-length", &f);
	if (field_is_integer(&f))
		buf_printf(text, "%lld", (long long)f.integer);
	else if (f.letter == 'S')
		buf_printf(text, "<<\"%.*s\">>", SLICE_ARG(f.bytes));
	else
		buf_printf(text, "%s", field_type_name(&f));
}

static const struct refusal *check_exchange(struct slice arguments, struct buf *text)
{
	int64_t length = length_of(arguments);
	if (length > 0 && length <= HISTORY_MOST)
		return NULL;
	buf_printf(text, "Invalid argument ");
	put_value(text, arguments);
	if (length > 0)
		buf_printf(text, ", 'x-recent-history-length' must not be greater than %d", HISTORY_MOST);
	else
		buf_printf(text, ", 'x-recent-history-length' must be a positive integer");
	return &PRECONDITION_FAILED;
}

/* ---- the ring ---- */

static struct history *history_of(struct exchange *x)
{
	size_t most = (size_t)length_of(x->arguments);
	if (!x->state) {
		struct history *h = x->state = mem_zalloc(sizeof *h + most * sizeof h->kept[0]);
		h->most = most;
	}
	return x->state;
}

/* The place `n` behind the oldest; `n` is at most the length of the ring. */
static size_t place(const struct history *h, size_t n)
{
	size_t at = h->first + n;
	return at < h->most ? at : at - h->most;
}

static uint64_t bytes_of(const struct message *m)
{
	return m->header_len + m->body_bytes;
}

static void forget_oldest(struct history *h)
{
	struct message **oldest = &h->kept[h->first];
	h->bytes -= bytes_of(*oldest);
	message_drop(oldest);
	h->first = place(h, 1);
	h->count--;
}

static void note(struct history *h, struct message *m)
{
	while (h->count == h->most || (h->count && h->bytes + bytes_of(m) > HISTORY_BYTES))
		forget_oldest(h);
	h->kept[place(h, h->count++)] = message_ref(m);
	h->bytes += bytes_of(m);
}

static bool is_to_be_kept(const struct route *r)
{
	struct field f;
	return r->message && !(table_find(r->headers, "x-recent-history-no-store", &f) &&
	                       f.letter == 't' && f.boolean);
}

static void route(struct exchange *x, const struct route *r, struct found *out)
{
	if (is_to_be_kept(r))
		note(history_of(x), r->message);
	exchange_fanout.route(x, r, out);
}

static void destroy(struct exchange *x)
{
	struct history *h = x->state;
	while (h && h->count)
		forget_oldest(h);
	mem_free(h);
}

size_t history_count(const struct exchange *x)
{
	const struct history *h = x->state;
	return x->type == &exchange_history && h ? h->count : 0;
}

struct message *history_at(const struct exchange *x, size_t i)
{
	const struct history *h = x->state;
	return h->kept[place(h, i)];
}

const struct exchange_type exchange_history = {
	.name = "x-recent-history", .one_key = true, .check_exchange = check_exchange,
	.route = route, .destroy = destroy,
};
