/* SPDX-License-Identifier: Apache-2.0 */
/* Small bodies are copied behind their header, which is one stretch of memory and one element of
 * a gathered write; larger ones are lent to the outbox and never copied. */
#include "broker/content.h"

#include "amqp/props.h"
#include "amqp/table.h"
#include "base/die.h"
#include "base/endian.h"
#include "broker/channel.h"
#include "broker/firehose.h"
#include "broker/owed.h"
#include "broker/refuse.h"
#include "queue/queue.h"

enum { COPY_MAX = 8192 };

static void frame_head(struct buf *out, uint16_t channel, size_t n)
{
	uint8_t head[FRAME_HEAD_BYTES] = { FRAME_BODY };
	put_be16(head + 1, channel);
	put_be32(head + 3, (uint32_t)n);
	buf_append(out, head, sizeof head);
}

/* Cuts the body into frames. Bytes go to copy() or lend(), whichever the caller chose. */
struct body_sink {
	struct channel *ch;
	struct message *message;
	struct buf *copy;          /* NULL: bytes are lent to the outbox */
};

static struct buf *sink_buf(struct body_sink *s)
{
	return s->copy ? s->copy : outbox_buf(&s->ch->connection->outbox);
}

static void sink_wrote(struct body_sink *s)
{
	if (!s->copy)
		outbox_wrote(&s->ch->connection->outbox);
}

static void sink_bytes(struct body_sink *s, struct slice bytes)
{
	if (s->copy)
		buf_append_slice(s->copy, bytes);
	else
		outbox_body(&s->ch->connection->outbox, s->message, bytes);
}

static void write_body(struct body_sink *s)
{
	uint64_t left = s->message->body_bytes;
	size_t max = s->ch->connection->frame_max - FRAME_OVERHEAD_BYTES;
	struct message_walk w = { 0 };
	struct slice stretch = { 0 };
	while (left) {
		size_t n = left < max ? (size_t)left : max;
		frame_head(sink_buf(s), s->ch->number, n);
		sink_wrote(s);
		left -= n;
		while (n) {
			if (stretch.n == 0)
				message_next_stretch(s->message, &w, &stretch);
			struct slice part = slice_take(&stretch, n < stretch.n ? n : stretch.n);
			sink_bytes(s, part);
			n -= part.n;
		}
		buf_u8(sink_buf(s), FRAME_END);
		sink_wrote(s);
	}
}

/* What is sent: a message, and a header of the broker's that goes with it (NULL: none). */
struct content {
	struct message *m;
	const char *header;
	uint64_t value;
};

/* The headers with that one in them. */
static void write_marked(struct buf *out, struct channel *ch, const struct content *c,
                          struct props *p)
{
	struct buf headers = { 0 }, header = { 0 };
	struct slice old = p->flags & PROP_headers ? p->headers : slice_of(NULL, 0), key;
	struct field f, value = { .letter = 'l', .integer = (int64_t)c->value };
	for (struct table_walk w = table_walk(old); table_next(&w, &key, &f);)
		if (!slice_is(key, c->header))
			table_put(&headers, key, &f);
	table_put(&headers, slice_str(c->header), &value);
	p->headers = buf_slice(&headers);
	p->flags |= PROP_headers;
	props_encode(&header, p);
	bool fits = header.len <= ch->connection->frame_max - FRAME_OVERHEAD_BYTES;
	frame_write(out, FRAME_HEADER, ch->number, fits ? buf_slice(&header) : message_header(c->m));
	buf_free(&headers);
	buf_free(&header);
}

/* A header is one frame, however large the peer will have them: of publishers' it is as they sent
 * it, of the broker's own it is made to fit. */
static bool write_cut(struct buf *out, const struct channel *ch, const struct message *m)
{
	struct buf header = { 0 };
	size_t max = ch->connection->frame_max - FRAME_OVERHEAD_BYTES;
	bool cut = message_header(m).n > max && firehose_fit(&header, m, max);
	if (cut)
		frame_write(out, FRAME_HEADER, ch->number, buf_slice(&header));
	buf_free(&header);
	return cut;
}

