/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/counters.h"

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

struct traffic counters_traffic(const struct counters *c)
{
	struct traffic sum = { 0 };
	for (unsigned i = 0; i < QUEUE_KINDS; i++)
		traffic_add(&sum, &c->by_kind[i]);
	return sum;
}

static inline struct traffic *of_kind(struct broker *b, const struct queue *q)
{
	enum queue_kind plain = q->counts ? QUEUE_QUORUM : QUEUE_CLASSIC;
	return &b->counters.by_kind[q->live->stream ? QUEUE_STREAM : plain];
}

static inline struct traffic *of_channel(struct channel *ch)
{
	motion_stir(&ch->motion, &ch->broker->store.stirred);
	return &ch->motion.traffic;
}

static inline struct traffic *of_vhost(struct channel *ch)
{
	motion_stir(&ch->vhost->motion, &ch->broker->store.stirred);
	return &ch->vhost->motion.traffic;
}

static inline struct traffic *of_queue(struct queue *q)
{
	if (!q->motion)
		q->motion = motion_new(MOTION_QUEUE, q);
	motion_stir(q->motion, &q->store->stirred);
	return &q->motion->traffic;
}

static inline struct traffic *of_exchange(struct broker *b, struct exchange *x)
{
	if (!x->motion)
		x->motion = motion_new(MOTION_EXCHANGE, x);
	motion_stir(x->motion, &b->store.stirred);
	return &x->motion->traffic;
}

/* Everywhere it counts: the queue, the channel, its virtual host, all queues of that kind. */
#define COUNT(ch, q, name)                       \
	do {                                         \
		of_queue(q)->name++;                     \
		of_channel(ch)->name++;                  \
		of_vhost(ch)->name++;                    \
		of_kind((ch)->broker, q)->name++;        \
	} while (0)

/* ---- published ---- */

void count_publish(struct channel *ch, const struct message *m)
{
	struct counters *c = &ch->broker->counters;
	unsigned class = 0;
	while (m->body_bytes > counters_sizes[class])
		class++;
	c->sizes[class]++;
	c->size_bytes += m->body_bytes;
	c->messages_received++;
	c->messages_received_confirm += ch->confirm.on;
	of_channel(ch)->publish++;
	of_vhost(ch)->publish++;
}

void count_routed(struct channel *ch, struct exchange *x)
{
	struct traffic *t = of_exchange(ch->broker, x);
	t->publish++;
	t->publish_out += ch->broker->routed.n;
}

void count_placed(struct channel *ch, size_t n)
{
	const struct route_set *routed = &ch->broker->routed;
	ch->broker->counters.messages_routed += n;
	for (size_t i = 0; i < n; i++)
		of_queue(routed->queues[i])->publish++;
}

void count_unroutable(struct channel *ch, bool returned)
{
	struct counters *c = &ch->broker->counters;
	c->messages_unroutable_returned += returned;
	c->messages_unroutable_dropped += !returned;
	of_channel(ch)->return_unroutable += returned;
	of_channel(ch)->drop_unroutable += !returned;
	of_vhost(ch)->return_unroutable += returned;
	of_vhost(ch)->drop_unroutable += !returned;
}

void count_confirms(struct channel *ch, size_t n)
{
	ch->broker->counters.messages_confirmed += n;
	of_channel(ch)->confirm += n;
	of_vhost(ch)->confirm += n;
}

/* ---- handed out ---- */

static void count_redelivery(struct channel *ch, struct queue *q, bool redelivered)
{
	if (redelivered)
		COUNT(ch, q, redeliver);
}

void count_deliver(struct channel *ch, struct queue *q, bool no_ack, bool redelivered)
{
	if (no_ack)
		COUNT(ch, q, deliver_no_ack);
	else
		COUNT(ch, q, deliver);
	count_redelivery(ch, q, redelivered);
}

void count_get(struct channel *ch, struct queue *q, bool no_ack, bool redelivered)
{
	if (no_ack)
		COUNT(ch, q, get_no_ack);
	else
		COUNT(ch, q, get);
	count_redelivery(ch, q, redelivered);
}

void count_get_empty(struct channel *ch, struct queue *q)
{
	COUNT(ch, q, get_empty);
}

void count_ack(struct channel *ch, struct queue *q)
{
	COUNT(ch, q, ack);
}
