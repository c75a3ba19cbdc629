/* SPDX-License-Identifier: Apache-2.0 */
/* Members of queues of type quorum: here each has one, the node, which leads it. */
#include "broker/state.h"
#include "broker/vhost.h"
#include "management/api.h"
#include "management/object.h"
#include "queue/queue.h"

/* The queue, if there is one of the type; else NULL, which was said then. */
static const struct queue *find(struct http_response *r, struct buf *out)
{
	const struct queue *q = api_queue_named(r, &r->parts[1]);
	if (!q)
		http_not_found(r, out);
	else if (!q->counts)
		http_bad_request(r, out, "the queue is not of type quorum");
	return r->status == 200 ? q : NULL;
}

enum call_state api_quorum_status(struct http_response *r, struct buf *out)
{
	if (!find(r, out))
		return CALL_DONE;
	object_open_list(out, NULL);
	object_open(out, NULL);
	object_put(out, "Node Name", cell_text(r->host->broker->options.cluster_name));
	object_put(out, "Raft State", cell_text("leader"));
	object_put(out, "Membership", cell_text("voter"));
	object_close(out);
	object_close_list(out);
	return CALL_DONE;
}

/* False, which was said then: the body names no node, or another one. */
static bool names_this_node(struct http_response *r, struct buf *out)
{
	static const char *const needed[] = { "node", NULL };
	if (!http_read_body(r, out) || !api_has_keys(r, out, needed))
		return false;
	if (!slice_is(http_text(r, "node"), r->host->broker->options.cluster_name))
		http_refuse(r, out, 503, "service_unavailable", "node_not_running");
	return r->status == 200;
}

/* It is a member already. */
enum call_state api_quorum_add(struct http_response *r, struct buf *out)
{
	if (!find(r, out) || !names_this_node(r, out))
		return CALL_DONE;
	return http_status(r, 204);
}

enum call_state api_quorum_remove(struct http_response *r, struct buf *out)
{
	if (!find(r, out) || !names_this_node(r, out))
		return CALL_DONE;
	return http_bad_request(r, out, "the node is the only member of the queue");
}
