/* SPDX-License-Identifier: Apache-2.0 */
/* Each way that a message can go is counted once, everywhere that it goes through. */
#include <check.h>
#include <stdio.h>

#include "amqp/table.h"
#include "broker/channel.h"
#include "queue/queue.h"
#include "tests/sim/talk.h"

Suite *suite_broker_counters(void);

static struct inside in;
static struct talk talk;
static struct buf why;

static bool call(struct method m, uint32_t answer)
{
	struct heard h;
	talk_send(&talk, 1, &m);
	return talk_expect(&talk, answer, &h, NULL, NULL);
}

static void declare(const char *name, const char *type)
{
	struct buf arguments = { 0 };
	if (type)
		table_put_str(&arguments, "x-queue-type", type);
	ck_assert(call((struct method){ .id = METHOD_queue_declare,
	                                .queue_declare = { .queue = slice_str(name), .durable = true,
	                                                   .arguments = buf_slice(&arguments) } },
	               METHOD_queue_declare_ok));
	buf_free(&arguments);
}

static void set_up(void)
{
	inside_init(&in);
	in.durable = true;
	in.segment_bytes = 1 << 20;
	ck_assert(inside_start(&in, &why));
	ck_assert(talk_open(&talk, &in));
	declare("q", NULL);
}

static void tear_down(void)
{
	broker_check(in.broker);
	talk_free(&talk);
	inside_stop(&in);
	inside_forget(&in);
	buf_free(&why);
}

static const struct counters *counters(void)
{
	counters_settle(in.broker);
	return &in.broker->counters;
}

static const struct vhost *vhost(void)
{
	counters_settle(in.broker);
	return vhost_find(in.broker, slice_str("/"));
}

static const struct traffic *of_queue(const char *name)
{
	return &topology_queue(&vhost()->topology, slice_str(name))->motion->traffic;
}

static const struct traffic *of_channel(void)
{
	return &connection_channel(talk.peer.connection, 1)->motion.traffic;
}

static void publish(const char *key, bool mandatory)
{
	talk_publish(&talk, 1, slice_of("", 0), slice_str(key), mandatory, true,
	             slice_str("ten bytes."));
}

static void get(const char *queue, bool no_ack, uint32_t answer)
{
	ck_assert(call((struct method){ .id = METHOD_basic_get,
	                                .basic_get = { .queue = slice_str(queue), .no_ack = no_ack } },
	               answer));
}

/* The same at the queue, the channel and the virtual host. */
#define ASSERT_COUNTED(name, n)                              \
	do {                                                     \
		ck_assert_uint_eq(of_queue("q")->name, n);           \
		ck_assert_uint_eq(of_channel()->name, n);            \
		ck_assert_uint_eq(vhost()->motion.traffic.name, n);  \
	} while (0)

START_TEST(what_is_published)
{
	ck_assert(call((struct method){ .id = METHOD_confirm_select }, METHOD_confirm_select_ok));
	for (int i = 0; i < 3; i++)
		publish("q", false);
	publish("nowhere", false);
	publish("nowhere", true);
	inside_pass(&in, 100);
	ck_assert_uint_eq(of_queue("q")->publish, 3);
	ck_assert_uint_eq(of_channel()->publish, 5);
	ck_assert_uint_eq(of_channel()->confirm, 5);
	ck_assert_uint_eq(of_channel()->drop_unroutable, 1);
	ck_assert_uint_eq(of_channel()->return_unroutable, 1);
	ck_assert_uint_eq(vhost()->motion.traffic.confirm, 5);
	ck_assert_uint_eq(vhost()->topology.nameless->motion->traffic.publish, 5);
	ck_assert_uint_eq(vhost()->topology.nameless->motion->traffic.publish_out, 3);
	ck_assert_uint_eq(counters()->channels.publish, 5);
	ck_assert_uint_eq(counters()->confirming.publish, 5);
	ck_assert_uint_eq(counters()->exchanges.publish_out, 3);
	ck_assert_uint_eq(counters()->channels.confirm, 5);
	ck_assert_uint_eq(counters()->channels.drop_unroutable, 1);
	ck_assert_uint_eq(counters()->channels.return_unroutable, 1);
	ck_assert_uint_eq(counters()->publishers, 1);
}
END_TEST

