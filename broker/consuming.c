/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/consuming.h"

#include "base/die.h"
#include "base/mem.h"
#include "broker/channel.h"
#include "broker/content.h"
#include "broker/expiry.h"
#include "broker/firehose.h"
#include "broker/on.h"
#include "broker/report.h"
#include "broker/streaming.h"
#include "queue/queue.h"

enum {
	SLICE = 64,              /* messages of one queue before the next has its turn */
	TURN_BUDGET = 8192,      /* messages handed out in one loop turn */
	LATE_AT_ONCE = 64,       /* messages that ended elsewhere in a queue that has its turn */
	DEATH_COST = 8,          /* what the end of one costs (broker.deaths), in messages handed out */
};

void consuming_start(struct channel *ch, struct queue *q, const struct consuming_spec *spec)
{
	struct consumer *c = mem_zalloc(sizeof *c);
	c->queue = q;
	c->channel = ch;
	c->tag = mem_own(spec->tag);
	c->arguments = mem_own(spec->arguments);
	c->no_ack = spec->no_ack;
	c->exclusive = spec->exclusive;
	c->priority = spec->priority;
	c->patience_ms = spec->patience_ms;
	c->reviewed = ch->broker->rights;
	c->window = spec->no_ack ? 0 : ch->prefetch;
	streaming_start(ch->broker, c);
	list_push(&ch->consumers, &c->on_channel);
	list_push(&ch->broker->consumers, &c->link);
	ch->broker->n_consumers++;
	map_put(&ch->by_tag, c->tag, c);
	live_begin(q);
	rotation_add(&q->live->rotation, c);
	q->had_consumer = true;
	if (c->exclusive)
		q->live->exclusive_consumer = c;
	report_consumer_created(c);
	broker_run_queue(ch->broker, q);
}

static void bury(struct consumer *c)
{
	streaming_end(c);
	mem_disown(c->tag);
	mem_disown(c->arguments);
	mem_free(c);
}

/* Off the queue and the channel; the memory goes with its last unacked delivery. */
static void detach(struct consumer *c)
{
	struct queue *q = c->queue;
	report_consumer_deleted(c);
	count_consumer(c);
	streaming_stop(c);
	groups_leave(c);
	rotation_remove(&q->live->rotation, c);
	if (q->live->exclusive_consumer == c)
		q->live->exclusive_consumer = NULL;
	list_remove(&c->on_channel);
	walks_leave(&c->channel->broker->walks, &c->link);
	list_remove(&c->link);
	c->channel->broker->n_consumers--;
	map_remove(&c->channel->by_tag, c->tag);
	c->cancelled = true;
	if (c->unacked == 0)
		bury(c);
}

void consuming_stop(struct consumer *c)
{
	struct broker *b = c->channel->broker;
	struct queue *q = c->queue;
	detach(c);
	if (q->auto_delete && q->live->rotation.count == 0) {
		on_queue_lapse(b, q);
		return;
	}
	if (q->live->rotation.count == 0)
		expiry_use(b, q);
	broker_run_queue(b, q);   /* another may be the active one now */
}

static void tell(struct consumer *c)
{
	struct channel *ch = c->channel;
	struct method m = { .id = METHOD_basic_cancel,
		                .basic_cancel = { .consumer_tag = c->tag, .no_wait = true } };
	if (ch->connection->can_cancel_notify && !ch->closing)
		channel_send(ch, &m);
}

void consuming_cancel(struct consumer *c)
{
	tell(c);
	detach(c);
}

void consuming_expel(struct consumer *c)
{
	tell(c);
	consuming_stop(c);
}

void consuming_left(struct consumer *c)
{
	must(c->unacked > 0);
	if (--c->unacked == 0 && c->cancelled)
		bury(c);
}

void consuming_settled(struct consumer *c)
{
	c->channel->window_used--;
	consuming_left(c);
}

bool consuming_is_able(const struct consumer *c)
{
	const struct channel *ch = c->channel;
	if (ch->closing || !connection_takes_deliveries(ch->connection))
		return false;
	if (c->no_ack)
		return true;
	return (c->window == 0 || c->unacked < c->window) &&
	       (ch->window == 0 || ch->window_used < ch->window);
}

/* One that cannot take a message now waits outside. */
static bool check_able(struct consumer *c)
{
	if (consuming_is_able(c))
		return true;
	if (!connection_takes_deliveries(c->channel->connection))
		c->channel->connection->congested = true;
	rotation_wait(&c->queue->live->rotation, c);
	return false;
}

static inline struct consumer *next_able(struct queue *q)
{
	struct consumer *c;
	while ((c = rotation_first(&q->live->rotation)) && !check_able(c))
		;
	return c;
}

struct consumer *consuming_next(struct queue *q)
{
	return next_able(q);
}

