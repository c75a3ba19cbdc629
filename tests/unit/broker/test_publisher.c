/* SPDX-License-Identifier: Apache-2.0 */
/* Publishers' numbers and the log: numbered messages are sent, the power goes at every operation of
 * the disk, all is sent again: each is there once, in queues and streams, and what a full queue had
 * refused gets in at last.  And the log goes on for many segments while numbers in its oldest parts
 * still count. */
#include <stdio.h>

#include "amqp/table.h"
#include "base/endian.h"
#include "base/mem.h"
#include "persistence/log.h"
#include "tests/unit/broker/fixture.h"

Suite *suite_broker_publisher(void);

enum {
	FEW = 12, ROOM = 3, MANY = 6000, PUBLISHERS = 300, BURST = 160,
	USUAL = 100, WIDE = 200000,   /* bytes */
};

static bool taken[FEW + 1];
static unsigned came[FEW + 1];

static void declare(const char *name, struct buf arguments)
{
	declare_queue(name, true, buf_slice(&arguments));
	buf_free(&arguments);
	struct method m = { .id = METHOD_queue_bind,
		                .queue_bind = { .queue = slice_str(name),
		                                .exchange = slice_str("amq.fanout") } };
	ck_assert(talk_call(&talk, 1, m, METHOD_queue_bind_ok, NULL));
}

static void prepare(uint64_t seed)
{
	struct buf stream = { 0 }, full = { 0 };
	set_log(64 << 10);
	in.options.message_memory_bytes = 0;
	in.disk = disk_sim_new(seed, 0);
	start();
	table_put_str(&stream, "x-queue-type", "stream");
	table_put_int(&full, "x-max-length", ROOM);
	table_put_str(&full, "x-overflow", "reject-publish");
	declare("q", (struct buf){ 0 });
	declare("stream", stream);
	declare("full", full);
	memset(taken, 0, sizeof taken);
	memset(came, 0, sizeof came);
}

static void publish_of(size_t bytes, const char *publisher, const char *exchange, const char *to,
                       uint32_t number)
{
	struct buf headers = { 0 }, body = { 0 };
	memset(buf_reserve(&body, bytes), 0, bytes);
	body.len = bytes;
	put_be32(body.p, number);
	table_put_str(&headers, "x-publisher-id", publisher);
	table_put_int(&headers, "x-publisher-sequence", number);
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .exchange = slice_str(exchange),
		                                   .routing_key = slice_str(to) } };
	struct props p = { .flags = PROP_delivery_mode | PROP_headers, .delivery_mode = 2,
		               .headers = buf_slice(&headers) };
	talk_content(&talk, 1, &m, &p, buf_slice(&body));
	buf_free(&headers);
	buf_free(&body);
}

static void publish(const char *publisher, const char *exchange, const char *to, uint32_t number)
{
	publish_of(USUAL, publisher, exchange, to, number);
}

/* The number of the next message in the queue; 0: there is none, or the power is gone. */
static uint32_t take(const char *queue)
{
	struct heard h;
	struct method m = { .id = METHOD_basic_get,
		                .basic_get = { .queue = slice_str(queue), .no_ack = true } };
	talk_send(&talk, 1, &m);
	while (talk_read(&talk, &h)) {
		if (h.method.id == METHOD_basic_get_ok)
			return get_be32(h.body.p);
		if (h.method.id == METHOD_basic_get_empty)
			return 0;
	}
	return 0;
}

static void take_one(void)
{
	uint32_t number = take("full");
	if (number <= FEW)
		taken[number] = true;
}

/* The full queue takes some, refuses some, takes some again. */
static void publish_few(void)
{
	for (uint32_t n = 1; n <= FEW; n++) {
		publish("p", "amq.fanout", "", n);
		if (n % 3 == 0)
			take_one();
		if (n % 3 == 1)
			inside_pass(&in, 5);
	}
	inside_pass(&in, 50);
}

static void take_all(void)
{
	for (uint32_t n; (n = take("full"));)
		came[n]++;
}

static void publish_all_again(void)
{
	take_all();
	for (uint32_t n = 1; n <= FEW; n++) {
		publish("p", "amq.fanout", "", n);
		take_all();
	}
}

static void crash_at(uint64_t at, enum disk_sim_loss loss)
{
	prepare(1);
	disk_sim_crash_at(in.disk, at);
	publish_few();
	lose_power(loss);
	broker_check(in.broker);
	publish_all_again();
	publish_all_again();
	ck_assert_msg(ready_in("q") == FEW && ready_in("stream") == FEW,
	              "operation %llu, loss %d: %u %u", (unsigned long long)at, loss, ready_in("q"),
	              ready_in("stream"));
	for (uint32_t n = 1; n <= FEW; n++)
		ck_assert_msg(came[n] == 1 || (taken[n] && came[n] == 0),
		              "operation %llu, loss %d: %u came %u times", (unsigned long long)at, loss, n,
		              came[n]);
	broker_check(in.broker);
	tear_down();
}

