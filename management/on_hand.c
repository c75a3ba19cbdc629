/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs for work by hand: queues and exchanges are made, messages published and taken.  A
 * message goes the way of a client (proxy.h), who is the user that asks: from afar that one, at the
 * door the default user, or who is named. */
#include <inttypes.h>

#include "amqp/table.h"
#include "base/die.h"
#include "base/mem.h"
#include "base/quantity.h"
#include "broker/manage.h"
#include "broker/state.h"
#include "broker/user.h"
#include "management/call.h"
#include "management/object.h"
#include "management/proxy.h"
#include "management/showing.h"
#include "management/taking.h"
#include "management/verbs.h"

/* ---- making ---- */

/* What was said of the thing, as an object of definitions; false, which was said then. */
static bool describe(struct call *c, struct slice name, struct buf *object)
{
	struct buf room = { 0 };
	struct field f = { .letter = 'S', .bytes = name }, vhost = { .letter = 'S', .bytes = c->vhost };
	table_put(object, slice_str("name"), &f);
	table_put(object, slice_str("vhost"), &vhost);
	table_put_bool(object, "durable", !c->options.transient);
	table_put_bool(object, "auto_delete", c->options.auto_delete);
	bool ok = !c->options.settings.p || call_json(c, c->options.settings, &room, &f);
	if (ok && c->options.settings.p && f.letter != 'F') {
		call_refuse(c, "--arguments takes an object of JSON.");
		ok = false;
	}
	table_put_table(object, "arguments", ok && c->options.settings.p ? f.bytes : slice_of("", 0));
	buf_free(&room);
	return ok;
}

/* What is there already as it is wanted stays, and what is there otherwise, too: that is said. */
static enum call_state make(struct call *c, const char *section, struct slice object)
{
	struct buf why = { 0 };
	struct taking t = { .broker = c->host->broker, .object = object, .why = &why };
	size_t i = 0;
	bool alone;
	while (strcmp(taking_section(i, &alone), section) != 0)
		i++;
	taking_take(&t, i);
	mem_disown(t.what.identity);
	if (why.len)
		call_fail(c, CALL_EXIT_DATA, "%.*s", SLICE_ARG(buf_slice(&why)));
	c->wait_for = t.wait_for;
	buf_free(&why);
	return c->code ? CALL_DONE : CALL_WAITS;
}

static enum call_state create_queue(struct call *c, struct buf *out)
{
	struct buf object = { 0 };
	call_banner(c, out, "Creating queue '%.*s' in vhost '%.*s' ...", SLICE_ARG(c->arguments[0]),
	            SLICE_ARG(c->vhost));
	bool ok = call_vhost(c) && describe(c, c->arguments[0], &object);
	enum call_state state = ok ? make(c, "queues", buf_slice(&object)) : CALL_DONE;
	buf_free(&object);
	return state;
}

enum call_state verb_create_queue(struct call *c, struct buf *out)
{
	return call_durably(c, out, create_queue);
}

