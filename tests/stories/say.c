/* SPDX-License-Identifier: Apache-2.0 */
/* What a client of a story sends. */
#include <stdlib.h>

#include "amqp/frame.h"
#include "base/endian.h"
#include "verbs.h"

static void push(struct stage *s, struct saying *y, const struct buf *bytes)
{
	struct client *c = y->who;
	buf_printf(&s->trace, "    %s %u > ", c->name, y->channel);
	for (int i = 0; i < y->n; i++)
		buf_printf(&s->trace, "%s%s%.200s ", y->words[i].key ? y->words[i].key : "",
		           y->words[i].key ? "=" : "", y->words[i].value);
	buf_printf(&s->trace, "\n");
	if (!c->dialled)
		stage_fail(s, "%s has not connected", c->name);
	if (s->failed)
		return;
	stage_settle(s, c);
	outside_sleep((uint64_t)s->options->pause_ms);
	if (s->options->feeding == FEED_JOIN) {
		for (int i = 0; i < CLIENTS_MAX; i++)
			if (s->clients[i].dialled && &s->clients[i] != c)
				client_flush(&s->clients[i], FEED_JOIN);
		stage_settle(s, c);
		buf_append_slice(&c->pending, buf_slice(bytes));
		return;
	}
	buf_append_slice(&c->pending, buf_slice(bytes));
	stage_flush(s);
}

static void fill_prop(struct stage *s, struct props *p, const struct word *w,
                      struct form_room *room)
{
	const struct form_field *f = w->key ? form_prop(w->key) : NULL;
	if (!w->key && !strcmp(w->value, "persistent")) {
		p->flags |= PROP_delivery_mode;
		p->delivery_mode = 2;
	} else if (!f || !form_fill(f, p, w->value, room)) {
		stage_fail(s, "no such field or value: %s %s", w->key ? w->key : "", w->value);
	} else {
		p->flags |= f->flag;
	}
}

void body_pattern(struct buf *body, const char *bytes)
{
	size_t n = strtoul(bytes, NULL, 10);
	uint8_t *p = buf_reserve(body, n);
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)('a' + i % 23);
	body->len += n;
}

static void write_content(struct buf *out, const struct client *c, uint16_t channel,
                          struct props *p, struct slice body)
{
	size_t most = (c->frame_max ? c->frame_max : FRAME_MIN_SIZE) - FRAME_OVERHEAD_BYTES;
	p->class_id = CLASS_BASIC;
	p->body_bytes = body.n;
	size_t mark = frame_begin(out, FRAME_HEADER, channel);
	props_encode(out, p);
	frame_end(out, mark);
	while (body.n)
		frame_write(out, FRAME_BODY, channel, slice_take(&body, body.n < most ? body.n : most));
}

/* One word of a method that is sent; a flag needs no value. */
static void say_field(struct stage *s, const struct form *form, struct method *m,
                      const struct word *w, struct form_room *room)
{
	const struct form_field *f = form_field(form, w->key ? w->key : w->value);
	if (!f || (!w->key && f->type != TYPE_bit) ||
	    !form_fill(f, m, w->key ? w->value : "true", room))
		stage_fail(s, "no such field or value: %s", w->value);
}

static bool is_field(const struct form *form, const struct word *w)
{
	return form_field(form, w->key ? w->key : w->value) != NULL;
}

static void say_content(struct stage *s, struct props *p, const struct word *w, struct buf *body,
                        struct form_room *room)
{
	if (w->key && !strcmp(w->key, "body")) {
		if (!value_bytes(w->value, body))
			stage_fail(s, "body: not a value");
	} else if (w->key && !strcmp(w->key, "body_bytes")) {
		body_pattern(body, w->value);
	} else {
		fill_prop(s, p, w, room);
	}
}

/* Exclusive queues go with their connection. */
static void note_litter(struct stage *s, const struct method *m)
{
	if (!s->options->port)
		return;
	if (m->id == METHOD_queue_declare && !m->queue_declare.exclusive)
		litter_note(&s->litter, 'q', m->queue_declare.queue);
	if (m->id == METHOD_exchange_declare)
		litter_note(&s->litter, 'x', m->exchange_declare.exchange);
}

