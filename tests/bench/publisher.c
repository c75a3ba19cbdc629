/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/publisher.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "amqp/props.h"
#include "amqp/table.h"
#include "base/die.h"
#include "base/endian.h"
#include "base/mem.h"
#include "tests/bench/bench.h"
#include "tests/bench/figures.h"
#include "tests/bench/options.h"
#include "tests/bench/scene.h"

enum { BATCH_BYTES = 256 << 10, BATCH_MAX = 4000, RING = 1 << 20 };

/* All publishers' batches look alike. */
static size_t message_bytes, key_at, sequence_at, batch_messages;
static bool stopped;
static uint64_t random_state = 88172645463325252ull;

void publishers_stop(void)
{
	stopped = true;
}

/* Of message i of a batch; always of one length. */
static void encode_header(struct buf *out, uint64_t i)
{
	char expiration[24], group[16];
	struct buf headers = { 0 };
	struct props p = { .class_id = CLASS_BASIC, .body_bytes = options.size,
		               .flags = PROP_delivery_mode, .delivery_mode = options.durable ? 2 : 1,
		               .priority = (uint8_t)(i * 7 % (options.priority + 1)) };
	p.flags |= options.priority ? PROP_priority : 0;
	if (options.expiration) {
		snprintf(expiration, sizeof expiration, "%llu", (unsigned long long)options.expiration);
		p.expiration = slice_str(expiration);
		p.flags |= PROP_expiration;
	}
	if (options.keys) {
		snprintf(group, sizeof group, "%06u", (unsigned)(i % options.keys) % 1000000);
		table_put_str(&headers, SCENE_GROUP_HEADER, group);
		p.headers = buf_slice(&headers);
		p.flags |= PROP_headers;
	}
	props_encode(out, &p);
	buf_free(&headers);
}

static void encode(struct buf *out, uint64_t i)
{
	char key[NAME_BYTES];
	struct buf header = { 0 }, body = { 0 };
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .exchange = scene_exchange(),
		                                   .routing_key = scene_key(key, i % options.queues) } };
	method_encode(out, 1, &m);
	encode_header(&header, i);
	frame_write(out, FRAME_HEADER, 1, buf_slice(&header));
	sequence_at = sequence_at ? sequence_at : out->len + FRAME_HEAD_BYTES;
	memset(buf_reserve(&body, options.size), 'x', options.size);
	body.len = options.size;
	frame_write(out, FRAME_BODY, 1, buf_slice(&body));
	buf_free(&header);
	buf_free(&body);
}

/* Message i of a batch is for queue i modulo the number of queues. */
static struct buf make_batch(void)
{
	struct buf b = { 0 };
	sequence_at = 0;
	key_at = FRAME_HEAD_BYTES + 4 + 2 + 1 + scene_exchange().n + 1;
	encode(&b, 0);
	message_bytes = b.len;
	size_t n = BATCH_BYTES / message_bytes;
	n = n < BATCH_MAX ? n : BATCH_MAX;
	batch_messages = n < options.queues ? options.queues : n - n % options.queues;
	for (uint64_t i = 1; i < batch_messages; i++)
		encode(&b, i);
	must(b.len == message_bytes * batch_messages);
	return b;
}

void publisher_start(struct publisher *p, uint32_t number)
{
	struct method confirms = { .id = METHOD_confirm_select };
	*p = (struct publisher){ .number = number };
	if (!wire_open(&p->wire, (uint16_t)options.port))
		bench_give_up(&p->wire, "connecting");
	if (options.confirm)
		bench_call(&p->wire, &confirms, METHOD_confirm_select_ok);
	if (options.confirm || options.rate)
		p->sent_at_us = mem_zalloc(RING * sizeof *p->sent_at_us);
	if (options.confirm)
		p->is_confirmed = mem_zalloc(RING);
	p->batch = make_batch().p;
	p->began_us = wire_now_us();
	wire_unblock(&p->wire);
}

uint64_t publisher_sent_at_us(const struct publisher *p, uint64_t sequence)
{
	bool known = p->sent_at_us && sequence < p->published && p->published - sequence < RING;
	return known ? p->sent_at_us[sequence % RING] : 0;
}

