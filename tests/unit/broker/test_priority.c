/* SPDX-License-Identifier: Apache-2.0 */
/* Priority queues whose messages left memory, and after a start, when nobody knows the priorities
 * any more before all have come back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amqp/frame.h"
#include "amqp/props.h"
#include "amqp/table.h"
#include "persistence/log.h"
#include "tests/unit/broker/fixture.h"

Suite *suite_broker_priority(void);

enum { SEGMENT = 128 << 10, LEVELS = 5, N = 400, BYTES = 600 };

/* What is in the queue: numbers in order of their publishing. */
static unsigned left[LEVELS][2 * N], n_left[LEVELS];

static void set_up(void)
{
	struct buf arguments = { 0 };
	struct field most = { .letter = 'I', .integer = LEVELS - 1 };
	table_put(&arguments, slice_str("x-max-priority"), &most);
	memset(n_left, 0, sizeof n_left);
	set_log(SEGMENT);
	in.options.message_memory_bytes = 0;
	in.options.index_page_entries = 16;
	start();
	declare_queue("q", true, buf_slice(&arguments));
	buf_free(&arguments);
}

static void publish(unsigned number, uint8_t priority)
{
	struct buf b = { 0 };
	uint8_t body[BYTES] = { 0 };
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .routing_key = slice_str("q") } };
	struct props p = { .class_id = CLASS_BASIC, .body_bytes = BYTES,
		               .flags = PROP_delivery_mode | PROP_priority, .delivery_mode = 2,
		               .priority = priority };
	snprintf((char *)body, sizeof body, "%u", number);
	method_encode(&b, 1, &m);
	size_t mark = frame_begin(&b, FRAME_HEADER, 1);
	props_encode(&b, &p);
	frame_end(&b, mark);
	frame_write(&b, FRAME_BODY, 1, slice_of(body, sizeof body));
	inside_feed(&talk.peer, buf_slice(&b));
	buf_free(&b);
	unsigned level = priority < LEVELS ? priority : LEVELS - 1;
	left[level][n_left[level]++] = number;
}

static void pass_time(void)
{
	for (int i = 0; i < 20; i++)
		inside_pass(&in, 50);
}

static void fill(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		publish(i, (uint8_t)(rand() % (LEVELS + 2)));
	pass_time();
	broker_rest(in.broker);
	pass_time();
}

static void expect(unsigned n)
{
	struct heard h;
	struct method m = { .id = METHOD_basic_get,
		                .basic_get = { .queue = slice_str("q"), .no_ack = true } };
	for (; n; n--) {
		unsigned level = LEVELS;
		while (level && !n_left[level - 1])
			level--;
		ck_assert(level);
		talk_send(&talk, 1, &m);
		ck_assert_msg(talk_expect(&talk, METHOD_basic_get_ok, &h, NULL, NULL), "%u more", n);
		ck_assert_int_eq(atoi((const char *)h.body.p), (int)left[level - 1][0]);
		memmove(left[level - 1], left[level - 1] + 1, --n_left[level - 1] * sizeof left[0][0]);
	}
}

static void expect_rest(void)
{
	unsigned n = 0;
	struct heard h;
	struct log_stats s;
	for (unsigned i = 0; i < LEVELS; i++)
		n += n_left[i];
	expect(n);
	talk_send(&talk, 1, &(struct method){ .id = METHOD_basic_get,
	                                      .basic_get = { .queue = slice_str("q") } });
	ck_assert(talk_expect(&talk, METHOD_basic_get_empty, &h, NULL, NULL));
	pass_time();
	log_stats(in.log, &s);
	ck_assert_uint_le(s.segments, 2);
}

START_TEST(order_does_not_depend_on_memory)
{
	srand((unsigned)_i);
	fill(0, N);
	expect(N / 3);
	fill(N, N + N / 2);
	expect(N / 3);
	broker_check(in.broker);
	expect_rest();
}
END_TEST

START_TEST(a_start_tells_them_apart_again)
{
	srand((unsigned)_i);
	fill(0, N);
	expect(N / 4);
	pass_time();
	lose_power((enum disk_sim_loss)(_i % DISK_SIM_LOSS_KINDS));
	if (_i % 2)
		fill(N, N + N / 4);   /* before anybody asked */
	broker_check(in.broker);
	expect(N / 4);
	fill(2 * N, 2 * N + 50);
	expect_rest();
}
END_TEST

START_TEST(a_purge_takes_all_of_them)
{
	struct heard h;
	srand((unsigned)_i);
	fill(0, N);
	expect(20);
	if (_i % 2) {
		lose_power(DISK_SIM_LOSES_ALL);
	}
	struct method get = { .id = METHOD_basic_get, .basic_get = { .queue = slice_str("q") } };
	ck_assert(talk_call(&talk, 1, get, METHOD_basic_get_ok, &h));
	talk_send(&talk, 1, &(struct method){ .id = METHOD_queue_purge,
	                                      .queue_purge = { .queue = slice_str("q") } });
	ck_assert(talk_expect(&talk, METHOD_queue_purge_ok, &h, NULL, NULL));
	pass_time();
	lose_power(DISK_SIM_LOSES_ALL);
	talk_send(&talk, 1, &get);   /* the one that was not acked, and nothing else */
	ck_assert(talk_expect(&talk, METHOD_basic_get_ok, &h, NULL, NULL));
	ck_assert(talk_call(&talk, 1, get, METHOD_basic_get_empty, &h));
}
END_TEST

Suite *suite_broker_priority(void)
{
	Suite *s = suite_create("broker/priority");
	TCase *t = tcase_create("priority");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, order_does_not_depend_on_memory, 0, 4);
	tcase_add_loop_test(t, a_start_tells_them_apart_again, 0, 8);
	tcase_add_loop_test(t, a_purge_takes_all_of_them, 0, 4);
	suite_add_tcase(s, t);
	return s;
}