static enum call_state create_exchange(struct call *c, struct buf *out)
{
	struct buf object = { 0 };
	struct field type = { .letter = 'S', .bytes = c->arguments[0] };
	call_banner(c, out, "Creating exchange '%.*s' of type %.*s in vhost '%.*s' ...",
	            SLICE_ARG(c->arguments[1]), SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	bool ok = call_vhost(c) && describe(c, c->arguments[1], &object);
	table_put(&object, slice_str("type"), &type);
	table_put_bool(&object, "internal", c->options.internal);
	enum call_state state = ok ? make(c, "exchanges", buf_slice(&object)) : CALL_DONE;
	buf_free(&object);
	return state;
}

enum call_state verb_create_exchange(struct call *c, struct buf *out)
{
	return call_durably(c, out, create_exchange);
}

static enum call_state delete_exchange(struct call *c, struct buf *out)
{
	struct slice name = c->arguments[0];
	struct vhost *v = call_vhost(c);
	struct exchange *x = v ? topology_exchange(&v->topology, name) : NULL;
	call_banner(c, out, "Deleting exchange '%.*s' in vhost '%.*s' ...", SLICE_ARG(name),
	            SLICE_ARG(c->vhost));
	if (!v)
		return CALL_DONE;
	if (!x)
		return call_fail(c, CALL_EXIT_DATA, "no exchange '%.*s' in vhost '%.*s'", SLICE_ARG(name),
		                 SLICE_ARG(c->vhost));
	if (x->predeclared)
		return call_fail(c, CALL_EXIT_DATA, "deletion of system exchange '%.*s' in vhost '%.*s' "
		                 "not allowed", SLICE_ARG(name), SLICE_ARG(c->vhost));
	if (c->options.if_unused && !list_empty(&x->bindings))
		return call_fail(c, CALL_EXIT_DATA, "exchange '%.*s' in vhost '%.*s' in use",
		                 SLICE_ARG(name), SLICE_ARG(c->vhost));
	c->wait_for = manage_delete_exchange(v, x);
	return CALL_WAITS;
}

enum call_state verb_delete_exchange(struct call *c, struct buf *out)
{
	return call_durably(c, out, delete_exchange);
}

/* ---- as a client ---- */

struct client {
	struct broker *broker;
	struct proxy proxy;
	bool came_back;              /* publish: no queue has taken it */
	uint64_t most, taken;        /* consume: messages to be taken, and that were ... */
	uint64_t tag;                /* ... and that of the last one, which has not gone out; or 0 */
	uint64_t until_ms;           /* events: when they end */
	struct buf own;              /* events: the name of the queue that they come from */
};

static void end(void *kept)
{
	struct client *k = kept;
	proxy_close(&k->proxy, k->broker->now_ms);
	buf_free(&k->own);
}

static struct client *client_of(struct call *c)
{
	struct client *k = call_keep(c, sizeof *k, end);
	k->broker = c->host->broker;
	return k;
}

/* False, which was said then. */
static bool enter(struct call *c, struct client *k)
{
	struct broker *b = k->broker;
	struct slice name = c->options.user.p ? c->options.user
	                    : c->actor.p ? c->actor : slice_str(b->options.default_user);
	struct vhost *v = call_vhost(c);
	struct user *u = v ? user_find(b, name) : NULL;
	if (u)
		proxy_open(&k->proxy, b, u, v, "leveretctl", b->now_ms);
	else if (v)
		call_fail(c, CALL_EXIT_NO_USER, "User \"%.*s\" does not exist (--user names who does it)",
		          SLICE_ARG(name));
	return u != NULL;
}

static enum call_state refuse_with(struct call *c, uint16_t code, struct slice text)
{
	return call_fail(c, code == 404 ? CALL_EXIT_DATA : CALL_EXIT_UNAVAILABLE, "%.*s",
	                 SLICE_ARG(text));
}

/* The next thing that the broker says to the client; false: *state says why there is none. */
static bool hear(struct call *c, struct client *k, struct proxy_word *word, enum call_state *state)
{
	const struct method *m = &word->method;
	*state = CALL_WAITS;
	while (proxy_hear(&k->proxy, word, k->broker->now_ms)) {
		if (m->id == METHOD_channel_close)
			*state = refuse_with(c, m->channel_close.reply_code, m->channel_close.reply_text);
		else if (m->id == METHOD_connection_close)
			*state = refuse_with(c, m->connection_close.reply_code,
			                     m->connection_close.reply_text);
		else if (m->id != METHOD_channel_open_ok)
			return true;
		if (*state == CALL_DONE)
			return false;
	}
	return false;
}

static void say(struct client *k, const struct method *m)
{
	proxy_say(&k->proxy, m, k->broker->now_ms);
}

/* ---- publish ---- */

/* The payload is the last argument: leveretctl reads it where it was left out. */
static enum call_state begin_publish(struct call *c, struct client *k, struct buf *out)
{
	struct buf room = { 0 };
	struct field f = { 0 };
	struct props props;
	struct method confirms = { .id = METHOD_confirm_select };
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .exchange = c->arguments[0],
		                                   .routing_key = c->arguments[1],
		                                   .mandatory = true } };
	call_banner(c, out, "Publishing a message to exchange '%.*s' in vhost '%.*s' ...",
	            SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	bool ok = !c->options.properties.p || call_json(c, c->options.properties, &room, &f);
	if (ok && c->options.properties.p && f.letter != 'F')
		call_refuse(c, "--properties takes an object of JSON.");
	else if (ok && (c->arguments[0].n > 255 || c->arguments[1].n > 255))
		call_refuse(c, "a name has more than 255 bytes.");
	if (ok && !c->code && enter(c, k)) {
		showing_read_props(f.bytes, &props);
		say(k, &confirms);
		proxy_publish(&k->proxy, &m, &props, c->arguments[2], k->broker->now_ms);
	}
	buf_free(&room);
	return c->code ? CALL_DONE : CALL_WAITS;
}

