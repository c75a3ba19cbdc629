/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/talk.h"

#include "amqp/frame.h"
#include "amqp/props.h"
#include "base/die.h"

static void feed(struct talk *t, struct buf *b)
{
	inside_feed(&t->peer, buf_slice(b));
	buf_free(b);
}

void talk_send(struct talk *t, uint16_t channel, const struct method *m)
{
	struct buf b = { 0 };
	method_encode(&b, channel, m);
	feed(t, &b);
}

enum { FRAME_BODY_MOST = 100000 };   /* fits into every frame that is tuned */

void talk_publish(struct talk *t, uint16_t channel, struct slice exchange, struct slice key,
                  bool mandatory, bool persistent, struct slice body)
{
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .exchange = exchange, .routing_key = key,
		                                   .mandatory = mandatory } };
	struct props p = { .flags = PROP_delivery_mode, .delivery_mode = persistent ? 2 : 1 };
	talk_content(t, channel, &m, &p, body);
}

void talk_content(struct talk *t, uint16_t channel, const struct method *m, const struct props *as,
                  struct slice body)
{
	struct buf b = { 0 };
	struct props p = *as;
	p.class_id = CLASS_BASIC;
	p.body_bytes = body.n;
	method_encode(&b, channel, m);
	size_t mark = frame_begin(&b, FRAME_HEADER, channel);
	props_encode(&b, &p);
	frame_end(&b, mark);
	while (body.n)
		frame_write(&b, FRAME_BODY, channel,
		            slice_take(&body, body.n < FRAME_BODY_MOST ? body.n : FRAME_BODY_MOST));
	feed(t, &b);
}

/* ---- reading ---- */

static bool next_frame(struct slice *in, struct frame *out)
{
	return frame_next(in, 0, out, NULL) == FRAME_OK;
}

/* In one piece where it came in one frame, else gathered. */
static bool read_body(struct talk *t, struct slice *in, uint64_t bytes, struct slice *out)
{
	struct frame f;
	*out = slice_of(NULL, 0);
	buf_clear(&t->body);
	while (out->n < bytes) {
		if (!next_frame(in, &f))
			return false;
		*out = f.payload;
		if (f.payload.n == bytes)
			return true;
		buf_append_slice(&t->body, f.payload);
		*out = buf_slice(&t->body);
	}
	must(out->n == bytes);
	return true;
}

bool talk_read(struct talk *t, struct heard *out)
{
	struct frame f;
	struct props p;
	if (t->at == t->received.len)
		t->at = t->received.len = 0;
	buf_append_slice(&t->received, buf_slice(&t->peer.output));
	buf_clear(&t->peer.output);
	struct slice in = slice_of(t->received.p + t->at, t->received.len - t->at);
	*out = (struct heard){ 0 };
	if (!next_frame(&in, &f))
		return false;
	bool method = f.type == FRAME_METHOD && method_decode(f.payload, &out->method) == METHOD_OK;
	must(method || f.type == FRAME_HEARTBEAT);
	out->channel = f.channel;
	if (method && method_info(out->method.id)->content) {
		if (!next_frame(&in, &f))
			return false;
		bool header = f.type == FRAME_HEADER && props_decode(f.payload, &p);
		must(header);
		out->header = f.payload;
		if (!read_body(t, &in, p.body_bytes, &out->body))
			return false;
	}
	t->at = t->received.len - in.n;
	return true;
}

bool talk_expect(struct talk *t, uint32_t method_id, struct heard *out,
                 void (*other)(void *to, const struct heard *h), void *to)
{
	while (talk_read(t, out)) {
		if (out->method.id == method_id)
			return true;
		if (other)
			other(to, out);
	}
	return false;
}

bool talk_call(struct talk *t, uint16_t channel, struct method m, uint32_t answer,
               struct heard *h)
{
	struct heard unseen;
	talk_send(t, channel, &m);
	return talk_expect(t, answer, h ? h : &unseen, NULL, NULL);
}

bool talk_wait(struct talk *t, uint32_t method_id, struct heard *out,
               void (*other)(void *to, const struct heard *h), void *to)
{
	bool came = talk_expect(t, method_id, out, other, to);
	for (int patience = 2; !came && patience; patience--) {
		inside_pass(t->peer.in, 300);
		came = talk_expect(t, method_id, out, other, to);
	}
	return came;
}

/* ---- hands ---- */

bool talk_open(struct talk *t, struct inside *in)
{
	return talk_open_at(t, in, "/");
}

bool talk_open_at(struct talk *t, struct inside *in, const char *vhost)
{
	struct heard h;
	static const uint8_t header[] = { 'A', 'M', 'Q', 'P', 0, 0, 9, 1 };
	/* capabilities: connection.blocked */
	static const char can[] = "\x0c" "capabilitiesF\0\0\0\x15\x12" "connection.blockedt\1";
	struct method start_ok = { .id = METHOD_connection_start_ok,
		                       .connection_start_ok = {
			                       .client_properties = slice_of(can, sizeof can - 1),
			                       .mechanism = slice_str("PLAIN"),
			                       .response = slice_of("\0guest\0guest", 12),
			                       .locale = slice_str("en_US") } };
	struct method tune_ok = { .id = METHOD_connection_tune_ok,
		                      .connection_tune_ok = { 2047, 131072, 0, 0 } };
	struct method open = { .id = METHOD_connection_open,
		                   .connection_open = { .virtual_host = slice_str(vhost) } };
	struct method channel = { .id = METHOD_channel_open };
	*t = (struct talk){ 0 };
	inside_dial(in, &t->peer, true);
	inside_feed(&t->peer, slice_of(header, sizeof header));
	talk_send(t, 0, &start_ok);
	talk_send(t, 0, &tune_ok);
	talk_send(t, 0, &open);
	talk_send(t, 1, &channel);
	t->opened = talk_expect(t, METHOD_channel_open_ok, &h, NULL, NULL);
	return t->opened;
}

void talk_free(struct talk *t)
{
	inside_hang_up(&t->peer);
	inside_peer_free(&t->peer);
	buf_free(&t->received);
	buf_free(&t->body);
}
