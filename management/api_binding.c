/* SPDX-License-Identifier: Apache-2.0 */
/* Bindings over HTTP: .../e/SOURCE/q/QUEUE or .../e/SOURCE/e/EXCHANGE, and behind that what stands
 * for key and arguments (row_properties_key). */
#include "broker/manage.h"
#include "broker/vhost.h"
#include "management/api.h"
#include "management/row_field.h"
#include "queue/queue.h"

enum call_state api_bindings(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_BINDINGS, NULL);
}

/* ---- those of one end ---- */

static struct slice exchange_name(struct slice part)
{
	return slice_is(part, "amq.default") ? slice_of("", 0) : part;
}

static struct exchange *exchange_at(const struct http_response *r, size_t part)
{
	return topology_exchange(&r->vhost->topology, exchange_name(r->parts[part]));
}

static struct queue *queue_at(const struct http_response *r, size_t part)
{
	return topology_queue(&r->vhost->topology, r->parts[part]);
}

/* What is not there has none, which is no fault: clients look for a binding to delete it. */
static void from_exchange(struct http_response *r)
{
	struct exchange *x = exchange_at(r, 1);
	if (x)
		rows_bound_from(&r->rows, r->vhost, x);
	else
		rows_match(&r->rows, "source", r->parts[1]);
}

static void bound_to(struct http_response *r, struct destination to, const char *type)
{
	if (to.queue || to.exchange) {
		rows_bound_to(&r->rows, r->vhost, to);
		return;
	}
	rows_match(&r->rows, "destination", r->parts[1]);
	rows_match(&r->rows, "destination_type", slice_str(type));
}

static void to_exchange(struct http_response *r)
{
	bound_to(r, (struct destination){ .exchange = exchange_at(r, 1) }, "exchange");
}

static void to_queue(struct http_response *r)
{
	bound_to(r, (struct destination){ .queue = queue_at(r, 1) }, "queue");
}

enum call_state api_bindings_from(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_BINDINGS, from_exchange);
}

enum call_state api_bindings_to(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_BINDINGS, to_exchange);
}

enum call_state api_queue_bindings(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_BINDINGS, to_queue);
}

/* ---- those of two ends ---- */

static bool leads_to_queue(const struct http_response *r)
{
	return slice_is(r->parts[2], "q");
}

/* False when the path names no two ends that there are, which was said then. */
static bool find_ends(struct http_response *r, struct buf *out)
{
	bool there = exchange_at(r, 1) &&
	             (leads_to_queue(r) ? queue_at(r, 3) != NULL
	                                : slice_is(r->parts[2], "e") && exchange_at(r, 3));
	if (!there)
		http_not_found(r, out);
	return there;
}

static void between(struct http_response *r)
{
	struct destination to = { 0 };
	if (leads_to_queue(r))
		to.queue = queue_at(r, 3);
	else
		to.exchange = exchange_at(r, 3);
	rows_bound_to(&r->rows, r->vhost, to);
	rows_match(&r->rows, "source", exchange_name(r->parts[1]));
}

enum call_state api_bindings_between(struct http_response *r, struct buf *out)
{
	if (!r->begun && !find_ends(r, out))
		return CALL_DONE;
	return api_list(r, out, ROSTER_BINDINGS, between);
}

/* Some clients encode what stands for it once more, others send it as it is. */
static bool is_meant(const struct http_response *r, struct slice key, struct slice arguments)
{
	struct buf properties = { 0 }, decoded = { 0 };
	row_properties_key(&properties, key, arguments);
	bool same = slice_eq(buf_slice(&properties), r->parts[4]);
	if (!same && http_route_decode(buf_slice(&properties), false, &decoded))
		same = slice_eq(buf_slice(&decoded), r->parts[4]);
	buf_free(&properties);
	buf_free(&decoded);
	return same;
}

