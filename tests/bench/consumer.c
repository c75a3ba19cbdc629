/* SPDX-License-Identifier: Apache-2.0 */
/* A consumer tag is two printable bytes that number the queue. */
#include "tests/bench/consumer.h"

#include "amqp/table.h"
#include "base/endian.h"
#include "base/mem.h"
#include "tests/bench/bench.h"
#include "tests/bench/figures.h"
#include "tests/bench/options.h"
#include "tests/bench/publisher.h"
#include "tests/bench/scene.h"

enum { LOWEST = '!', BYTES = '~' - LOWEST + 1, TAG_AT = 5 };

static bool takes(const struct consumer *c, uint64_t queue)
{
	if (options.consumers >= options.queues)
		return c->number % options.queues == queue;
	return queue % options.consumers == c->number;
}

static bool is_alone(void)
{
	return options.consumers <= options.queues;
}

/* From one message of a publisher to the next in the same queue. */
static uint64_t stride(void)
{
	return options.fanout || options.bindings ? 1 : options.queues;
}

static uint64_t *expected(struct consumer *c, uint32_t queue, uint32_t publisher)
{
	return &c->next[queue * MAX_PEERS + publisher];
}

static void subscribe(struct consumer *c, uint32_t queue)
{
	char name[NAME_BYTES];
	char tag[] = { (char)(LOWEST + queue / BYTES), (char)(LOWEST + queue % BYTES) };
	struct method m = { .id = METHOD_basic_consume,
		                .basic_consume = { .queue = scene_queue(name, queue),
		                                   .consumer_tag = slice_of(tag, 2),
		                                   .no_ack = options.autoack, .no_wait = true } };
	struct buf arguments = { 0 };
	if (options.stream)
		table_put_str(&arguments, "x-stream-offset", options.tail ? "next" : "first");
	m.basic_consume.arguments = buf_slice(&arguments);
	bench_call(&c->wire, &m, 0);
	buf_free(&arguments);
	for (uint32_t i = 0; i < MAX_PEERS; i++)
		*expected(c, queue, i) = stride() == 1 ? 0 : queue;
}

void consumer_start(struct consumer *c, uint32_t number, const struct publisher *publishers)
{
	struct method qos = { .id = METHOD_basic_qos,
		                  .basic_qos = { .prefetch_count = (uint16_t)options.prefetch } };
	*c = (struct consumer){ .number = number, .publishers = publishers };
	c->next = mem_zalloc(options.queues * MAX_PEERS * sizeof *c->next);
	if (!wire_open(&c->wire, (uint16_t)options.port))
		bench_give_up(&c->wire, "connecting");
	if (!options.autoack)
		bench_call(&c->wire, &qos, METHOD_basic_qos_ok);
	for (uint32_t i = 0; i < options.queues; i++)
		if (takes(c, i))
			subscribe(c, i);
	wire_unblock(&c->wire);
}

static void ack(struct consumer *c, bool multiple)
{
	struct method m = { .id = METHOD_basic_ack,
		                .basic_ack = { .delivery_tag = c->last_tag, .multiple = multiple } };
	method_encode(&c->wire.out, 1, &m);
	c->settled = c->delivered;
}

/* Priorities have an order of their own, and groups one within each of them. */
static void check_sequence(struct consumer *c, uint32_t publisher, uint64_t sequence)
{
	uint64_t *next = expected(c, c->queue, publisher);
	bool in_order = !options.priority && !options.grouped;
	if (in_order && (sequence < *next || (is_alone() && sequence != *next)))
		figures_fault(FAULT_ORDER);
	*next = sequence + stride();
	c->sequences += sequence;
}

static void on_body(struct consumer *c, struct slice body, uint64_t now)
{
	uint32_t from = get_be32(body.p);
	uint64_t sequence = get_be64(body.p + 4);
	if (body.n != options.size || from >= MAX_PEERS) {
		figures_fault(FAULT_ORDER);
		return;
	}
	check_sequence(c, from, sequence);
	uint64_t sent_at = from < options.publishers
	                           ? publisher_sent_at_us(&c->publishers[from], sequence) : 0;
	if (sent_at)
		figures_arrived(now - sent_at);
	c->delivered++;
	if (!options.autoack && c->delivered - c->settled >= options.ack_every)
		ack(c, options.ack_every > 1);
}

static void on_method(struct consumer *c, struct slice payload)
{
	uint32_t id = get_be32(payload.p);
	if (id == METHOD_basic_consume_ok)
		return;
	if (id != METHOD_basic_deliver || payload.p[4] != 2)
		bench_give_up(&c->wire, "a consumer got something else than a delivery");
	uint64_t tag = get_be64(payload.p + TAG_AT + 2);
	if (tag != c->last_tag + 1)
		figures_fault(FAULT_TAG);
	c->last_tag = tag;
	c->queue = (uint32_t)(payload.p[TAG_AT] - LOWEST) * BYTES + payload.p[TAG_AT + 1] - LOWEST;
	if (c->queue >= options.queues)
		bench_give_up(&c->wire, "a delivery for no consumer of ours");
}

void consumer_read(struct consumer *c)
{
	if (!wire_read(&c->wire))
		bench_give_up(&c->wire, "the broker hung up on a consumer");
	struct slice in = buf_slice(&c->wire.in);
	uint64_t now = wire_now_us();
	for (struct frame f; wire_next(&in, &f);) {
		if (f.type == FRAME_METHOD)
			on_method(c, f.payload);
		else if (f.type == FRAME_BODY)
			on_body(c, f.payload, now);
	}
	wire_done(&c->wire, in);
}

bool consumer_is_able(const struct consumer *c)
{
	return c->wire.sent < c->wire.out.len;
}

void consumer_write(struct consumer *c)
{
	if (!wire_write(&c->wire))
		bench_give_up(&c->wire, "acking");
}
