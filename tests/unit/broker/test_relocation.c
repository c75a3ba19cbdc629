/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of segments that are mostly dead moves forward, and nobody notices: neither who
 * holds it, nor a start. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "persistence/log.h"
#include "tests/unit/broker/fixture.h"

Suite *suite_broker_relocation(void);

enum { SEGMENT = 512 << 10, BUSY_BYTES = 30000, ROUNDS = 24, MANY = 16 };

static bool call(struct method m, uint32_t answer, struct heard *h)
{
	return talk_call(&talk, 1, m, answer, h);
}

static void declare(const char *queue, bool durable)
{
	declare_queue(queue, durable, slice_of("", 0));
}

static void bind(const char *queue)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_bind,
		                .queue_bind = { .queue = slice_str(queue),
		                                .exchange = slice_str("amq.fanout") } };
	ck_assert(call(m, METHOD_queue_bind_ok, &h));
}

static void set_up(void)
{
	set_log(SEGMENT);
	start();
	declare("stuck", true);
	declare("busy", true);
}

static void publish(const char *exchange, const char *key, unsigned number, size_t bytes)
{
	uint8_t *body = mem_zalloc(bytes);
	snprintf((char *)body, bytes, "%u", number);
	memset(body + bytes - 1, (int)number, 1);
	talk_publish(&talk, 1, slice_str(exchange), slice_str(key), false, true,
	             slice_of(body, bytes));
	mem_free(body);
}

static bool get(const char *queue, bool no_ack, struct heard *h)
{
	struct method m = { .id = METHOD_basic_get,
		                .basic_get = { .queue = slice_str(queue), .no_ack = no_ack } };
	return call(m, METHOD_basic_get_ok, h);
}

static void expect(const char *queue, unsigned number)
{
	struct heard h;
	ck_assert_msg(get(queue, true, &h), "%s is empty, %u is missing", queue, number);
	ck_assert_int_eq(atoi((const char *)h.body.p), (int)number);
}

static void expect_end(const char *queue)
{
	struct heard h;
	struct method m = { .id = METHOD_basic_get,
		                .basic_get = { .queue = slice_str(queue), .no_ack = true } };
	ck_assert(call(m, METHOD_basic_get_empty, &h));
}

/* More than one segment full goes through the queue. */
static void be_busy(void)
{
	struct heard h;
	for (int i = 0; i < 20; i++) {
		publish("", "busy", 0, BUSY_BYTES);
		ck_assert(get("busy", true, &h));
	}
}

static struct log_stats pass_time(void)
{
	struct log_stats s;
	for (int i = 0; i < 40; i++)
		inside_pass(&in, 50);
	log_stats(in.log, &s);
	return s;
}

/* One message for each segment full, so that each segment is kept by one. */
static void leave_some(const char *exchange, const char *key, size_t bytes)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		publish(exchange, key, i, bytes);
		be_busy();
	}
}

START_TEST(few_messages_do_not_keep_many_segments)
{
	leave_some("", "stuck", 200);
	struct log_stats s = pass_time();
	ck_assert_uint_le(s.segments, 8);
	ck_assert_uint_ge(s.copied, ROUNDS - 8);
	lose_power((enum disk_sim_loss)_i);
	for (unsigned i = 0; i < ROUNDS; i++)
		expect("stuck", i);
	expect_end("stuck");
	expect_end("busy");
	be_busy();
	ck_assert_uint_le(pass_time().segments, 2);
}
END_TEST

/* Nothing has to happen for it: after a start all of them go, one after the other. */
START_TEST(what_is_sparse_at_a_start_goes)
{
	in.options.message_memory_bytes = 256 << 20;
	for (unsigned i = 0; i < ROUNDS; i++) {
		publish("", "stuck", i, 200);
		be_busy();
		lose_power(DISK_SIM_KEEPS_ALL);
	}
	ck_assert_uint_le(pass_time().segments, 8);
	for (unsigned i = 0; i < ROUNDS; i++)
		expect("stuck", i);
}
END_TEST

START_TEST(they_are_read_where_they_are_now)
{
	in.options.message_memory_bytes = 0;
	lose_power(DISK_SIM_KEEPS_ALL);
	leave_some("", "stuck", 200);
	for (unsigned i = 0; i < MANY; i++)
		publish("", "stuck", ROUNDS + i, 100);
	ck_assert_uint_ge(pass_time().copied, ROUNDS - 8);
	broker_rest(in.broker);
	pass_time();
	for (unsigned i = 0; i < ROUNDS + MANY; i++)
		expect("stuck", i);
	expect_end("stuck");
}
END_TEST

/* Acks after the move count, in memory and at a start. */
START_TEST(what_was_moved_and_acked_stays_gone)
{
	leave_some("", "stuck", 200);
	ck_assert_uint_ge(pass_time().copied, ROUNDS - 8);
	for (unsigned i = 0; i < ROUNDS / 2; i++)
		expect("stuck", i);
	be_busy();
	pass_time();
	lose_power((enum disk_sim_loss)_i);
	for (unsigned i = ROUNDS / 2; i < ROUNDS; i++)
		expect("stuck", i);
	expect_end("stuck");
}
END_TEST

