/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that change what there is. */
#include <inttypes.h>

#include "broker/expulsion.h"
#include "broker/manage.h"
#include "broker/state.h"
#include "broker/user.h"
#include "management/call.h"
#include "management/verbs.h"
#include "queue/queue.h"

static struct queue *find_queue(struct call *c, struct vhost *v)
{
	return topology_queue(&v->topology, c->arguments[0]);
}

/* ---- queues ---- */

enum call_state verb_purge_queue(struct call *c, struct buf *out)
{
	struct vhost *v = call_vhost(c);
	struct queue *q = v ? find_queue(c, v) : NULL;
	call_banner(c, out, "Purging queue '%.*s' in vhost '%.*s' ...", SLICE_ARG(c->arguments[0]),
	            SLICE_ARG(c->vhost));
	if (!v)
		return CALL_DONE;
	if (!q)
		return call_fail(c, CALL_EXIT_DATA, "no queue '%.*s' in vhost '%.*s'",
		                 SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	if (q->live->stream)
		return call_fail(c, CALL_EXIT_DATA, "queue '%.*s' in vhost '%.*s' is a stream, which is "
		                 "not purged", SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	manage_purge(c->host->broker, q);
	return CALL_DONE;
}

enum call_state verb_purge_delayed_messages(struct call *c, struct buf *out)
{
	struct slice name = c->arguments[0];
	struct vhost *v = call_vhost(c);
	struct exchange *x = v ? topology_exchange(&v->topology, name) : NULL;
	call_banner(c, out, "Purging delayed messages of exchange '%.*s' in vhost '%.*s' ...",
	            SLICE_ARG(name), SLICE_ARG(c->vhost));
	if (v && !x)
		call_fail(c, CALL_EXIT_DATA, "no exchange '%.*s' in vhost '%.*s'", SLICE_ARG(name),
		          SLICE_ARG(c->vhost));
	else if (x && !x->waiting)
		call_fail(c, CALL_EXIT_DATA, "exchange '%.*s' in vhost '%.*s' delays no messages",
		          SLICE_ARG(name), SLICE_ARG(c->vhost));
	else if (x)
		manage_purge(c->host->broker, x->waiting);
	return CALL_DONE;
}

static enum call_state delete(struct call *c, uint64_t *ready)
{
	struct vhost *v = call_vhost(c);
	struct queue *q = v ? find_queue(c, v) : NULL;
	if (!v)
		return CALL_DONE;
	if (!q)
		return call_fail(c, CALL_EXIT_USAGE, "Queue not found");
	if (c->options.if_empty && queue_ready(q))
		return call_fail(c, CALL_EXIT_USAGE, "Queue is not empty");
	if (c->options.if_unused && q->live->rotation.count)
		return call_fail(c, CALL_EXIT_USAGE, "Queue is in use");
	*ready = queue_ready(q);
	c->wait_for = manage_delete(c->host->broker, q);
	return CALL_WAITS;
}

static void announce_delete(struct call *c, struct buf *out)
{
	const struct options *o = &c->options;
	call_banner(c, out, "Deleting queue '%.*s' on vhost '%.*s' %s%s%s...",
	            SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost),
	            o->if_empty ? "if queue is empty " : "", o->if_empty && o->if_unused ? "and " : "",
	            o->if_unused ? "if queue is unused " : "");
}

/* As for a client, it is said when it is durable. */
enum call_state verb_delete_queue(struct call *c, struct buf *out)
{
	uint64_t *ready = call_keep(c, sizeof *ready, NULL);   /* messages that were in it */
	if (!c->begun) {
		announce_delete(c, out);
		if (delete(c, ready) == CALL_DONE)
			return CALL_DONE;
	}
	if (!manage_is_durable(c->host->broker, c->wait_for))
		return CALL_WAITS;
	if (!c->options.quiet)
		buf_printf(out, "Queue was successfully deleted with %" PRIu64 " ready messages\n",
		           *ready);
	return CALL_DONE;
}

static enum call_state set_paused(struct call *c, struct buf *out, bool paused)
{
	call_banner(c, out, "%s queue '%.*s' in vhost '%.*s' ...", paused ? "Pausing" : "Resuming",
	            SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	struct vhost *v = call_vhost(c);
	struct queue *q = v ? find_queue(c, v) : NULL;
	if (q)
		c->wait_for = manage_pause(c->host->broker, q, paused);
	else if (v)
		call_fail(c, CALL_EXIT_DATA, "no queue '%.*s' in vhost '%.*s'",
		          SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	return q ? CALL_WAITS : CALL_DONE;
}

/* For those who know it from brokers whose queues fail one by one. */
enum call_state verb_restart_queue(struct call *c, struct buf *out)
{
	struct vhost *v = call_vhost(c);
	call_banner(c, out, "Restarting queue '%.*s' in vhost '%.*s' ...", SLICE_ARG(c->arguments[0]),
	            SLICE_ARG(c->vhost));
	if (v && !find_queue(c, v))
		call_fail(c, CALL_EXIT_DATA, "no queue '%.*s' in vhost '%.*s'",
		          SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	return CALL_DONE;
}

static enum call_state pause(struct call *c, struct buf *out)
{
	return set_paused(c, out, true);
}

enum call_state verb_pause_queue(struct call *c, struct buf *out)
{
	return call_durably(c, out, pause);
}

static enum call_state resume(struct call *c, struct buf *out)
{
	return set_paused(c, out, false);
}

enum call_state verb_resume_queue(struct call *c, struct buf *out)
{
	return call_durably(c, out, resume);
}

/* ---- connections ---- */

/* "12", "<12>", or a connection's name. */
static uint64_t connection_number(const struct call *c)
{
	struct slice s = c->arguments[0];
	uint64_t n = manage_find(c->host->broker, s);
	if (n)
		return n;
	if (s.n > 2 && s.p[0] == '<' && s.p[s.n - 1] == '>')
		s = slice_of(s.p + 1, s.n - 2);
	if (s.n == 0 || s.n > 18)
		return 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return 0;
		n = n * 10 + (uint64_t)(s.p[i] - '0');
	}
	return n;
}

enum call_state verb_close_connection(struct call *c, struct buf *out)
{
	uint64_t n = connection_number(c);
	call_banner(c, out, "Closing connection %.*s, reason: %.*s...", SLICE_ARG(c->arguments[0]),
	            SLICE_ARG(c->arguments[1]));
	if (!n || !manage_close(c->host->broker, n, c->arguments[1]))
		return call_fail(c, CALL_EXIT_DATA, "there is no connection '%.*s'",
		                 SLICE_ARG(c->arguments[0]));
	return CALL_DONE;
}

static void end(void *kept)
{
	expulsion_end(kept);
}

static enum call_state begin_closing(struct call *c, struct expulsion *e, struct buf *out)
{
	if (c->options.global)
		call_banner(c, out, "Closing all connections, reason: %.*s...", SLICE_ARG(c->arguments[0]));
	else
		call_banner(c, out, "Closing all connections to vhost %.*s, reason: %.*s...",
		            SLICE_ARG(c->vhost), SLICE_ARG(c->arguments[0]));
	struct vhost *v = c->options.global ? NULL : call_vhost(c);
	if (!v && !c->options.global)
		return CALL_DONE;
	expulsion_begin(e, c->host->broker, v, NULL);
	return CALL_MORE;
}

/* When the virtual host goes meanwhile, that closes the rest. */
enum call_state verb_close_all_connections(struct call *c, struct buf *out)
{
	struct expulsion *e = call_keep(c, sizeof *e, end);
	if (!c->begun && begin_closing(c, e, out) == CALL_DONE)
		return CALL_DONE;
	if (e->vhost && e->vhost != vhost_find(c->host->broker, c->vhost))
		expulsion_end(e);
	if (e->broker && expulsion_go_on(e, c->arguments[0]))
		return CALL_MORE;
	buf_printf(out, "Closed %" PRIu64 " connections\n", e->closed);
	return CALL_DONE;
}

/* As with rabbitmqctl a user who is not there has none; one who goes meanwhile takes them along. */
enum call_state verb_close_all_user_connections(struct call *c, struct buf *out)
{
	struct broker *b = c->host->broker;
	struct expulsion *e = call_keep(c, sizeof *e, end);
	const struct user *u = user_find(b, c->arguments[0]);
	if (!c->begun)
		call_banner(c, out, "Closing connections of user %.*s, reason: %.*s...",
		            SLICE_ARG(c->arguments[0]), SLICE_ARG(c->arguments[1]));
	if (!c->begun && u)
		expulsion_begin(e, b, NULL, u);
	if (e->user != u)
		expulsion_end(e);
	return e->broker && expulsion_go_on(e, c->arguments[1]) ? CALL_MORE : CALL_DONE;
}