static void say_method(struct stage *s, struct saying *y, const struct form *form, struct buf *out)
{
	struct method m;
	struct props p = { 0 };
	struct form_room room = { .n = 0 };
	struct buf body = { 0 };
	bool alone = !method_info(form->id)->content;
	memset(&m, 0, sizeof m);
	m.id = form->id;
	for (int i = 1; i < y->n && !s->failed; i++) {
		struct word *w = &y->words[i];
		if (is_field(form, w))
			say_field(s, form, &m, w, &room);
		else if (!w->key && !strcmp(w->value, "alone"))
			alone = true;
		else
			say_content(s, &p, w, &body, &room);
	}
	if (!s->failed) {
		note_litter(s, &m);
		method_encode(out, y->channel, &m);
		if (!alone)
			write_content(out, y->who, y->channel, &p, buf_slice(&body));
		if (m.id == METHOD_connection_tune_ok)
			y->who->frame_max = m.connection_tune_ok.frame_max;
	}
	buf_free(&body);
	form_room_free(&room);
}

/* header body_bytes=5 weight=0 class=60 tail=hex:00 persistent ... */
static void say_header(struct stage *s, struct saying *y, struct buf *out)
{
	struct props p = { .class_id = CLASS_BASIC };
	struct form_room room = { .n = 0 };
	struct buf tail = { 0 };
	uint64_t n = 0;
	for (int i = 1; i < y->n && !s->failed; i++) {
		struct word *w = &y->words[i];
		bool number = value_number(w->value, &n);
		if (w->key && !strcmp(w->key, "body_bytes") && number)
			p.body_bytes = n;
		else if (w->key && !strcmp(w->key, "weight") && number)
			p.weight = (uint16_t)n;
		else if (w->key && !strcmp(w->key, "class") && number)
			p.class_id = (uint16_t)n;
		else if (w->key && !strcmp(w->key, "tail"))
			value_bytes(w->value, &tail);
		else
			fill_prop(s, &p, w, &room);
	}
	size_t mark = frame_begin(out, FRAME_HEADER, y->channel);
	props_encode(out, &p);
	buf_append_slice(out, buf_slice(&tail));
	frame_end(out, mark);
	buf_free(&tail);
	form_room_free(&room);
}

void say(struct stage *s, struct saying *y)
{
	struct buf out = { 0 }, body = { 0 };
	const char *what = y->n ? y->words[0].value : "";
	const struct form *form = form_find(what);
	if (!strcmp(what, "heartbeat")) {
		frame_write(&out, FRAME_HEARTBEAT, y->channel, slice_of(NULL, 0));
	} else if (!strcmp(what, "header")) {
		say_header(s, y, &out);
	} else if (!strcmp(what, "body") && y->n == 2 && value_bytes(y->words[1].value, &body)) {
		frame_write(&out, FRAME_BODY, y->channel, buf_slice(&body));
	} else if (form) {
		say_method(s, y, form, &out);
	} else {
		stage_fail(s, "no such method: %s", what);
	}
	if (!s->failed)
		push(s, y, &out);
	buf_free(&out);
	buf_free(&body);
}

void say_bytes(struct stage *s, struct saying *y)
{
	struct buf out = { 0 };
	for (int i = 1; i < y->n; i++)
		if (!value_bytes(y->words[i].value, &out))
			stage_fail(s, "not a value: %s", y->words[i].value);
	push(s, y, &out);
	buf_free(&out);
}

void say_frame(struct stage *s, struct saying *y)
{
	struct buf out = { 0 }, payload = { 0 };
	uint64_t type = 1, size = UINT64_MAX, end = FRAME_END, n = 0;
	for (int i = 1; i < y->n; i++) {
		struct word *w = &y->words[i];
		const char *key = w->key ? w->key : "";
		bool number = value_number(w->value, &n);
		if (!strcmp(key, "payload"))
			value_bytes(w->value, &payload);
		else if (!strcmp(key, "type") && number)
			type = n;
		else if (!strcmp(key, "size") && number)
			size = n;
		else if (!strcmp(key, "end") && number)
			end = n;
		else
			stage_fail(s, "no such part of a frame: %s", w->value);
	}
	frame_write(&out, (uint8_t)type, y->channel, buf_slice(&payload));
	if (size != UINT64_MAX)
		put_be32(out.p + 3, (uint32_t)size);
	out.p[out.len - 1] = (uint8_t)end;
	push(s, y, &out);
	buf_free(&out);
	buf_free(&payload);
}
