/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/event.h"

#include "amqp/method.h"
#include "amqp/props.h"
#include "amqp/table.h"
#include "base/logline.h"
#include "base/mem.h"
#include "broker/overflow.h"
#include "broker/report.h"
#include "broker/state.h"
#include "queue/message.h"
#include "queue/place.h"

enum {
	TURN_BUDGET = 5000,          /* messages published in a turn */
	DUE_MAX = 100000,            /* that wait; beyond that they are dropped ... */
	DUE_BYTES_MAX = 64 << 20,    /* ... and beyond so many bytes */
};

struct awaiting {
	struct list link;
	struct topology *topology;
	struct message *message;
};

void events_init(struct events *e)
{
	*e = (struct events){ 0 };
	departures_init(&e->departures);
	list_init(&e->due);
}

static void awaiting_free(struct events *e, struct awaiting *d)
{
	list_remove(&d->link);
	e->due_bytes -= message_footprint(d->message);
	message_drop(&d->message);
	mem_free(d);
	e->n_due--;
}

void events_free(struct events *e)
{
	while (!list_empty(&e->due))
		awaiting_free(e, list_entry(e->due.next, struct awaiting, link));
	departures_free(&e->departures);
	buf_free(&e->headers);
}

void events_set_topology(struct broker *b, struct topology *t)
{
	struct exchange *x = t ? topology_exchange(t, slice_str(EVENT_EXCHANGE)) : NULL;
	b->events.topology = t;
	b->events.exchange = x;
	b->events.log = t ? topology_exchange(t, slice_str(EVENT_LOG_EXCHANGE)) : NULL;
	b->events.departures.audience = x ? &x->bindings : NULL;
}

bool event_is_wanted(const struct broker *b)
{
	return b->events.exchange && !list_empty(&b->events.exchange->bindings);
}

/* ---- one event ---- */

void event_field(struct broker *b, const char *key, const struct field *value)
{
	table_put(&b->events.headers, slice_str(key), value);
}

void event_str(struct broker *b, const char *key, struct slice value)
{
	event_field(b, key, &(struct field){ .letter = 'S', .bytes = value });
}

void event_bool(struct broker *b, const char *key, bool value)
{
	table_put_bool(&b->events.headers, key, value);
}

void event_int(struct broker *b, const char *key, int64_t value)
{
	event_field(b, key, &(struct field){ .letter = 'l', .integer = value });
}

void event_table(struct broker *b, const char *key, struct slice table)
{
	table_put_table(&b->events.headers, key, table);
}

void event_begin(struct broker *b)
{
	report_departures(b, NULL);
	buf_clear(&b->events.headers);
}

/* Arguments that are nested as deep as they may be have no room in a table around them. */
void event_end(struct broker *b, const char *routing_key)
{
	struct events *e = &b->events;
	struct buf header = { 0 };
	const char *actor = e->actor ? e->actor : "rmq-internal";
	event_str(b, "user_who_performed_action", slice_str(actor));
	event_int(b, "timestamp_in_ms", (int64_t)broker_wall_ms(b));
	if (!table_check(buf_slice(&e->headers)))
		return;
	struct props p = { .class_id = CLASS_BASIC,
		               .flags = PROP_headers | PROP_delivery_mode | PROP_timestamp,
		               .headers = buf_slice(&e->headers),
		               .delivery_mode = 2,
		               .timestamp = broker_wall_ms(b) / 1000 };
	props_encode(&header, &p);
	struct message *m = message_new(e->exchange->name, slice_str(routing_key), buf_slice(&header),
	                                0, true);
	event_add(b, e->topology, &m);
	buf_free(&header);
}

/* ---- lines of the log ---- */

void event_log(struct broker *b, const char *level, struct slice line)
{
	struct events *e = &b->events;
	if (!e->log || list_empty(&e->log->bindings))
		return;
	struct buf header = { 0 }, headers = { 0 };
	table_put(&headers, slice_str("node"),
	          &(struct field){ .letter = 'S', .bytes = broker_cluster_name(b) });
	struct props p = { .class_id = CLASS_BASIC,
		               .body_bytes = line.n,
		               .flags = PROP_headers | PROP_content_type | PROP_timestamp,
		               .headers = buf_slice(&headers),
		               .content_type = slice_str("text/plain"),
		               .timestamp = broker_wall_ms(b) / 1000 };
	props_encode(&header, &p);
	struct message *m = message_new(e->log->name, slice_str(level), buf_slice(&header), line.n,
	                                false);
	message_add_body(m, line);
	event_add(b, e->topology, &m);
	buf_free(&header);
	buf_free(&headers);
}

/* ---- all of them ---- */

void event_add(struct broker *b, struct topology *t, struct message **m)
{
	struct events *e = &b->events;
	uint64_t bytes = message_footprint(*m);
	if (e->n_due >= DUE_MAX || bytes > DUE_BYTES_MAX - e->due_bytes) {
		message_drop(m);
		e->dropped++;
		return;
	}
	struct awaiting *d = mem_zalloc(sizeof *d);
	d->topology = t;
	d->message = *m;
	*m = NULL;
	list_push(&e->due, &d->link);
	e->n_due++;
	e->due_bytes += bytes;
}

static void publish_one(struct broker *b, struct topology *t, struct message *m)
{
	struct exchange *x = topology_exchange(t, message_exchange(m));
	struct route r = { .key = message_key(m),
		               .headers = props_headers(message_header(m)),
		               .header = message_header(m) };
	struct route_set *to = &b->routed;
	m->published_ms = (int64_t)b->now_ms;
	route_set_clear(to);
	if (x)
		topology_route(t, x, &r, to);
	size_t n = to->n - overflow_part(b, m, to, false);
	if (n)
		place(&b->store, m, to->queues, n, NULL);
	quota_placed(to->queues, n, m->body_bytes);
	for (size_t i = 0; i < n; i++)
		broker_run_queue(b, to->queues[i]);
}

void events_publish(struct broker *b)
{
	struct events *e = &b->events;
	report_departures(b, NULL);
	for (int left = TURN_BUDGET; left && !list_empty(&e->due); left--) {
		struct awaiting *d = list_entry(e->due.next, struct awaiting, link);
		publish_one(b, d->topology, d->message);
		awaiting_free(e, d);
	}
	if (e->dropped)
		log_warning("%llu events or traced messages were dropped: more than %d waited, or more "
		            "than %d MB of them", (unsigned long long)e->dropped, DUE_MAX,
		            DUE_BYTES_MAX >> 20);
	e->dropped = 0;
}

void events_forget(struct broker *b, const struct topology *t)
{
	list_each_safe(it, &b->events.due) {
		struct awaiting *d = list_entry(it, struct awaiting, link);
		if (d->topology == t)
			awaiting_free(&b->events, d);
	}
}
