/* SPDX-License-Identifier: Apache-2.0 */
/* Who publishes more than a turn can hand out waits for the turns that hand it out: driven turn by
 * turn, as the server does, because what matters is what happens between the turns. */
#include <check.h>
#include <stdio.h>

#include "amqp/props.h"
#include "broker/connection.h"
#include "broker/channel.h"
#include "broker/outbox.h"
#include "broker/parking.h"
#include "queue/queue.h"
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

/* One turn; what consumers are sent is taken at once. */
static void turn(void)
{
	broker_turn(in.broker, in.now_ms);
	for (struct connection *c; (c = broker_next_dirty(in.broker));)
		connection_sent(c, connection_outbox(c)->bytes);
}

/* One read of the publisher, if it may be read; of what it costs too much to take at once the rest
 * is taken in further turns. */
static bool read_burst(void)
{
	struct frame frames[3 * BURST];
	struct slice rest = buf_slice(&burst);
	size_t n = 0;
	if (connection_yields(publisher.peer.connection))
		return false;
	while (frame_next(&rest, 0, &frames[n], NULL) == FRAME_OK)
		n++;
	for (size_t taken = 0; taken < n;) {
		if (taken)
			turn();
		taken += connection_frames(publisher.peer.connection, frames + taken, n - taken,
		                           in.now_ms);
	}
	return true;
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

/* ---- frames that cost much ---- */

enum { MANY = 45000 };

static const struct queue *queue(void)
{
	const struct vhost *v = list_first(&in.broker->all_vhosts.list, struct vhost, link);
	return topology_queue(&v->topology, slice_str("q0"));
}

/* What the broker takes of frames that come in one piece, before its turn. */
static size_t hand_in(struct talk *t, const struct method *m, size_t n)
{
	struct frame frames[16];
	struct buf bytes = { 0 };
	for (size_t i = 0; i < n; i++)
		method_encode(&bytes, 1, m);
	struct slice rest = buf_slice(&bytes);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(frame_next(&rest, 4096, &frames[i], NULL), FRAME_OK);
	size_t taken = connection_frames(t->peer.connection, frames, n, in.now_ms);
	buf_free(&bytes);
	return taken;
}

static unsigned heard(uint32_t id)
{
	struct heard h;
	unsigned n = 0;
	while (talk_read(&consumer, &h))
		n += h.method.id == id;
	return n;
}

/* All of them are out on the consumer's channel. */
static void hand_out_many(void)
{
	struct method m = { .id = METHOD_basic_consume,
		                .basic_consume = { .queue = slice_str("q0") } };
	for (unsigned i = 0; i < MANY; i++)
		talk_publish(&publisher, 1, slice_str(""), slice_str("q0"), false, false, slice_str("x"));
	call(&consumer, &m, METHOD_basic_consume_ok);
	for (int i = 0; queue()->live->unacked < MANY && i < 100; i++)
		inside_pass(&in, 1);
	ck_assert_uint_eq(queue()->live->unacked, MANY);
	heard(METHOD_basic_deliver);
}

START_TEST(an_ack_of_very_many_is_done_in_parts)
{
	struct method all = { .id = METHOD_basic_ack, .basic_ack = { .multiple = true } };
	unsigned turns = 0;
	hand_out_many();
	ck_assert_uint_eq(hand_in(&consumer, &all, 2), 1);
	ck_assert_uint_gt(queue()->live->unacked, MANY / 2);
	ck_assert(!connection_wants_input(consumer.peer.connection));
	ck_assert_uint_eq(hand_in(&consumer, &all, 1), 0);
	for (; queue()->live->unacked; turns++)
		turn();
	ck_assert_uint_gt(turns, 2);
	ck_assert_uint_lt(turns, 20);
	ck_assert(connection_wants_input(consumer.peer.connection));
}
END_TEST

/* What comes back while it is done in parts is not meant: each is delivered once more. */
START_TEST(a_return_of_very_many_ends)
{
	struct method all = { .id = METHOD_basic_nack,
		                  .basic_nack = { .multiple = true, .requeue = true } };
	struct method recover = { .id = METHOD_basic_recover, .basic_recover = { .requeue = true } };
	hand_out_many();
	ck_assert_uint_eq(hand_in(&consumer, _i ? &recover : &all, 1), 1);
	ck_assert_uint_gt(queue()->live->unacked, MANY / 2);
	inside_pass(&in, 1);
	ck_assert_uint_eq(queue()->live->unacked, MANY);
	struct channel *ch = connection_channel(consumer.peer.connection, 1);
	ck_assert_uint_eq(ch->next_tag, 2ull * MANY + 1);
	ck_assert(!ch->parked && !ch->settling.to);
	ck_assert_uint_eq(heard(METHOD_basic_recover_ok), (unsigned)_i);
}
END_TEST

/* The channel is gone before all is back; a consumer of it may be, or its queue. */
START_TEST(what_very_much_a_channel_leaves_comes_back_over_turns)
{
	struct heard h;
	struct method close = { .id = METHOD_channel_close };
	struct method delete = { .id = METHOD_queue_delete,
		                     .queue_delete = { .queue = slice_str("q0") } };
	hand_out_many();
	ck_assert_uint_eq(hand_in(&consumer, &close, 1), 1);
	ck_assert(!connection_channel(consumer.peer.connection, 1));
	ck_assert_uint_gt(queue()->live->unacked, MANY / 2);
	ck_assert_uint_gt(queue_ready(queue()), 0);
	if (_i)
		call(&publisher, &delete, METHOD_queue_delete_ok);
	inside_pass(&in, 1);
	ck_assert(list_empty(&in.broker->orphans));
	if (!_i) {
		ck_assert_uint_eq(queue()->live->unacked, 0);
		ck_assert_uint_eq(queue_ready(queue()), MANY);
	}
	ck_assert(talk_expect(&consumer, METHOD_channel_close_ok, &h, NULL, NULL));
}
END_TEST

/* In a transaction, too; and what comes behind it waits. */
START_TEST(a_commit_waits_for_the_acks_before_it)
{
	struct method all = { .id = METHOD_basic_ack, .basic_ack = { .multiple = true } };
	struct method select = { .id = METHOD_tx_select }, commit = { .id = METHOD_tx_commit };
	struct method close = { .id = METHOD_connection_close };
	hand_out_many();
	call(&consumer, &select, METHOD_tx_select_ok);
	struct buf both = { 0 };
	method_encode(&both, 1, &all);
	method_encode(&both, 1, &commit);
	method_encode(&both, 0, &close);
	inside_feed(&consumer.peer, buf_slice(&both));
	buf_free(&both);
	ck_assert_uint_eq(queue()->live->unacked + queue_ready(queue()), 0);
	ck_assert_uint_eq(heard(METHOD_tx_commit_ok), 1);
}
END_TEST

START_TEST(what_wakes_many_consumers_is_taken_a_few_at_a_time)
{
	struct method qos = { .id = METHOD_basic_qos, .basic_qos = { .prefetch_count = 1 } };
	struct method more = { .id = METHOD_basic_consume,
		                   .basic_consume = { .queue = slice_str("q0"), .no_wait = true } };
	for (int i = 0; i < 4000; i++)
		talk_send(&consumer, 1, &more);
	turn();
	ck_assert_uint_eq(hand_in(&consumer, &qos, 10), 3);
	ck_assert_uint_eq(hand_in(&consumer, &qos, 10), 2);
	ck_assert_uint_eq(hand_in(&publisher, &qos, 1), 0);
	turn();
	ck_assert_uint_eq(hand_in(&publisher, &qos, 1), 1);
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
	tcase_add_test(t, an_ack_of_very_many_is_done_in_parts);
	tcase_add_loop_test(t, a_return_of_very_many_ends, 0, 2);
	tcase_add_loop_test(t, what_very_much_a_channel_leaves_comes_back_over_turns, 0, 2);
	tcase_add_test(t, a_commit_waits_for_the_acks_before_it);
	tcase_add_test(t, what_wakes_many_consumers_is_taken_a_few_at_a_time);
	suite_add_tcase(s, t);
	return s;
}
