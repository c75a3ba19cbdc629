/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/counters.h"

#include "base/die.h"
#include "broker/channel.h"
#include "exchange/exchange.h"
#include "queue/queue.h"

const uint64_t counters_sizes[SIZE_CLASSES] = { 100,      1000,     10000,     100000,    1000000,
	                                            10000000, 50000000, 100000000, UINT64_MAX };

const char *queue_kind_name(enum queue_kind kind)
{
	static const char *const names[] = { [QUEUE_CLASSIC] = "rabbit_classic_queue",
		                                 [QUEUE_QUORUM] = "rabbit_quorum_queue",
		                                 [QUEUE_STREAM] = "rabbit_stream_queue" };
	return names[kind];
}

void counters_init(struct counters *c)
{
	*c = (struct counters){ 0 };
	histogram_init(&c->confirm_ms, &scale_milliseconds);
	histogram_init(&c->residence_ms, &scale_residence);
}

struct traffic counters_handed_out(const struct counters *c)
{
	struct traffic sum = { 0 };
	for (unsigned i = 0; i < QUEUE_KINDS; i++)
		traffic_add(&sum, &c->by_kind[i]);
	return sum;
}

enum queue_kind queue_kind_of(const struct queue *q)
{
	enum queue_kind plain = q->counts ? QUEUE_QUORUM : QUEUE_CLASSIC;
	return q->live->stream ? QUEUE_STREAM : plain;
}

/* ---- settling ---- */

static void stir_channel(struct channel *ch)
{
	struct list *stirred = &ch->broker->store.stirred;
	if (ch->stirred)
		return;
	motion_stir(&ch->motion, stirred);
	motion_stir(&ch->vhost->motion, stirred);
}

/* Of what kind a queue is, is known when it moves. */
static struct motion *motion_of(struct queue *q)
{
	struct motion *m = q->motion;
	struct broker *b = list_entry(q->store, struct broker, store);
	if (!m->sums[0])
		m->sums[0] = &b->counters.by_kind[queue_kind_of(q)];
	return m;
}

/* Of both, to be counted there at once. */
#define COUNT(ch, q, name, n)                         \
	do {                                              \
		queue_stir(q);                                \
		stir_channel(ch);                             \
		MOTION_COUNT(motion_of(q), name, n);          \
		MOTION_COUNT(&(ch)->motion, name, n);         \
	} while (0)

void count_consumer(struct consumer *c)
{
	if (!c->queue->motion || (c->delivered | c->acked) == 0)
		return;
	COUNT(c->channel, c->queue, deliver_no_ack, c->no_ack ? c->delivered : 0);
	COUNT(c->channel, c->queue, deliver, c->no_ack ? 0 : c->delivered);
	COUNT(c->channel, c->queue, ack, c->acked);
	c->all_delivered += c->delivered;
	c->all_acked += c->acked;
	c->delivered = c->acked = 0;
}

static void gather_queue(struct queue *q)
{
	struct motion *m = motion_of(q);
	MOTION_COUNT(m, publish, q->next_seq - m->seen);
	m->seen = q->next_seq;
	if (list_linked(&q->link) && topology_count(q->topology, q))
		motion_stir(&vhost_of(q)->motion, &q->store->stirred);
	list_each(it, &q->live->rotation.able)
		count_consumer(list_entry(it, struct consumer, turn));
	list_each(it, &q->live->rotation.waiting)
		count_consumer(list_entry(it, struct consumer, turn));
}

static void gather_exchange(struct exchange *x)
{
	MOTION_COUNT(x->motion, publish, x->published);
	MOTION_COUNT(x->motion, publish_out, x->routed);
	x->published = x->routed = 0;
}

/* What is safe is as good as confirmed. */
static void gather_channel(struct channel *ch)
{
	const struct confirm *c = &ch->confirm;
	struct motion *m = &ch->motion;
	list_each(it, &ch->consumers)
		count_consumer(list_entry(it, struct consumer, on_channel));
	MOTION_COUNT(m, publish, ch->published);
	ch->published = 0;
	MOTION_COUNT(m, confirm, c->next_tag - 1 - c->count - c->nacked - m->traffic.confirm);
}

void counters_gather(enum motion_kind kind, void *of)
{
	switch (kind) {
	case MOTION_QUEUE: gather_queue(of); break;
	case MOTION_EXCHANGE: gather_exchange(of); break;
	case MOTION_CHANNEL: gather_channel(of); break;
	default: break;
	}
}

size_t counters_gather_some(struct list *from, struct list *to, size_t most)
{
	for (; most && !list_empty(from); most--) {
		struct motion *m = list_entry(list_pop(from), struct motion, stirred);
		list_push(to, &m->stirred);
		counters_gather(m->kind, m->of);
	}
	return most;
}

