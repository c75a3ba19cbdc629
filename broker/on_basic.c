/* SPDX-License-Identifier: Apache-2.0 */
/* Class basic (AMQP 0-9-1 section 1.8) except basic.publish, which assembly.c has. */
#include "amqp/table.h"
#include "broker/channel.h"
#include "broker/consuming.h"
#include "broker/content.h"
#include "broker/expiry.h"
#include "broker/firehose.h"
#include "broker/names.h"
#include "broker/on.h"
#include "broker/parking.h"
#include "broker/refuse.h"
#include "broker/reply.h"
#include "broker/settle.h"
#include "broker/streaming.h"
#include "queue/queue.h"

/* RabbitMQ's meaning of global: false is for consumers to come, each its own window, and lifts the
 * window of the channel; true is one window for the channel. */
const struct refusal *on_basic_qos(struct channel *ch, const struct basic_qos *m)
{
	if (m->prefetch_size)
		return refuse(ch->broker, &NOT_IMPLEMENTED, "prefetch_size!=0 (%u)", m->prefetch_size);
	ch->window = m->global ? m->prefetch_count : 0;
	if (!m->global)
		ch->prefetch = m->prefetch_count;
	struct method ok = { .id = METHOD_basic_qos_ok };
	channel_send(ch, &ok);
	channel_wake_consumers(ch);
	return NULL;
}

/* ---- consume, cancel ---- */

static const struct refusal *check_tag(struct channel *ch, struct slice tag)
{
	struct broker *b = ch->broker;
	uint32_t max = b->options.consumer_max_per_channel;
	if (tag.n && (map_get(&ch->by_tag, tag) || slice_eq(tag, reply_tag(ch))))
		return refuse(b, &NOT_ALLOWED, "attempt to reuse consumer tag '%.*s'",
		              SLICE_ARG(tag));
	if (max && ch->by_tag.count >= max)
		return refuse(b, &NOT_ALLOWED, "reached maximum (%u) of consumers per channel", max);
	return NULL;
}

static const struct refusal *check_consume(struct channel *ch, const struct queue *q,
                                           const struct basic_consume *m)
{
	struct broker *b = ch->broker;
	const struct refusal *r = check_tag(ch, m->consumer_tag);
	if (r)
		return r;
	const struct live *live = q->live;
	if (live->exclusive_consumer || (m->exclusive && (live->rotation.count || q->single)))
		return refuse(b, &ACCESS_REFUSED, "queue '%.*s' in vhost '%.*s' in exclusive use",
		              SLICE_ARG(queue_name(q)), SLICE_ARG(ch->vhost->name));
	return NULL;
}

static const struct refusal *not_integer(struct broker *b, const char *key, const struct field *f)
{
	return refuse(b, &PRECONDITION_FAILED, "invalid arg '%s': \"expected integer, got %s\"", key,
	              field_type_name(f));
}

static const struct refusal *read_priority(struct broker *b, struct slice arguments,
                                           int32_t *priority)
{
	struct field f;
	*priority = 0;
	if (!table_find(arguments, "x-priority", &f))
		return NULL;
	if (!field_is_integer(&f))
		return not_integer(b, "x-priority", &f);
	*priority = f.integer > INT32_MAX   ? INT32_MAX
	            : f.integer < INT32_MIN ? INT32_MIN
	                                    : (int32_t)f.integer;
	return NULL;
}

/* The consumer's own goes before the queue's. */
static const struct refusal *read_patience(struct broker *b, const struct queue *q,
                                           struct slice arguments, uint64_t *ms)
{
	struct field f;
	*ms = patience_of_queue(b, q);
	if (!table_find(arguments, "x-consumer-timeout", &f))
		return NULL;
	if (!field_is_integer(&f))
		return not_integer(b, "x-consumer-timeout", &f);
	if (f.integer < 0)
		return refuse(b, &PRECONDITION_FAILED,
		              "invalid arg 'x-consumer-timeout': {value_negative,%lld}",
		              (long long)f.integer);
	*ms = (uint64_t)f.integer;
	return NULL;
}

static void consume_ok(struct channel *ch, const struct basic_consume *m, struct slice tag)
{
	struct method ok = { .id = METHOD_basic_consume_ok,
		                 .basic_consume_ok = { .consumer_tag = tag } };
	if (!m->no_wait)
		channel_send(ch, &ok);
}

static const struct refusal *consume_replies(struct channel *ch, const struct basic_consume *m)
{
	char room[NAMES_MAX];
	struct slice tag = m->consumer_tag;
	const struct refusal *r = check_tag(ch, tag);
	if (tag.n == 0)
		tag = names_generate(ch->broker, "amq.ctag-", room);
	if (!r)
		r = reply_consume(ch, tag, m->no_ack);
	if (!r)
		consume_ok(ch, m, tag);
	return r;
}

const struct refusal *on_basic_consume(struct channel *ch, const struct basic_consume *m)
{
	char room[NAMES_MAX];
	struct queue *q;
	struct consuming_spec spec = { .tag = m->consumer_tag,
		                           .arguments = m->arguments,
		                           .no_ack = m->no_ack,
		                           .exclusive = m->exclusive };
	if (reply_is_pseudo_queue(m->queue))
		return consume_replies(ch, m);
	const struct refusal *r = names_queue(ch, m->queue, RIGHT_READ, &q);
	if (!r)
		q = streaming_source(q, m->arguments);
	if (!r)
		r = check_consume(ch, q, m);
	if (!r)
		r = streaming_check_consume(ch, q, m);
	if (!r)
		r = read_priority(ch->broker, m->arguments, &spec.priority);
	if (!r)
		r = read_patience(ch->broker, q, m->arguments, &spec.patience_ms);
	if (r)
		return r;
	if (spec.tag.n == 0)
		spec.tag = names_generate(ch->broker, "amq.ctag-", room);
	consume_ok(ch, m, spec.tag);
	consuming_start(ch, q, &spec);
	return NULL;
}

