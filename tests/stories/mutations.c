/* SPDX-License-Identifier: Apache-2.0 */
/* A valid frame, cut at every place, with one bit turned or with one byte missing, is accepted,
 * refused with a code, or waited for until the (fake) clock ends the connection; the broker does
 * not fall over, and holds not one byte more than before. */
#include "mutations.h"

#include <stdio.h>

#include "amqp/frame.h"
#include "amqp/table.h"
#include "base/die.h"
#include "form.h"
#include "memory.h"
#include "tests/sim/inside.h"

enum { WHOLE_LIFE_MS = 100000 };

/* What a client sends to get where the mutated frames begin. */
enum state {
	AT_HEADER,
	AT_START,
	AT_TUNE,
	AT_OPEN,
	AT_CHANNEL_OPEN,
	AT_CHANNEL,
	AT_CONTENT,
	STATES
};

static const struct sample {
	enum state state;
	const char *line; /* "method fields", "header ...", "body ...", "heartbeat" */
} samples[] = {
#define ON(state, line) { state, line },
#include "mutations.def"
#undef ON
};

struct account {
	unsigned long cases, refused, dropped, waited;
};

static void write_content(struct buf *out, uint16_t channel, struct props *p)
{
	p->class_id = CLASS_BASIC;
	p->body_bytes = 5;
	p->delivery_mode = 2;
	p->flags |= PROP_delivery_mode;
	size_t mark = frame_begin(out, FRAME_HEADER, channel);
	props_encode(out, p);
	frame_end(out, mark);
	frame_write(out, FRAME_BODY, channel, slice_str("hello"));
}

static void write_rich_content(struct buf *out, uint16_t channel)
{
	struct buf headers = { 0 };
	bool ok =
		value_table("{a: true, l: [1, \"x\", {deep: D 2/5}], t: T 9, v: V, f: f 1.5}", &headers);
	must(ok);
	struct props p = { .flags = PROP_headers | PROP_content_type | PROP_expiration |
		                        PROP_timestamp | PROP_user_id | PROP_priority,
		               .headers = buf_slice(&headers),
		               .content_type = slice_str("text/plain"),
		               .expiration = slice_str("60000"),
		               .timestamp = 1700000000,
		               .user_id = slice_str("guest"),
		               .priority = 5 };
	write_content(out, channel, &p);
	buf_free(&headers);
}

/* One line as frames.  Content methods bring their content. */
static void compose(const char *line, uint16_t channel, struct buf *out)
{
	char text[1024];
	struct word w[WORDS_MAX];
	struct form_room room = { .n = 0 };
	struct method m;
	memset(&m, 0, sizeof m);
	snprintf(text, sizeof text, "%s", line);
	int n = words_cut(text, w);
	const struct form *form = form_find(w[0].value);
	if (!strcmp(w[0].value, "heartbeat"))
		frame_write(out, FRAME_HEARTBEAT, 0, slice_of(NULL, 0));
	else if (!strcmp(w[0].value, "content"))
		write_content(out, channel, &(struct props){ 0 });
	else if (!strcmp(w[0].value, "rich-content"))
		write_rich_content(out, channel);
	else if (!strcmp(w[0].value, "protocol"))
		buf_append(out, "AMQP\0\0\x09\x01", 8);
	else {
		must(form);
		m.id = form->id;
		for (int i = 1; i < n; i++) {
			const struct form_field *f = form_field(form, w[i].key);
			bool filled = f && form_fill(f, &m, w[i].value, &room);
			must(filled);
		}
		method_encode(out, channel, &m);
	}
	form_room_free(&room);
}

static void prelude(enum state state, struct buf *out)
{
	static const struct {
		enum state before;
		uint16_t channel;
		const char *line;
	} steps[] = {
		{ AT_START, 0, "protocol" },
		{ AT_TUNE, 0,
		  "connection.start-ok mechanism=\"PLAIN\" response=\"\\0guest\\0guest\" "
		  "locale=\"en_US\"" },
		{ AT_OPEN, 0, "connection.tune-ok channel_max=20 frame_max=4096 heartbeat=10" },
		{ AT_CHANNEL_OPEN, 0, "connection.open virtual_host=\"/\"" },
		{ AT_CHANNEL, 1, "channel.open" },
		{ AT_CHANNEL, 1, "queue.declare queue=\"q\"" },
		{ AT_CHANNEL, 1, "basic.publish exchange=\"\" routing_key=\"q\"" },
		{ AT_CHANNEL, 1, "content" },
		{ AT_CHANNEL, 1, "basic.get queue=\"q\"" },
		{ AT_CONTENT, 1, "basic.publish exchange=\"\" routing_key=\"q\" mandatory=1" },
	};
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (state >= steps[i].before)
			compose(steps[i].line, steps[i].channel, out);
}

