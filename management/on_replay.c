/* SPDX-License-Identifier: Apache-2.0 */
/* What a queue retains is put back into it: queue/replay.h says how. */
#include <inttypes.h>

#include "broker/manage.h"
#include "broker/state.h"
#include "management/call.h"
#include "management/replaying.h"
#include "management/verbs.h"
#include "queue/queue.h"

static enum call_state refuse(struct call *c, const struct queue *q, enum replay_outcome why)
{
	struct buf text = { 0 };
	replaying_explain(&text, why, q, q->live->retained);
	if (why == REPLAY_FORGOTTEN)
		buf_printf(&text, " in vhost '%.*s'", SLICE_ARG(c->vhost));
	call_fail(c, replaying_is_busy(why) ? CALL_EXIT_UNAVAILABLE : CALL_EXIT_DATA, "%.*s",
	          SLICE_ARG(buf_slice(&text)));
	buf_free(&text);
	return CALL_DONE;
}

static enum call_state begin(struct call *c, uint64_t *number)
{
	uint64_t from, to;
	struct vhost *v = call_vhost(c);
	struct queue *q = v ? topology_queue(&v->topology, c->arguments[0]) : NULL;
	if (!v)
		return CALL_DONE;
	if (!q)
		return call_fail(c, CALL_EXIT_DATA, "no queue '%.*s' in vhost '%.*s'",
		                 SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	if (!q->live->retained)
		return call_fail(c, CALL_EXIT_DATA, "queue '%.*s' in vhost '%.*s' retains no messages",
		                 SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	if (!replaying_read(c->arguments[1], q->live->retained, &from) ||
	    !replaying_read(c->arguments[2], q->live->retained, &to))
		return call_refuse(c, "Bad argument. An offset is a number, first, or last.");
	enum replay_outcome why = manage_replay(c->host->broker, q, from, to, number);
	return why == REPLAY_GOES_ON ? CALL_WAITS : refuse(c, q, why);
}

static enum call_state fail(struct call *c, enum replay_outcome why)
{
	struct buf text = { 0 };
	replaying_explain(&text, why, NULL, NULL);
	call_fail(c, CALL_EXIT_DATA, "nothing was put back: %.*s", SLICE_ARG(buf_slice(&text)));
	buf_free(&text);
	return CALL_DONE;
}

static void conclude(const struct replay_report *r, struct buf *out)
{
	buf_printf(out, "Replayed %" PRIu64 " messages\n", r->messages);
	if (r->expired)
		buf_printf(out, "%" PRIu64 " others would have expired at once\n", r->expired);
}

/* As for a client, it is said when it is durable. */
enum call_state verb_replay(struct call *c, struct buf *out)
{
	uint64_t *number = call_keep(c, sizeof *number, NULL);   /* of the replay */
	struct replay_report r;
	if (!c->begun) {
		call_banner(c, out, "Putting messages of queue '%.*s' in vhost '%.*s' back ...",
		            SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
		if (begin(c, number) == CALL_DONE)
			return CALL_DONE;
	}
	if (!manage_replayed(c->host->broker, *number, &r))
		return call_fail(c, CALL_EXIT_UNAVAILABLE, "how the replay ended is not known any more: "
		                                           "another one was begun");
	if (r.outcome > REPLAY_DONE)
		return fail(c, r.outcome);
	if (r.outcome == REPLAY_GOES_ON || !manage_is_durable(c->host->broker, r.wait_for))
		return CALL_WAITS;
	conclude(&r, out);
	return CALL_DONE;
}
