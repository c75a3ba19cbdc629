/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/numbers.h"

#include <stdio.h>

#include "amqp/table.h"
#include "base/die.h"
#include "base/endian.h"

enum { SELDOM = 5, ROOM = 4, BYTES = 200 };

/* The second takes ROOM of them. */
static const char *const queues[2] = { "numbers0", "numbers1" };
static const char exchange[] = "amq.match";   /* without bindings of others: all go to both */

static uint64_t dice(struct world *w, uint64_t n)
{
	return world_dice(&w->numbers_random, n);
}

static bool ask(struct talk *t, struct method m, uint32_t answer)
{
	return talk_call(t, 1, m, answer, NULL);
}

static bool declare(struct talk *t, unsigned i)
{
	struct buf arguments = { 0 };
	if (i)
		table_put_int(&arguments, "x-max-length", ROOM);
	if (i)
		table_put_str(&arguments, "x-overflow", "reject-publish");
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str(queues[i]), .durable = true,
		                                   .arguments = buf_slice(&arguments) } };
	struct method bind = { .id = METHOD_queue_bind,
		                   .queue_bind = { .queue = slice_str(queues[i]),
		                                   .exchange = slice_str(exchange) } };
	bool ok = ask(t, m, METHOD_queue_declare_ok) && ask(t, bind, METHOD_queue_bind_ok);
	buf_free(&arguments);
	return ok;
}

/* What is there already stays as it is. */
static bool enter(struct world *w, struct talk *t)
{
	inside_let_go(&w->in);
	return talk_open(t, &w->in) && declare(t, 0) && declare(t, 1) &&
	       ask(t, (struct method){ .id = METHOD_confirm_select }, METHOD_confirm_select_ok);
}

static void send(struct talk *t, uint32_t number)
{
	struct buf headers = { 0 };
	uint8_t body[BYTES] = { 0 };
	put_be32(body, number);
	table_put_str(&headers, "x-publisher-id", "sim");
	table_put_int(&headers, "x-publisher-sequence", number);
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .exchange = slice_str(exchange) } };
	struct props p = { .flags = PROP_delivery_mode | PROP_headers, .delivery_mode = 2,
		               .headers = buf_slice(&headers) };
	talk_content(t, 1, &m, &p, slice_of(body, sizeof body));
	buf_free(&headers);
}

/* What was sent on a channel, and what became of it. */
struct answers {
	uint32_t sent[NUMBERED];     /* by tag, from 1 on; 0: it is answered */
	uint64_t n, answered;
};

static void send_noted(struct talk *t, struct answers *a, uint32_t number)
{
	send(t, number);
	a->sent[a->n++] = number;
}

static void note_answer(struct world *w, struct answers *a, const struct method *m)
{
	bool acked = m->id == METHOD_basic_ack;
	uint64_t tag = acked ? m->basic_ack.delivery_tag : m->basic_nack.delivery_tag;
	bool multiple = acked ? m->basic_ack.multiple : m->basic_nack.multiple;
	for (uint64_t i = multiple ? 0 : tag - 1; i < tag && i < a->n; i++) {
		if (a->sent[i] == 0)
			continue;
		w->numbered[a->sent[i]].confirmed |= acked;
		w->numbered[a->sent[i]].answered = true;
		a->sent[i] = 0;
		a->answered++;
	}
}

/* False when not all is answered in time. */
static bool hear(struct world *w, struct talk *t, struct answers *a)
{
	struct heard h;
	for (int patience = 3; a->answered < a->n && patience;) {
		if (!talk_read(t, &h)) {
			inside_pass(&w->in, 300);   /* no room may be waited out */
			patience--;
		} else if (h.method.id == METHOD_basic_ack || h.method.id == METHOD_basic_nack) {
			note_answer(w, a, &h.method);
		}
	}
	return a->answered == a->n;
}