/* Looks for a close among the frames that came; the bytes must be frames (or our header). */
static bool saw_close(struct slice in)
{
	struct frame f;
	struct method m;
	bool seen = false;
	if (in.n >= 8 && !memcmp(in.p, "AMQP", 4))
		return true;
	enum frame_result r;
	while ((r = frame_next(&in, 0, &f, NULL)) == FRAME_OK)
		if (f.type == FRAME_METHOD && method_decode(f.payload, &m) == METHOD_OK)
			seen |= m.id == METHOD_connection_close || m.id == METHOD_channel_close;
	must(r == FRAME_MORE && in.n == 0);
	return seen;
}

/* What happened to the peer, or NULL with why when it is not what may happen. */
static unsigned long *one_case(struct slice before, struct slice mutated, struct account *a,
                               struct buf *why)
{
	struct inside in;
	struct inside_peer p;
	inside_init(&in);
	must(inside_start(&in, why));
	inside_dial(&in, &p, true);
	inside_feed(&p, before);
	buf_clear(&p.output);
	inside_feed(&p, mutated);
	bool was_gone = p.gone, closed = saw_close(buf_slice(&p.output));
	inside_pass(&in, WHOLE_LIFE_MS);
	if (!p.gone || in.stuck)
		buf_printf(why, "the connection did not end");
	broker_check(in.broker);
	inside_peer_free(&p);
	inside_stop(&in);
	return closed ? &a->refused : was_gone ? &a->dropped : &a->waited;
}

static bool measured_case(struct slice before, struct slice mutated, struct account *a,
                          struct buf *why)
{
	size_t memory = memory_live();
	unsigned long *outcome = one_case(before, mutated, a, why);
	if (memory_live() > memory)
		buf_printf(why, "%zu bytes are kept", memory_live() - memory);
	++*outcome;
	a->cases++;
	return why->len == 0;
}

static bool mutate(const struct sample *s, struct account *a, struct buf *why)
{
	struct buf before = { 0 }, frame = { 0 };
	bool ok = true;
	prelude(s->state, &before);
	compose(s->line, s->state >= AT_CHANNEL_OPEN && strncmp(s->line, "connection.", 11), &frame);
	for (size_t n = 0; ok && n <= frame.len; n++)
		ok = measured_case(buf_slice(&before), slice_of(frame.p, n), a, why);
	for (size_t i = 0; ok && i < frame.len; i++) {
		struct buf less = { 0 };
		buf_append(&less, frame.p, i);
		buf_append(&less, frame.p + i + 1, frame.len - i - 1);
		buf_append_slice(&less, buf_slice(&frame));
		ok = measured_case(buf_slice(&before), buf_slice(&less), a, why);
		buf_free(&less);
	}
	for (size_t bit = 0; ok && bit < 8 * frame.len; bit++) {
		frame.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ok = measured_case(buf_slice(&before), buf_slice(&frame), a, why);
		frame.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	if (!ok)
		buf_printf(why, " (mutation %lu, of %s)", a->cases, s->line);
	buf_free(&before);
	buf_free(&frame);
	return ok;
}

bool mutations_run(struct buf *why)
{
	struct account a = { 0 };
	buf_reserve(why, 4096); /* it does not grow while memory is watched */
	for (size_t i = 0; i < ARRAY_LEN(samples); i++)
		if (!mutate(&samples[i], &a, why))
			return false;
	printf("   %zu frames, %lu mutations: %lu refused with a code, %lu ended without one, %lu "
	       "accepted or waited for\n",
	       ARRAY_LEN(samples), a.cases, a.refused, a.dropped, a.waited);
	return true;
}