static void write_head(struct buf *out, struct channel *ch, const struct method *method,
                       const struct content *c)
{
	struct props p;
	method_encode(out, ch->number, method);
	if (c->header && props_decode(message_header(c->m), &p))
		write_marked(out, ch, c, &p);
	else if (!write_cut(out, ch, c->m))
		frame_write(out, FRAME_HEADER, ch->number, message_header(c->m));
}

/* Behind what is owed everything is copied: a promise holds bytes, not messages. */
static void write_owed(struct channel *ch, const struct method *method, const struct content *c)
{
	struct body_sink sink = { ch, c->m, owed_buf(ch->connection, 0) };
	write_head(sink.copy, ch, method, c);
	write_body(&sink);
	owed_wrote(ch->connection);
}

/* The usual case: the body lies in one stretch and fits in one frame. */
static bool write_small(struct buf *out, struct channel *ch, struct message *m)
{
	size_t n = m->inline_len;
	if (n == 0 || n != m->body_bytes || n > ch->connection->frame_max - FRAME_OVERHEAD_BYTES)
		return false;
	struct slice header = message_header(m);
	frame_write(out, FRAME_BODY, ch->number, slice_of(header.p + header.n, n));
	return true;
}

static void write_now(struct channel *ch, const struct method *method, const struct content *c)
{
	struct message *m = c->m;
	struct outbox *o = &ch->connection->outbox;
	struct buf *out = outbox_buf(o);
	struct body_sink sink = { ch, m, m->body_bytes <= COPY_MAX ? out : NULL };
	write_head(out, ch, method, c);
	if (!sink.copy)
		outbox_wrote(o);
	if (!sink.copy || !write_small(out, ch, m))
		write_body(&sink);
	if (sink.copy)
		outbox_wrote(o);
	connection_touch(ch->connection);
}

static void write_content(struct channel *ch, const struct method *method, struct content c)
{
	if (ch->connection->state != CONN_RUNNING)
		return;
	if (owed_any(ch->connection))
		write_owed(ch, method, &c);
	else
		write_now(ch, method, &c);
}

static void deliver(struct channel *ch, struct slice consumer_tag, uint64_t delivery_tag,
                    const struct entry *e, struct content c)
{
	struct method m = { .id = METHOD_basic_deliver,
		                .basic_deliver = { .consumer_tag = consumer_tag,
		                                   .delivery_tag = delivery_tag,
		                                   .redelivered = e->redelivered,
		                                   .exchange = message_exchange(e->message),
		                                   .routing_key = message_key(e->message) } };
	write_content(ch, &m, c);
}

/* How often it came back, if it did and that is counted. */
static struct content counted(const struct entry *e)
{
	return (struct content){ e->message, e->returns ? "x-delivery-count" : NULL, e->returns };
}

void content_deliver(struct channel *ch, struct slice consumer_tag, uint64_t delivery_tag,
                     const struct entry *e)
{
	deliver(ch, consumer_tag, delivery_tag, e, counted(e));
}

void content_deliver_at(struct channel *ch, struct slice consumer_tag, uint64_t delivery_tag,
                        const struct entry *e, uint64_t offset)
{
	deliver(ch, consumer_tag, delivery_tag, e,
	        (struct content){ e->message, "x-stream-offset", offset });
}

void content_get_ok(struct channel *ch, uint64_t delivery_tag, const struct entry *e,
                    uint32_t left)
{
	struct method m = { .id = METHOD_basic_get_ok,
		                .basic_get_ok = { .delivery_tag = delivery_tag,
		                                  .redelivered = e->redelivered,
		                                  .exchange = message_exchange(e->message),
		                                  .routing_key = message_key(e->message),
		                                  .message_count = left } };
	write_content(ch, &m, counted(e));
}

/* ---- returns ---- */

/* Appends the headers of the message but for some, which are the broker's own. */
static void put_others(struct buf *out, const struct props *p, bool (*is_own)(struct slice key))
{
	struct slice old = p->flags & PROP_headers ? p->headers : slice_of(NULL, 0), key;
	struct field f;
	for (struct table_walk w = table_walk(old); table_next(&w, &key, &f);)
		if (!is_own(key))
			table_put(out, key, &f);
}

