/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/entries.h"

#include "amqp/table.h"
#include "base/endian.h"
#include "exchange/exchange.h"
#include "queue/queue.h"

enum { VERSION = 1 };

enum { DURABLE = 1, AUTO_DELETE = 2, INTERNAL = 4 };

static void put_u32(struct buf *out, uint32_t v)
{
	put_le32(buf_reserve(out, 4), v);
	out->len += 4;
}

static void put_string(struct buf *out, struct slice s)
{
	put_u32(out, (uint32_t)s.n);
	buf_append_slice(out, s);
}

static bool get_u8(struct slice *s, uint8_t *v)
{
	if (s->n < 1)
		return false;
	*v = slice_take(s, 1).p[0];
	return true;
}

static bool get_u32(struct slice *s, uint32_t *v)
{
	if (s->n < 4)
		return false;
	*v = get_le32(slice_take(s, 4).p);
	return true;
}

static bool get_string(struct slice *s, struct slice *out)
{
	uint32_t n;
	if (!get_u32(s, &n) || n > s->n)
		return false;
	*out = slice_take(s, n);
	return true;
}

/* A name of AMQP: a short string. */
static bool get_name(struct slice *s, struct slice *out)
{
	return get_string(s, out) && out->n <= 255;
}

static bool get_table(struct slice *s, struct slice *out)
{
	return get_string(s, out) && table_check(*out);
}

bool entries_vhost(struct slice key, uint32_t *vhost)
{
	return get_u32(&key, vhost);
}

static void name_key(struct buf *out, uint32_t vhost, struct slice name)
{
	put_u32(out, vhost);
	put_string(out, name);
}

static bool name_decode(struct slice key, struct slice *name)
{
	uint32_t vhost;
	return get_u32(&key, &vhost) && get_name(&key, name) && key.n == 0;
}

void entries_exchange_key(struct buf *out, uint32_t vhost, struct slice name)
{
	name_key(out, vhost, name);
}

void entries_exchange_value(struct buf *out, const struct exchange *x)
{
	buf_u8(out, VERSION);
	buf_u8(out, (uint8_t)((x->durable ? DURABLE : 0) | (x->auto_delete ? AUTO_DELETE : 0) |
	                      (x->internal ? INTERNAL : 0)));
	put_string(out, slice_str(x->type->name));
	put_string(out, x->arguments);
}

bool entries_exchange_decode(struct slice key, struct slice value, struct exchange_entry *out)
{
	uint8_t version, flags;
	if (!name_decode(key, &out->name) || !get_u8(&value, &version) || version != VERSION ||
	    !get_u8(&value, &flags) || !get_name(&value, &out->type) ||
	    !get_table(&value, &out->arguments) || value.n)
		return false;
	out->durable = flags & DURABLE;
	out->auto_delete = flags & AUTO_DELETE;
	out->internal = flags & INTERNAL;
	return true;
}

void entries_queue_key(struct buf *out, uint32_t vhost, struct slice name)
{
	name_key(out, vhost, name);
}

void entries_queue_value(struct buf *out, const struct queue *q)
{
	buf_u8(out, VERSION);
	buf_u8(out, q->auto_delete ? AUTO_DELETE : 0);
	put_u32(out, q->id);
	put_string(out, q->arguments);
}

bool entries_queue_decode(struct slice key, struct slice value, struct queue_entry *out)
{
	uint8_t version, flags;
	if (!name_decode(key, &out->name) || !get_u8(&value, &version) || version != VERSION ||
	    !get_u8(&value, &flags) || !get_u32(&value, &out->id) ||
	    !get_table(&value, &out->arguments) || value.n)
		return false;
	out->auto_delete = flags & AUTO_DELETE;
	return out->id != 0;
}

void entries_binding_key(struct buf *out, uint32_t vhost, const struct binding *b)
{
	put_u32(out, vhost);
	buf_u8(out, VERSION);
	put_string(out, b->source->name);
	put_u32(out, b->queue ? b->queue->id : 0);
	put_string(out, b->queue ? b->queue->name : b->exchange->name);
	put_string(out, b->key);
	put_string(out, b->arguments);
}

bool entries_binding_decode(struct slice key, struct binding_entry *out)
{
	uint32_t vhost;
	uint8_t version;
	if (!get_u32(&key, &vhost) || !get_u8(&key, &version) || version != VERSION ||
	    !get_name(&key, &out->source) || !get_u32(&key, &out->queue_id) ||
	    !get_name(&key, &out->destination) || !get_name(&key, &out->key) ||
	    !get_table(&key, &out->arguments) || key.n)
		return false;
	out->to_queue = out->queue_id != 0;
	return true;
}