START_TEST(what_is_fetched)
{
	struct method ack = { .id = METHOD_basic_ack, .basic_ack = { .multiple = true } },
	              back = { .id = METHOD_basic_reject,
		                   .basic_reject = { .delivery_tag = 1, .requeue = true } };
	publish("q", false);
	publish("q", false);
	get("q", false, METHOD_basic_get_ok);
	talk_send(&talk, 1, &back);
	get("q", false, METHOD_basic_get_ok);
	get("q", true, METHOD_basic_get_ok);
	get("q", false, METHOD_basic_get_empty);
	talk_send(&talk, 1, &ack);
	ASSERT_COUNTED(get, 2);
	ASSERT_COUNTED(get_no_ack, 1);
	ASSERT_COUNTED(get_empty, 1);
	ASSERT_COUNTED(redeliver, 1);
	ASSERT_COUNTED(ack, 1);
	ck_assert_uint_eq(traffic_deliver_get(of_queue("q")), 3);
	ck_assert_uint_eq(counters()->by_kind[QUEUE_CLASSIC].get, 2);
}
END_TEST

static void consume(const char *queue, bool no_ack)
{
	struct method m = { .id = METHOD_basic_consume,
		                .basic_consume = { .queue = slice_str(queue), .no_ack = no_ack } };
	ck_assert(call(m, METHOD_basic_consume_ok));
}

START_TEST(what_is_delivered_by_queues_of_each_kind)
{
	struct method qos = { .id = METHOD_basic_qos, .basic_qos = { .prefetch_count = 10 } };
	declare("quorum", "quorum");
	declare("stream", "stream");
	ck_assert(call(qos, METHOD_basic_qos_ok));
	consume("q", true);
	consume("quorum", false);
	consume("stream", false);
	for (int i = 0; i < 2; i++) {
		publish("q", false);
		publish("quorum", false);
		publish("stream", false);
	}
	inside_pass(&in, 100);
	ASSERT_COUNTED(deliver_no_ack, 2);
	ck_assert_uint_eq(of_channel()->deliver, 4);
	ck_assert_uint_eq(counters()->by_kind[QUEUE_CLASSIC].deliver_no_ack, 2);
	ck_assert_uint_eq(counters()->by_kind[QUEUE_QUORUM].deliver, 2);
	ck_assert_uint_eq(counters()->by_kind[QUEUE_STREAM].deliver, 2);
	struct traffic all = counters_handed_out(counters());
	ck_assert_uint_eq(traffic_deliver_get(&all), 6);
}
END_TEST

START_TEST(a_body_belongs_to_the_first_class_that_holds_it)
{
	static uint8_t body[1001];
	static const size_t sizes[] = { 0, 100, 101, 1000, 1001 };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		talk_publish(&talk, 1, slice_of("", 0), slice_str("q"), false, false,
		             slice_of(body, sizes[i]));
	ck_assert_uint_eq(counters()->sizes[0], 2);
	ck_assert_uint_eq(counters()->sizes[1], 2);
	ck_assert_uint_eq(counters()->sizes[2], 1);
	ck_assert_uint_eq(counters()->size_bytes, 2202);
}
END_TEST

START_TEST(what_comes_and_goes)
{
	struct method gone = { .id = METHOD_queue_delete,
		                   .queue_delete = { .queue = slice_str("q") } },
	              close = { .id = METHOD_channel_close };
	declare("q", NULL);
	publish("q", false);
	const struct connection *c = talk.peer.connection;
	counters_settle(in.broker);
	ck_assert_uint_eq(c->motion.traffic.publish, 1);
	ck_assert(call(gone, METHOD_queue_delete_ok));
	ck_assert(call(close, METHOD_channel_close_ok));
	ck_assert_uint_eq(c->motion.traffic.publish, 1);
	ck_assert_uint_eq(counters()->queues_declared, 2);
	ck_assert_uint_eq(counters()->queues_created, 1);
	ck_assert_uint_eq(counters()->queues_deleted, 1);
	ck_assert_uint_eq(counters()->channels_opened, 1);
	ck_assert_uint_eq(counters()->channels_closed, 1);
	ck_assert_uint_eq(counters()->publishers, 0);
	inside_hang_up(&talk.peer);
	ck_assert_uint_eq(counters()->connections_closed, 1);
}
END_TEST

