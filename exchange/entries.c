/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/entries.h"

#include "amqp/table.h"
#include "base/pack.h"
#include "exchange/exchange.h"
#include "queue/dedup.h"
#include "queue/queue.h"

enum { VERSION = 1, WITH_DEDUP = 2, DELAYS = 3 };     /* the last two of exchanges only ... */
enum { RETAINS = 2 };                                 /* ... and this one of queues */

enum { DURABLE = 1, AUTO_DELETE = 2, INTERNAL = 4, PAUSED = 8 };

static bool get_table(struct slice *s, struct slice *out)
{
	return unpack_string(s, out) && table_check(*out);
}

bool entries_vhost(struct slice key, uint32_t *vhost)
{
	return unpack_u32(&key, vhost);
}

static void name_key(struct buf *out, uint32_t vhost, struct slice name)
{
	pack_u32(out, vhost);
	pack_string(out, name);
}

static bool name_decode(struct slice key, struct slice *name)
{
	uint32_t vhost;
	return unpack_u32(&key, &vhost) && unpack_name(&key, name) && key.n == 0;
}

void entries_exchange_key(struct buf *out, uint32_t vhost, struct slice name)
{
	name_key(out, vhost, name);
}

void entries_exchange_value(struct buf *out, const struct exchange *x)
{
	uint32_t dedup = x->dedup ? x->dedup->id : 0;
	buf_u8(out, x->waiting ? DELAYS : dedup ? WITH_DEDUP : VERSION);
	buf_u8(out, (uint8_t)((x->durable ? DURABLE : 0) | (x->auto_delete ? AUTO_DELETE : 0) |
	                      (x->internal ? INTERNAL : 0)));
	pack_string(out, slice_str(exchange_type_name(x)));
	pack_string(out, x->arguments);
	if (dedup || x->waiting)
		pack_u32(out, dedup);
	if (x->waiting)
		pack_u32(out, x->waiting->id);
}

bool entries_exchange_decode(struct slice key, struct slice value, struct exchange_entry *out)
{
	uint8_t version, flags;
	out->dedup = out->waiting_id = 0;
	if (!name_decode(key, &out->name) || !unpack_u8(&value, &version) || version < VERSION ||
	    version > DELAYS || !unpack_u8(&value, &flags) || !unpack_name(&value, &out->type) ||
	    !get_table(&value, &out->arguments) ||
	    (version >= WITH_DEDUP && !unpack_u32(&value, &out->dedup)) ||
	    (version == DELAYS && !unpack_u32(&value, &out->waiting_id)) || value.n ||
	    (version == DELAYS) != (out->waiting_id != 0) ||
	    (version == DELAYS) != slice_is(out->type, EXCHANGE_DELAYED))
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
	const struct queue *retained = q->live->retained;
	buf_u8(out, retained ? RETAINS : VERSION);
	buf_u8(out, (uint8_t)((q->auto_delete ? AUTO_DELETE : 0) | (q->paused ? PAUSED : 0)));
	pack_u32(out, q->id);
	pack_string(out, queue_arguments(q));
	if (retained)
		pack_u32(out, retained->id);
}

bool entries_queue_decode(struct slice key, struct slice value, struct queue_entry *out)
{
	uint8_t version, flags;
	out->retained_id = 0;
	if (!name_decode(key, &out->name) || !unpack_u8(&value, &version) || version < VERSION ||
	    version > RETAINS || !unpack_u8(&value, &flags) || !unpack_u32(&value, &out->id) ||
	    !get_table(&value, &out->arguments) ||
	    (version == RETAINS && !unpack_u32(&value, &out->retained_id)) || value.n ||
	    (version == RETAINS) != (out->retained_id != 0))
		return false;
	out->auto_delete = flags & AUTO_DELETE;
	out->paused = flags & PAUSED;
	return out->id != 0;
}

void entries_binding_key(struct buf *out, uint32_t vhost, const struct binding *b)
{
	pack_u32(out, vhost);
	buf_u8(out, VERSION);
	pack_string(out, b->source->name);
	pack_u32(out, b->queue ? b->queue->id : 0);
	pack_string(out, b->queue ? queue_name(b->queue) : b->exchange->name);
	pack_string(out, b->key);
	pack_string(out, b->arguments);
}

bool entries_binding_decode(struct slice key, struct binding_entry *out)
{
	uint32_t vhost;
	uint8_t version;
	if (!unpack_u32(&key, &vhost) || !unpack_u8(&key, &version) || version != VERSION ||
	    !unpack_name(&key, &out->source) || !unpack_u32(&key, &out->queue_id) ||
	    !unpack_name(&key, &out->destination) || !unpack_name(&key, &out->key) ||
	    !get_table(&key, &out->arguments) || key.n)
		return false;
	out->to_queue = out->queue_id != 0;
	return true;
}
