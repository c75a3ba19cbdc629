/* SPDX-License-Identifier: Apache-2.0 */
/* What a client of a story finds in what came. */
#include <stdlib.h>

#include "verbs.h"

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

void listen_to(struct stage *s, struct client *c)
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
	for (int ms = 0; c->port && ms < PATIENCE_MS && !s->failed && !client_is_gone(c) &&
	                 !find_item(c, y, kind, at);
	     ms += QUIET_MS) {
		client_wait(c, QUIET_MS);
		listen_to(s, c);
	}
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
		body_pattern(&wanted, w->value);
		ok = slice_eq(there, buf_slice(&wanted));
		if (!ok)
			buf_printf(why, "the body is another one, of %zu bytes", there.n);
	} else {
		ok = form_match(&body, &there, w, &wanted, why);
	}
	buf_free(&wanted);
	return ok;
}

/* from: the method or the properties that have the field. */
static bool match_field(struct stage *s, const struct form_field *f, const void *from,
                        const struct word *w, struct buf *why)
{
	struct buf captured = { 0 };
	bool ok = form_match(f, from, w, &captured, why);
	if (ok && w->value[0] == '$' && f->type >= TYPE_shortstr)
		stage_set(s, w->value + 1, buf_slice(&captured));
	buf_free(&captured);
	return ok;
}

static bool match_prop(struct stage *s, const struct word *w, const struct item *it,
                       struct buf *why)
{
	const struct form_field *f = form_prop(w->key);
	struct props p;
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
	return match_field(s, f, &p, w, why);
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
		ok = match_prop(s, w, it, why);
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
	if (!ok) {
		buf_printf(why, "; came: ");
		method_print(why, &m);
	}
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
	stage_settle(s, NULL);
	client_wait(y->who, QUIET_MS);
	listen_to(s, y->who);
	for (size_t i = 0; i < y->who->n_items; i++)
		if (!y->on_channel || y->who->items[i].channel == y->channel)
			stage_fail(s, "something came");
	if (client_is_gone(y->who))
		stage_fail(s, "the broker hung up");
}

void meet(struct stage *s, struct saying *y)
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

void meet_end(struct stage *s, struct saying *y)
{
	struct client *c = y->who;
	bool drop = !strcmp(y->words[0].value, "dropped");
	listen_to(s, c);
	for (int ms = 0; c->port && ms < PATIENCE_MS && !client_is_gone(c); ms += QUIET_MS)
		client_wait(c, QUIET_MS);
	listen_to(s, c);
	for (size_t i = 0; i < c->n_items; i++)
		if (c->items[i].kind != ITEM_BEAT)
			stage_fail(s, "%s has something unread", c->name);
	if (!client_is_gone(c))
		stage_fail(s, "the broker did not hang up");
	if (!c->port && c->peer.dropped != drop)
		stage_fail(s, "the transport was %s", drop ? "closed after writing" : "dropped");
}

void meet_confirms(struct stage *s, struct saying *y)
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
