/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/outbox.h"

#include "base/die.h"
#include "base/mem.h"
#include "queue/message.h"

enum {
	PIECE_FULL = 48 << 10,    /* an own piece is closed beyond this */
	PIECE_KEEP = 64 << 10,    /* larger buffers are not kept as spares */
	POOL_MAX = 32,
};

struct piece {
	struct list link;
	struct message *message;   /* NULL: the bytes are own */
	struct slice rest;         /* borrowed from the message: what is not yet sent */
	struct buf own;
	size_t sent;               /* of own */
};

void outbox_pool_init(struct outbox_pool *p)
{
	list_init(&p->spare);
	p->count = 0;
}

void outbox_pool_free(struct outbox_pool *p)
{
	for (struct list *l; (l = list_pop(&p->spare));) {
		struct piece *piece = list_entry(l, struct piece, link);
		buf_free(&piece->own);
		mem_free(piece);
	}
	p->count = 0;
}

static void discard(struct outbox *o, struct piece *p)
{
	list_remove(&p->link);
	if (p->message)
		message_drop(&p->message);
	if (o->pool->count < POOL_MAX && p->own.cap && p->own.cap <= PIECE_KEEP) {
		buf_clear(&p->own);
		list_push(&o->pool->spare, &p->link);
		o->pool->count++;
		return;
	}
	buf_free(&p->own);
	mem_free(p);
}

static struct piece *obtain(struct outbox *o)
{
	struct list *l = list_pop(&o->pool->spare);
	struct piece *p;
	if (l) {
		o->pool->count--;
		p = list_entry(l, struct piece, link);
		p->sent = 0;
	} else {
		p = mem_zalloc(sizeof *p);
		list_init(&p->link);
	}
	list_push(&o->pieces, &p->link);
	return p;
}

void outbox_init(struct outbox *o, struct outbox_pool *pool)
{
	*o = (struct outbox){ .pool = pool };
	list_init(&o->pieces);
}

void outbox_free(struct outbox *o)
{
	while (!list_empty(&o->pieces))
		discard(o, list_entry(o->pieces.next, struct piece, link));
	o->bytes = 0;
}

static struct piece *last_piece(struct outbox *o)
{
	return list_empty(&o->pieces) ? NULL : list_entry(o->pieces.prev, struct piece, link);
}

struct buf *outbox_buf(struct outbox *o)
{
	struct piece *p = last_piece(o);
	if (!p || p->message || p->own.len > PIECE_FULL)
		p = obtain(o);
	o->mark = p->own.len;
	return &p->own;
}

void outbox_wrote(struct outbox *o)
{
	struct piece *p = last_piece(o);
	must(p && !p->message && p->own.len >= o->mark);
	o->bytes += p->own.len - o->mark;
	o->total += p->own.len - o->mark;
	o->mark = p->own.len;
}

void outbox_body(struct outbox *o, struct message *m, struct slice bytes)
{
	struct piece *p = mem_zalloc(sizeof *p);
	p->message = message_ref(m);
	p->rest = bytes;
	list_push(&o->pieces, &p->link);
	o->bytes += bytes.n;
	o->total += bytes.n;
}

static struct slice unsent(const struct piece *p)
{
	return p->message ? p->rest : slice_of(p->own.p + p->sent, p->own.len - p->sent);
}

size_t outbox_front(const struct outbox *o, struct slice *out, size_t max)
{
	size_t n = 0;
	list_each(it, &o->pieces) {
		struct slice s = unsent(list_entry(it, struct piece, link));
		if (n == max)
			break;
		if (s.n)
			out[n++] = s;
	}
	return n;
}

void outbox_sent(struct outbox *o, size_t n)
{
	must(n <= o->bytes);
	o->bytes -= n;
	while (!list_empty(&o->pieces)) {
		struct piece *p = list_entry(o->pieces.next, struct piece, link);
		struct slice s = unsent(p);
		if (n < s.n) {
			p->sent += p->message ? 0 : n;
			slice_take(&p->rest, p->message ? n : 0);
			return;
		}
		n -= s.n;
		discard(o, p);
	}
}
