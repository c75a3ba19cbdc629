/* SPDX-License-Identifier: Apache-2.0 */
/* What a client does in a story, word by word. */
#include <stdio.h>
#include <stdlib.h>

#include "amqp/frame.h"
#include "amqp/table.h"
#include "base/endian.h"
#include "play.h"

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
	if (s->options->feeding == FEED_JOIN) {
		for (int i = 0; i < CLIENTS_MAX; i++)
			if (s->clients[i].dialled && &s->clients[i] != c)
				client_flush(&s->clients[i], FEED_JOIN);
		buf_append_slice(&c->pending, buf_slice(bytes));
		return;
	}
	buf_append_slice(&c->pending, buf_slice(bytes));
	stage_flush(s);
}

/* ---- sending ---- */

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

static void fill_pattern(struct buf *body, const char *bytes)
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
		fill_pattern(body, w->value);
	} else {
		fill_prop(s, p, w, room);
	}
}

static void say_method(struct stage *s, struct saying *y, const struct form *form,
                       struct buf *out)
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

/* > METHOD fields, > header ..., > body "...", > heartbeat */
static void say(struct stage *s, struct saying *y)
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

/* sends BYTES ... */
static void say_bytes(struct stage *s, struct saying *y)
{
	struct buf out = { 0 };
	for (int i = 1; i < y->n; i++)
		if (!value_bytes(y->words[i].value, &out))
			stage_fail(s, "not a value: %s", y->words[i].value);
	push(s, y, &out);
	buf_free(&out);
}

/* sends-frame type=1 payload=BYTES size=N end=0xCE: size and end as they should be by default */
static void say_frame(struct stage *s, struct saying *y)
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

/* ---- meeting ---- */

static bool find_item(struct client *c, const struct saying *y, enum item_kind kind, size_t *at)
{
	for (size_t i = 0; i < c->n_items; i++) {
		struct item *it = &c->items[i];
		bool beat = it->kind == ITEM_BEAT;
		if (it->channel == y->channel && beat == (kind == ITEM_BEAT)) {
			*at = i;
			return it->whole;
		}
	}
	return false;
}

/* Lets everything go and reads what has come. */
static void listen_to(struct stage *s, struct client *c)
{
	struct buf why = { 0 };
	stage_flush(s);
	if (!client_read(c, &s->trace, &why))
		stage_fail(s, "%.*s", SLICE_ARG(buf_slice(&why)));
	buf_free(&why);
}

/* The next item on the channel. */
static bool await(struct stage *s, struct saying *y, enum item_kind kind, size_t *at)
{
	struct client *c = y->who;
	listen_to(s, c);
	if (!s->failed && !find_item(c, y, kind, at))
		stage_fail(s, "nothing came%s", client_is_gone(c) ? ": the broker hung up" : "");
	return !s->failed;
}

static bool match_body(const struct word *w, const struct item *it, struct buf *why)
{
	static const struct form_field body = { "body", TYPE_longstr, 0, 0, 0, 0 };
	struct slice there = buf_slice(&it->body);
	struct buf wanted = { 0 };
	bool ok;
	if (!strcmp(w->key, "body_bytes")) {
		fill_pattern(&wanted, w->value);
		ok = slice_eq(there, buf_slice(&wanted));
		if (!ok)
			buf_printf(why, "the body is another one, of %zu bytes", there.n);
	} else {
		ok = form_match(&body, &there, w, &wanted, why);
	}
	buf_free(&wanted);
	return ok;
}

static bool match_prop(const struct word *w, const struct item *it, struct buf *why)
{
	const struct form_field *f = form_prop(w->key);
	struct props p;
	struct buf unused = { 0 };
	if (!f) {
		buf_printf(why, "no such field: %s", w->key);
		return false;
	}
	if (!props_decode(buf_slice(&it->header), &p)) {
		buf_printf(why, "no content header that decodes");
		return false;
	}
	bool there = p.flags & f->flag;
	if (!strcmp(w->value, "absent") || !there) {
		bool ok = !strcmp(w->value, "absent") && !there;
		if (!ok)
			buf_printf(why, "%s is %s", w->key, there ? "there" : "absent");
		return ok;
	}
	bool ok = form_match(f, &p, w, &unused, why);
	buf_free(&unused);
	return ok;
}

