/* SPDX-License-Identifier: Apache-2.0 */
/* Dead letters that nobody takes stay with their queue: in the log only when memory is short, and
 * however many they are, a turn has time for others. */
#include <stdio.h>

#include "amqp/table.h"
#include "broker/state.h"
#include "queue/queue.h"
#include "tests/unit/broker/fixture.h"

Suite *suite_broker_strategy(void);

static void set_up(void)
{
	set_log(8 << 20);
	start();
}

/* ---- a few words of a client ---- */

static void declare(const char *name, bool keeps)
{
	struct buf a = { 0 };
	if (keeps) {
		table_put_str(&a, "x-queue-type", "quorum");
		table_put_str(&a, "x-overflow", "reject-publish");
		table_put_str(&a, "x-dead-letter-exchange", "");
		table_put_str(&a, "x-dead-letter-routing-key", "dead");
		table_put_str(&a, "x-dead-letter-strategy", "at-least-once");
	}
	declare_queue(name, true, buf_slice(&a));
	buf_free(&a);
}

static void publish_and_reject(int n)
{
	struct method get = { .id = METHOD_basic_get, .basic_get = { .queue = slice_str("q") } };
	struct method nack = { .id = METHOD_basic_nack, .basic_nack = { .multiple = true } };
	for (int i = 0; i < n; i++) {
		char body[16];
		snprintf(body, sizeof body, "%d", i);
		talk_publish(&talk, 1, slice_str(""), slice_str("q"), false, true, slice_str(body));
		ck_assert(talk_call(&talk, 1, get, METHOD_basic_get_ok, NULL));
	}
	inside_pass(&in, 30);
	talk_send(&talk, 1, &nack);
	ck_assert_uint_eq(queue_of("q")->live->held.count, n);
	ck_assert_uint_eq(queue_of("q")->live->unacked, n);
}

static unsigned in_memory(const struct queue *q)
{
	struct row_walk w = { 0 };
	struct entry e;
	unsigned n = 0;
	while (row_next(&q->live->held, &w, &e))
		n += e.message != NULL;
	return n;
}

/* ---- the tests ---- */

START_TEST(they_leave_memory_and_come_to_their_queue_once)
{
	const struct queue *q;
	in.broker->store.memory_budget = 0;
	declare("q", true);
	publish_and_reject(500);
	ck_assert_uint_eq(in_memory(queue_of("q")), 0);
	inside_pass(&in, 20000);
	q = queue_of("q");
	ck_assert_uint_eq(q->live->held.count, 500);
	ck_assert_uint_eq(q->live->dead.bytes, 10 + 90 * 2 + 400 * 3);
	ck_assert_uint_eq(in_memory(q), 0);
	declare("dead", false);
	inside_pass(&in, 128000);
	ck_assert_uint_eq(q->live->held.count + q->live->unacked + q->live->dead.bytes, 0);
	ck_assert_uint_eq(queue_ready(queue_of("dead")), 500);
	lose_power(DISK_SIM_LOSES_ALL);
	ck_assert_uint_eq(queue_ready(queue_of("dead")), 500);
	ck_assert_uint_eq(queue_ready(queue_of("q")), 0);
}
END_TEST

START_TEST(what_was_held_is_there_after_a_crash)
{
	declare("q", true);
	publish_and_reject(50);
	inside_pass(&in, 5000);
	lose_power(DISK_SIM_LOSES_ALL);
	ck_assert_uint_eq(queue_ready(queue_of("q")), 50);
}
END_TEST

START_TEST(a_turn_tries_some_of_them)
{
	enum { MANY = 20000, MOST_A_TURN = 5000 };
	declare("q", true);
	publish_and_reject(MANY);
	declare("dead", false);
	const struct queue *q = queue_of("q");
	in.now_ms += 1000;
	for (uint64_t before = MANY; before; before = q->live->held.count) {
		broker_turn(in.broker, in.now_ms);
		ck_assert_uint_lt(before - q->live->held.count, MOST_A_TURN);
		ck_assert_uint_le(broker_deadline(in.broker), in.now_ms);
	}
	inside_pass(&in, 0);
	ck_assert_uint_eq(queue_ready(queue_of("dead")), MANY);
}
END_TEST

START_TEST(a_deleted_queue_gives_up_what_was_on_its_way_back)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_delete,
		                .queue_delete = { .queue = slice_str("q") } };
	in.broker->store.memory_budget = 0;
	declare("q", true);
	publish_and_reject(50);
	in.held = true;
	in.now_ms += 1000;
	broker_turn(in.broker, in.now_ms);
	ck_assert_uint_lt(queue_of("q")->live->held.count, 50);
	talk_send(&talk, 1, &m);
	in.held = false;
	inside_pass(&in, 10);
	ck_assert(talk_expect(&talk, METHOD_queue_delete_ok, &h, NULL, NULL));
	inside_pass(&in, 1000);
	ck_assert_ptr_null(queue_of("q"));
}
END_TEST

Suite *suite_broker_strategy(void)
{
	Suite *s = suite_create("broker_strategy");
	TCase *t = tcase_create("strategy");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, they_leave_memory_and_come_to_their_queue_once);
	tcase_add_test(t, what_was_held_is_there_after_a_crash);
	tcase_add_test(t, a_turn_tries_some_of_them);
	tcase_add_test(t, a_deleted_queue_gives_up_what_was_on_its_way_back);
	suite_add_tcase(s, t);
	return s;
}