/* It is done when the message is safe. */
enum call_state verb_publish(struct call *c, struct buf *out)
{
	struct client *k = client_of(c);
	struct proxy_word word;
	enum call_state state;
	if (!c->begun && begin_publish(c, k, out) == CALL_DONE)
		return CALL_DONE;
	while (hear(c, k, &word, &state)) {
		k->came_back |= word.method.id == METHOD_basic_return ||
		                word.method.id == METHOD_basic_nack;
		if (word.method.id != METHOD_basic_ack && word.method.id != METHOD_basic_nack)
			continue;
		return k->came_back ? call_fail(c, CALL_EXIT_UNAVAILABLE, "No queue took the message")
		                    : CALL_DONE;
	}
	return state;
}

/* ---- consume ---- */

static void ask_one(struct client *k, struct slice queue)
{
	struct method m = { .id = METHOD_basic_get, .basic_get = { .queue = queue } };
	say(k, &m);
}

static void ack(struct client *k)
{
	struct method m = { .id = METHOD_basic_ack, .basic_ack = { .delivery_tag = k->tag } };
	say(k, &m);
}

static void put_taken(struct call *c, bool first, struct buf *out, const struct proxy_word *w)
{
	const struct basic_get_ok *ok = &w->method.basic_get_ok;
	struct cell cells[] = { cell_boolean(ok->redelivered), cell_slice(ok->exchange),
		                    cell_slice(ok->routing_key), cell_number(ok->message_count),
		                    cell_number(w->body.n), cell_slice(w->body) };
	if (!c->options.json) {
		grid_put_row(&c->grid, cells, out);
		return;
	}
	buf_printf(out, first || c->options.format != FORMAT_JSON ? "{" : ",{");
	for (size_t i = 0; i + 1 < ARRAY_LEN(cells); i++)
		object_put(out, c->grid.names[i], cells[i]);
	buf_printf(out, ",\"properties\":");
	showing_put_props(out, w->header);
	buf_u8(out, ',');
	showing_put_payload(out, w->body, false);
	buf_printf(out, "}\n");
}

static bool begin_consume(struct call *c, struct client *k, struct buf *out)
{
	static const char *const names[] = { "redelivered", "exchange", "routing_key",
		                                 "message_count", "payload_bytes", "payload" };
	k->most = 1;
	if (c->options.how_many.p && !quantity_count(c->options.how_many, &k->most))
		call_refuse(c, "--count takes a number.");
	else if (c->options.requeue && c->options.reject)
		call_refuse(c, "--requeue and --reject are two things.");
	else if (c->arguments[0].n > 255)
		call_refuse(c, "a name has more than 255 bytes.");
	else
		call_banner(c, out, "Taking messages of queue '%.*s' in vhost '%.*s' ...",
		            SLICE_ARG(c->arguments[0]), SLICE_ARG(c->vhost));
	if (c->code || !enter(c, k))
		return false;
	call_grid(c, out, names, ARRAY_LEN(names));
	return true;
}

/* All that were taken go where they are to go: what was to be taken is gone already. */
static enum call_state settle(struct call *c, struct client *k, struct buf *out)
{
	struct method m = { .id = METHOD_basic_nack,
		                .basic_nack = { .multiple = true, .requeue = !c->options.reject } };
	if (k->taken && (c->options.requeue || c->options.reject))
		say(k, &m);
	grid_end(&c->grid, out);
	return CALL_DONE;
}

/* One at a time, as the peer takes them: a message is acked when it has gone out, so that none is
 * lost with a peer who is gone. */
