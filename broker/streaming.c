/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/streaming.h"

#include "amqp/props.h"
#include "amqp/table.h"
#include "base/mem.h"
#include "broker/channel.h"
#include "broker/consuming.h"
#include "broker/content.h"
#include "broker/firehose.h"
#include "broker/origin.h"
#include "broker/refuse.h"
#include "queue/offsets.h"
#include "queue/queue.h"
#include "queue/reader.h"

/* ---- checks ---- */

const struct refusal *streaming_refuse(struct channel *ch, const struct queue *q,
                                       const char *method)
{
	return refuse(ch->broker, &NOT_IMPLEMENTED,
	              "%s not supported by stream queues queue '%.*s' in vhost '%.*s'", method,
	              SLICE_ARG(queue_name(q)), SLICE_ARG(ch->vhost->name));
}

struct queue *streaming_source(struct queue *q, struct slice arguments)
{
	struct field f;
	bool reads = q->live->retained && table_find(arguments, "x-stream-offset", &f);
	return reads ? q->live->retained : q;
}

/* ---- offsets ---- */

/* Without one, what comes next. False when it is none. */
static bool read_offset(struct slice arguments, int64_t wall_ms, struct origin *out)
{
	struct field f;
	*out = (struct origin){ .kind = ORIGIN_NEXT };
	return !table_find(arguments, "x-stream-offset", &f) || origin_read(&f, wall_ms, out);
}

/* x-stream-offset-name; or the consumer's tag, where x-stream-automatic-offset-tracking says so and
 * the client chose it.  Empty: its offset is not kept. */
static struct slice name_of(struct slice arguments, struct slice tag)
{
	struct field f;
	if (table_find(arguments, "x-stream-offset-name", &f) && f.letter == 'S')
		return f.bytes;
	if (table_find(arguments, "x-stream-automatic-offset-tracking", &f) && f.letter == 't' &&
	    f.boolean && !slice_starts(tag, "amq.ctag-"))
		return tag;
	return slice_of(NULL, 0);
}

static const struct refusal *check_name(struct channel *ch, const struct queue *q,
                                        const struct basic_consume *m)
{
	struct field f;
	bool said = table_find(m->arguments, "x-stream-offset-name", &f);
	if (said && f.letter != 'S')
		return refuse(ch->broker, &PRECONDITION_FAILED,
		              "invalid arg 'x-stream-offset-name': {unacceptable_type,%s}",
		              field_type_name(&f));
	if (said && (f.bytes.n == 0 || f.bytes.n > 255))
		return refuse(ch->broker, &PRECONDITION_FAILED,
		              "invalid arg 'x-stream-offset-name': it has to have 1 to 255 bytes");
	struct slice name = name_of(m->arguments, m->consumer_tag);
	if (name.n && offsets_are_full(q, name))
		return refuse(ch->broker, &PRECONDITION_FAILED,
		              "stream queue '%.*s' in vhost '%.*s' has %d named offsets, and no room for "
		              "another",
		              SLICE_ARG(queue_name(q)), SLICE_ARG(ch->vhost->name), OFFSETS_MOST);
	return NULL;
}

const struct refusal *streaming_check_consume(struct channel *ch, const struct queue *q,
                                              const struct basic_consume *m)
{
	struct broker *b = ch->broker;
	struct origin o;
	if (!q->live->stream)
		return NULL;
	if (ch->prefetch == 0 && ch->window == 0)
		return refuse(b, &PRECONDITION_FAILED,
		              "consumer prefetch count is not set for stream queue '%.*s' in vhost '%.*s'",
		              SLICE_ARG(queue_name(q)), SLICE_ARG(ch->vhost->name));
	if (m->no_ack)
		return refuse(b, &NOT_IMPLEMENTED,
		              "automatic acknowledgement not supported by stream queue '%.*s' in vhost "
		              "'%.*s'", SLICE_ARG(queue_name(q)), SLICE_ARG(ch->vhost->name));
	if (ch->window)
		return refuse(b, &NOT_IMPLEMENTED,
		              "queue '%.*s' in vhost '%.*s' does not support global qos",
		              SLICE_ARG(queue_name(q)), SLICE_ARG(ch->vhost->name));
	if (!read_offset(m->arguments, 0, &o))
		return refuse(b, &PRECONDITION_FAILED,
		              "failed consuming from stream queue '%.*s' in vhost '%.*s': "
		              "invalid_max_age", SLICE_ARG(queue_name(q)), SLICE_ARG(ch->vhost->name));
	return check_name(ch, q, m);
}

/* One that is not there yet is awaited. */
static struct reader *reader_at(struct broker *b, struct queue *q, const struct origin *o)
{
	if (o->kind == ORIGIN_TIME)
		return reader_new_since(q, o->wall_ms + b->store.clock_offset_ms);
	return reader_new(q, origin_number(q, o));
}

