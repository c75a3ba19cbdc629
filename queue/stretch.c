/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/stretch.h"

#include "base/mem.h"
#include "queue/queue.h"
#include "queue/store.h"

struct stretch *stretch_begin(struct queue *q, uint64_t first, uint64_t end)
{
	struct stream *st = q->live->stream;
	if (st->n_readers < 2)
		return NULL;
	struct stretch *x = mem_zalloc(sizeof *x);
	x->stream = st;
	x->first = first;
	x->end = end;
	x->coming = true;
	list_push_front(&st->stretches, &x->link);
	return x;
}

void stretch_add(struct stretch *x, struct entry e)
{
	message_ref(e.message);
	row_push(&x->entries, e);
	x->bytes += message_footprint(e.message);
}

void stretch_drop(struct stretch *x)
{
	struct entry e;
	list_remove(&x->link);
	x->stream->stretch_bytes -= x->coming ? 0 : x->bytes;
	while (row_pop(&x->entries, &e))
		message_drop(&e.message);
	mem_free(x);
}

/* The oldest go, but not the one that is excepted. */
static void trim(struct stream *st, uint64_t limit, const struct stretch *except)
{
	for (struct list *it = st->stretches.prev, *before; it != &st->stretches; it = before) {
		struct stretch *x = list_entry(it, struct stretch, link);
		before = it->prev;
		if (st->stretch_bytes <= limit)
			return;
		if (!x->coming && x != except)
			stretch_drop(x);
	}
}

void stretch_done(struct stretch *x)
{
	x->coming = false;
	x->stream->stretch_bytes += x->bytes;
	if (x->stream->n_readers < 2)
		stretches_drop(x->stream);
	else
		trim(x->stream, stream_share(x->stream->queue->store), x);
}

const struct stretch *stretch_find(const struct stream *st, uint64_t seq)
{
	list_each(it, &st->stretches) {
		const struct stretch *x = list_entry(it, struct stretch, link);
		if (x->first <= seq && seq < x->end)
			return x;
	}
	return NULL;
}

void stretches_drop(struct stream *st)
{
	trim(st, 0, NULL);
}
