/* SPDX-License-Identifier: Apache-2.0 */
#include "management/proxy.h"

#include "amqp/frame.h"
#include "base/die.h"
#include "broker/link.h"

enum { CHANNEL = PROXY_CHANNEL, PIECES = 64 };

/* ---- saying ---- */

/* Frames that the broker has no time for in this turn are handed in again in the next. */
static void hand_in(struct proxy *p, uint64_t now_ms)
{
	struct slice rest = buf_slice(&p->said), before = rest;
	struct frame f;
	while (connection_wants_input(p->connection) &&
	       frame_next(&rest, 0, &f, NULL) == FRAME_OK &&
	       connection_frames(p->connection, &f, 1, now_ms) == 1)
		before = rest;
	buf_consume(&p->said, p->said.len - before.n);
}

void proxy_open(struct proxy *p, struct broker *b, struct user *u, struct vhost *v,
                const char *name, uint64_t now_ms)
{
	struct method m = { .id = METHOD_channel_open };
	p->connection = connection_inside(b, u, v, name, now_ms);
	proxy_say(p, &m, now_ms);
}

void proxy_close(struct proxy *p, uint64_t now_ms)
{
	if (p->connection)
		connection_lost(p->connection, now_ms);
	buf_free(&p->said);
	buf_free(&p->heard);
	buf_free(&p->body);
	*p = (struct proxy){ 0 };
}

void proxy_say(struct proxy *p, const struct method *m, uint64_t now_ms)
{
	method_encode(&p->said, CHANNEL, m);
	hand_in(p, now_ms);
}

void proxy_publish(struct proxy *p, const struct method *m, const struct props *as,
                   struct slice body, uint64_t now_ms)
{
	struct props props = *as;
	size_t most = p->connection->frame_max - FRAME_OVERHEAD_BYTES;
	props.class_id = CLASS_BASIC;
	props.body_bytes = body.n;
	method_encode(&p->said, CHANNEL, m);
	size_t mark = frame_begin(&p->said, FRAME_HEADER, CHANNEL);
	props_encode(&p->said, &props);
	frame_end(&p->said, mark);
	while (body.n)
		frame_write(&p->said, FRAME_BODY, CHANNEL,
		            slice_take(&body, body.n < most ? body.n : most));
	hand_in(p, now_ms);
}

/* ---- hearing ---- */

static void listen(struct proxy *p)
{
	struct outbox *o = connection_outbox(p->connection);
	struct slice pieces[PIECES];
	while (o->bytes) {
		size_t n = outbox_front(o, pieces, PIECES), bytes = 0;
		for (size_t i = 0; i < n; i++) {
			buf_append_slice(&p->heard, pieces[i]);
			bytes += pieces[i].n;
		}
		connection_sent(p->connection, bytes);
	}
}

static bool next_frame(struct slice *in, struct frame *out)
{
	enum frame_result r = frame_next(in, 0, out, NULL);
	must(r == FRAME_OK || r == FRAME_MORE);
	return r == FRAME_OK;
}

/* False when not all of it is there. */
static bool read_content(struct proxy *p, struct slice *in, struct proxy_word *out)
{
	struct frame f;
	struct props props;
	if (!next_frame(in, &f))
		return false;
	bool read = f.type == FRAME_HEADER && props_decode(f.payload, &props);
	must(read);
	out->header = f.payload;
	buf_clear(&p->body);
	while (p->body.len < props.body_bytes && next_frame(in, &f))
		buf_append_slice(&p->body, f.payload);
	out->body = buf_slice(&p->body);
	return p->body.len == props.body_bytes;
}

/* False when not all of it has come. */
static bool read_word(struct proxy *p, struct proxy_word *out)
{
	struct frame f;
	struct slice in = buf_slice(&p->heard);
	slice_take(&in, p->at);
	*out = (struct proxy_word){ 0 };
	if (!next_frame(&in, &f))
		return false;
	bool read = f.type == FRAME_METHOD && method_decode(f.payload, &out->method) == METHOD_OK;
	must(read);
	if (method_info(out->method.id)->content && !read_content(p, &in, out))
		return false;
	p->at = p->heard.len - in.n;
	return true;
}

/* The broker is listened to when all that it said before was heard: so it sees who is slow. */
bool proxy_hear(struct proxy *p, struct proxy_word *out, uint64_t now_ms)
{
	hand_in(p, now_ms);
	if (read_word(p, out))
		return true;
	buf_consume(&p->heard, p->at);
	p->at = 0;
	listen(p);
	return read_word(p, out);
}