/* The message with those headers, if they can be sent; else as it is. */
static struct message *with_headers(const struct channel *ch, struct message *m, struct props *p,
                                    struct slice headers)
{
	struct buf header = { 0 };
	p->headers = headers;
	p->flags |= PROP_headers;
	props_encode(&header, p);
	bool fits = header.len <= ch->connection->frame_max - FRAME_OVERHEAD_BYTES;
	struct message *told = fits ? message_copy(m, message_exchange(m), message_key(m),
	                                           buf_slice(&header))
	                            : message_ref(m);
	buf_free(&header);
	return told;
}

static void send_return(struct channel *ch, struct message *m, uint16_t code, struct slice text)
{
	struct method r = { .id = METHOD_basic_return,
		                .basic_return = { .reply_code = code,
		                                  .reply_text = text,
		                                  .exchange = message_exchange(m),
		                                  .routing_key = message_key(m) } };
	write_content(ch, &r, (struct content){ m, NULL, 0 });
}

void content_return(struct channel *ch, struct message *m)
{
	send_return(ch, m, NO_ROUTE.code, slice_str(NO_ROUTE.name));
}

/* ---- why a publish is nacked ---- */

static void put_why(struct buf *out, const struct queue *q)
{
	const struct settings *s = q->settings;
	bool many = queue_ready(q) + q->live->dead.n >= s->max_length;
	buf_printf(out, "no room in queue '%.*s': max-length%s is %llu", SLICE_ARG(queue_name(q)),
	           many ? "" : "-bytes", (unsigned long long)(many ? s->max_length : s->max_bytes));
}

static bool is_of_reason(struct slice key)
{
	return slice_is(key, "x-reject-queue") || slice_is(key, "x-reject-reason") ||
	       slice_is(key, "x-reject-tag");
}

/* What a publisher said under these names is not repeated. */
static void put_reason(struct buf *out, const struct props *p, const struct queue *q, uint64_t tag)
{
	struct field name = { .letter = 'S', .bytes = queue_name(q) },
	             number = { .letter = 'l', .integer = (int64_t)tag };
	put_others(out, p, is_of_reason);
	table_put(out, slice_str("x-reject-queue"), &name);
	table_put_str(out, "x-reject-reason", "maxlen");
	table_put(out, slice_str("x-reject-tag"), &number);
}

void content_refuse(struct channel *ch, struct message *m, const struct queue *q, uint64_t tag)
{
	struct buf why = { 0 }, headers = { 0 };
	struct props p;
	bool whole = props_decode(message_header(m), &p);
	must(whole);
	put_reason(&headers, &p, q, tag);
	struct message *told = with_headers(ch, m, &p, buf_slice(&headers));
	put_why(&why, q);
	refusal_fit(&why);
	send_return(ch, told, CONTENT_TOO_LARGE.code, buf_slice(&why));
	message_drop(&told);
	buf_free(&headers);
	buf_free(&why);
}

/* ---- how far a publisher has come ---- */

static bool is_of_progress(struct slice key)
{
	return slice_is(key, "x-publisher-sequence") || slice_is(key, "x-publisher-complete");
}

void content_return_progress(struct channel *ch, struct message *m, uint64_t highest,
                             uint64_t complete)
{
	struct buf headers = { 0 };
	struct field f = { .letter = 'l', .integer = (int64_t)highest };
	struct props p;
	bool whole = props_decode(message_header(m), &p);
	must(whole);
	put_others(&headers, &p, is_of_progress);
	table_put(&headers, slice_str("x-publisher-sequence"), &f);
	f.integer = (int64_t)complete;
	table_put(&headers, slice_str("x-publisher-complete"), &f);
	struct message *told = with_headers(ch, m, &p, buf_slice(&headers));
	send_return(ch, told, REPLY_SUCCESS.code, slice_str(REPLY_SUCCESS.name));
	message_drop(&told);
	buf_free(&headers);
}