/* ---- how many may go ---- */

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t due(const struct publisher *p)
{
	uint64_t by_now = (wire_now_us() - p->began_us) * options.rate / 1000000;
	return by_now > p->published ? by_now - p->published : 0;
}

/* Full batches, or what is left of a window that is at least half free. */
static uint64_t allowed(const struct publisher *p)
{
	uint64_t n = batch_messages - p->published % batch_messages;
	uint64_t in_flight = p->published - p->confirmed;
	if (stopped)
		return 0;
	if (options.confirm && in_flight > options.window / 2)
		return 0;
	if (options.confirm)
		n = least(n, options.window - in_flight);
	if (options.count)
		n = least(n, options.count / options.publishers - p->published);
	return options.rate ? least(n, due(p)) : n;
}

uint64_t publisher_pause_us(const struct publisher *p)
{
	if (!options.rate || due(p))
		return 0;
	uint64_t at = p->began_us + (p->published + 1) * 1000000 / options.rate + 1;
	uint64_t now = wire_now_us();
	return at > now ? at - now : 0;
}

bool publisher_is_able(const struct publisher *p)
{
	return p->sent < p->end || allowed(p) > 0;
}

/* ---- out ---- */

static uint64_t random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void patch_key(uint8_t *digits)
{
	uint64_t n = random_number() % options.bindings;
	for (int i = 5; i >= 0; i--, n /= 10)
		digits[i] = (uint8_t)('0' + n % 10);
}

static void refill(struct publisher *p)
{
	uint64_t n = allowed(p), first = p->published % batch_messages;
	uint64_t now = p->sent_at_us ? wire_now_us() : 0;
	p->sent = first * message_bytes;
	p->end = p->sent + n * message_bytes;
	for (uint64_t i = 0; i < n; i++) {
		uint8_t *message = p->batch + (first + i) * message_bytes;
		put_be32(message + sequence_at, p->number);
		put_be64(message + sequence_at + 4, p->published);
		if (options.bindings)
			patch_key(message + key_at + SCENE_DIGITS);
		if (p->sent_at_us)
			p->sent_at_us[p->published % RING] = now;
		p->published++;
	}
}

void publisher_write(struct publisher *p)
{
	if (p->sent == p->end)
		refill(p);
	if (p->sent == p->end)
		return;
	ssize_t n = wire_send(&p->wire, p->batch + p->sent, p->end - p->sent);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		bench_give_up(&p->wire, "publishing");
	p->sent += n > 0 ? (size_t)n : 0;
}

/* ---- in ---- */

static bool note_confirmed(struct publisher *p, uint64_t sequence, uint64_t now)
{
	uint8_t *at = &p->is_confirmed[sequence % RING];
	if (*at)
		return false;
	*at = 1;
	p->confirmed++;
	figures_confirmed(now - p->sent_at_us[sequence % RING]);
	return true;
}

/* Single confirms may come in any order, but each once; tags begin at 1. */
static void on_confirm(struct publisher *p, uint64_t tag, bool multiple, uint64_t now)
{
	bool news = false;
	if (tag > p->published || tag <= p->confirmed_below) {
		figures_fault(FAULT_CONFIRM);
		return;
	}
	for (uint64_t i = multiple ? p->confirmed_below : tag - 1; i < tag; i++)
		news |= note_confirmed(p, i, now);
	if (!news && !multiple)
		figures_fault(FAULT_CONFIRM);
	for (; p->confirmed_below < p->published && p->is_confirmed[p->confirmed_below % RING];
	     p->confirmed_below++)
		p->is_confirmed[p->confirmed_below % RING] = 0;
}

void publisher_read(struct publisher *p)
{
	if (!wire_read(&p->wire))
		bench_give_up(&p->wire, "the broker hung up on a publisher");
	struct slice in = buf_slice(&p->wire.in);
	uint64_t now = wire_now_us();
	for (struct frame f; wire_next(&in, &f);) {
		if (f.type == FRAME_HEARTBEAT)
			continue;
		if (f.type != FRAME_METHOD || get_be32(f.payload.p) != METHOD_basic_ack)
			bench_give_up(&p->wire, "a publisher got something else than a confirm");
		on_confirm(p, get_be64(f.payload.p + 4), f.payload.p[12] & 1, now);
	}
	wire_done(&p->wire, in);
}