/* An unknown tag is as good as cancelled. */
const struct refusal *on_basic_cancel(struct channel *ch, const struct basic_cancel *m)
{
	struct consumer *c = map_get(&ch->by_tag, m->consumer_tag);
	struct method ok = { .id = METHOD_basic_cancel_ok,
		                 .basic_cancel_ok = { .consumer_tag = m->consumer_tag } };
	if (c)
		consuming_stop(c);
	else if (slice_eq(m->consumer_tag, reply_tag(ch)))
		reply_cancel(ch);
	if (!m->no_wait)
		channel_send(ch, &ok);
	return NULL;
}

/* Some clients answer the basic.cancel they are sent, though it asks for no answer. */
const struct refusal *on_basic_cancel_ok(struct channel *ch, const struct basic_cancel_ok *m)
{
	(void)ch;
	(void)m;
	return NULL;
}

/* ---- get ---- */

/* The oldest entry, of a queue with groups the oldest of which nobody holds the group. */
static enum offered next_entry(struct broker *b, struct queue *q, struct entry *e,
                               struct group **g)
{
	enum offered offered;
	*g = NULL;
	if (!q->live->groups)
		return queue_take(q, e) ? OFFER_ENTRY : OFFER_LATER;
	while ((offered = groups_offer(q, NULL, e, g)) == OFFER_ENTRY) {
		if (expiry_is_due(q, e, (int64_t)b->now_ms))
			expiry_drop(b, q, e, *g);
		else if (*g && group_is_held(*g))
			groups_set_aside(q, *g, *e);
		else
			break;
	}
	return offered;
}

static void get_empty(struct channel *ch, struct queue *q)
{
	struct method empty = { .id = METHOD_basic_get_empty };
	count_get_empty(ch, q);
	channel_send(ch, &empty);
}

static void get_entry(struct channel *ch, struct queue *q, bool no_ack)
{
	struct entry e;
	struct group *g;
	switch (next_entry(ch->broker, q, &e, &g)) {
	case OFFER_ENTRY: break;
	case OFFER_NONE: get_empty(ch, q); return;
	case OFFER_LATER: parking_wait(ch, q); return;
	}
	uint64_t tag = ch->next_tag++;
	count_residence(ch->broker, &e);
	content_get_ok(ch, tag, &e, (uint32_t)queue_ready(q));
	count_get(ch, q, no_ack, e.redelivered);
	if (ch->vhost->tracing)
		firehose_deliver(ch, q, &e);
	if (no_ack) {
		if (g)
			groups_pass(q, g);
		queue_settle(q, e);
		return;
	}
	if (g)
		groups_hold(q, g, NULL);
	uint64_t ms = patience_of_queue(ch->broker, q);
	unacked_put(&ch->unacked, tag,
	            (struct delivery){ .entry = e, .queue = q, .group = g,
	                               .since_ms = (uint32_t)ch->broker->now_ms });
	if (ms)
		patience_note(ch, tag, ms);
}

const struct refusal *on_basic_get(struct channel *ch, const struct basic_get *m)
{
	struct queue *q;
	const struct refusal *r = names_queue(ch, m->queue, RIGHT_READ, &q);
	if (r)
		return r;
	if (q->live->stream)
		return streaming_refuse(ch, q, "basic.get");
	expiry_use(ch->broker, q);
	if (queue_is_timed(q) && !expiry_catch_up(ch->broker, q))
		parking_wait(ch, q);
	else if (queue_ready(q) && !q->paused)
		get_entry(ch, q, m->no_ack);
	else
		get_empty(ch, q);
	return NULL;
}

/* ---- ack, reject, nack, recover ---- */

const struct refusal *on_basic_ack(struct channel *ch, const struct basic_ack *m)
{
	return settle(ch, m->delivery_tag, m->multiple, SETTLE_ACK);
}

static enum settle_how rejection(bool requeue)
{
	return requeue ? SETTLE_REQUEUE : SETTLE_REJECT;
}

const struct refusal *on_basic_reject(struct channel *ch, const struct basic_reject *m)
{
	return settle(ch, m->delivery_tag, false, m->requeue ? SETTLE_FAILED : SETTLE_REJECT);
}

const struct refusal *on_basic_nack(struct channel *ch, const struct basic_nack *m)
{
	return settle(ch, m->delivery_tag, m->multiple, rejection(m->requeue));
}

static const struct refusal *recover(struct channel *ch, bool requeue)
{
	if (!requeue)
		return refuse(ch->broker, &NOT_IMPLEMENTED, "requeue=false");
	if (settle_return_some(ch, SETTLE_REQUEUE))
		channel_wake_consumers(ch);
	return NULL;
}

const struct refusal *on_basic_recover_async(struct channel *ch,
                                             const struct basic_recover_async *m)
{
	return recover(ch, m->requeue);
}

const struct refusal *on_basic_recover(struct channel *ch, const struct basic_recover *m)
{
	const struct refusal *r = recover(ch, m->requeue);
	struct method ok = { .id = METHOD_basic_recover_ok };
	if (!r && !ch->parked)
		channel_send(ch, &ok);
	return r;
}
