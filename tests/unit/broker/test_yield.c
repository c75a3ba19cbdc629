/* SPDX-License-Identifier: Apache-2.0 */
/* Who publishes more than a turn can hand out waits for the turns that hand it out: driven turn by
 * turn, as the server does, because what matters is what happens between the turns. */
#include <check.h>
#include <stdio.h>

#include "amqp/props.h"
#include "broker/connection.h"
#include "broker/outbox.h"
#include "tests/sim/talk.h"

Suite *suite_broker_yield(void);

enum { QUEUES = 200, BURST = 85, BURSTS = 20, TURNS = 2000 };

static struct inside in;
static struct talk publisher, consumer;
static struct buf why, burst;

static void call(struct talk *t, const struct method *m, uint32_t answer)
{
	struct heard h;
	talk_send(t, 1, m);
	ck_assert(talk_expect(t, answer, &h, NULL, NULL));
}

static struct slice name_of(char *out, size_t n, unsigned i)
{
	snprintf(out, n, "q%u", i);
	return slice_str(out);
}

static void make_queue(unsigned i)
{
	char name[16];
	struct slice queue = name_of(name, sizeof name, i);
	struct method declare = { .id = METHOD_queue_declare, .queue_declare = { .queue = queue } };
	struct method bind = { .id = METHOD_queue_bind,
		                   .queue_bind = { .queue = queue, .exchange = slice_str("amq.fanout") } };
	call(&publisher, &declare, METHOD_queue_declare_ok);
	call(&publisher, &bind, METHOD_queue_bind_ok);
}

static void consume(unsigned i)
{
	char name[16];
	struct method m = { .id = METHOD_basic_consume,
		                .basic_consume = { .queue = name_of(name, sizeof name, i),
		                                   .no_ack = true } };
	call(&consumer, &m, METHOD_basic_consume_ok);
}

static void make_burst(unsigned messages)
{
	struct method publish = { .id = METHOD_basic_publish,
		                      .basic_publish = { .exchange = slice_str("amq.fanout") } };
	struct props p = { .class_id = CLASS_BASIC, .body_bytes = 1 };
	buf_clear(&burst);
	for (unsigned i = 0; i < messages; i++) {
		method_encode(&burst, 1, &publish);
		size_t mark = frame_begin(&burst, FRAME_HEADER, 1);
		props_encode(&burst, &p);
		frame_end(&burst, mark);
		frame_write(&burst, FRAME_BODY, 1, slice_str("x"));
	}
}

static void set_up(void)
{
	inside_init(&in);
	in.options.outbox_max_bytes = 64 << 20;
	ck_assert(inside_start(&in, &why));
	ck_assert(talk_open(&publisher, &in) && talk_open(&consumer, &in));
	for (unsigned i = 0; i < QUEUES; i++)
		make_queue(i);
}

static void tear_down(void)
{
	talk_free(&publisher);
	talk_free(&consumer);
	inside_stop(&in);
	inside_forget(&in);
	buf_free(&why);
	buf_free(&burst);
}

/* One read of the publisher, if it may be read. */
static bool read_burst(void)
{
	struct frame frames[3 * BURST];
	struct slice rest = buf_slice(&burst);
	size_t n = 0;
	if (connection_yields(publisher.peer.connection))
		return false;
	while (frame_next(&rest, 0, &frames[n], NULL) == FRAME_OK)
		n++;
	connection_frames(publisher.peer.connection, frames, n, in.now_ms);
	return true;
}

/* One turn; what consumers are sent is taken at once. */
static void turn(void)
{
	broker_turn(in.broker, in.now_ms);
	for (struct connection *c; (c = broker_next_dirty(in.broker));)
		connection_sent(c, connection_outbox(c)->bytes);
}

static unsigned long long ready(void)
{
	struct buf text = { 0 };
	unsigned long long n = 0;
	broker_describe(in.broker, &text);
	buf_u8(&text, 0);
	ck_assert_int_eq(sscanf(strstr((char *)text.p, "ready"), "ready %llu", &n), 1);
	buf_free(&text);
	return n;
}

START_TEST(publisher_cannot_outrun_consumers_that_take_everything)
{
	unsigned long long most = 0;
	int read = 0, turns = 0;
	for (unsigned i = 0; i < QUEUES; i++)
		consume(i);
	make_burst(BURST);
	for (; read < BURSTS && turns < TURNS; turns++) {
		read += read_burst();
		turn();
		most = ready() > most ? ready() : most;
	}
	ck_assert_int_eq(read, BURSTS);
	ck_assert_uint_le(most, 2ull * QUEUES * BURST);
}
END_TEST

START_TEST(publisher_of_a_few_messages_does_not_wait_for_one_that_floods)
{
	struct talk other;
	struct heard h;
	ck_assert(talk_open(&other, &in));
	for (unsigned i = 0; i < QUEUES; i++)
		consume(i);
	make_burst(BURST);
	ck_assert(read_burst());
	turn();
	ck_assert(connection_yields(publisher.peer.connection));
	ck_assert(!connection_yields(other.peer.connection));
	talk_publish(&other, 1, slice_str(""), slice_str("q1"), false, false, slice_str("x"));
	ck_assert(!connection_yields(other.peer.connection));
	talk_read(&other, &h);
	talk_free(&other);
}
END_TEST

START_TEST(publisher_does_not_wait_where_nobody_consumes)
{
	make_burst(BURST);
	for (int i = 0; i < BURSTS; i++) {
		ck_assert(read_burst());
		turn();
	}
	ck_assert_uint_eq(ready(), 1ull * QUEUES * BURST * BURSTS);
}
END_TEST

Suite *suite_broker_yield(void)
{
	Suite *s = suite_create("broker_yield");
	TCase *t = tcase_create("yield");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, publisher_cannot_outrun_consumers_that_take_everything);
	tcase_add_test(t, publisher_of_a_few_messages_does_not_wait_for_one_that_floods);
	tcase_add_test(t, publisher_does_not_wait_where_nobody_consumes);
	suite_add_tcase(s, t);
	return s;
}
