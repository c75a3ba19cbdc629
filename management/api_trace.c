/* SPDX-License-Identifier: Apache-2.0 */
/* Where a message would go, and by what: it is routed, and put nowhere. */
#include "amqp/props.h"
#include "base/mem.h"
#include "broker/state.h"
#include "management/api.h"
#include "management/showing.h"
#include "queue/queue.h"

static struct slice array_of(struct slice headers, const char *name)
{
	struct field f;
	return table_find(headers, name, &f) && f.letter == 'A' ? f.bytes : slice_of(NULL, 0);
}

/* ---- why ---- */

/* The key where one binding leads there, else how many do. */
static void put_binding(struct buf *out, const struct route_step *s)
{
	const struct binding *one = NULL;
	uint64_t n = 0;
	list_each(it, &s->from->bindings) {
		const struct binding *b = list_entry(it, struct binding, on_source);
		if (b->queue != s->to.queue || b->exchange != s->to.exchange)
			continue;
		one = b;
		n++;
	}
	if (n > 1)
		buf_printf(out, "\"one of %llu bindings\"", (unsigned long long)n);
	else
		cell_put_json(out, cell_slice(one ? one->key : slice_of("", 0)));
}

static void put_step(struct buf *out, const struct route_step *s)
{
	buf_printf(out, "{\"from\":");
	cell_put_json(out, cell_slice(s->from->name));
	buf_printf(out, ",\"to\":{\"type\":\"%s\",\"name\":", s->to.queue ? "queue" : "exchange");
	cell_put_json(out, cell_slice(s->to.queue ? queue_name(s->to.queue) : s->to.exchange->name));
	buf_printf(out, "},\"why\":");
	if (s->why == STEP_OTHERWISE)
		buf_printf(out, "\"otherwise\"");
	else if (s->why == STEP_DELAYED)
		buf_printf(out, "\"delayed\"");
	else
		put_binding(out, s);
	buf_u8(out, '}');
}

/* ---- the answer ---- */

static void put_queue(struct buf *out, const struct queue *q)
{
	buf_printf(out, "{\"name\":");
	cell_put_json(out, cell_slice(queue_name(q)));
	buf_u8(out, '}');
}

static void put_way(struct buf *out, const struct route_steps *steps, const struct route_set *set)
{
	buf_printf(out, "{\"cut\":%s,\"steps\":[", steps->cut ? "true" : "false");
	for (size_t i = 0; i < steps->n; i++) {
		buf_append_slice(out, slice_str(i ? "," : ""));
		put_step(out, &steps->at[i]);
	}
	buf_printf(out, "],\"queues\":[");
	for (size_t i = 0; i < set->n && i < ROUTE_STEPS_MOST; i++) {
		buf_append_slice(out, slice_str(i ? "," : ""));
		put_queue(out, set->queues[i]);
	}
	buf_printf(out, "]}");
}

enum call_state api_trace(struct http_response *r, struct buf *out)
{
	struct route_set set = { 0 };
	struct route_steps steps = { 0 };
	struct props props;
	struct slice name = r->parts[1];
	struct exchange *x = api_exchange_named(r, &name);
	if (!x)
		return http_not_found(r, out);
	if (!http_read_body(r, out))
		return CALL_DONE;
	showing_read_props(http_table(r, "properties"), &props);
	props_encode(&r->room, &props);
	struct route route = { .key = http_text(r, "routing_key"),
		                   .headers = props.headers,
		                   .header = buf_slice(&r->room),
		                   .cc = array_of(props.headers, "CC"),
		                   .bcc = array_of(props.headers, "BCC"),
		                   .wall_ms = (int64_t)broker_wall_ms(r->host->broker) };
	topology_trace(&r->vhost->topology, x, &route, &set, &steps);
	put_way(out, &steps, &set);
	route_set_free(&set);
	mem_free(steps.at);
	return CALL_DONE;
}
