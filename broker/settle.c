/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/settle.h"

#include "base/die.h"
#include "broker/channel.h"
#include "broker/consuming.h"
#include "broker/dead.h"
#include "broker/refuse.h"
#include "broker/streaming.h"
#include "queue/queue.h"

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

static void finish(struct channel *ch, struct delivery *d, enum settle_how how)
{
	struct queue *q = d->queue;
	if (!q) {
		ch->patience.n_late--;
		return;
	}
	if (d->group)
		groups_release(q, d->group);
	bool back = how == SETTLE_REQUEUE || how == SETTLE_FAILED;
	bool runs = !q->deleted && (back || d->group);
	if (d->consumer && d->consumer->progress && !q->deleted)
		streaming_settled(d->consumer, d->entry.seq, how);
	if (d->consumer)
		consuming_settled(d->consumer);
	if (q->live->stream) {
		queue_credit(q);
		return;
	}
	switch (how) {
	case SETTLE_REQUEUE: give_back(ch->broker, q, d->entry, false); break;
	case SETTLE_FAILED: give_back(ch->broker, q, d->entry, true); break;
	case SETTLE_REJECT: dead_letter(ch->broker, q, d->entry, DEATH_REJECTED); break;
	case SETTLE_ACK: queue_settle(q, d->entry); break;
	}
	if (runs)
		broker_run_queue(ch->broker, q);
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

static const struct refusal *settle_up_to(struct channel *ch, uint64_t tag, enum settle_how how)
{
	uint64_t next = unacked_first(&ch->unacked);
	for (uint64_t t; (t = next) && (tag == 0 || t <= tag);) {
		next = unacked_after(&ch->unacked, t);
		if (!is_open_tag(ch, t))
			continue;
		if (is_broken_promise(ch, t))
			return unknown_tag(ch->broker, t);
		settle_or_hold(ch, t, how);
	}
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

void settle_return_all(struct channel *ch, enum settle_how how)
{
	uint64_t tag;
	struct delivery d;
	while (unacked_take_first(&ch->unacked, &tag, &d))
		finish(ch, &d, how);
}