/* Held by a client while it moves: it comes back to its place, or goes for good. */
START_TEST(who_holds_one_does_not_notice)
{
	struct heard h;
	uint64_t tags[ROUNDS];
	leave_some("", "stuck", 200);
	for (unsigned i = 0; i < ROUNDS; i++) {
		ck_assert(get("stuck", false, &h));
		tags[i] = h.method.basic_get_ok.delivery_tag;
	}
	ck_assert_uint_ge(pass_time().copied, ROUNDS - 8);
	for (unsigned i = 0; i < ROUNDS; i += 2)
		talk_send(&talk, 1, &(struct method){ .id = METHOD_basic_ack,
		                                      .basic_ack = { .delivery_tag = tags[i] } });
	pass_time();
	if (_i == DISK_SIM_LOSS_KINDS)
		talk_send(&talk, 1, &(struct method){ .id = METHOD_basic_recover,
		                                      .basic_recover = { .requeue = true } });
	else
		lose_power((enum disk_sim_loss)_i);
	for (unsigned i = 1; i < ROUNDS; i += 2) {
		while (_i == DISK_SIM_LOSS_KINDS && talk_read(&talk, &h))
			;
		expect("stuck", i);
	}
	expect_end("stuck");
}
END_TEST

/* One record for several queues, of which one has taken it already. */
START_TEST(it_moves_for_the_queues_that_have_it_still)
{
	declare("other", true);
	declare("third", true);
	bind("stuck");
	bind("other");
	bind("third");
	for (unsigned i = 0; i < ROUNDS; i++) {
		publish("amq.fanout", "", i, 200);
		expect("third", i);
		be_busy();
	}
	ck_assert_uint_ge(pass_time().copied, ROUNDS - 8);
	for (unsigned i = 0; i < ROUNDS; i += 1)
		expect("other", i);
	be_busy();
	ck_assert_uint_le(pass_time().segments, 8);
	lose_power((enum disk_sim_loss)_i);
	expect_end("third");
	expect_end("other");
	for (unsigned i = 0; i < ROUNDS; i++)
		expect("stuck", i);
	expect_end("stuck");
}
END_TEST

/* Bodies in several records, which go on behind the end of their segment. */
START_TEST(large_bodies_move_whole)
{
	enum { LARGE = 280000, N = 14 };
	struct heard h;
	in.segment_bytes = 3 * SEGMENT;
	lose_power(DISK_SIM_KEEPS_ALL);
	for (unsigned i = 0; i < N; i++) {
		publish("", "stuck", i, LARGE + 1000 * i);
		for (int n = 0; n < 3; n++)
			be_busy();
	}
	struct log_stats s = pass_time();
	ck_assert_uint_ge(s.copied, 4);
	lose_power((enum disk_sim_loss)_i);
	for (unsigned i = 0; i < N; i++) {
		ck_assert(get("stuck", true, &h));
		ck_assert_int_eq(atoi((const char *)h.body.p), (int)i);
	}
	expect_end("stuck");
}
END_TEST

/* Those that were moved keep their new segments, and move again. */
START_TEST(they_move_more_than_once)
{
	struct heard h;
	for (unsigned i = 0; i < 6 * ROUNDS; i++) {
		publish("", "stuck", i, 2000);
		be_busy();
		if (i >= ROUNDS && i % 3)
			ck_assert(get("stuck", true, &h));
	}
	struct log_stats s = pass_time();
	ck_assert_uint_le(s.segments, 14);
	ck_assert_uint_ge(s.copied, 6 * ROUNDS);
	lose_power((enum disk_sim_loss)_i);
	int last = -1;
	unsigned n = 0;
	for (; get("stuck", true, &h); n++) {
		ck_assert_int_gt(atoi((const char *)h.body.p), last);
		last = atoi((const char *)h.body.p);
	}
	ck_assert_int_eq(last, 6 * ROUNDS - 1);
	ck_assert_uint_eq(n, ROUNDS + (5 * ROUNDS) / 3);
}
END_TEST

START_TEST(a_queue_that_is_deleted_takes_them_along)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_delete,
		                .queue_delete = { .queue = slice_str("stuck") } };
	leave_some("", "stuck", 200);
	ck_assert_uint_ge(pass_time().copied, ROUNDS - 8);
	ck_assert(call(m, METHOD_queue_delete_ok, &h));
	be_busy();
	ck_assert_uint_le(pass_time().segments, 2);
	lose_power((enum disk_sim_loss)_i);
	declare("stuck", true);
	expect_end("stuck");
}
END_TEST