enum call_state verb_consume(struct call *c, struct buf *out)
{
	struct client *k = client_of(c);
	struct proxy_word word;
	enum call_state state;
	if (!c->begun && !begin_consume(c, k, out))
		return CALL_DONE;
	if (k->tag && !c->options.requeue && !c->options.reject)
		ack(k);
	if (k->tag || !c->begun) {
		k->tag = 0;
		if (k->taken == k->most)
			return settle(c, k, out);
		ask_one(k, c->arguments[0]);
	}
	if (!hear(c, k, &word, &state))
		return state;
	if (word.method.id != METHOD_basic_get_ok)
		return settle(c, k, out);
	put_taken(c, k->taken == 0, out, &word);
	k->tag = word.method.basic_get_ok.delivery_tag;
	k->taken++;
	return CALL_MORE;
}

/* ---- events ---- */

/* A queue of its own, which goes with the client. */
static void listen(struct client *k, struct slice pattern)
{
	struct method declare = { .id = METHOD_queue_declare, .queue_declare = { .exclusive = true } };
	struct method bind = { .id = METHOD_queue_bind,
		                   .queue_bind = { .exchange = slice_str(EVENT_EXCHANGE),
		                                   .routing_key = pattern } };
	struct method consume = { .id = METHOD_basic_consume, .basic_consume = { .no_ack = true } };
	say(k, &declare);
	say(k, &bind);
	say(k, &consume);
}

static bool begin_events(struct call *c, struct client *k)
{
	enum { SECONDS_MAX = 1000000 };
	uint64_t s = 0;
	struct slice duration = c->options.duration, pattern = c->options.pattern;
	if (duration.p && (!quantity_count(duration, &s) || s > SECONDS_MAX))
		call_refuse(c, "--duration takes a number of seconds");
	else if (pattern.n > 255)
		call_refuse(c, "--pattern has more than 255 bytes");
	c->vhost = slice_str(c->host->broker->options.default_vhost);
	k->until_ms = s ? k->broker->now_ms + s * 1000 : UINT64_MAX;
	if (c->code || !call_follow(c) || !enter(c, k))
		return false;
	listen(k, pattern.p ? pattern : slice_str("#"));
	return true;
}

/* Who listens is not what is listened for. */
static bool is_own(const struct client *k, struct slice headers)
{
	struct table_walk walk = table_walk(headers);
	struct slice key;
	struct field value;
	while (table_next(&walk, &key, &value))
		if (value.letter == 'S' && slice_eq(value.bytes, buf_slice(&k->own)))
			return true;
	return false;
}

static void put_event(const struct client *k, struct buf *out, const struct proxy_word *w)
{
	struct props props;
	struct slice key;
	struct field value;
	bool read = props_decode(w->header, &props);
	must(read);
	if (is_own(k, props.headers))
		return;
	buf_printf(out, "{\"event\":");
	cell_put_json(out, cell_slice(w->method.basic_deliver.routing_key));
	struct table_walk walk = table_walk(props.headers);
	while (table_next(&walk, &key, &value)) {
		buf_u8(out, ',');
		cell_put_json(out, cell_slice(key));
		buf_u8(out, ':');
		cell_put_json(out, cell_field(&value));
	}
	buf_printf(out, "}\n");
}

/* Until the caller goes, or for so many seconds. */
enum call_state verb_consume_event_stream(struct call *c, struct buf *out)
{
	enum { EVENTS = 100 };
	struct client *k = client_of(c);
	struct proxy_word word;
	enum call_state state = CALL_MORE;
	if (!c->begun && !begin_events(c, k))
		return CALL_DONE;
	for (int i = 0; i < EVENTS && hear(c, k, &word, &state); i++)
		if (word.method.id == METHOD_queue_declare_ok)
			buf_append_slice(&k->own, word.method.queue_declare_ok.queue);
		else if (word.method.id == METHOD_basic_deliver)
			put_event(k, out, &word);
	if (state == CALL_DONE || k->broker->now_ms >= k->until_ms)
		return CALL_DONE;
	return out->len ? CALL_MORE : CALL_WAITS;
}
