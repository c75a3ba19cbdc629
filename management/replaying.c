/* SPDX-License-Identifier: Apache-2.0 */
#include "management/replaying.h"

#include <inttypes.h>

#include "base/quantity.h"
#include "queue/queue.h"

static uint64_t last_of(const struct queue *retained)
{
	return retained->live->stream->visible - 2;
}

bool replaying_read(struct slice text, const struct queue *retained, uint64_t *out)
{
	if (!slice_is(text, "first") && !slice_is(text, "last"))
		return quantity_count(text, out);
	*out = text.p[0] == 'f' ? stream_first(retained) - 1 : last_of(retained);
	return true;
}

bool replaying_is_busy(enum replay_outcome why)
{
	return why == REPLAY_BUSY || why == REPLAY_BLOCKED || why == REPLAY_IMPOSSIBLE;
}

static void explain_range(struct buf *out, const struct queue *q, const struct queue *retained)
{
	if (queue_ready(retained) == 0)
		buf_printf(out, "nothing is retained of queue '%.*s'", SLICE_ARG(queue_name(q)));
	else
		buf_printf(out, "offsets %" PRIu64 " to %" PRIu64 " are retained of queue '%.*s'",
		           stream_first(retained) - 1, last_of(retained), SLICE_ARG(queue_name(q)));
}

void replaying_explain(struct buf *out, enum replay_outcome why, const struct queue *q,
                       const struct queue *retained)
{
	static const char impossible[] =
		"the log has no room for more messages that were put back until some of them are gone, or "
		"the broker was started again";
	static const char *const reasons[] = {
		[REPLAY_BUSY] = "another replay is under way",
		[REPLAY_BLOCKED] = "publishers are blocked, as memory or disk is short",
		[REPLAY_IMPOSSIBLE] = impossible,
		[REPLAY_LARGE] = "one replay is of 16 MB at most",
		[REPLAY_FORGOTTEN] = "some of these messages are not retained any more",
		[REPLAY_UNREADABLE] = "one of these messages cannot be read back",
		[REPLAY_FULL] = "the queue has no room for these messages, and refuses what is too much",
		[REPLAY_GONE] = "the queue was deleted",
	};
	if (why == REPLAY_MANY)
		buf_printf(out, "one replay is of %d messages at most", REPLAY_MESSAGES);
	else if (why == REPLAY_FORGOTTEN && retained)
		explain_range(out, q, retained);
	else
		buf_printf(out, "%s", reasons[why]);
}