static bool match_field(struct stage *s, const struct form_field *f, const struct method *m,
                        const struct word *w, struct buf *why)
{
	struct buf captured = { 0 };
	bool ok = form_match(f, m, w, &captured, why);
	if (ok && w->value[0] == '$' && f->type >= TYPE_shortstr)
		stage_set(s, w->value + 1, buf_slice(&captured));
	buf_free(&captured);
	return ok;
}

static bool match_word(struct stage *s, const struct form *form, const struct method *m,
                       const struct item *it, const struct word *w, struct buf *why)
{
	const struct form_field *f = w->key ? form_field(form, w->key) : NULL;
	bool ok = false;
	if (f)
		ok = match_field(s, f, m, w, why);
	else if (w->key && !strncmp(w->key, "body", 4))
		ok = match_body(w, it, why);
	else if (w->key)
		ok = match_prop(w, it, why);
	if (!ok && !why->len)
		buf_printf(why, "what is %s?", w->value);
	return ok;
}

static bool match_method(struct stage *s, struct saying *y, const struct form *form,
                         const struct item *it, struct buf *why)
{
	struct method m = { .id = 0 };
	if (it->kind != ITEM_METHOD) {
		buf_printf(why, "a protocol header came");
		return false;
	}
	if (method_decode(buf_slice(&it->payload), &m) != METHOD_OK || m.id != form->id) {
		buf_printf(why, "came: ");
		method_print(why, &m);
		return false;
	}
	bool ok = true;
	for (int i = 1; ok && i < y->n; i++)
		ok = match_word(s, form, &m, it, &y->words[i], why);
	return ok;
}

static void meet_method(struct stage *s, struct saying *y)
{
	const struct form *form = form_find(y->words[0].value);
	struct buf why = { 0 };
	size_t at = 0;
	if (!form) {
		stage_fail(s, "no such method: %s", y->words[0].value);
	} else if (await(s, y, ITEM_METHOD, &at)) {
		if (!match_method(s, y, form, &y->who->items[at], &why))
			stage_fail(s, "%.*s", SLICE_ARG(buf_slice(&why)));
		client_drop_item(y->who, at);
	}
	buf_free(&why);
}

static void meet_header(struct stage *s, struct saying *y)
{
	struct buf wanted = { 0 };
	size_t at;
	if (!value_bytes(y->words[0].value, &wanted)) {
		stage_fail(s, "not a value");
	} else if (await(s, y, ITEM_HEADER, &at)) {
		struct item *it = &y->who->items[at];
		if (it->kind != ITEM_HEADER || !slice_eq(buf_slice(&it->payload), buf_slice(&wanted)))
			stage_fail(s, "other bytes came");
		client_drop_item(y->who, at);
	}
	buf_free(&wanted);
}

static void meet_nothing(struct stage *s, struct saying *y)
{
	listen_to(s, y->who);
	for (size_t i = 0; i < y->who->n_items; i++)
		if (!y->on_channel || y->who->items[i].channel == y->channel)
			stage_fail(s, "something came");
	if (client_is_gone(y->who))
		stage_fail(s, "the broker hung up");
}

/* < METHOD fields, < "8 bytes", < heartbeat, < nothing */
static void meet(struct stage *s, struct saying *y)
{
	const char *what = y->n ? y->words[0].value : "";
	size_t at;
	if (!strcmp(what, "nothing"))
		meet_nothing(s, y);
	else if (what[0] == '"')
		meet_header(s, y);
	else if (strcmp(what, "heartbeat"))
		meet_method(s, y);
	else if (await(s, y, ITEM_BEAT, &at))
		client_drop_item(y->who, at);
}