/* Of the virtual host and of all. */
static void assert_totals(uint64_t ready, uint64_t unacked, uint64_t persistent)
{
	const struct tally *t = &vhost()->topology.tally;
	ck_assert_uint_eq(t->ready, ready);
	ck_assert_uint_eq(t->unacked, unacked);
	ck_assert_uint_eq(t->ready_bytes, 10 * ready);
	ck_assert_uint_eq(t->unacked_bytes, 10 * unacked);
	ck_assert_uint_eq(t->persistent, persistent);
	ck_assert_uint_eq(t->persistent_bytes, 10 * persistent);
	ck_assert_int_eq(memcmp(t, &in.broker->store.tally, sizeof *t), 0);
	broker_check(in.broker);
}

START_TEST(what_queues_have_is_summed_up)
{
	declare("other", NULL);
	for (int i = 0; i < 3; i++)
		publish("q", false);
	talk_publish(&talk, 1, slice_of("", 0), slice_str("other"), false, false,
	             slice_str("ten bytes."));
	assert_totals(4, 0, 3);
	get("q", false, METHOD_basic_get_ok);
	get("q", false, METHOD_basic_get_ok);
	get("other", false, METHOD_basic_get_ok);
	broker_check(in.broker);   /* nothing has been gathered */
	ck_assert_uint_eq(broker_handed_out(in.broker), 3);
	assert_totals(1, 3, 3);
	struct method ack = { .id = METHOD_basic_ack, .basic_ack = { .delivery_tag = 1 } },
	              gone = { .id = METHOD_queue_delete,
		                   .queue_delete = { .queue = slice_str("q") } };
	talk_send(&talk, 1, &ack);
	assert_totals(1, 2, 2);
	ck_assert(call(gone, METHOD_queue_delete_ok));
	assert_totals(0, 1, 0);
	talk_free(&talk);   /* what was unacked goes back, where there is a place */
	inside_pass(&in, 1000);
	assert_totals(1, 0, 0);
	ck_assert(talk_open(&talk, &in));
}
END_TEST

/* ---- very many ---- */

/* Queues into each of which a message has come. */
static void move_queues(unsigned n)
{
	log_position wait_for;
	char name[32];
	struct topology *t = &vhost_find(in.broker, slice_str("/"))->topology;
	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof name, "moves %u", i);
		struct queue_spec spec = { .name = slice_str(name), .arguments = slice_of("", 0) };
		queue_number(topology_add_queue(t, &spec, &wait_for));
	}
}

static uint64_t gathered(void)
{
	return in.broker->counters.by_kind[QUEUE_CLASSIC].publish;
}

START_TEST(who_reads_has_a_bounded_number_gathered)
{
	move_queues(2 * SETTLE_MOST + 1);
	for (unsigned i = 1; i <= 3; i++) {
		counters_settle(in.broker);
		ck_assert(gathered() > (i - 1) * SETTLE_MOST && gathered() <= i * SETTLE_MOST);
	}
	ck_assert_uint_eq(gathered(), 2 * SETTLE_MOST + 1);
}
END_TEST

START_TEST(all_are_gathered_where_it_has_to_be_exact)
{
	move_queues(SETTLE_MOST + 1);
	counters_settle_all(in.broker);
	ck_assert_uint_eq(gathered(), SETTLE_MOST + 1);
}
END_TEST

/* Neither the turn that a step begins with nor another one looks at all of them. */
START_TEST(a_step_is_spread_over_turns)
{
	enum { MANY = 3000 };
	const struct sampling *s = &in.broker->sampling;
	move_queues(MANY);
	in.now_ms += s->interval_ms;
	broker_turn(in.broker, in.now_ms);
	ck_assert(gathered() > 0 && gathered() <= MANY / 4);
	while (gathered() < MANY) {
		uint64_t before = gathered();
		ck_assert_uint_ne(s->done, s->step);
		broker_turn(in.broker, in.now_ms);
		ck_assert_uint_le(gathered() - before, MANY / 4);
	}
	inside_pass(&in, 100);
	ck_assert_uint_eq(s->done, s->step);
}
END_TEST

Suite *suite_broker_counters(void)
{
	Suite *s = suite_create("broker_counters");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_is_published);
	tcase_add_test(t, what_is_fetched);
	tcase_add_test(t, what_is_delivered_by_queues_of_each_kind);
	tcase_add_test(t, a_body_belongs_to_the_first_class_that_holds_it);
	tcase_add_test(t, what_comes_and_goes);
	tcase_add_test(t, what_queues_have_is_summed_up);
	tcase_add_test(t, who_reads_has_a_bounded_number_gathered);
	tcase_add_test(t, all_are_gathered_where_it_has_to_be_exact);
	tcase_add_test(t, a_step_is_spread_over_turns);
	suite_add_tcase(s, t);
	return s;
}