START_TEST(once_whatever_is_lost)
{
	crash_everywhere(prepare, publish_few, crash_at, (enum disk_sim_loss)_i);
}
END_TEST

/* Number 2 is too large for the queue.  So what comes after it takes two records; the size of the
 * first decides where a batch ends: at some of them between two that belong together. */
static void publish_burst(size_t bytes)
{
	in.held = true;   /* so that batches get full */
	for (uint32_t n = 1; n <= BURST; n++)
		publish_of(n == 2 ? WIDE + 1 : n == 3 ? bytes : 4 * USUAL, "p", "", "wide", n);
	inside_let_go(&in);
	inside_pass(&in, 50);
}

static void crash_in_burst(size_t bytes, uint64_t at)
{
	struct buf wide = { 0 };
	prepare(1);
	table_put_int(&wide, "x-max-length-bytes", WIDE);
	table_put_str(&wide, "x-overflow", "reject-publish");
	declare("wide", wide);
	disk_sim_crash_at(in.disk, disk_sim_operations(in.disk) + at);
	publish_burst(bytes);
	lose_power(DISK_SIM_KEEPS_ALL);
	publish_burst(bytes);
	ck_assert_uint_eq(ready_in("wide"), BURST - 1);
	publish("p", "", "wide", 2);
	ck_assert_msg(ready_in("wide") == BURST, "%zu bytes, operation %llu: %u", bytes,
	              (unsigned long long)at, ready_in("wide"));
	tear_down();
}

START_TEST(what_was_refused_is_known_wherever_a_batch_ends)
{
	for (uint64_t at = 6; at <= 8; at++)
		crash_in_burst(USUAL + 8 * (size_t)_i, at);
}
END_TEST

static const char *name(uint32_t i)
{
	static char text[16];
	snprintf(text, sizeof text, "p%u", (unsigned)i);
	return text;
}

/* All have come to 2; and of the full queue 2 was refused. */
static void check_numbers(void)
{
	for (uint32_t i = 0; i < PUBLISHERS; i++)
		for (uint32_t n = 1; n <= 2; n++)
			publish(name(i), "", "q", n);
	ck_assert_uint_eq(ready_in("q"), 0);
	publish("late", "", "full", 1);
	publish("late", "", "full", 3);
	ck_assert_uint_eq(ready_in("full"), 0);
	publish("late", "", "full", 2);
	ck_assert_uint_eq(ready_in("full"), 1);
	broker_check(in.broker);
}

static void refuse_one(void)
{
	publish("late", "", "full", 1);
	for (uint32_t n = 1; n < ROOM; n++)
		publish("other", "", "full", n);
	publish("late", "", "full", 2);
	take_all();
	publish("late", "", "full", 3);
	ck_assert_uint_eq(take("full"), 3);
}

/* What is sent is taken at once, so that the log gets shorter. */
START_TEST(numbers_outlive_their_part_of_the_log)
{
	prepare(2);
	refuse_one();
	for (uint32_t i = 0; i < PUBLISHERS; i++)
		for (uint32_t n = 1; n <= 2; n++)
			publish(name(i), "", "q", n);
	while (take("q"))
		;
	uint64_t most = 0;
	for (uint32_t n = 1; n <= MANY; n++) {
		publish("busy", "", "q", n);
		ck_assert_uint_eq(take("q"), n);
		if (n % 50 == 0)
			inside_pass(&in, 30);
		most = segments() > most ? segments() : most;
	}
	inside_pass(&in, 200);
	ck_assert_uint_le(segments(), 4);
	ck_assert_uint_le(most, 8);
	if (_i == 0)
		check_numbers();
	start_anew(_i);
	if (_i)
		check_numbers();
	tear_down();
}
END_TEST

/* Many starts: what was read is written again, and nothing adds up. */
START_TEST(starts_do_not_add_up)
{
	prepare(3);
	for (uint32_t n = 1; n <= MANY / 10; n++)
		publish(name(n % 5), "", "q", n);
	for (int round = 0; round < 5; round++) {
		inside_pass(&in, 50);
		start_anew(BY_STOP);
		for (uint32_t n = 1; n <= MANY / 10; n++)
			publish(name(n % 5), "", "q", n);
		ck_assert_uint_eq(ready_in("q"), MANY / 10);
		broker_check(in.broker);
	}
	tear_down();
}
END_TEST

Suite *suite_broker_publisher(void)
{
	Suite *s = suite_create("broker/publisher");
	TCase *t = tcase_create("publisher");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, once_whatever_is_lost, 0, DISK_SIM_LOSS_KINDS);
	tcase_add_loop_test(t, what_was_refused_is_known_wherever_a_batch_ends, 0, 80);
	tcase_add_loop_test(t, numbers_outlive_their_part_of_the_log, 0, 4);
	tcase_add_test(t, starts_do_not_add_up);
	suite_add_tcase(s, t);
	return s;
}
