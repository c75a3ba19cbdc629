/* SPDX-License-Identifier: Apache-2.0 */
/* A queue with groups against a model: consumers come, go, ack, give back and vanish, messages
 * leave memory, the broker starts anew.  At each delivery: nobody else has anything of the key, and
 * it is the first of what is ready of it.  At each rest: nothing waits that somebody could have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amqp/frame.h"
#include "amqp/props.h"
#include "amqp/table.h"
#include "broker/state.h"
#include "queue/queue.h"
#include "tests/unit/broker/fixture.h"

Suite *suite_broker_groups(void);

/* ASIDE_LEAST: as in groups.c, while no memory is to be used. */
enum { ASIDE_LEAST = 64, KEYS = 9, CHANNELS = 5, N = 3000, BYTES = 300 };

static unsigned dice;

/* Where a message is: ready, with the consumer on a channel, or fetched there. */
static struct {
	enum { ABSENT, READY, OUT } where;
	unsigned key, channel, epoch;     /* of which consumer of that channel; 0: it was fetched */
	uint64_t tag;
} messages[N];

static unsigned published;
static struct {
	bool open, consuming;
	unsigned prefetch, epoch, out;    /* unacked of the consumer that is there */
} channels[CHANNELS + 1];
static unsigned epochs;

static unsigned roll(unsigned n)
{
	dice = dice * 1103515245u + 12345u;
	return (dice >> 16) % n;
}

static struct queue *queue(void)
{
	const struct vhost *v = map_xget(&in.broker->vhosts, slice_str("/"));
	return topology_queue(&v->topology, slice_str("q"));
}

static void call(uint16_t channel, struct method m, uint32_t answer, struct heard *h);

/* ---- what is heard ---- */

static void check_first(unsigned n, unsigned epoch)
{
	for (unsigned i = 0; i < published; i++) {
		if (messages[i].key != messages[n].key || i == n)
			continue;
		ck_assert_msg(messages[i].where != READY || i > n, "%u before %u", n, i);
		ck_assert_msg(messages[i].where != OUT || (epoch && messages[i].epoch == epoch),
		              "the key of %u is held", n);
	}
}

static void take(const struct heard *h, uint64_t tag, unsigned epoch)
{
	unsigned n = (unsigned)atoi((const char *)h->body.p);
	ck_assert_uint_lt(n, published);
	ck_assert_int_eq(messages[n].where, READY);
	check_first(n, epoch);
	messages[n].where = OUT;
	messages[n].channel = h->channel;
	messages[n].epoch = epoch;
	messages[n].tag = tag;
	if (epoch)
		channels[h->channel].out++;
}

static void hear_one(void *to, const struct heard *h)
{
	(void)to;
	ck_assert_msg(h->method.id == METHOD_basic_deliver, "%.*s",
	              SLICE_ARG(h->method.channel_close.reply_text));
	ck_assert(channels[h->channel].consuming);
	take(h, h->method.basic_deliver.delivery_tag, channels[h->channel].epoch);
	ck_assert(!channels[h->channel].prefetch ||
	          channels[h->channel].out <= channels[h->channel].prefetch);
}

static void hear(void)
{
	struct heard h;
	while (talk_read(&talk, &h))
		hear_one(NULL, &h);
}

static void call(uint16_t channel, struct method m, uint32_t answer, struct heard *h)
{
	talk_send(&talk, channel, &m);
	ck_assert(talk_expect(&talk, answer, h, hear_one, NULL));
}

/* ---- what is done ---- */

static void publish(void)
{
	struct buf b = { 0 }, headers = { 0 };
	char body[BYTES] = { 0 };
	unsigned key = roll(KEYS);
	if (published == N)
		return;
	table_put_int(&headers, "k", key);
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .routing_key = slice_str("q") } };
	struct props p = { .class_id = CLASS_BASIC, .body_bytes = BYTES,
		               .flags = PROP_delivery_mode | PROP_headers, .delivery_mode = 2,
		               .headers = buf_slice(&headers) };
	snprintf(body, sizeof body, "%u", published);
	messages[published].where = READY;
	messages[published++].key = key;
	method_encode(&b, 1, &m);
	size_t mark = frame_begin(&b, FRAME_HEADER, 1);
	props_encode(&b, &p);
	frame_end(&b, mark);
	frame_write(&b, FRAME_BODY, 1, slice_of(body, sizeof body));
	inside_feed(&talk.peer, buf_slice(&b));
	buf_free(&b);
	buf_free(&headers);
	hear();
}

static void settle(unsigned channel, bool back)
{
	unsigned which = channels[channel].out ? roll(channels[channel].out) : 0;
	which = which < 8 ? which : 7;
	for (unsigned i = 0; i < published; i++) {
		if (messages[i].where != OUT || messages[i].channel != channel || which-- > 0)
			continue;
		struct method ack = { .id = METHOD_basic_ack, .basic_ack = { messages[i].tag, false } };
		struct method nack = { .id = METHOD_basic_nack,
			                   .basic_nack = { messages[i].tag, false, true } };
		messages[i].where = back ? READY : ABSENT;
		if (messages[i].epoch && messages[i].epoch == channels[channel].epoch)
			channels[channel].out--;
		talk_send(&talk, (uint16_t)channel, back ? &nack : &ack);
		hear();
		return;
	}
}

