/* SPDX-License-Identifier: Apache-2.0 */
/* What a queue retains is put back into it, over HTTP. */
#include "broker/channel.h"
#include "broker/manage.h"
#include "broker/names.h"
#include "broker/state.h"
#include "management/api.h"
#include "management/object.h"
#include "management/replaying.h"
#include "queue/queue.h"

static bool read_offset(const struct http_response *r, const char *key,
                        const struct queue *retained, uint64_t *out)
{
	int64_t n;
	if (!http_number(r, key, &n))
		return replaying_read(http_text(r, key), retained, out);
	*out = (uint64_t)n;
	return n >= 0;
}

static enum call_state explain(struct http_response *r, struct buf *out, enum replay_outcome why,
                               const struct queue *q)
{
	buf_clear(&r->room);
	replaying_explain(&r->room, why, q, q ? q->live->retained : NULL);
	return http_bad_request(r, out, "%.*s", SLICE_ARG(buf_slice(&r->room)));
}

/* Who reads the queue and publishes to it by its name may. */
static enum call_state begin(struct http_response *r, struct buf *out, struct channel *ch,
                             uint64_t *number)
{
	uint64_t from, to;
	struct queue *q;
	const struct refusal *why = names_queue(ch, r->parts[1], RIGHT_READ, &q);
	if (!why)
		why = rights_check(ch, RIGHT_WRITE, THING_EXCHANGE, slice_of("", 0), 0);
	if (why)
		return api_refuse(r, out, why);
	if (!q->live->retained)
		return http_bad_request(r, out, "queue '%.*s' retains no messages",
		                        SLICE_ARG(queue_name(q)));
	if (!read_offset(r, "from", q->live->retained, &from) ||
	    !read_offset(r, "to", q->live->retained, &to))
		return http_bad_request(r, out, "from and to have to be numbers, first, or last");
	enum replay_outcome outcome = manage_replay(r->host->broker, q, from, to, number);
	return outcome == REPLAY_GOES_ON ? CALL_WAITS : explain(r, out, outcome, q);
}

static enum call_state conclude(const struct replay_report *report, struct buf *out)
{
	buf_u8(out, '{');
	object_put(out, "replayed", cell_number(report->messages));
	object_put(out, "expired", cell_number(report->expired));
	buf_u8(out, '}');
	return CALL_DONE;
}

struct replaying {
	bool begun;
	uint64_t number;             /* of the replay */
};

enum call_state api_queue_replay(struct http_response *r, struct buf *out)
{
	struct replaying *k = http_keep(r, sizeof *k, NULL);
	struct replay_report report;
	enum call_state state;
	if (!r->begun && !http_read_body(r, out))
		return CALL_DONE;
	if (!k->begun) {
		struct channel *ch = api_client(r, out, &state);
		k->begun = ch != NULL;
		return ch ? begin(r, out, ch, &k->number) : state;
	}
	if (!manage_replayed(r->host->broker, k->number, &report))
		return http_bad_request(r, out, "how the replay ended is not known any more: another one "
		                                "was begun");
	if (report.outcome > REPLAY_DONE)
		return explain(r, out, report.outcome, NULL);
	if (report.outcome == REPLAY_GOES_ON ||
	    !manage_is_durable(r->host->broker, report.wait_for))
		return CALL_WAITS;
	return conclude(&report, out);
}
