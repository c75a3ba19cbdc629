/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/settle.h"

#include "base/die.h"
#include "base/mem.h"
#include "broker/channel.h"
#include "broker/consuming.h"
#include "broker/dead.h"
#include "broker/parking.h"
#include "broker/refuse.h"
#include "broker/streaming.h"
#include "queue/queue.h"

/* Tenths of a microsecond: to end or return one, and how much more when it dies. */
enum { SETTLE_EFFORT = 1, DEATH_EFFORT = 20 };

static void give_back(struct broker *b, struct queue *q, struct entry e, bool failed)
{
	int64_t delay_ms = q->deleted ? 0 : queue_retry_ms(q, &e, failed);
	if (!q->deleted && queue_is_spent(q, &e))
		dead_letter(b, q, e, DEATH_DELIVERY_LIMIT);
	else if (delay_ms)
		queue_set_aside(q, e, (int64_t)b->now_ms + delay_ms);
	else
		queue_return(q, e);
}

static void die(struct broker *b, struct queue *q, struct entry e)
{
	uint64_t before = b->deaths;
	bool told = q->settings->dead_exchange.p != NULL;
	dead_letter(b, q, e, DEATH_REJECTED);
	b->effort += told ? DEATH_EFFORT + SETTLE_EFFORT * (b->deaths - before) * 4 : 0;
}

/* gone: the channel is. */
static void end(struct broker *b, struct delivery *d, enum settle_how how, bool gone)
{
	struct queue *q = d->queue;
	if (d->group)
		groups_release(q, d->group);
	bool back = how == SETTLE_REQUEUE || how == SETTLE_FAILED;
	bool runs = !q->deleted && (back || d->group);
	if (d->consumer && d->consumer->progress && !q->deleted)
		streaming_settled(d->consumer, d->entry.seq, how);
	if (d->consumer && gone)
		consuming_left(d->consumer);
	else if (d->consumer)
		consuming_settled(d->consumer);
	if (q->live->stream) {
		queue_credit(q);
		return;
	}
	switch (how) {
	case SETTLE_REQUEUE: give_back(b, q, d->entry, false); break;
	case SETTLE_FAILED: give_back(b, q, d->entry, true); break;
	case SETTLE_REJECT: die(b, q, d->entry); break;
	case SETTLE_ACK: queue_settle(q, d->entry); break;
	}
	if (runs)
		broker_run_queue(b, q);
}

static void finish(struct channel *ch, struct delivery *d, enum settle_how how)
{
	if (d->queue && how == SETTLE_ACK)
		count_ack(ch, d->queue, d->consumer);
	if (d->queue)
		end(ch->broker, d, how, false);
	else
		ch->patience.n_late--;
}

void settle_one(struct channel *ch, uint64_t tag, enum settle_how how)
{
	struct delivery d;
	bool there = unacked_take(&ch->unacked, tag, &d);
	must(there);
	finish(ch, &d, how);
}

static void settle_or_hold(struct channel *ch, uint64_t tag, enum settle_how how)
{
	ch->broker->effort += SETTLE_EFFORT;
	if (ch->tx.on)
		tx_hold_settle(ch, tag, how);
	else
		settle_one(ch, tag, how);
}

void settle_late(struct channel *ch, uint64_t tag)
{
	struct delivery *d = unacked_get(&ch->unacked, tag), was = *d;
	*d = (struct delivery){ 0 };
	ch->patience.n_late++;
	finish(ch, &was, SETTLE_REQUEUE);
}

static bool is_open_tag(const struct channel *ch, uint64_t tag)
{
	const struct delivery *d = unacked_get(&ch->unacked, tag);
	return d && !d->held;
}

/* A late ack does nothing; in a transaction that would be a promise that is not kept. */
static bool is_broken_promise(const struct channel *ch, uint64_t tag)
{
	return ch->tx.on && !unacked_get(&ch->unacked, tag)->queue;
}

