/* SPDX-License-Identifier: Apache-2.0 */
/* What a queue retains is put back into it: queue/replay.h says how. */
#include <inttypes.h>

#include "broker/manage.h"
#include "broker/state.h"
#include "management/verbs.h"
#include "queue/queue.h"

/* A number, first, or last. */
static bool read_offset(struct slice text, const struct queue *retained, uint64_t *out)
{
	uint64_t n = 0;
	if (slice_is(text, "first") || slice_is(text, "last")) {
		*out = text.p[0] == 'f' ? stream_first(retained) - 1 : retained->live->stream->visible - 2;
		return true;
	}
	if (text.n == 0 || text.n > 18)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(text.p[i] - '0');
	}
	*out = n;
	return true;
}

static enum call_state refuse(struct call *c, const struct queue *q, enum replay_outcome why)
{
	const struct queue *retained = q->live->retained;
	switch (why) {
	case REPLAY_BUSY: return call_fail(c, CALL_EXIT_UNAVAILABLE, "another replay is under way");
	case REPLAY_BLOCKED:
		return call_fail(c, CALL_EXIT_UNAVAILABLE, "publishers are blocked, as memory or disk is "
		                                           "short");
	case REPLAY_IMPOSSIBLE:
		return call_fail(c, CALL_EXIT_UNAVAILABLE,
		                 "the log has no room for more messages that were put back until some of "
		                 "them are gone, or the broker was started again");
	case REPLAY_MANY:
		return call_fail(c, CALL_EXIT_DATA, "one replay is of %d messages at most",
		                 REPLAY_MESSAGES);
	default: break;
	}
	if (queue_ready(retained) == 0)
		return call_fail(c, CALL_EXIT_DATA, "nothing is retained of queue '%.*s' in vhost '%.*s'",
		                 SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	return call_fail(c, CALL_EXIT_DATA,
	                 "offsets %" PRIu64 " to %" PRIu64 " are retained of queue '%.*s' in vhost "
	                 "'%.*s'", stream_first(retained) - 1, retained->live->stream->visible - 2,
	                 SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
}

static enum call_state begin(struct call *c)
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
	if (!read_offset(c->arguments[1], q->live->retained, &from) ||
	    !read_offset(c->arguments[2], q->live->retained, &to))
		return call_refuse(c, "Bad argument. An offset is a number, first, or last.");
	enum replay_outcome why = manage_replay(c->host->broker, q, from, to, &c->count);
	return why == REPLAY_GOES_ON ? CALL_WAITS : refuse(c, q, why);
}

static enum call_state fail(struct call *c, enum replay_outcome why)
{
	static const char *const reasons[] = {
		[REPLAY_LARGE] = "one replay is of 16 MB at most",
		[REPLAY_FORGOTTEN] = "some of these messages are not retained any more",
		[REPLAY_UNREADABLE] = "one of these messages cannot be read back",
		[REPLAY_FULL] = "the queue has no room for these messages, and refuses what is too much",
		[REPLAY_GONE] = "the queue was deleted",
	};
	return call_fail(c, CALL_EXIT_DATA, "nothing was put back: %s", reasons[why]);
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
	struct replay_report r;
	if (!c->begun) {
		call_banner(c, out, "Putting messages of queue '%.*s' in vhost '%.*s' back ...",
		            SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
		if (begin(c) == CALL_DONE)
			return CALL_DONE;
	}
	if (!manage_replayed(c->host->broker, c->count, &r))
		return call_fail(c, CALL_EXIT_UNAVAILABLE, "how the replay ended is not known any more: "
		                                           "another one was begun");
	if (r.outcome > REPLAY_DONE)
		return fail(c, r.outcome);
	if (r.outcome == REPLAY_GOES_ON || !manage_is_durable(c->host->broker, r.wait_for))
		return CALL_WAITS;
	conclude(&r, out);
	return CALL_DONE;
}
