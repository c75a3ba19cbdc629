/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/queue.h"

#include "amqp/table.h"
#include "base/die.h"
#include "base/mem.h"
#include "queue/store.h"

static struct slice own(struct slice s)
{
	return slice_of(mem_copy(s), s.n);
}

static void read_arguments(struct queue *q)
{
	struct field f;
	q->ttl_ms = -1;
	if (table_find(q->arguments, "x-message-ttl", &f) && field_is_integer(&f))
		q->ttl_ms = f.integer;
	if (table_find(q->arguments, "x-dead-letter-exchange", &f) && f.letter == 'S')
		q->dead_exchange = f.bytes;
	if (table_find(q->arguments, "x-dead-letter-routing-key", &f) && f.letter == 'S')
		q->dead_key = f.bytes;
	q->timed = q->ttl_ms >= 0;
}

struct queue *queue_new(struct store *s, const struct queue_spec *spec)
{
	struct queue *q = mem_zalloc(sizeof *q);
	q->name = own(spec->name);
	q->arguments = own(spec->arguments);
	q->durable = spec->durable;
	q->auto_delete = spec->auto_delete;
	q->exclusive = spec->exclusive;
	q->owner = spec->owner;
	q->id = spec->id;
	q->store = s;
	q->next_seq = 1;
	lane_init(&q->lane);
	rotation_init(&q->rotation);
	list_init(&q->runnable);
	list_init(&q->on_owner);
	list_init(&q->bindings);
	list_init(&q->acks_link);
	heap_node_init(&q->deadline);
	read_arguments(q);
	return q;
}

static void bury(struct queue *q)
{
	must(!list_linked(&q->runnable) && !list_linked(&q->on_owner));
	must(!heap_linked(&q->deadline));
	mem_free((void *)q->name.p);
	mem_free((void *)q->arguments.p);
	mem_free(q->acks);
	mem_free(q);
}

/* An entry leaves for good; what is logged of it is up to the caller. */
static void forget(struct queue *q, struct entry *e)
{
	if (queue_is_logged(q) && e->message->position)
		log_release(q->store->log, e->message->position);
	message_drop(&e->message);
}

void queue_delete(struct queue **pq)
{
	struct queue *q = *pq;
	*pq = NULL;
	must(q->rotation.count == 0 && list_empty(&q->bindings));
	q->deleted = true;
	list_remove(&q->runnable);
	list_remove(&q->on_owner);
	store_forget_queue(q->store, q);
	struct entry e;
	while (lane_pop(&q->lane, &e))
		forget(q, &e);
	if (q->unacked == 0)
		bury(q);
}

int64_t queue_deadline(const struct queue *q)
{
	const struct message *m = q->timed ? lane_peek(&q->lane).message : NULL;
	int64_t at = QUEUE_NO_DEADLINE;
	if (m && q->ttl_ms >= 0)
		at = m->published_ms + q->ttl_ms;
	if (m && m->expires) {
		int64_t own = m->published_ms + message_expiration_ms(m);
		at = own < at ? own : at;
	}
	return at;
}

void queue_push(struct queue *q, uint64_t seq, struct message *m)
{
	must(!q->deleted);
	q->timed |= m->expires;
	q->ready_bytes += m->body_bytes;
	lane_push(&q->lane, seq, message_ref(m));
}

bool queue_take(struct queue *q, struct entry *out)
{
	if (!lane_pop(&q->lane, out))
		return false;
	out->redelivered |= out->seq < q->redelivered_below;
	if (out->seq >= q->delivered_below)
		q->delivered_below = out->seq + 1;
	q->ready_bytes -= out->message->body_bytes;
	q->unacked++;
	return true;
}

static void no_longer_unacked(struct queue *q)
{
	must(q->unacked > 0);
	if (--q->unacked == 0 && q->deleted)
		bury(q);
}

void queue_return(struct queue *q, struct entry e)
{
	if (q->deleted) {
		forget(q, &e);
	} else {
		e.redelivered = true;
		q->ready_bytes += e.message->body_bytes;
		lane_return(&q->lane, e);
	}
	no_longer_unacked(q);
}

void queue_settle(struct queue *q, struct entry e)
{
	if (!q->deleted && queue_is_logged(q) && e.message->position)
		store_ack(q->store, q, e.seq, e.message);
	forget(q, &e);
	no_longer_unacked(q);
}

void queue_moved(struct queue *q, struct entry e)
{
	forget(q, &e);
	no_longer_unacked(q);
}

uint64_t queue_purge(struct queue *q)
{
	uint64_t n = 0;
	struct entry e;
	for (; lane_pop(&q->lane, &e); n++) {
		if (queue_is_logged(q) && e.message->position)
			store_ack(q->store, q, e.seq, e.message);
		forget(q, &e);
	}
	q->ready_bytes = 0;
	return n;
}

void queue_restore(struct queue *q, struct entry e)
{
	must(!q->deleted);
	q->timed |= e.message->expires;
	q->ready_bytes += e.message->body_bytes;
	if (e.seq >= q->next_seq)
		q->next_seq = e.seq + 1;
	lane_push(&q->lane, e.seq, e.message);
}

void queue_check(const struct queue *q)
{
	uint64_t ready = 0, bytes = 0;
	struct lane_walk w = { 0 };
	struct entry e;
	while (lane_next(&q->lane, &w, &e)) {
		must(e.message && e.message->refs > 0 && e.seq < q->next_seq);
		must(message_is_whole(e.message));
		ready++;
		bytes += e.message->body_bytes;
	}
	must(ready == queue_ready(q) && bytes == q->ready_bytes);
	uint32_t consumers = 0;
	list_each(it, &q->rotation.able)
		consumers++;
	list_each(it, &q->rotation.waiting)
		consumers++;
	must(consumers == q->rotation.count);
}
