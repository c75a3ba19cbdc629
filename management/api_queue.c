/* SPDX-License-Identifier: Apache-2.0 */
/* Queues over HTTP. */
#include "base/die.h"
#include "broker/link.h"
#include "broker/manage.h"
#include "broker/vhost.h"
#include "management/api.h"
#include "management/object.h"
#include "queue/queue.h"

enum call_state api_queues(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_QUEUES, NULL);
}

static struct slice name_of(const struct http_response *r)
{
	return r->parts[1];
}

static void put_empty_list(struct buf *out, const char *key)
{
	object_open_list(out, key);
	object_close_list(out);
}

static void put_owner(struct buf *out, const struct broker *b, const struct queue *q)
{
	const struct connection *c = q->exclusive ? connection_numbered(b, q->owner) : NULL;
	struct slice host;
	uint16_t port;
	object_open(out, "owner_pid_details");
	if (c)
		object_put(out, "name", cell_text(c->name));
	if (c && connection_address(c, false, &host, &port)) {
		object_put(out, "peer_host", cell_slice(host));
		object_put(out, "peer_port", cell_number(port));
	}
	object_close(out);
}

static bool was_given_something(const struct roster_row *row)
{
	return row->consumer->all_delivered || row->consumer->delivered;
}

/* Of its consumers: further rows. */
static void begin_rows(struct http_response *r, struct buf *out, const char *key,
                       enum roster_kind kind)
{
	api_begin_rows(r, out, key, kind);
	rows_match(&r->rows, "queue.vhost", r->parts[0]);
	rows_match(&r->rows, "queue.name", buf_slice(&r->room));
}

/* Of pairs nothing is counted but by consumers (docs/decisions/0020-statistics.md). */
static void put_more(struct http_response *r, struct buf *out, const struct queue *q)
{
	put_empty_list(out, "incoming");
	put_owner(out, r->host->broker, q);
	buf_clear(&r->room);
	buf_append_slice(&r->room, queue_name(q));
	begin_rows(r, out, "deliveries", ROSTER_DELIVERIES);
	r->rows.wanted = was_given_something;
}

/* With its consumers, unless columns are chosen. */
enum call_state api_queue(struct http_response *r, struct buf *out)
{
	struct slice name = name_of(r);
	struct roster_row row = { .broker = r->host->broker, .vhost = r->vhost };
	if (!r->begun) {
		row.queue = api_queue_named(r, &name);
		if (http_query(r, "columns").n)
			return api_one(r, out, ROSTER_QUEUES, row.queue ? &row : NULL);
		if (!api_begin_one(r, out, ROSTER_QUEUES, row.queue ? &row : NULL))
			return CALL_DONE;
		must(row.queue);
		put_more(r, out, row.queue);
	}
	if (rows_go_on(&r->rows, r->user, out))
		return CALL_MORE;
	if (r->count++ == 0) {
		begin_rows(r, out, "consumer_details", ROSTER_CONSUMERS);
		return CALL_MORE;
	}
	buf_u8(out, '}');
	return CALL_DONE;
}

enum call_state api_queue_declare(struct http_response *r, struct buf *out)
{
	if (!r->begun && !http_read_body(r, out))
		return CALL_DONE;
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = name_of(r),
		                                   .durable = http_flag(r, "durable", false),
		                                   .auto_delete = http_flag(r, "auto_delete", false),
		                                   .arguments = http_table(r, "arguments") } };
	if (!r->begun)
		r->count = topology_queue(&r->vhost->topology, name_of(r)) != NULL;
	return api_say(r, out, &m, r->count ? 204 : 201);
}

/* What does not exist is as good as deleted for a client of AMQP, but not here. */
static bool is_missing(struct http_response *r, struct buf *out)
{
	if (r->begun || topology_queue(&r->vhost->topology, name_of(r)))
		return false;
	http_not_found(r, out);
	return true;
}

enum call_state api_queue_delete(struct http_response *r, struct buf *out)
{
	struct method m = { .id = METHOD_queue_delete,
		                .queue_delete = { .queue = name_of(r),
		                                  .if_empty = api_asks(r, "if-empty"),
		                                  .if_unused = api_asks(r, "if-unused") } };
	return is_missing(r, out) ? CALL_DONE : api_say(r, out, &m, 204);
}

enum call_state api_queue_purge(struct http_response *r, struct buf *out)
{
	struct method m = { .id = METHOD_queue_purge, .queue_purge = { .queue = name_of(r) } };
	return is_missing(r, out) ? CALL_DONE : api_say(r, out, &m, 204);
}

static enum call_state set_paused(struct http_response *r, struct buf *out, bool paused)
{
	struct queue *q = r->begun ? NULL : topology_queue(&r->vhost->topology, name_of(r));
	if (!q && !r->begun)
		return http_not_found(r, out);
	if (q)
		r->wait_for = manage_pause(r->host->broker, q, paused);
	return http_durably(r, 204);
}

enum call_state api_queue_pause(struct http_response *r, struct buf *out)
{
	return set_paused(r, out, true);
}

enum call_state api_queue_resume(struct http_response *r, struct buf *out)
{
	return set_paused(r, out, false);
}

/* Of mirrors, which there are none of: there is nothing to be done. */
enum call_state api_queue_act(struct http_response *r, struct buf *out)
{
	struct slice action;
	if (!http_read_body(r, out))
		return CALL_DONE;
	if (!topology_queue(&r->vhost->topology, name_of(r)))
		return http_not_found(r, out);
	action = http_text(r, "action");
	if (slice_is(action, "sync") || slice_is(action, "cancel_sync"))
		return http_status(r, 204);
	return http_bad_request(r, out, "Unknown action %.*s", SLICE_ARG(action));
}