/* The number of the next message in the queue; 0 when there is none. */
static uint32_t take(struct talk *t, unsigned from)
{
	struct heard h;
	struct method m = { .id = METHOD_basic_get,
		                .basic_get = { .queue = slice_str(queues[from]), .no_ack = true } };
	talk_send(t, 1, &m);
	while (talk_read(t, &h)) {
		if (h.method.id == METHOD_basic_get_ok)
			return get_be32(h.body.p);
		if (h.method.id == METHOD_basic_get_empty)
			return 0;
	}
	return 0;
}

/* All from there on is sent again: from what was never answered, or some more. */
static uint32_t first_again(struct world *w)
{
	uint32_t again = (uint32_t)dice(w, 4), first = 1;
	again = again < w->n_numbered ? again : w->n_numbered;
	while (first <= w->n_numbered - again && w->numbered[first].answered)
		first++;
	return first;
}

/* Some new ones, and some of those before once more. */
static void send_some(struct world *w, struct talk *t)
{
	struct answers a = { 0 };
	uint32_t first = first_again(w), n = 1 + (uint32_t)dice(w, 4);
	for (uint32_t i = first; i <= w->n_numbered; i++)
		send_noted(t, &a, i);
	for (; n; n--)
		send_noted(t, &a, ++w->n_numbered);
	if (!hear(w, t, &a) && world_goes_on(w))
		buf_printf(&w->why, "messages with numbers were not answered");
}

static void take_some(struct world *w, struct talk *t)
{
	for (unsigned from = 0; from < 2; from++)
		for (uint64_t n = dice(w, 5); n; n--)
			w->numbered[take(t, from)].taken[from] = true;
}

void numbers_step(struct world *w)
{
	struct talk t = { 0 };
	if (dice(w, SELDOM) || !w->connected || w->n_numbered + 5 >= NUMBERED)
		return;
	if (enter(w, &t))
		send_some(w, &t);
	if (world_goes_on(w))
		take_some(w, &t);
	talk_free(&t);
}

static void take_all(struct talk *t, uint8_t came[2][NUMBERED])
{
	for (unsigned from = 0; from < 2; from++)
		for (uint32_t number; (number = take(t, from));)
			came[from][number]++;
}

void numbers_leave(struct world *w)
{
	uint8_t came[2][NUMBERED] = { 0 };
	struct talk t = { 0 };
	if (enter(w, &t))
		take_all(&t, came);
	for (uint32_t i = 1; i <= w->n_numbered; i++)
		for (unsigned from = 0; from < 2; from++)
			w->numbered[i].taken[from] |= came[from][i] > 0;
	talk_free(&t);
}

/* ---- afterwards ---- */

/* due: those that were confirmed have to be there; all: whatever was sent has. */
static void check_counts(struct world *w, uint8_t came[2][NUMBERED], bool all)
{
	for (unsigned from = 0; from < 2; from++)
		for (uint32_t i = 1; i <= w->n_numbered && w->why.len == 0; i++) {
			const struct numbered *m = &w->numbered[i];
			bool due = (all || m->confirmed) && !m->taken[from];
			if (came[from][i] > 1 || (due && came[from][i] == 0))
				buf_printf(&w->why, "the message with number %u was %u times in %s%s", i,
				           came[from][i], queues[from], all ? ", when it was sent again" : "");
		}
}

static void send_all(struct world *w, struct talk *t, uint8_t came[2][NUMBERED])
{
	struct answers a = { 0 };
	for (uint32_t i = 1; i <= w->n_numbered && w->why.len == 0; i++) {
		send_noted(t, &a, i);
		if (!hear(w, t, &a))
			buf_printf(&w->why, "messages with numbers cannot be sent again");
		take_all(t, came);
	}
}

void numbers_check(struct world *w)
{
	uint8_t came[2][NUMBERED] = { 0 };
	struct talk t = { 0 };
	if (!enter(w, &t)) {
		buf_printf(&w->why, "there is no way to send numbers again");
		talk_free(&t);
		return;
	}
	take_all(&t, came);
	check_counts(w, came, false);
	send_all(w, &t, came);
	check_counts(w, came, true);
	for (uint32_t i = 1; i <= w->n_numbered; i++)
		w->numbered[i] = (struct numbered){ true, true, { true, true } };
	talk_free(&t);
}
