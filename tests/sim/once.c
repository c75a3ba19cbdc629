/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/once.h"

#include <stdio.h>

#include "amqp/table.h"
#include "base/die.h"
#include "base/endian.h"

/* The exchange remembers WINDOW keys; so many of the last are sent again, or there would be no room
 * for those and what had been there. */
enum { SELDOM = 5, WINDOW = 16, AGAIN = WINDOW / 2, BYTES = 200 };

/* Of the exchange, and the one that takes keys once itself. */
static const char *const queues[2] = { "once0", "once1" };

static uint64_t dice(struct world *w, uint64_t n)
{
	return world_dice(&w->once_random, n);
}

static bool ask(struct talk *t, struct method m, uint32_t answer)
{
	return talk_call(t, 1, m, answer, NULL);
}

static bool declare_queue(struct talk *t, const char *name, bool once)
{
	struct buf arguments = { 0 };
	if (once)
		table_put_bool(&arguments, "x-message-deduplication", true);
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str(name), .durable = true,
		                                   .arguments = buf_slice(&arguments) } };
	bool ok = ask(t, m, METHOD_queue_declare_ok);
	buf_free(&arguments);
	return ok;
}

static bool declare_exchange(struct talk *t)
{
	struct buf arguments = { 0 };
	table_put_int(&arguments, "x-cache-size", WINDOW);
	struct method m = { .id = METHOD_exchange_declare,
		                .exchange_declare = { .exchange = slice_str("once"),
		                                      .type = slice_str("x-message-deduplication"),
		                                      .durable = true,
		                                      .arguments = buf_slice(&arguments) } };
	bool ok = ask(t, m, METHOD_exchange_declare_ok);
	buf_free(&arguments);
	return ok;
}

/* What is there already stays as it is. */
static bool enter(struct world *w, struct talk *t)
{
	struct method bind = { .id = METHOD_queue_bind,
		                   .queue_bind = { .queue = slice_str(queues[0]),
		                                   .exchange = slice_str("once") } };
	inside_let_go(&w->in);
	return talk_open(t, &w->in) && declare_exchange(t) && declare_queue(t, queues[0], false) &&
	       declare_queue(t, queues[1], true) && ask(t, bind, METHOD_queue_bind_ok) &&
	       ask(t, (struct method){ .id = METHOD_confirm_select }, METHOD_confirm_select_ok);
}

static void send(struct talk *t, uint32_t key, unsigned to)
{
	struct buf headers = { 0 };
	uint8_t body[BYTES] = { 0 };
	put_be32(body, key);
	table_put_int(&headers, "x-deduplication-header", key);
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .exchange = slice_str(to ? "" : "once"),
		                                   .routing_key = slice_str(queues[1]) } };
	struct props p = { .flags = PROP_delivery_mode | PROP_headers, .delivery_mode = 2,
		               .headers = buf_slice(&headers) };
	talk_content(t, 1, &m, &p, slice_of(body, sizeof body));
	buf_free(&headers);
}

/* True when all of n publishes are. */
static bool confirmed(struct world *w, struct talk *t, uint64_t n)
{
	struct heard h;
	uint64_t done = 0;
	for (int patience = 2; done < n && patience;) {
		if (!talk_expect(t, METHOD_basic_ack, &h, NULL, NULL)) {
			inside_pass(&w->in, 300);   /* no room may be waited out */
			patience--;
			continue;
		}
		uint64_t tag = h.method.basic_ack.delivery_tag;
		done = h.method.basic_ack.multiple ? tag : done + 1;
	}
	return done >= n;
}

static void send_some(struct world *w, struct talk *t)
{
	uint32_t first = w->n_keyed, n = 1 + (uint32_t)dice(w, 4);
	uint64_t sent = 0;
	for (; w->n_keyed < first + n; w->n_keyed++)
		for (unsigned to = 0; to < 2; to++, sent++)
			send(t, w->n_keyed, to);
	for (uint64_t again = dice(w, 3); again; again--, sent++)
		send(t, w->n_keyed - 1 - (uint32_t)dice(w, n), 0);
	bool all = confirmed(w, t, sent);
	for (uint32_t i = first; i < first + n; i++)
		w->keyed[i].confirmed = all;
	if (!all && world_goes_on(w))
		buf_printf(&w->why, "messages with keys were not confirmed");
}

/* The key of the next message in the queue; UINT32_MAX when there is none. */
static uint32_t take(struct talk *t, unsigned from)
{
	struct heard h;
	struct method m = { .id = METHOD_basic_get,
		                .basic_get = { .queue = slice_str(queues[from]), .no_ack = true } };
	talk_send(t, 1, &m);
	while (talk_read(t, &h))
		if (h.method.id == METHOD_basic_get_ok)
			return get_be32(h.body.p);
	return UINT32_MAX;
}

static void take_some(struct world *w, struct talk *t)
{
	for (unsigned from = 0; from < 2; from++)
		for (uint64_t n = dice(w, 4); n; n--) {
			uint32_t key = take(t, from);
			if (key < w->n_keyed)
				w->keyed[key].taken[from] = true;
		}
}

void once_step(struct world *w)
{
	struct talk t = { 0 };
	if (dice(w, SELDOM) || !w->connected || w->n_keyed + 4 >= KEYED)
		return;
	if (enter(w, &t))
		send_some(w, &t);
	if (world_goes_on(w))
		take_some(w, &t);
	talk_free(&t);
}

void once_leave(struct world *w)
{
	struct talk t = { 0 };
	if (enter(w, &t))
		for (unsigned from = 0; from < 2; from++)
			for (uint32_t key; (key = take(&t, from)) < w->n_keyed;)
				w->keyed[key].taken[from] = true;
	talk_free(&t);
}

/* ---- afterwards ---- */

static bool is_sent_again(const struct world *w, uint32_t key, unsigned to)
{
	return to || key + AGAIN >= w->n_keyed;
}

static void check_count(struct world *w, uint32_t key, unsigned from, unsigned n)
{
	const struct keyed *k = &w->keyed[key];
	bool due = k->confirmed || is_sent_again(w, key, from);
	if (k->taken[from] && from == 0)
		due = false;
	if (n > 1 || (due && n == 0))
		buf_printf(&w->why, "the message with key %u is %u times in %s", key, n, queues[from]);
}

static void check_queue(struct world *w, struct talk *t, unsigned from)
{
	uint8_t n[KEYED] = { 0 };
	for (uint32_t key; (key = take(t, from)) < w->n_keyed;)
		n[key]++;
	for (uint32_t key = 0; key < w->n_keyed && w->why.len == 0; key++)
		check_count(w, key, from, n[key]);
	for (uint32_t key = 0; key < w->n_keyed; key++)
		w->keyed[key].taken[from] = true;
}

void once_check(struct world *w)
{
	struct talk t = { 0 };
	uint64_t sent = 0;
	bool ok = enter(w, &t);
	for (unsigned to = 0; to < 2 && ok; to++)
		for (uint32_t key = 0; key < w->n_keyed; key++)
			if (is_sent_again(w, key, to)) {
				send(&t, key, to);
				sent++;
			}
	if (!ok || !confirmed(w, &t, sent))
		buf_printf(&w->why, "messages with keys cannot be sent again");
	for (unsigned from = 0; from < 2 && w->why.len == 0; from++)
		check_queue(w, &t, from);
	talk_free(&t);
}
