/* SPDX-License-Identifier: Apache-2.0 */
/* Queues over HTTP. */
#include "broker/manage.h"
#include "broker/vhost.h"
#include "management/api.h"
#include "queue/queue.h"

enum call_state api_queues(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_QUEUES, NULL);
}

static struct slice name_of(const struct http_response *r)
{
	return r->parts[1];
}

enum call_state api_queue(struct http_response *r, struct buf *out)
{
	struct slice name = name_of(r);
	struct roster_row row = { .broker = r->host->broker,
		                      .vhost = r->vhost,
		                      .queue = api_queue_named(r, &name) };
	return api_one(r, out, ROSTER_QUEUES, row.queue ? &row : NULL);
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
	struct queue *q = topology_queue(&r->vhost->topology, name_of(r));
	if (!q)
		return http_not_found(r, out);
	if (!r->begun)
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