/* Who was gathered stands at the end then, behind those that it is not the turn of.  Queues tell
 * channels, which may be stirred by that and are among those that are to come. */
static size_t settle_list(struct list *all, size_t most)
{
	struct list gathered;
	list_init(&gathered);
	most = counters_gather_some(all, &gathered, most);
	list_splice(all, &gathered);
	return most;
}

/* Larger ones were counted when they came, all of them as far as they are gathered. */
static void count_small(struct counters *c)
{
	uint64_t larger = 0;
	for (unsigned i = 1; i < SIZE_CLASSES; i++)
		larger += c->sizes[i];
	if (c->channels.publish > larger + c->sizes[0])
		c->sizes[0] = c->channels.publish - larger;
}

static void settle(struct broker *b, size_t most)
{
	most = settle_list(&b->sampling.due, most);
	most = settle_list(&b->sampling.gathered, most);
	settle_list(&b->store.stirred, most);
	count_small(&b->counters);
}

void counters_settle(struct broker *b)
{
	settle(b, SETTLE_MOST);
}

void counters_settle_all(struct broker *b)
{
	settle(b, SIZE_MAX);
}

/* ---- channels ---- */

void count_channel(struct channel *ch)
{
	motion_init(&ch->motion, MOTION_CHANNEL, ch);
	ch->motion.flag = &ch->stirred;
	ch->motion.sums[0] = &ch->vhost->motion.traffic;
	ch->motion.sums[1] = &ch->broker->counters.channels;
	ch->motion.sums[2] = &ch->connection->motion.traffic;
}

void count_confirming(struct channel *ch)
{
	gather_channel(ch);
	ch->motion.sums[3] = &ch->broker->counters.confirming;
}

void count_channel_end(struct channel *ch)
{
	gather_channel(ch);
	motion_end(&ch->motion);
}

/* ---- published ---- */

static void count_size(struct counters *c, uint64_t bytes)
{
	unsigned class = 1;
	while (bytes > counters_sizes[class])
		class++;
	c->sizes[class]++;
}

void count_publish(struct channel *ch, const struct message *m)
{
	struct counters *c = &ch->broker->counters;
	if (m->body_bytes > counters_sizes[0])
		count_size(c, m->body_bytes);
	c->size_bytes += m->body_bytes;
	ch->published++;
	stir_channel(ch);
}

static void stir_exchange(struct broker *b, struct exchange *x)
{
	if (!x->motion) {
		x->motion = motion_new(MOTION_EXCHANGE, x, &x->stirred);
		x->motion->sums[0] = &b->counters.exchanges;
	}
	motion_stir(x->motion, &b->store.stirred);
}

void count_routed(struct broker *b, struct exchange *x)
{
	x->published++;
	x->routed += b->routed.n;
	if (!x->stirred)
		stir_exchange(b, x);
}

void count_confirms(struct channel *ch)
{
	stir_channel(ch);
}

void count_unroutable(struct channel *ch, bool returned)
{
	MOTION_COUNT(&ch->motion, return_unroutable, returned);
	MOTION_COUNT(&ch->motion, drop_unroutable, !returned);
	stir_channel(ch);
}

void count_confirm_ms(struct broker *b, uint64_t ms, uint64_t n)
{
	if (n)
		histogram_add(&b->counters.confirm_ms, ms, n);
}

void count_refusal(struct broker *b, const struct refusal *r)
{
	static const struct refusal *const all[] = {
#define REPLY(code, name, scope) [COUNT_##name] = &name,
#include "amqp/errors.def"
#undef REPLY
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		b->counters.refused[i] += all[i] == r;
}

/* ---- handed out ---- */

void count_residence(struct broker *b, const struct entry *e)
{
	int64_t ms = (int64_t)b->now_ms - e->message->published_ms;
	if (e->seq % COUNT_RESIDENCE_OF == 1 && !e->redelivered)
		histogram_add(&b->counters.residence_ms, ms < 0 ? 0 : (uint64_t)ms, 1);
}

/* Here and in count_ack the queue moves anyway. */
void count_deliver(struct consumer *c, bool redelivered)
{
	c->delivered++;
	if (!redelivered)
		return;
	c->redelivered++;
	COUNT(c->channel, c->queue, redeliver, 1);
}

void count_get(struct channel *ch, struct queue *q, bool no_ack, bool redelivered)
{
	COUNT(ch, q, get, !no_ack);
	COUNT(ch, q, get_no_ack, no_ack);
	COUNT(ch, q, redeliver, redelivered);
}

void count_get_empty(struct channel *ch, struct queue *q)
{
	COUNT(ch, q, get_empty, 1);
}

void count_ack(struct channel *ch, struct queue *q, struct consumer *c)
{
	if (c && !c->cancelled)
		c->acked++;
	else
		COUNT(ch, q, ack, 1);
}
