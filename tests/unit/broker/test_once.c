/* SPDX-License-Identifier: Apache-2.0 */
/* Deduplication and the log: messages with keys are sent, the power goes at every operation of the
 * disk, all is sent again: each is there once.  And the log goes on for many segments while the
 * keys in its oldest parts still count. */
#include <stdio.h>

#include "amqp/table.h"
#include "base/mem.h"
#include "persistence/log.h"
#include "tests/unit/broker/fixture.h"

Suite *suite_broker_once(void);

enum { FEW = 12, MANY = 6000, WINDOW = 500 };

static bool call(struct method m, uint32_t answer)
{
	return talk_call(&talk, 1, m, answer, NULL);
}

static void declare(const char *name, bool once)
{
	struct buf arguments = { 0 };
	if (once)
		table_put_bool(&arguments, "x-message-deduplication", true);
	declare_queue(name, true, buf_slice(&arguments));
	buf_free(&arguments);
}

/* An exchange that leads to a plain queue and to one that takes keys once itself. */
static void prepare(uint64_t seed)
{
	struct buf arguments = { 0 };
	set_log(64 << 10);
	in.options.message_memory_bytes = 0;
	in.disk = disk_sim_new(seed, 0);
	start();
	table_put_int(&arguments, "x-cache-size", WINDOW);
	ck_assert(call((struct method){ .id = METHOD_exchange_declare,
	                                .exchange_declare = { .exchange = slice_str("x"),
	                                                      .type = slice_str(
	                                                          "x-message-deduplication"),
	                                                      .durable = true,
	                                                      .arguments = buf_slice(&arguments) } },
	               METHOD_exchange_declare_ok));
	buf_free(&arguments);
	declare("q", false);
	declare("once", true);
	ck_assert(call((struct method){ .id = METHOD_queue_bind,
	                                .queue_bind = { .queue = slice_str("q"),
	                                                .exchange = slice_str("x") } },
	               METHOD_queue_bind_ok));
	ck_assert(call((struct method){ .id = METHOD_confirm_select }, METHOD_confirm_select_ok));
}

static void publish(const char *exchange, const char *to, int64_t key)
{
	struct buf headers = { 0 };
	uint8_t body[100] = { 0 };
	table_put_int(&headers, "x-deduplication-header", key);
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .exchange = slice_str(exchange),
		                                   .routing_key = slice_str(to) } };
	struct props p = { .flags = PROP_delivery_mode | PROP_headers, .delivery_mode = 2,
		               .headers = buf_slice(&headers) };
	talk_content(&talk, 1, &m, &p, slice_of(body, sizeof body));
	buf_free(&headers);
}

static void publish_few(void)
{
	for (int64_t key = 0; key < FEW; key++) {
		publish("x", "", key);
		publish("", "once", key);
		if (key % 3 == 0)
			inside_pass(&in, 5);
	}
	inside_pass(&in, 50);
}

static void crash_at(uint64_t at, enum disk_sim_loss loss)
{
	prepare(1);
	disk_sim_crash_at(in.disk, at);
	publish_few();
	lose_power(loss);
	publish_few();
	ck_assert_msg(ready_in("q") == FEW && ready_in("once") == FEW, "operation %llu, loss %d: %u %u",
	              (unsigned long long)at, loss, ready_in("q"), ready_in("once"));
	tear_down();
}

START_TEST(once_whatever_is_lost)
{
	crash_everywhere(prepare, publish_few, crash_at, (enum disk_sim_loss)_i);
}
END_TEST

static void take(const char *queue)
{
	struct method m = { .id = METHOD_basic_get,
		                .basic_get = { .queue = slice_str(queue), .no_ack = true } };
	ck_assert(talk_call(&talk, 1, m, METHOD_basic_get_ok, NULL));
}

static void check_window(void)
{
	for (int64_t key = MANY - WINDOW; key < MANY; key++)
		publish("x", "", key);
	ck_assert_uint_eq(ready_in("q"), 0);
	for (int64_t key = 0; key < 3; key++)
		publish("", "once", key);
	ck_assert_uint_eq(ready_in("once"), 3);
	publish("x", "", MANY - WINDOW - 1);
	ck_assert_uint_eq(ready_in("q"), 1);
}

/* What is sent is taken at once, so that the log gets shorter; three stay in the other queue. */
START_TEST(keys_outlive_their_part_of_the_log)
{
	prepare(2);
	for (int64_t key = 0; key < 3; key++)
		publish("", "once", key);
	uint64_t most = 0;
	for (int64_t key = 0; key < MANY; key++) {
		publish("x", "", key);
		take("q");
		if (key % 50 == 0)
			inside_pass(&in, 30);
		most = segments() > most ? segments() : most;
	}
	inside_pass(&in, 200);
	ck_assert_uint_le(segments(), 4);
	ck_assert_uint_le(most, 8);
	if (_i == 0)
		check_window();
	start_anew(_i);
	if (_i)
		check_window();
	tear_down();
}
END_TEST

/* Many starts: what was read is written again, and nothing adds up. */
START_TEST(starts_do_not_add_up)
{
	prepare(3);
	for (int64_t key = 0; key < WINDOW; key++)
		publish("x", "", key);
	for (int round = 0; round < 5; round++) {
		inside_pass(&in, 50);
		start_anew(BY_STOP);
		for (int64_t key = 0; key < WINDOW; key++)
			publish("x", "", key);
		ck_assert_uint_eq(ready_in("q"), WINDOW);
		broker_check(in.broker);
	}
	tear_down();
}
END_TEST

Suite *suite_broker_once(void)
{
	Suite *s = suite_create("broker/once");
	TCase *t = tcase_create("once");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, once_whatever_is_lost, 0, DISK_SIM_LOSS_KINDS);
	tcase_add_loop_test(t, keys_outlive_their_part_of_the_log, 0, 4);
	tcase_add_test(t, starts_do_not_add_up);
	suite_add_tcase(s, t);
	return s;
}