/* The queue that does not keep the message has a record of its own, which stays. */
START_TEST(a_transient_queue_keeps_its_own_record)
{
	declare("transient", false);
	bind("stuck");
	bind("transient");
	for (unsigned i = 0; i < ROUNDS; i++) {
		for (unsigned n = 0; n < 8; n++)
			publish("amq.fanout", "", 8 * i + n, 200);
		broker_rest(in.broker);
		inside_pass(&in, 50);
		be_busy();
	}
	ck_assert_uint_ge(pass_time().copied, ROUNDS);
	for (unsigned i = 0; i < 8 * ROUNDS; i++)
		expect("transient", i);
	be_busy();
	ck_assert_uint_le(pass_time().segments, 8);
	for (unsigned i = 0; i < 8 * ROUNDS; i++)
		expect("stuck", i);
}
END_TEST

/* The power goes at each step of the disk while they move; they go on moving after it. */
START_TEST(a_crash_leaves_each_in_one_place)
{
	leave_some("", "stuck", 2000);
	for (int i = 0; i < 3; i++) {
		disk_sim_crash_at(in.disk, disk_sim_operations(in.disk) + 1 + (uint64_t)_i / 4);
		for (int n = 0; n < 20; n++)
			inside_pass(&in, 50);
		lose_power((enum disk_sim_loss)(_i % 4));
		be_busy();
	}
	ck_assert_uint_le(pass_time().segments, 10);
	lose_power(DISK_SIM_LOSES_ALL);
	for (unsigned i = 0; i < ROUNDS; i++)
		expect("stuck", i);
	expect_end("stuck");
	be_busy();
	ck_assert_uint_le(pass_time().segments, 2);
}
END_TEST

static void ack(uint64_t tag)
{
	talk_send(&talk, 1, &(struct method){ .id = METHOD_basic_ack,
	                                      .basic_ack = { .delivery_tag = tag } });
}

enum { LIVES = 12, EACH = 200, A_LIFE = 8 * EACH, ALL = LIVES * A_LIFE };

static uint8_t acked[ALL];

/* So many of those that are there are acked: other ones each time. */
static void ack_some(unsigned life, unsigned n)
{
	struct heard h;
	while (n && get("stuck", false, &h)) {
		unsigned number = (unsigned)atoi((const char *)h.body.p);
		if ((number * 2654435761u >> (life + 3)) % 3)
			continue;
		acked[number] = 1;
		ack(h.method.basic_get_ok.delivery_tag);
		n--;
	}
}

static void live(unsigned life, unsigned n_acks)
{
	for (unsigned i = 0; i < A_LIFE; i++) {
		publish("", "stuck", A_LIFE * life + i, 200);
		if (i % EACH == 0)
			be_busy();
	}
	ack_some(life, n_acks);
	lose_power(DISK_SIM_KEEPS_ALL);
}

/* More is left of a segment than moves at a time, and the power goes in between, life after life: a
 * start finds some that moved in two lives, beside others that have not moved again yet. */
START_TEST(lives_that_end_in_the_middle_of_a_move_add_up)
{
	struct heard h;
	memset(acked, 0, sizeof acked);
	for (unsigned life = 0; life < LIVES; life++)
		live(life, (137 * (unsigned)_i + 211 * life) % A_LIFE);
	pass_time();
	for (int number, last = -1; get("stuck", true, &h); last = number) {
		number = atoi((const char *)h.body.p);
		ck_assert_int_gt(number, last);
		acked[number] = 1;
	}
	for (unsigned i = 0; i < ALL; i++)
		ck_assert_msg(acked[i], "%u is missing", i);
	be_busy();
	ck_assert_uint_le(pass_time().segments, 2);
}
END_TEST

Suite *suite_broker_relocation(void)
{
	Suite *s = suite_create("broker_relocation");
	TCase *t = tcase_create("relocation");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, few_messages_do_not_keep_many_segments, 0, DISK_SIM_LOSS_KINDS);
	tcase_add_test(t, what_is_sparse_at_a_start_goes);
	tcase_add_test(t, they_are_read_where_they_are_now);
	tcase_add_loop_test(t, what_was_moved_and_acked_stays_gone, 0, DISK_SIM_LOSS_KINDS);
	tcase_add_loop_test(t, who_holds_one_does_not_notice, 0, DISK_SIM_LOSS_KINDS + 1);
	tcase_add_loop_test(t, it_moves_for_the_queues_that_have_it_still, 0, DISK_SIM_LOSS_KINDS);
	tcase_add_loop_test(t, large_bodies_move_whole, 0, DISK_SIM_LOSS_KINDS);
	tcase_add_loop_test(t, they_move_more_than_once, 0, DISK_SIM_LOSS_KINDS);
	tcase_add_loop_test(t, a_queue_that_is_deleted_takes_them_along, 0, DISK_SIM_LOSS_KINDS);
	tcase_add_test(t, a_transient_queue_keeps_its_own_record);
	tcase_add_loop_test(t, a_crash_leaves_each_in_one_place, 0, 80);
	tcase_add_loop_test(t, lives_that_end_in_the_middle_of_a_move_add_up, 0, 12);
	suite_add_tcase(s, t);
	return s;
}