static void consume(uint16_t channel)
{
	struct heard h;
	char tag[16];
	unsigned prefetch = roll(4) ? 1 + roll(5) : 0;
	if (channels[channel].consuming)
		return;
	snprintf(tag, sizeof tag, "%u", ++epochs);
	struct method qos = { .id = METHOD_basic_qos, .basic_qos = { 0, (uint16_t)prefetch, false } };
	struct method m = { .id = METHOD_basic_consume,
		                .basic_consume = { .queue = slice_str("q"),
		                                   .consumer_tag = slice_str(tag) } };
	call(channel, qos, METHOD_basic_qos_ok, &h);
	channels[channel].consuming = true;
	channels[channel].epoch = epochs;
	channels[channel].prefetch = prefetch;
	channels[channel].out = 0;
	call(channel, m, METHOD_basic_consume_ok, &h);
	hear();
}

static void cancel(uint16_t channel)
{
	struct heard h;
	char tag[16];
	if (!channels[channel].consuming)
		return;
	snprintf(tag, sizeof tag, "%u", channels[channel].epoch);
	call(channel, (struct method){ .id = METHOD_basic_cancel,
	                               .basic_cancel = { slice_str(tag), false } },
	     METHOD_basic_cancel_ok, &h);
	channels[channel].consuming = false;
}

static void all_back(unsigned channel)
{
	for (unsigned i = 0; i < published; i++)
		if (messages[i].where == OUT && messages[i].channel == channel)
			messages[i].where = READY;
	channels[channel].consuming = false;
	channels[channel].epoch = 0;
}

static void close_channel(uint16_t channel)
{
	struct heard h;
	talk_send(&talk, channel, &(struct method){ .id = METHOD_channel_close });
	all_back(channel);
	ck_assert(talk_expect(&talk, METHOD_channel_close_ok, &h, hear_one, NULL));
	call(channel, (struct method){ .id = METHOD_channel_open }, METHOD_channel_open_ok, &h);
	hear();
}

/* What comes may be empty though something is ready: its key may be held. */
static void get(uint16_t channel)
{
	struct heard h;
	struct method m = { .id = METHOD_basic_get, .basic_get = { .queue = slice_str("q") } };
	talk_send(&talk, channel, &m);
	inside_pass(&in, 10);
	while (talk_read(&talk, &h)) {
		if (h.method.id == METHOD_basic_get_ok)
			take(&h, h.method.basic_get_ok.delivery_tag, 0);
		else if (h.method.id != METHOD_basic_get_empty)
			hear_one(NULL, &h);
	}
}

static void open_channels(void)
{
	struct heard h;
	for (uint16_t i = 2; i <= CHANNELS; i++)
		call(i, (struct method){ .id = METHOD_channel_open }, METHOD_channel_open_ok, &h);
}

static void restart(void)
{
	inside_pass(&in, 100);
	hear();
	talk_free(&talk);
	memset(&talk, 0, sizeof talk);
	inside_stop(&in);
	for (unsigned i = 1; i <= CHANNELS; i++)
		all_back(i);
	start();
	open_channels();
}

/* ---- at rest ---- */

static bool has_room(unsigned channel)
{
	return channels[channel].consuming &&
	       (!channels[channel].prefetch || channels[channel].out < channels[channel].prefetch);
}

/* Who may have the first ready message of the key: anybody, when none is out; else the holder. */
static void check_key(unsigned key)
{
	unsigned holder = 0, epoch = 0;
	bool ready = false, anybody = false;
	for (unsigned i = 0; i < published; i++) {
		if (messages[i].key != key)
			continue;
		ready |= messages[i].where == READY;
		if (messages[i].where == OUT) {
			holder = messages[i].channel;
			epoch = messages[i].epoch;
		}
	}
	for (unsigned c = 1; c <= CHANNELS; c++)
		anybody |= has_room(c);
	bool goes = holder ? epoch && channels[holder].epoch == epoch && has_room(holder) : anybody;
	ck_assert_msg(!ready || !goes, "key %u waits", key);
}

static void check_rest(void)
{
	uint64_t ready = 0;
	inside_pass(&in, 200);
	hear();
	broker_check(in.broker);
	for (unsigned i = 0; i < published; i++)
		ready += messages[i].where == READY;
	ck_assert_uint_eq(queue_ready(queue()), ready);
	for (unsigned key = 0; key < KEYS && queue()->live->aside < ASIDE_LEAST; key++)
		check_key(key);
}

static void step(void)
{
	uint16_t channel = (uint16_t)(1 + roll(CHANNELS));
	switch (roll(20)) {
	case 0: consume(channel); break;
	case 1: cancel(channel); break;
	case 2: get(channel); break;
	case 3: settle(channel, true); break;
	case 4:
		if (roll(4) == 0)
			close_channel(channel);
		break;
	case 5:
		if (in.durable && roll(20) == 0)
			restart();
		else if (roll(4) == 0)
			broker_rest(in.broker);
		break;
	case 6: case 7: case 8: case 9: case 10: publish(); break;
	case 11: check_rest(); break;
	default: settle(channel, false); break;
	}
}