void streaming_start(struct broker *b, struct consumer *c)
{
	struct origin o;
	struct field f;
	if (!c->queue->live->stream)
		return;
	struct slice name = name_of(c->arguments, c->tag);
	if (name.n) {
		c->progress = mem_zalloc(sizeof *c->progress);
		c->progress->offset = offsets_find(c->queue, name);
	}
	read_offset(c->arguments, (int64_t)broker_wall_ms(b), &o);
	c->reader = name.n && c->progress->offset->next
	                ? reader_new(c->queue, c->progress->offset->next)
	                : reader_at(b, c->queue, &o);
	c->filters = table_find(c->arguments, "x-stream-filter", &f) &&
	             (f.letter == 'S' || f.letter == 'A');
	c->priority = 0;
}

void streaming_stop(struct consumer *c)
{
	reader_free(&c->reader);
}

void streaming_end(struct consumer *c)
{
	if (!c->progress)
		return;
	ranges_free(&c->progress->done);
	mem_free(c->progress);
}

void streaming_settled(struct consumer *c, uint64_t seq, enum settle_how how)
{
	if (how == SETTLE_ACK || how == SETTLE_REJECT)
		progress_done(c->progress, seq);
}

/* ---- filters ---- */

static bool is_asked_for(const struct field *filter, struct slice value)
{
	struct field f;
	if (filter->letter == 'S')
		return slice_eq(filter->bytes, value);
	for (struct table_walk w = table_walk(filter->bytes); array_next(&w, &f);)
		if (f.letter == 'S' && slice_eq(f.bytes, value))
			return true;
	return false;
}

/* x-stream-filter: what the message says has to be among what the consumer asks for; one that says
 * nothing goes to those who asked for these too. */
static bool passes(const struct consumer *c, const struct message *m)
{
	struct field filter, value, unfiltered;
	if (!c->filters)
		return true;
	table_find(c->arguments, "x-stream-filter", &filter);
	if (table_find(props_headers(message_header(m)), "x-stream-filter-value", &value) &&
	    value.letter == 'S')
		return is_asked_for(&filter, value.bytes);
	return table_find(c->arguments, "x-stream-match-unfiltered", &unfiltered) &&
	       unfiltered.letter == 't' && unfiltered.boolean;
}

/* ---- delivering ---- */

static void deliver(struct consumer *c, struct entry e)
{
	struct channel *ch = c->channel;
	uint64_t tag = ch->next_tag++;
	content_deliver_at(ch, c->tag, tag, &e, e.seq - 1);
	if (ch->vhost->tracing)
		firehose_deliver(ch, c->queue, &e);
	if (c->progress)
		progress_give(c->progress, e.seq);
	consuming_count(c);
	count_deliver(c, false);
	stream_lend(c->queue);
	unacked_put(&ch->unacked, tag,
	            (struct delivery){ .entry = { .seq = e.seq }, .queue = c->queue, .consumer = c,
	                               .since_ms = (uint32_t)ch->broker->now_ms });
	if (c->patience_ms)
		patience_note(ch, tag, c->patience_ms);
}

/* What a message that is history costs a turn, in messages handed out: turns are short where
 * streams are read from far back, so that who follows the end of one waits for little.  One reader
 * takes some at a time: each that has a part in a turn costs a write to its socket. */
enum { HISTORY_COST = 64, HISTORY_BYTES = 16, BURST = 32 };

static size_t cost_of(const struct consumer *c, const struct message *m)
{
	return c->reader->behind ? HISTORY_COST + message_footprint(m) / HISTORY_BYTES : 1;
}

/* Who stood by begins where those before it have come since. */
static void take_over(struct consumer *c)
{
	const struct progress *p = c->progress;
	if (!p || p->given || !p->offset->next)
		return;
	if (!c->reader->high && c->reader->next >= p->offset->next)
		return;
	reader_free(&c->reader);
	c->reader = reader_new(c->queue, p->offset->next);
}

/* One message for the consumer, or one that is not for it; false when there is none for now. */
static bool advance(struct consumer *c, size_t *used)
{
	struct entry e;
	take_over(c);
	if (reader_next(c->reader, &e) != READER_ENTRY)
		return false;
	*used += cost_of(c, e.message);
	if (passes(c, e.message))
		deliver(c, e);
	message_drop(&e.message);
	return true;
}

/* How many there were, and it could take. */
static size_t burst(struct consumer *c, size_t max, size_t *used)
{
	size_t n = 0;
	while (n < max && consuming_is_able(c) && advance(c, used))
		n++;
	return n;
}

/* Each reader in turn, until none of them has come further. */
bool streaming_run(struct queue *q, size_t max, size_t *used)
{
	struct consumer *c;
	for (uint32_t idle = 0; idle < q->live->rotation.count && (c = consuming_next(q));) {
		if (max == 0)
			return true;
		size_t n = burst(c, max < BURST ? max : BURST, used);
		idle = n ? 0 : idle + 1;
		max -= n;
		if (n == 0)
			rotation_served(&q->live->rotation, c);
	}
	return false;
}
