/* SPDX-License-Identifier: Apache-2.0 */
/* Class tx (AMQP 0-9-1 section 1.9). */
#include "broker/channel.h"
#include "broker/on.h"
#include "broker/publish.h"
#include "broker/refuse.h"
#include "broker/settle.h"

const struct refusal *on_tx_select(struct channel *ch, const struct tx_select *m)
{
	struct method ok = { .id = METHOD_tx_select_ok };
	(void)m;
	if (ch->confirm.on)
		return refuse(ch->broker, &PRECONDITION_FAILED, "cannot switch from confirm to tx mode");
	ch->tx.on = true;
	channel_send(ch, &ok);
	return NULL;
}

static const struct refusal *not_transactional(struct channel *ch)
{
	return refuse(ch->broker, &PRECONDITION_FAILED, "channel is not transactional");
}

/* False when a queue refused one.  *wait_for: duplicates wait for what was accepted before, which
 * may not be durable yet while nothing of the transaction itself is written. */
static bool commit_publishes(struct channel *ch, log_position *wait_for)
{
	bool all = true;
	for (size_t i = 0; i < ch->tx.n_publishes; i++) {
		const struct tx_publish *p = &ch->tx.publishes[i];
		struct published done = publish(ch, p->message, p->mandatory);
		all &= !done.refused;
		*wait_for = done.wait_for > *wait_for ? done.wait_for : *wait_for;
	}
	return all;
}

/* A delivery may have left meanwhile (basic.recover): then there is nothing to settle. */
static void commit_settles(struct channel *ch)
{
	for (size_t i = 0; i < ch->tx.n_settles; i++)
		if (unacked_has(&ch->unacked, ch->tx.settles[i].tag))
			settle_one(ch, ch->tx.settles[i].tag, ch->tx.settles[i].how);
	ch->tx.n_settles = 0;
}

/* Returns come before commit-ok, which waits for the log. */
const struct refusal *on_tx_commit(struct channel *ch, const struct tx_commit *m)
{
	struct method ok = { .id = METHOD_tx_commit_ok };
	(void)m;
	if (!ch->tx.on)
		return not_transactional(ch);
	bool empty = ch->tx.n_publishes == 0 && ch->tx.n_settles == 0;
	if (!empty)
		store_begin(&ch->broker->store);
	log_position wait_for = 0;
	bool all = commit_publishes(ch, &wait_for);
	commit_settles(ch);
	tx_reset(ch);
	log_position end = empty ? 0 : store_commit(&ch->broker->store);
	wait_for = end > wait_for ? end : wait_for;
	if (all)
		channel_send_when(ch, &ok, wait_for);
	channel_wake_consumers(ch);
	return all ? NULL : refuse(ch->broker, &PRECONDITION_FAILED, "partial tx completion");
}

const struct refusal *on_tx_rollback(struct channel *ch, const struct tx_rollback *m)
{
	struct method ok = { .id = METHOD_tx_rollback_ok };
	(void)m;
	if (!ch->tx.on)
		return not_transactional(ch);
	tx_reset(ch);
	channel_send(ch, &ok);
	return NULL;
}