/* closed / dropped: all that came was read, and the transport is gone. */
static void meet_end(struct stage *s, struct saying *y)
{
	struct client *c = y->who;
	bool drop = !strcmp(y->words[0].value, "dropped");
	listen_to(s, c);
	for (size_t i = 0; i < c->n_items; i++)
		if (c->items[i].kind != ITEM_BEAT)
			stage_fail(s, "%s has something unread", c->name);
	if (!client_is_gone(c))
		stage_fail(s, "the broker did not hang up");
	if (c->peer.dropped != drop)
		stage_fail(s, "the transport was %s", drop ? "closed after writing" : "dropped");
}

/* confirmed 3, confirmed 1..5: each tag is acked exactly once, in whatever portions. */
static void meet_confirms(struct stage *s, struct saying *y)
{
	char *rest;
	uint64_t from = strtoull(y->words[1].value, &rest, 10), to = from, next = from;
	bool seen[4096] = { 0 };
	size_t at;
	if (!strncmp(rest, "..", 2))
		to = strtoull(rest + 2, &rest, 10);
	if (*rest || to < from || to - from >= sizeof seen)
		stage_fail(s, "confirmed 1..5");
	while (!s->failed && next <= to && await(s, y, ITEM_METHOD, &at)) {
		struct method m;
		method_decode(buf_slice(&y->who->items[at].payload), &m);
		uint64_t tag = m.basic_ack.delivery_tag;
		if (m.id != METHOD_basic_ack || tag < next || tag > to || seen[tag - from]) {
			stage_fail(s, "that is no confirm of what is left");
			return;
		}
		seen[tag - from] = true;
		for (uint64_t t = next; m.basic_ack.multiple && t <= tag; t++)
			seen[t - from] = true;
		while (next <= to && seen[next - from])
			next++;
		client_drop_item(y->who, at);
	}
}

/* ---- shorthand ---- */

/* does METHOD fields [=> fields of METHOD-ok] */
static void does(struct stage *s, struct saying *y)
{
	char name[64];
	int cut = 1;
	while (cut < y->n && (y->words[cut].key || strcmp(y->words[cut].value, "=>")))
		cut++;
	struct saying ask = { y->who, y->channel, true, y->words + 1, cut - 1 };
	if (y->n < 2) {
		stage_fail(s, "does what?");
		return;
	}
	say(s, &ask);
	snprintf(name, sizeof name, "%s-ok", y->words[1].value);
	struct word words[WORDS_MAX] = { { .value = name } };
	struct saying answer = { y->who, y->channel, true, words, 1 };
	for (int i = cut + 1; i < y->n; i++)
		words[answer.n++] = y->words[i];
	if (!s->failed)
		meet(s, &answer);
}

/* refused CODE "TEXT" [METHOD]: channel.close on a channel, else connection.close. */
static void refused(struct stage *s, struct saying *y)
{
	bool channel = y->channel != 0;
	const char *what = channel ? "channel" : "connection";
	const struct form *f = y->n > 3 ? form_find(y->words[3].value) : NULL;
	if (y->n < 3 || (y->n > 3 && !f && strcmp(y->words[3].value, "none"))) {
		stage_fail(s, "refused CODE TEXT METHOD");
		return;
	}
	char ids[64] = "";
	if (y->n > 3)
		snprintf(ids, sizeof ids, "class_id=%u method_id=%u", f ? f->id >> 16 : 0,
		         f ? f->id & 0xFFFF : 0);
	stage_line(s, "%s %u < %s.close reply_code=%s reply_text%s%s %s", y->who->name, y->channel,
	           what, y->words[1].value, y->words[2].value[0] == '~' ? "~" : "=",
	           y->words[2].value + (y->words[2].value[0] == '~'), ids);
	stage_line(s, "%s %u > %s.close-ok", y->who->name, y->channel, what);
	if (!channel)
		stage_line(s, "%s closed", y->who->name);
}

static void dials(struct stage *s, struct saying *y)
{
	bool far = y->n > 1 && !strcmp(y->words[1].value, "far");
	stage_flush(s);
	client_reset(y->who);
	client_dial(y->who, &s->inside, !far);
}

