/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <unistd.h>

#include "amqp/frame.h"
#include "amqp/method.h"
#include "base/die.h"
#include "base/endian.h"
#include "base/mem.h"
#include "outside.h"

enum { NOTICED_MS = 20 };

void client_dial(struct client *c, struct inside *in, bool loopback)
{
	c->dialled = true;
	inside_dial(in, &c->peer, loopback);
}

bool client_dial_outside(struct client *c, uint16_t port)
{
	c->fd = outside_dial(port);
	c->port = port;
	c->dialled = c->fd >= 0;
	return c->dialled;
}

void client_settle(struct client *c)
{
	if (c->port && c->dialled && c->spoke && !client_is_gone(c))
		outside_settle(c->fd, c->port);
	c->spoke = false;
}

void client_wait(struct client *c, int ms)
{
	if (c->port && c->dialled && !client_is_gone(c))
		c->hung_up = !outside_take(c->fd, &c->peer.output, ms);
	else if (c->port)
		outside_sleep((uint64_t)ms);
}

void client_leave(struct client *c)
{
	if (c->port && c->dialled && !c->left) {
		client_settle(c);
		close(c->fd);
		outside_sleep(NOTICED_MS);
	} else if (c->dialled && !c->port) {
		inside_hang_up(&c->peer);
	}
	c->left = true;
}

bool client_is_gone(const struct client *c)
{
	return c->left || c->peer.gone || c->hung_up;
}

void client_rest(struct client *c)
{
	struct buf *all[] = { &c->pending, &c->received, &c->peer.input, &c->peer.output };
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (!all[i]->len)
			buf_free(all[i]);
	if (c->n_items)
		return;
	mem_free(c->items);
	c->items = NULL;
}

void client_reset(struct client *c)
{
	if (c->dialled && (c->port || !client_is_gone(c)))
		client_leave(c);
	while (c->n_items)
		client_drop_item(c, c->n_items - 1);
	mem_free(c->items);
	buf_free(&c->pending);
	buf_free(&c->received);
	if (c->port)
		buf_free(&c->peer.output);
	else
		inside_peer_free(&c->peer);
	struct client fresh = { .dialled = false };
	memcpy(fresh.name, c->name, sizeof fresh.name);
	*c = fresh;
}

void client_flush(struct client *c, enum client_feeding feeding)
{
	struct slice s = buf_slice(&c->pending);
	c->spoke |= s.n > 0;
	if (c->port && !client_is_gone(c))
		outside_feed(c->fd, s, feeding == FEED_SPLIT);
	while (s.n && !c->port)
		inside_feed(&c->peer, slice_take(&s, feeding == FEED_SPLIT ? 1 : s.n));
	buf_clear(&c->pending);
}

/* ---- reading ---- */

static struct item *new_item(struct client *c, enum item_kind kind, uint16_t channel,
                             struct slice payload)
{
	c->items = mem_realloc(c->items, (c->n_items + 1) * sizeof *c->items);
	struct item *i = &c->items[c->n_items++];
	*i = (struct item){ .kind = kind, .channel = channel, .whole = true };
	buf_append_slice(&i->payload, payload);
	return i;
}

void client_drop_item(struct client *c, size_t i)
{
	buf_free(&c->items[i].payload);
	buf_free(&c->items[i].header);
	buf_free(&c->items[i].body);
	memmove(&c->items[i], &c->items[i + 1], (--c->n_items - i) * sizeof *c->items);
}

static bool take_method(struct client *c, const struct frame *f, struct buf *trace, struct buf *why)
{
	struct method m;
	if (method_decode(f->payload, &m) != METHOD_OK) {
		buf_printf(why, "the broker sent a method that does not decode");
		return false;
	}
	struct item *i = new_item(c, ITEM_METHOD, f->channel, f->payload);
	i->whole = !method_info(m.id)->content;
	buf_printf(trace, "    %s %u < ", c->name, f->channel);
	method_print(trace, &m);
	buf_printf(trace, "\n");
	return true;
}

static struct item *unfinished(struct client *c, uint16_t channel)
{
	for (size_t i = c->n_items; i-- > 0;)
		if (c->items[i].channel == channel && !c->items[i].whole)
			return &c->items[i];
	return NULL;
}

/* Bodies of no bytes have no frame, and no body ends in an empty one. */
static bool take_content(struct client *c, const struct frame *f, struct buf *why)
{
	struct item *i = unfinished(c, f->channel);
	bool header = f->type == FRAME_HEADER;
	if (!i || header != (i->header.len == 0) || (header && f->payload.n < 14) ||
	    (!header && f->payload.n == 0)) {
		buf_printf(why, "the broker sent a content frame out of place");
		return false;
	}
	buf_append_slice(header ? &i->header : &i->body, f->payload);
	if (header)
		i->body_bytes = get_be64(f->payload.p + 4);
	i->whole = i->body.len == i->body_bytes;
	return true;
}

static bool take_frame(struct client *c, const struct frame *f, struct buf *trace, struct buf *why)
{
	if (c->frame_max && f->payload.n + FRAME_OVERHEAD_BYTES > c->frame_max) {
		buf_printf(why, "the broker sent a frame of %zu bytes, %u were agreed",
		           f->payload.n + FRAME_OVERHEAD_BYTES, c->frame_max);
		return false;
	}
	switch (f->type) {
	case FRAME_METHOD: return take_method(c, f, trace, why);
	case FRAME_HEARTBEAT:
		new_item(c, ITEM_BEAT, f->channel, f->payload);
		buf_printf(trace, "    %s < heartbeat\n", c->name);
		return true;
	default: return take_content(c, f, why);
	}
}

bool client_read(struct client *c, struct buf *trace, struct buf *why)
{
	struct frame f;
	enum frame_result r = FRAME_MORE;
	bool ok = true;
	buf_append_slice(&c->received, buf_slice(&c->peer.output));
	buf_clear(&c->peer.output);
	if (c->received.len >= 8 && !memcmp(c->received.p, "AMQP", 4)) {
		new_item(c, ITEM_HEADER, 0, slice_of(c->received.p, 8));
		buf_printf(trace, "    %s < a protocol header\n", c->name);
		buf_consume(&c->received, 8);
	}
	struct slice in = buf_slice(&c->received);
	while (ok && (r = frame_next(&in, 0, &f, NULL)) == FRAME_OK)
		ok = take_frame(c, &f, trace, why);
	buf_consume(&c->received, c->received.len - in.n);
	if (ok && r != FRAME_MORE)
		buf_printf(why, "the broker sent something that is no frame");
	return ok && r == FRAME_MORE;
}