static const struct refusal *unknown_tag(struct broker *b, uint64_t tag)
{
	return refuse(b, &PRECONDITION_FAILED, "unknown delivery tag %llu", (unsigned long long)tag);
}

/* Up to where; what is delivered while the channel waits for its turn is not meant. */
static uint64_t end_of(const struct channel *ch, uint64_t tag)
{
	if (tag)
		return tag;
	return ch->settling.to ? ch->settling.to : ch->next_tag - 1;
}

static bool is_late(struct channel *ch, uint64_t from, uint64_t to)
{
	ch->settling = (struct settling){ 0 };
	if (!parking_is_due(ch->broker))
		return false;
	ch->settling = (struct settling){ from, to };
	parking_yield(ch);
	return true;
}

static const struct refusal *settle_up_to(struct channel *ch, uint64_t tag, enum settle_how how)
{
	uint64_t to = end_of(ch, tag), next = unacked_first(&ch->unacked);
	if (ch->settling.from > next)
		next = unacked_after(&ch->unacked, ch->settling.from - 1);
	for (uint64_t t; (t = next) && t <= to;) {
		if (is_late(ch, t, to))
			return NULL;
		next = unacked_after(&ch->unacked, t);
		if (!is_open_tag(ch, t))
			continue;
		if (is_broken_promise(ch, t))
			return unknown_tag(ch->broker, t);
		settle_or_hold(ch, t, how);
	}
	ch->settling = (struct settling){ 0 };
	return NULL;
}

const struct refusal *settle(struct channel *ch, uint64_t tag, bool multiple,
                             enum settle_how how)
{
	const struct refusal *r = NULL;
	bool all = multiple && tag == 0;
	if (!all && (!is_open_tag(ch, tag) || is_broken_promise(ch, tag)))
		return unknown_tag(ch->broker, tag);
	if (multiple)
		r = settle_up_to(ch, tag, how);
	else
		settle_or_hold(ch, tag, how);
	if (!r && !ch->tx.on)
		channel_wake_consumers(ch);
	return r;
}

bool settle_return_some(struct channel *ch, enum settle_how how)
{
	uint64_t tag, to = end_of(ch, 0);
	while ((tag = unacked_first(&ch->unacked)) && tag <= to) {
		if (is_late(ch, tag, to))
			return false;
		ch->broker->effort += SETTLE_EFFORT;
		settle_one(ch, tag, how);
	}
	ch->settling = (struct settling){ 0 };
	return true;
}

/* ---- what a channel leaves behind ---- */

enum { LEAVE_AT_ONCE = 10000, LEAVE_TURN = 20000 };

struct orphan {
	struct list link;            /* among those of the broker */
	struct unacked unacked;
};

/* Up to so many; returns how many more might have gone. */
static size_t return_some(struct broker *b, struct unacked *u, size_t most)
{
	uint64_t tag;
	struct delivery d;
	for (; most && unacked_take_first(u, &tag, &d); most--)
		if (d.queue)
			end(b, &d, SETTLE_FAILED, true);
	return most;
}

void settle_leave(struct channel *ch)
{
	struct broker *b = ch->broker;
	return_some(b, &ch->unacked, LEAVE_AT_ONCE);
	if (ch->unacked.count == 0)
		return;
	struct orphan *l = mem_zalloc(sizeof *l);
	l->unacked = ch->unacked;
	unacked_init(&ch->unacked);
	list_push(&b->orphans, &l->link);
}

static void return_all(struct broker *b, size_t most)
{
	while (most && !list_empty(&b->orphans)) {
		struct orphan *l = list_entry(b->orphans.next, struct orphan, link);
		most = return_some(b, &l->unacked, most);
		if (l->unacked.count)
			continue;
		list_remove(&l->link);
		unacked_free(&l->unacked);
		mem_free(l);
	}
}

void settle_turn(struct broker *b)
{
	return_all(b, LEAVE_TURN);
}

void settle_rest(struct broker *b)
{
	return_all(b, SIZE_MAX);
}
