/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/offsets.h"

#include "base/buf.h"
#include "base/die.h"
#include "base/endian.h"
#include "base/mem.h"
#include "queue/queue.h"
#include "queue/store.h"

enum { QUEUE_BYTES = 4, NUMBER_BYTES = 8, NAME_MAX_BYTES = 255 };

static struct slice name_of(const struct offset *o)
{
	return slice_of(o->name, o->name_n);
}

static struct slice key_of(const struct offset *o, uint8_t room[QUEUE_BYTES + NAME_MAX_BYTES])
{
	put_le32(room, o->queue->id);
	memcpy(room + QUEUE_BYTES, o->name, o->name_n);
	return slice_of(room, QUEUE_BYTES + (size_t)o->name_n);
}

static struct offset *find(const struct queue *q, struct slice name)
{
	return map_get(&q->live->stream->offsets, name);
}

static struct offset *add(struct queue *q, struct slice name)
{
	struct offset *o = mem_zalloc(sizeof *o + name.n);
	o->queue = q;
	o->name_n = (uint8_t)name.n;
	memcpy(o->name, name.p, name.n);
	list_init(&o->moved);
	list_push(&q->live->stream->all_offsets, &o->link);
	map_put(&q->live->stream->offsets, name_of(o), o);
	return o;
}

struct offset *offsets_find(struct queue *q, struct slice name)
{
	struct offset *o = find(q, name);
	must(name.n && name.n <= NAME_MAX_BYTES);
	return o ? o : add(q, name);
}

bool offsets_are_full(const struct queue *q, struct slice name)
{
	return q->live->stream->offsets.count >= OFFSETS_MOST && !find(q, name);
}

void offset_advance(struct offset *o, uint64_t next)
{
	if (next <= o->next)
		return;
	o->next = next;
	if (!list_linked(&o->moved))
		list_push(&o->queue->store->moved_offsets, &o->moved);
}

static void write_one(struct store *s, const struct offset *o, bool urgent)
{
	uint8_t room[QUEUE_BYTES + NAME_MAX_BYTES], number[NUMBER_BYTES];
	put_le64(number, o->next);
	store_define(s, CATALOG_OFFSET, key_of(o, room), slice_of(number, sizeof number), urgent);
}

void offsets_flush(struct store *s, bool urgent)
{
	for (struct list *l; (l = list_pop(&s->moved_offsets));)
		write_one(s, list_entry(l, struct offset, moved), urgent);
}

static void offset_free(struct offset *o)
{
	list_remove(&o->link);
	list_remove(&o->moved);
	mem_free(o);
}

void offsets_forget(struct queue *q)
{
	uint8_t room[QUEUE_BYTES + NAME_MAX_BYTES];
	list_each(it, &q->live->stream->all_offsets)
		catalog_remove(&q->store->catalog, CATALOG_OFFSET,
		               key_of(list_entry(it, struct offset, link), room));
}

void offsets_end(struct queue *q)
{
	struct stream *st = q->live->stream;
	map_free(&st->offsets);
	list_each_safe(it, &st->all_offsets)
		offset_free(list_entry(it, struct offset, link));
}

/* ---- recovery ---- */

/* False: its stream is gone. */
static bool recover_one(void *store, struct slice key, struct slice value)
{
	if (key.n < QUEUE_BYTES || key.n > QUEUE_BYTES + NAME_MAX_BYTES || value.n != NUMBER_BYTES)
		return false;
	struct queue *q = store_queue(store, get_le32(key.p));
	if (!q || !q->live->stream)
		return false;
	add(q, slice_of(key.p + QUEUE_BYTES, key.n - QUEUE_BYTES))->next = get_le64(value.p);
	return true;
}

void offsets_recover(struct store *s)
{
	catalog_sift(&s->catalog, CATALOG_OFFSET, recover_one, s);
}

/* ---- progress ---- */

static void add_done(struct progress *p, uint64_t seq, uint64_t count)
{
	struct record_range first;
	if (seq != p->below || p->done.n)
		ranges_add(&p->done, (struct record_range){ seq, count });
	else
		p->below += count;
	while (ranges_first(&p->done, &first) && first.first <= p->below) {
		p->below = first.first + first.count;
		ranges_shift(&p->done);
	}
}

void progress_give(struct progress *p, uint64_t seq)
{
	if (p->given == 0)
		p->given = p->below = seq;
	if (seq > p->given)
		add_done(p, p->given, seq - p->given);
	p->given = seq + 1;
}

void progress_done(struct progress *p, uint64_t seq)
{
	add_done(p, seq, 1);
	offset_advance(p->offset, p->below);
}