static void drain(void)
{
	for (uint16_t c = 1; c <= CHANNELS; c++)
		close_channel(c);
	consume(1);
	for (unsigned idle = 0; idle < 100; idle++) {
		unsigned out = channels[1].out;
		settle(1, false);
		inside_pass(&in, 1);
		hear();
		if (out)
			idle = 0;
	}
	for (unsigned i = 0; i < published; i++)
		ck_assert_int_eq(messages[i].where, ABSENT);
	ck_assert_uint_eq(queue()->live->groups->by_hash.count, 0);
}

static void set_up(bool durable)
{
	struct heard h;
	struct buf arguments = { 0 };
	memset(messages, 0, sizeof messages);
	memset(channels, 0, sizeof channels);
	memset(&talk, 0, sizeof talk);
	published = 0;
	inside_init(&in);
	in.durable = durable;
	in.segment_bytes = 128 << 10;
	if (durable)
		in.options.message_memory_bytes = 0;
	in.options.index_page_entries = 16;
	start();
	open_channels();
	table_put_str(&arguments, "x-group-header", "k");
	call(1, (struct method){ .id = METHOD_queue_declare,
	                         .queue_declare = { .queue = slice_str("q"), .durable = true,
	                                            .arguments = buf_slice(&arguments) } },
	     METHOD_queue_declare_ok, &h);
	buf_free(&arguments);
}

START_TEST(one_holder_and_in_order)
{
	dice = (unsigned)_i;
	set_up(_i % 2);
	while (published < N / 3)
		step();
	drain();
	tear_down();
}
END_TEST

/* One key is out; what is behind it is looked at so far and no further. */
START_TEST(what_is_set_aside_has_an_end)
{
	enum { ASIDE = 4096, MORE = 100 };
	struct heard h;
	dice = 1;
	set_up(false);
	struct method qos = { .id = METHOD_basic_qos, .basic_qos = { 0, 1, false } };
	struct method consume_q = { .id = METHOD_basic_consume,
		                        .basic_consume = { .queue = slice_str("q") } };
	struct buf headers = { 0 }, header = { 0 };
	table_put_int(&headers, "k", 1);
	struct props p = { .class_id = CLASS_BASIC, .flags = PROP_headers,
		               .headers = buf_slice(&headers) };
	props_encode(&header, &p);
	for (uint16_t c = 1; c <= 2; c++) {
		call(c, qos, METHOD_basic_qos_ok, &h);
		call(c, consume_q, METHOD_basic_consume_ok, &h);
	}
	for (int i = 0; i < 1 + ASIDE + MORE; i++) {
		struct buf b = { 0 };
		struct method m = { .id = METHOD_basic_publish,
			                .basic_publish = { .routing_key = slice_str("q") } };
		method_encode(&b, 1, &m);
		frame_write(&b, FRAME_HEADER, 1, buf_slice(&header));
		inside_feed(&talk.peer, buf_slice(&b));
		buf_free(&b);
	}
	inside_pass(&in, 100);
	ck_assert_uint_eq(queue()->live->aside, ASIDE);
	ck_assert_uint_eq(lane_count(&queue()->live->lane), MORE);
	broker_check(in.broker);
	for (int i = 0; i < 1 + ASIDE + MORE; i++) {
		ck_assert(talk_expect(&talk, METHOD_basic_deliver, &h, NULL, NULL));
		struct method ack = { .id = METHOD_basic_ack,
			                  .basic_ack = { h.method.basic_deliver.delivery_tag, false } };
		talk_send(&talk, h.channel, &ack);
	}
	ck_assert_uint_eq(queue_ready(queue()), 0);
	buf_free(&headers);
	buf_free(&header);
	tear_down();
}
END_TEST

/* The queue goes while keys are held and more is aside. */
START_TEST(a_queue_that_goes_takes_its_groups_along)
{
	struct heard h;
	dice = (unsigned)_i;
	set_up(_i % 2);
	while (published < 200)
		step();
	inside_pass(&in, 100);
	hear();
	for (uint16_t c = 1; c <= CHANNELS; c++)
		cancel(c);
	call(1, (struct method){ .id = METHOD_queue_delete,
	                         .queue_delete = { .queue = slice_str("q") } },
	     METHOD_queue_delete_ok, &h);
	for (uint16_t c = 1; c <= CHANNELS; c++)
		for (int i = 0; i < 100; i++)
			settle(c, i % 2);
	broker_check(in.broker);
	tear_down();
}
END_TEST

Suite *suite_broker_groups(void)
{
	Suite *s = suite_create("broker/groups");
	TCase *t = tcase_create("groups");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, one_holder_and_in_order, 0, 10);
	tcase_add_test(t, what_is_set_aside_has_an_end);
	tcase_add_loop_test(t, a_queue_that_goes_takes_its_groups_along, 0, 10);
	suite_add_tcase(s, t);
	return s;
}