/* NULL: there is none, or it is to the default exchange. */
static const struct binding *find(const struct http_response *r)
{
	const struct topology *t = &r->vhost->topology;
	const struct exchange *source = topology_exchange(t, exchange_name(r->parts[1]));
	struct list *all = leads_to_queue(r) ? &topology_queue(t, r->parts[3])->bindings
	                                     : &topology_exchange(t, r->parts[3])->inbound;
	list_each(it, all) {
		const struct binding *b = list_entry(it, struct binding, on_destination);
		if (b->source == source && is_meant(r, b->key, b->arguments))
			return b;
	}
	return NULL;
}

enum call_state api_binding(struct http_response *r, struct buf *out)
{
	if (!find_ends(r, out))
		return CALL_DONE;
	const struct topology *t = &r->vhost->topology;
	const struct binding *b = find(r);
	const struct queue *q = leads_to_queue(r) ? topology_queue(t, r->parts[3]) : NULL;
	struct roster_row row = { .broker = r->host->broker,
		                      .vhost = r->vhost,
		                      .binding = b,
		                      .queue = b ? NULL : q,
		                      .exchange = topology_exchange(t, exchange_name(r->parts[1])) };
	bool by_default = row.exchange->name.n == 0 && q && is_meant(r, queue_name(q),
	                                                             slice_of(NULL, 0));
	return api_one(r, out, ROSTER_BINDINGS, b || by_default ? &row : NULL);
}

/* ---- changes ---- */

static struct method bind_method(const struct http_response *r, struct slice key,
                                 struct slice arguments)
{
	struct slice source = exchange_name(r->parts[1]), to = r->parts[3];
	if (leads_to_queue(r))
		return (struct method){ .id = METHOD_queue_bind,
			                    .queue_bind = { .queue = to, .exchange = source,
			                                    .routing_key = key, .arguments = arguments } };
	return (struct method){ .id = METHOD_exchange_bind,
		                    .exchange_bind = { .destination = to, .source = source,
		                                       .routing_key = key, .arguments = arguments } };
}

/* Relative to the path that was asked: clients take the key from its second part. */
static void put_location(struct http_response *r, struct slice key, struct slice arguments)
{
	struct buf properties = { 0 };
	buf_printf(&r->headers, "location: ");
	api_put_part(&r->headers, r->parts[3]);
	buf_u8(&r->headers, '/');
	row_properties_key(&properties, key, arguments);
	api_put_part(&r->headers, buf_slice(&properties));
	buf_printf(&r->headers, "\r\n");
	buf_free(&properties);
}

enum call_state api_bind(struct http_response *r, struct buf *out)
{
	if (!r->begun && (!find_ends(r, out) || !http_read_body(r, out)))
		return CALL_DONE;
	struct slice key = http_text(r, "routing_key"), arguments = http_table(r, "arguments");
	struct method m = bind_method(r, key, arguments);
	enum call_state state = api_say(r, out, &m, 201);
	if (state == CALL_DONE && r->status == 201)
		put_location(r, key, arguments);
	return state;
}

/* What is unbound may be gone when the answer comes, so it is looked for once. */
enum call_state api_unbind(struct http_response *r, struct buf *out)
{
	struct method m = { 0 };
	if (!r->begun) {
		const struct binding *b = find_ends(r, out) ? find(r) : NULL;
		if (!b)
			return r->status == 404 ? CALL_DONE : http_not_found(r, out);
		m = bind_method(r, b->key, b->arguments);
		m.id = leads_to_queue(r) ? METHOD_queue_unbind : METHOD_exchange_unbind;
		if (leads_to_queue(r))
			m.queue_unbind = (struct queue_unbind){ .queue = r->parts[3],
				                                    .exchange = exchange_name(r->parts[1]),
				                                    .routing_key = b->key,
				                                    .arguments = b->arguments };
		else
			m.exchange_unbind = (struct exchange_unbind){ .destination = r->parts[3],
				                                          .source = exchange_name(r->parts[1]),
				                                          .routing_key = b->key,
				                                          .arguments = b->arguments };
	}
	return api_say(r, out, &m, 204);
}
