/* SPDX-License-Identifier: Apache-2.0 */
/* Deduplication and the log: messages with keys are sent, the power goes at every operation of the
 * disk, all is sent again: each is there once.  And the log goes on for many segments while the
 * keys in its oldest parts still count. */
#include <check.h>
#include <stdio.h>

#include "amqp/table.h"
#include "base/mem.h"
#include "persistence/log.h"
#include "tests/sim/talk.h"

Suite *suite_broker_once(void);

enum { FEW = 12, MANY = 6000, WINDOW = 500 };

static struct inside in;
static struct talk talk;
static struct buf why;

static bool start(void)
{
	buf_clear(&why);
	ck_assert_msg(inside_start(&in, &why), "%.*s", (int)why.len, (char *)why.p);
	return talk_open(&talk, &in);
}

static bool call(struct method m, uint32_t answer)
{
	struct heard h;
	talk_send(&talk, 1, &m);
	return talk_expect(&talk, answer, &h, NULL, NULL);
}

static bool declare_queue(const char *name, bool once)
{
	struct buf arguments = { 0 };
	if (once)
		table_put_bool(&arguments, "x-message-deduplication", true);
	bool ok = call((struct method){ .id = METHOD_queue_declare,
	                                .queue_declare = { .queue = slice_str(name), .durable = true,
	                                                   .arguments = buf_slice(&arguments) } },
	               METHOD_queue_declare_ok);
	buf_free(&arguments);
	return ok;
}

/* An exchange that leads to a plain queue and to one that takes keys once itself. */
static void prepare(uint64_t seed)
{
	struct buf arguments = { 0 };
	inside_init(&in);
	in.durable = true;
	in.segment_bytes = 64 << 10;
	in.options.message_memory_bytes = 0;
	in.disk = disk_sim_new(seed, 0);
	ck_assert(start());
	table_put_int(&arguments, "x-cache-size", WINDOW);
	ck_assert(call((struct method){ .id = METHOD_exchange_declare,
	                                .exchange_declare = { .exchange = slice_str("x"),
	                                                      .type = slice_str(
	                                                          "x-message-deduplication"),
	                                                      .durable = true,
	                                                      .arguments = buf_slice(&arguments) } },
	               METHOD_exchange_declare_ok));
	buf_free(&arguments);
	ck_assert(declare_queue("q", false) && declare_queue("once", true));
	ck_assert(call((struct method){ .id = METHOD_queue_bind,
	                                .queue_bind = { .queue = slice_str("q"),
	                                                .exchange = slice_str("x") } },
	               METHOD_queue_bind_ok));
	ck_assert(call((struct method){ .id = METHOD_confirm_select }, METHOD_confirm_select_ok));
}

static void end(void)
{
	talk_free(&talk);
	inside_stop(&in);
	inside_forget(&in);
	buf_free(&why);
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

static uint32_t ready(const char *queue)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str(queue), .passive = true } };
	talk_send(&talk, 1, &m);
	ck_assert(talk_expect(&talk, METHOD_queue_declare_ok, &h, NULL, NULL));
	return h.method.queue_declare_ok.message_count;
}

static void crash_at(uint64_t at, enum disk_sim_loss loss)
{
	prepare(1);
	disk_sim_crash_at(in.disk, at);
	publish_few();
	talk_free(&talk);
	inside_crash(&in, loss);
	ck_assert(start());
	publish_few();
	ck_assert_msg(ready("q") == FEW && ready("once") == FEW, "operation %llu, loss %d: %u %u",
	              (unsigned long long)at, loss, ready("q"), ready("once"));
	end();
}

START_TEST(once_whatever_is_lost)
{
	prepare(1);
	uint64_t first = disk_sim_operations(in.disk);
	publish_few();
	uint64_t last = disk_sim_operations(in.disk);
	end();
	for (uint64_t at = first + 1; at <= last; at++)
		crash_at(at, (enum disk_sim_loss)_i);
}
END_TEST

static void take(const char *queue)
{
	struct heard h;
	struct method m = { .id = METHOD_basic_get,
		                .basic_get = { .queue = slice_str(queue), .no_ack = true } };
	talk_send(&talk, 1, &m);
	ck_assert(talk_expect(&talk, METHOD_basic_get_ok, &h, NULL, NULL));
}

static uint64_t segments(void)
{
	struct log_stats s;
	log_stats(in.log, &s);
	return s.segments;
}

static void check_window(void)
{
	for (int64_t key = MANY - WINDOW; key < MANY; key++)
		publish("x", "", key);
	ck_assert_uint_eq(ready("q"), 0);
	for (int64_t key = 0; key < 3; key++)
		publish("", "once", key);
	ck_assert_uint_eq(ready("once"), 3);
	publish("x", "", MANY - WINDOW - 1);
	ck_assert_uint_eq(ready("q"), 1);
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
	talk_free(&talk);
	if (_i == 1)
		inside_stop(&in);
	else
		inside_crash(&in, _i == 2 ? DISK_SIM_LOSES_ALL : DISK_SIM_KEEPS_ALL);
	ck_assert(start());
	if (_i)
		check_window();
	end();
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
		talk_free(&talk);
		inside_stop(&in);
		ck_assert(start());
		for (int64_t key = 0; key < WINDOW; key++)
			publish("x", "", key);
		ck_assert_uint_eq(ready("q"), WINDOW);
		broker_check(in.broker);
	}
	end();
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
