/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/confirm.h"

#include "base/die.h"
#include "base/mem.h"
#include "broker/channel.h"
#include "broker/owed.h"

static void enlist(struct channel *ch)
{
	if (!list_linked(&ch->confirming))
		list_push(&ch->broker->confirming, &ch->confirming);
}

static void wait_push(struct confirm *c, struct confirm_wait w)
{
	if (c->count == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : 16;
		struct confirm_wait *ring = mem_alloc(cap * sizeof *ring);
		for (size_t i = 0; i < c->count; i++)
			ring[i] = c->ring[(c->first + i) & (c->cap - 1)];
		mem_free(c->ring);
		c->ring = ring;
		c->cap = cap;
		c->first = 0;
	}
	c->ring[(c->first + c->count++) & (c->cap - 1)] = w;
}

static void straggler_push(struct confirm *c, uint64_t tag)
{
	if (c->n_stragglers == c->cap_stragglers) {
		c->cap_stragglers = c->cap_stragglers ? 2 * c->cap_stragglers : 16;
		c->stragglers =
			mem_realloc(c->stragglers, c->cap_stragglers * sizeof *c->stragglers);
	}
	c->stragglers[c->n_stragglers++] = tag;
}

static uint32_t now(const struct channel *ch)
{
	return (uint32_t)ch->broker->now_ms;
}

void confirm_note(struct channel *ch, log_position wait_for)
{
	struct confirm *c = &ch->confirm;
	uint64_t tag = c->next_tag++;
	if (!broker_is_durable(ch->broker, wait_for))
		wait_push(c, (struct confirm_wait){ tag, wait_for, now(ch), false });
	else if (c->count)
		straggler_push(c, tag);
	else
		c->newest_safe = tag;
	enlist(ch);
}

void confirm_refuse(struct channel *ch, log_position wait_for)
{
	wait_push(&ch->confirm,
	          (struct confirm_wait){ ch->confirm.next_tag++, wait_for, now(ch), true });
	enlist(ch);
}

static void send_ack(struct channel *ch, uint64_t tag, bool multiple)
{
	struct method m = { .id = METHOD_basic_ack,
		                .basic_ack = { .delivery_tag = tag, .multiple = multiple } };
	channel_send(ch, &m);
}

/* One ack for everything up to the newest that is safe. */
static void ack_safe(struct channel *ch)
{
	struct confirm *c = &ch->confirm;
	if (c->newest_safe >= c->acked_below && c->newest_safe) {
		send_ack(ch, c->newest_safe, c->newest_safe > c->acked_below);
		c->acked_below = c->newest_safe + 1;
	}
	c->newest_safe = 0;
}

/* Stragglers below the tag are no stragglers any more. */
static void join_stragglers(struct confirm *c, uint64_t tag)
{
	size_t kept = 0;
	for (size_t i = 0; i < c->n_stragglers; i++) {
		uint64_t straggler = c->stragglers[i];
		if (straggler > tag)
			c->stragglers[kept++] = straggler;
		else if (straggler > c->newest_safe)
			c->newest_safe = straggler;
	}
	c->n_stragglers = kept;
}

static void nack(struct channel *ch, uint64_t tag)
{
	/* requeue means nothing to a publisher; RabbitMQ sets it */
	struct method m = { .id = METHOD_basic_nack,
		                .basic_nack = { .delivery_tag = tag, .requeue = true } };
	join_stragglers(&ch->confirm, tag);
	ack_safe(ch);
	channel_send(ch, &m);
	ch->confirm.acked_below = tag + 1;
	ch->confirm.nacked++;
}

/* Takes what has become durable off the ring; everything below its front is safe. */
static void advance(struct channel *ch)
{
	struct confirm *c = &ch->confirm;
	uint32_t at_ms = now(ch);
	uint64_t n = 0;              /* that were read then */
	while (c->count && broker_is_durable(ch->broker, c->ring[c->first].wait_for)) {
		const struct confirm_wait *w = &c->ring[c->first];
		if (w->refused)
			nack(ch, w->tag);
		else
			c->newest_safe = w->tag;
		if (w->at_ms != at_ms) {
			count_confirm_ms(ch->broker, now(ch) - at_ms, n);
			at_ms = w->at_ms;
			n = 0;
		}
		n += !w->refused;
		c->first = (c->first + 1) & (c->cap - 1);
		c->count--;
	}
	count_confirm_ms(ch->broker, now(ch) - at_ms, n);
	join_stragglers(c, c->count ? c->ring[c->first].tag : c->next_tag);
}

void confirm_flush(struct channel *ch)
{
	struct confirm *c = &ch->confirm;
	if (owed_any(ch->connection) || ch->closing)
		return;
	advance(ch);
	count_confirms(ch);
	ack_safe(ch);
	for (size_t i = 0; i < c->n_stragglers; i++)
		send_ack(ch, c->stragglers[i], false);
	c->n_stragglers = 0;
	if (c->count)
		return;
	list_remove(&ch->confirming);
	confirm_free(c);
}

void confirm_free(struct confirm *c)
{
	mem_free(c->ring);
	mem_free(c->stragglers);
	c->ring = NULL;
	c->stragglers = NULL;
	c->first = c->count = c->cap = 0;
	c->n_stragglers = c->cap_stragglers = 0;
}