static const char *option(const struct saying *y, const char *key, const char *otherwise)
{
	for (int i = 1; i < y->n; i++)
		if (y->words[i].key && !strcmp(y->words[i].key, key))
			return y->words[i].value;
	return otherwise;
}

static void capabilities(const struct saying *y, char *out, size_t n)
{
	static const char *const all[] = {
		"publisher_confirms", "exchange_exchange_bindings", "basic.nack",
		"consumer_cancel_notify", "connection.blocked", "authentication_failure_close",
	};
	const char *without = option(y, "without", "");
	size_t used = 0;
	for (size_t i = 0; i < sizeof all / sizeof *all && strcmp(without, "all"); i++)
		if (strcmp(all[i], without))
			used += (size_t)snprintf(out + used, n - used, "%s: true, ", all[i]);
	out[used] = 0;
}

/* connects user="..." password= vhost= heartbeat= frame_max= channel_max= without=CAPABILITY */
static void connects(struct stage *s, struct saying *y)
{
	const char *name = y->who->name;
	char able[300];
	capabilities(y, able, sizeof able);
	stage_line(s, "%s dials", name);
	stage_line(s, "%s sends \"AMQP\\0\\0\\x09\\x01\"", name);
	stage_line(s, "%s < connection.start", name);
	stage_line(s, "%s > connection.start-ok client_properties={product: \"story\", "
	           "capabilities: {%s}} mechanism=\"PLAIN\" response=\"\\0\"+%s+\"\\0\"+%s "
	           "locale=\"en_US\"", name, able, option(y, "user", "guest"),
	           option(y, "password", "guest"));
	stage_line(s, "%s < connection.tune", name);
	stage_line(s, "%s > connection.tune-ok channel_max=%s frame_max=%s heartbeat=%s", name,
	           option(y, "channel_max", "2047"), option(y, "frame_max", "131072"),
	           option(y, "heartbeat", "0"));
	stage_line(s, "%s > connection.open virtual_host=%s", name, option(y, "vhost", "\"/\""));
	stage_line(s, "%s < connection.open-ok", name);
}

static void opens(struct stage *s, struct saying *y)
{
	for (int i = 1; i < y->n; i++)
		stage_line(s, "%s %s does channel.open", y->who->name, y->words[i].value);
}

static void closes(struct stage *s, struct saying *y)
{
	stage_line(s, "%s > connection.close reply_code=200 reply_text=\"Goodbye\"", y->who->name);
	stage_line(s, "%s < connection.close-ok", y->who->name);
	stage_line(s, "%s leaves", y->who->name);
}

/* What came and was not read is still looked at, at the end of the scene. */
static void leaves(struct stage *s, struct saying *y)
{
	listen_to(s, y->who);
	client_leave(y->who);
}

static const struct {
	const char *word;
	void (*play)(struct stage *, struct saying *);
	bool bare;     /* the word itself is not passed on */
	int least;     /* words */
} verbs[] = {
	{ ">", say, true, 2 },
	{ "<", meet, true, 2 },
	{ "sends", say_bytes, false, 2 },
	{ "sends-frame", say_frame, false, 1 },
	{ "does", does, false, 2 },
	{ "refused", refused, false, 3 },
	{ "confirmed", meet_confirms, false, 2 },
	{ "dials", dials, false, 1 },
	{ "connects", connects, false, 1 },
	{ "opens", opens, false, 2 },
	{ "closes", closes, false, 1 },
	{ "leaves", leaves, false, 1 },
	{ "closed", meet_end, false, 1 },
	{ "dropped", meet_end, false, 1 },
};

void verb_play(struct stage *s, struct saying *y)
{
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		if (strcmp(y->words[0].value, verbs[i].word) || y->words[0].key || y->n < verbs[i].least)
			continue;
		y->words += verbs[i].bare;
		y->n -= verbs[i].bare;
		verbs[i].play(s, y);
		return;
	}
	stage_fail(s, "what does %s mean?", y->words[0].value);
}
