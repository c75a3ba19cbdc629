/* SPDX-License-Identifier: Apache-2.0 */
/* Content on its way in: basic.publish names the exchange, a header frame announces the body, body
 * frames bring it.  Nothing is reserved by what is announced; what has come is counted against
 * the connection's budget until the message is whole. */
#include "amqp/props.h"
#include "base/die.h"
#include "base/endian.h"
#include "base/mem.h"
#include "broker/channel.h"
#include "broker/on.h"
#include "broker/publish.h"
#include "broker/refuse.h"
#include "broker/reply.h"

enum {
	EMPTY_FRAMES_MAX = 16,       /* empty body frames in a row */
	NAMES_BYTES = 510,
};

#define BODY_BYTES_MAX (512ull << 20)   /* beyond this no configuration helps */

uint32_t channel_content_method(const struct channel *ch)
{
	return ch->assembly.state == ASSEMBLY_NONE ? 0 : METHOD_basic_publish;
}

const struct refusal *channel_budget(struct channel *ch, uint64_t bytes)
{
	struct connection *c = ch->connection;
	uint64_t max = ch->broker->options.assembly_max_bytes;
	if (bytes > max || c->assembling_bytes > max - bytes)
		return refuse(ch->broker, &RESOURCE_ERROR,
		              "more than %llu bytes of unfinished messages on this connection",
		              (unsigned long long)max);
	c->assembling_bytes += bytes;
	return NULL;
}

/* AMQP 0-9-1 section 1.8.3.7.  The names are kept until the content is whole; what they mean is
 * looked up then. */
const struct refusal *on_basic_publish(struct channel *ch, const struct basic_publish *m)
{
	struct assembly *a = &ch->assembly;
	if (m->immediate)
		return refuse(ch->broker, &NOT_IMPLEMENTED, "immediate=true");
	if (!a->names) {
		a->names = mem_alloc(NAMES_BYTES);
		ch->broker->counters.publishers++;
	}
	memcpy(a->names, m->exchange.p, m->exchange.n);
	memcpy(a->names + m->exchange.n, m->routing_key.p, m->routing_key.n);
	a->exchange_len = (uint8_t)m->exchange.n;
	a->key_len = (uint8_t)m->routing_key.n;
	a->mandatory = m->mandatory;
	a->empty_frames = 0;
	a->state = ASSEMBLY_HEADER;
	connection_publishes(ch->connection);
	return NULL;
}

/* The message is whole: it is checked and goes to its queues, or into the transaction. */
static const struct refusal *publish_whole(struct channel *ch)
{
	struct assembly *a = &ch->assembly;
	struct message *m = a->message;
	const struct refusal *r = publish_check(ch, m, a->plain);
	if (r)
		return r;
	a->message = NULL;
	a->state = ASSEMBLY_NONE;
	if (ch->tx.on) {
		ch->tx.held_bytes += a->budgeted;
		a->budgeted = 0;
		tx_hold_publish(ch, &m, a->mandatory);
		return NULL;
	}
	ch->connection->assembling_bytes -= a->budgeted;
	a->budgeted = 0;
	struct published p = publish(ch, m, a->mandatory);
	message_drop(&m);
	if (ch->confirm.on && p.refused)
		confirm_refuse(ch, p.wait_for);
	else if (ch->confirm.on)
		confirm_note(ch, p.wait_for);
	return NULL;
}

static const struct refusal *check_header(struct channel *ch, struct slice payload,
                                          struct props *p)
{
	struct broker *b = ch->broker;
	uint64_t max = b->options.max_message_bytes;
	if (payload.n >= 2 && get_be16(payload.p) != CLASS_BASIC)
		return refuse(b, &UNEXPECTED_FRAME,
		              "expected content header for class 60, got one for class %u instead",
		              get_be16(payload.p));
	if (!props_decode(payload, p))
		return refuse(b, &FRAME_ERROR, "malformed content header");
	if (p->weight)
		return refuse(b, &UNEXPECTED_FRAME, "content header with weight %u", p->weight);
	if (p->body_bytes > BODY_BYTES_MAX)
		return refuse(b, &FRAME_ERROR,
		              "content body size %llu exceeds maximum allowed size %llu",
		              (unsigned long long)p->body_bytes, BODY_BYTES_MAX);
	if (p->body_bytes > max)
		return refuse(b, &PRECONDITION_FAILED,
		              "message size %llu is larger than configured max size %llu",
		              (unsigned long long)p->body_bytes, (unsigned long long)max);
	return NULL;
}

/* The answer is to come to this channel: its name takes the place of the pseudo-queue's. */
static const struct refusal *name_replies(struct channel *ch, struct slice *payload,
                                          struct props *p)
{
	struct buf *header = &ch->broker->scratch;
	p->reply_to = reply_name(ch);
	if (!p->reply_to.p)
		return refuse(ch->broker, &PRECONDITION_FAILED, "fast reply consumer does not exist");
	buf_clear(header);
	props_encode(header, p);
	*payload = buf_slice(header);
	return NULL;
}

const struct refusal *channel_header(struct channel *ch, struct slice payload)
{
	struct assembly *a = &ch->assembly;
	struct props p;
	if (a->state == ASSEMBLY_BODY)
		return refuse(ch->broker, &UNEXPECTED_FRAME,
		              "expected content body, got non content body frame instead");
	if (a->state == ASSEMBLY_NONE)
		return refuse(ch->broker, &UNEXPECTED_FRAME,
		              "expected method frame, got non method frame instead");
	const struct refusal *r = check_header(ch, payload, &p);
	/* NOLINTNEXTLINE(clang-analyzer-core.*): not refused, so p is set */
	if (!r && reply_is_pseudo_queue(p.reply_to))
		r = name_replies(ch, &payload, &p);
	if (!r)
		r = channel_budget(ch, payload.n + NAMES_BYTES);
	if (r)
		return r;
	a->budgeted = payload.n + NAMES_BYTES;
	a->message = message_new(slice_of(a->names, a->exchange_len),
	                         slice_of(a->names + a->exchange_len, a->key_len), payload,
	                         /* NOLINTNEXTLINE(clang-analyzer-core.*): not refused, so p is set */
	                         p.body_bytes, p.delivery_mode == 2);
	a->message->priority = p.flags & PROP_priority ? p.priority : 0;
	a->plain = publish_is_plain(&p);
	a->state = ASSEMBLY_BODY;
	return p.body_bytes ? NULL : publish_whole(ch);
}

const struct refusal *channel_body(struct channel *ch, struct slice payload)
{
	struct assembly *a = &ch->assembly;
	if (a->state == ASSEMBLY_HEADER)
		return refuse(ch->broker, &UNEXPECTED_FRAME,
		              "expected content header for class 60, got non content header frame instead");
	if (a->state == ASSEMBLY_NONE)
		return refuse(ch->broker, &UNEXPECTED_FRAME,
		              "expected method frame, got non method frame instead");
	if (payload.n > a->message->body_bytes - a->message->body_have)
		return refuse(ch->broker, &FRAME_ERROR,
		              "content body frame exceeds remaining content size");
	if (payload.n == 0 && ++a->empty_frames > EMPTY_FRAMES_MAX)
		return refuse(ch->broker, &FRAME_ERROR, "more than %d empty body frames in a row",
		              EMPTY_FRAMES_MAX);
	const struct refusal *r = channel_budget(ch, payload.n);
	if (r)
		return r;
	a->budgeted += payload.n;
	if (payload.n)
		a->empty_frames = 0;
	message_add_body(a->message, payload);
	return message_is_whole(a->message) ? publish_whole(ch) : NULL;
}
