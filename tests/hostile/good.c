/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "amqp/props.h"
#include "tests/hostile/siege.h"
#include "tests/wire/wire.h"

enum { CLIENTS = 50, EVERY_US = 20000, BODY_BYTES = 100, SAMPLES_MAX = 1 << 18 };

struct client {
	struct wire wire;
	char queue[16];
	uint64_t due_us, began_us;
	bool running, confirmed, delivered;
	uint64_t tag; /* of the delivery to be acked */
};

static struct client clients[CLIENTS];
static uint32_t samples[SAMPLES_MAX];

_Noreturn static void give_up(const struct client *c, const char *what)
{
	printf("FAIL a good client: %s: %s\n", what, c->wire.why);
	exit(1);
}

static void open_one(struct client *c, uint16_t port)
{
	struct slice name = slice_str(c->queue);
	struct method declare = { .id = METHOD_queue_declare,
		                      .queue_declare = { .queue = name, .exclusive = true } };
	struct method select = { .id = METHOD_confirm_select };
	struct method consume = { .id = METHOD_basic_consume,
		                      .basic_consume = { .queue = name, .consumer_tag = name } };
	if (!wire_open(&c->wire, port) || !wire_call(&c->wire, &declare, METHOD_queue_declare_ok) ||
	    !wire_call(&c->wire, &select, METHOD_confirm_select_ok) ||
	    !wire_call(&c->wire, &consume, METHOD_basic_consume_ok))
		give_up(c, "set-up");
	wire_unblock(&c->wire);
}

void good_open(uint16_t port)
{
	for (int i = 0; i < CLIENTS; i++) {
		snprintf(clients[i].queue, sizeof clients[i].queue, "siege-%d", i);
		open_one(&clients[i], port);
	}
}

void good_close(void)
{
	for (int i = 0; i < CLIENTS; i++)
		wire_close(&clients[i].wire);
}

void good_delete(uint16_t port, const char *queue)
{
	struct client c = { 0 };
	struct method m = { .id = METHOD_queue_delete, .queue_delete = { .queue = slice_str(queue) } };
	if (!wire_open(&c.wire, port) || !wire_call(&c.wire, &m, METHOD_queue_delete_ok))
		give_up(&c, "deleting");
	wire_close(&c.wire);
}

static void begin(struct client *c, uint64_t now)
{
	static const uint8_t body[BODY_BYTES];
	struct method publish = { .id = METHOD_basic_publish,
		                      .basic_publish = { .routing_key = slice_str(c->queue) } };
	struct props p = { .class_id = CLASS_BASIC, .body_bytes = BODY_BYTES };
	method_encode(&c->wire.out, 1, &publish);
	size_t mark = frame_begin(&c->wire.out, FRAME_HEADER, 1);
	props_encode(&c->wire.out, &p);
	frame_end(&c->wire.out, mark);
	frame_write(&c->wire.out, FRAME_BODY, 1, slice_of(body, BODY_BYTES));
	c->began_us = now;
	c->running = true;
	c->confirmed = c->delivered = false;
}

static void hear(struct client *c, const struct frame *f)
{
	struct method m;
	if (f->type == FRAME_BODY)
		c->delivered = true;
	if (f->type != FRAME_METHOD || method_decode(f->payload, &m) != METHOD_OK)
		return;
	if (m.id == METHOD_basic_ack)
		c->confirmed = true;
	else if (m.id == METHOD_basic_deliver)
		c->tag = m.basic_deliver.delivery_tag;
	else
		give_up(c, "something else came than a confirm and a delivery");
}

/* True when that ended the round. */
static bool listen_once(struct client *c)
{
	struct frame f;
	if (!wire_read(&c->wire))
		give_up(c, "the broker hung up");
	struct slice rest = buf_slice(&c->wire.in);
	while (wire_next(&rest, &f))
		hear(c, &f);
	wire_done(&c->wire, rest);
	if (!c->running || !c->confirmed || !c->delivered)
		return false;
	struct method ack = { .id = METHOD_basic_ack, .basic_ack = { .delivery_tag = c->tag } };
	method_encode(&c->wire.out, 1, &ack);
	c->running = false;
	return true;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static struct rounds summed_up(struct rounds r)
{
	uint64_t sum = 0;
	qsort(samples, r.n, sizeof *samples, compare);
	for (uint32_t i = 0; i < r.n; i++)
		sum += samples[i];
	if (r.n) {
		r.p50_us = samples[r.n / 2];
		r.p99_us = samples[(uint64_t)r.n * 99 / 100];
		r.max_us = samples[r.n - 1];
		r.mean_us = (uint32_t)(sum / r.n);
	}
	return r;
}

/* When a client begins late its round counts from when it was due: waiting is what it suffers. */
static void turn(struct client *c, uint64_t now, uint64_t end, struct rounds *r)
{
	if (!c->running && now >= c->due_us && now < end) {
		r->late += now > c->due_us + EVERY_US;
		begin(c, c->due_us);
		c->due_us += EVERY_US;
	}
	if (!wire_write(&c->wire))
		give_up(c, "the broker hung up");
}

struct rounds good_run(uint32_t ms)
{
	struct pollfd all[CLIENTS];
	struct rounds r = { 0 };
	uint64_t now = wire_now_us(), end = now + ms * 1000ull, patience = end + 10000000;
	bool running = true;
	for (int i = 0; i < CLIENTS; i++)
		clients[i].due_us = now + (uint64_t)i * EVERY_US / CLIENTS;
	for (; (now < end || running) && now < patience; now = wire_now_us()) {
		running = false;
		for (int i = 0; i < CLIENTS; i++) {
			turn(&clients[i], now, end, &r);
			running |= clients[i].running;
			all[i] = (struct pollfd){ .fd = clients[i].wire.fd, .events = POLLIN };
		}
		if (poll(all, CLIENTS, 1) <= 0)
			continue;
		for (int i = 0; i < CLIENTS; i++)
			if (all[i].revents && listen_once(&clients[i]) && r.n < SAMPLES_MAX)
				samples[r.n++] = (uint32_t)(wire_now_us() - clients[i].began_us);
	}
	if (running)
		give_up(&clients[0], "a round did not end within ten seconds");
	return summed_up(r);
}