/* Served last, woken last: so queues that share a channel's window take turns too. */
static inline void count_delivery(struct consumer *c)
{
	struct channel *ch = c->channel;
	rotation_served(&c->queue->live->rotation, c);
	list_remove(&c->on_channel);
	list_push(&ch->consumers, &c->on_channel);
	if (!c->no_ack) {
		c->unacked++;
		ch->window_used++;
	}
}

void consuming_count(struct consumer *c)
{
	count_delivery(c);
}

/* AMQP 0-9-1 section 1.8.3.9: basic.deliver, with tags ascending on the channel. */
static void deliver(struct consumer *c, struct entry e, struct group *g)
{
	struct channel *ch = c->channel;
	uint64_t tag = ch->next_tag++;
	count_residence(ch->broker, &e);
	content_deliver(ch, c->tag, tag, &e);
	if (ch->vhost->tracing)
		firehose_deliver(ch, c->queue, &e);
	count_delivery(c);
	count_deliver(c, e.redelivered);
	if (c->no_ack) {
		if (g)
			groups_pass(c->queue, g);
		queue_settle(c->queue, e);
		return;
	}
	if (g)
		groups_hold(c->queue, g, c);
	unacked_put(&ch->unacked, tag,
	            (struct delivery){ .entry = e, .queue = c->queue, .consumer = c, .group = g,
	                               .since_ms = (uint32_t)ch->broker->now_ms });
	if (c->patience_ms)
		patience_note(ch, tag, c->patience_ms);
}

/* What was due before the last turn ended has had its chance; what fell due since may still go
 * to a consumer that waits. */
static int64_t late_ms(const struct broker *b)
{
	return (int64_t)b->previous_turn_ms - 1;
}

/* Once a turn of the queue, so that the dead go in order where they are few.  Where they are many
 * expiry_run ends them, and each that comes to the front meanwhile is looked at there. */
static void drop_late(struct broker *b, struct queue *q)
{
	if (queue_is_timed(q))
		expiry_drop_due(b, q, late_ms(b), LATE_AT_ONCE);
}

/* The consumer that the entry goes to: who holds its group, else whose turn it is; NULL when the
 * holder cannot take it now. */
static struct consumer *taker(const struct group *g, struct consumer *turn)
{
	if (!g || !group_is_held(g) || g->holder == turn)
		return turn;
	struct consumer *c = g->holder;
	return c && c->able && check_able(c) ? c : NULL;
}

/* The next message of a queue with groups.  False when there is none for anybody. */
static bool hand_out_grouped(struct broker *b, struct queue *q, struct consumer *turn)
{
	struct entry e;
	struct group *g;
	struct consumer *c;
	if (groups_offer(q, turn, &e, &g) != OFFER_ENTRY)
		return false;
	if (expiry_is_due(q, &e, late_ms(b)))
		expiry_drop(b, q, &e, g);
	else if ((c = taker(g, turn)))
		deliver(c, e, g);
	else
		groups_set_aside(q, g, e);
	return true;
}

/* False when it is on its way from the log: the queue runs again when it is there. */
static bool hand_out(struct broker *b, struct queue *q, struct consumer *turn)
{
	struct entry e;
	if (q->live->groups)
		return hand_out_grouped(b, q, turn);
	if (!queue_take(q, &e))
		return false;
	if (expiry_is_due(q, &e, late_ms(b)))
		expiry_drop(b, q, &e, NULL);
	else
		deliver(turn, e, NULL);
	return true;
}

/* Hands out at most max messages; true when there was more to give and someone to take it. */
static bool run(struct broker *b, struct queue *q, size_t max, size_t *used)
{
	struct consumer *c;
	uint64_t before = b->deaths;
	bool more = false;
	if (q->live->stream)
		return streaming_run(q, max, used);
	drop_late(b, q);
	while (queue_ready(q) && (c = next_able(q))) {
		more = max-- == 0 || b->deaths - before > 2 * LATE_AT_ONCE;
		if (more || !hand_out(b, q, c))
			break;
		++*used;
	}
	*used += DEATH_COST * (b->deaths - before);
	return more;
}

void consuming_run(struct broker *b, struct queue *q)
{
	size_t used = 0;
	if (rotation_first(&q->live->rotation) && !q->paused)
		run(b, q, SIZE_MAX, &used);
	b->undelivered -= used < b->undelivered ? used : b->undelivered;
}

void consuming_deliver(struct broker *b)
{
	size_t used = 0;
	while (used < TURN_BUDGET && !list_empty(&b->runnable)) {
		struct queue *q = list_entry(b->runnable.next, struct live, runnable)->queue;
		list_remove(&q->live->runnable);
		if (run(b, q, SLICE, &used))
			list_push(&b->runnable, &q->live->runnable);
	}
	bool more = !list_empty(&b->runnable) && b->undelivered > used;
	b->undelivered = more ? b->undelivered - used : 0;
}
