/* SPDX-License-Identifier: Apache-2.0 */
/* A broker that may keep next to nothing in memory: messages live in the log and come back from
 * it, for consumers and for basic.get, in order and whole. */
#include <stdio.h>

#include "base/mem.h"
#include "queue/queue.h"
#include "tests/unit/broker/fixture.h"

Suite *suite_broker_cold(void);

enum { MANY = 1500 };

static void set_up(void)
{
	set_log(1 << 20);
	in.options.message_memory_bytes = 0;
	start();
}

static void restart(void)
{
	start_anew(BY_STOP);
}

/* ---- a few words of a client ---- */

static bool call(uint16_t channel, struct method m, uint32_t answer, struct heard *h)
{
	return talk_call(&talk, channel, m, answer, h);
}

static void declare(const char *queue, bool durable)
{
	declare_queue(queue, durable, slice_of("", 0));
}

static void publish(const char *queue, unsigned number, size_t bytes, bool persistent)
{
	char *body = mem_alloc(bytes + 16);
	memset(body, 'a' + (int)(number % 26), bytes);
	snprintf(body, bytes, "%u ", number);
	talk_publish(&talk, 1, slice_of("", 0), slice_str(queue), false, persistent,
	             slice_of(body, bytes));
	mem_free(body);
}

static void publish_many(const char *queue, unsigned n, bool persistent)
{
	for (unsigned i = 0; i < n; i++)
		publish(queue, i, 100 + i % 50, persistent);
}

static void ask(const char *queue, uint16_t channel)
{
	struct method m = { .id = METHOD_basic_get,
		                .basic_get = { .queue = slice_str(queue), .no_ack = true } };
	talk_send(&talk, channel, &m);
}

static void expect_body(const struct heard *h, unsigned number)
{
	unsigned got;
	ck_assert_uint_gt(h->body.n, 3);
	ck_assert_int_eq(sscanf((const char *)h->body.p, "%u ", &got), 1);
	ck_assert_uint_eq(got, number);
	ck_assert_uint_eq(h->body.p[h->body.n - 1], 'a' + number % 26);
}

static void get(const char *queue, unsigned number)
{
	struct heard h;
	ask(queue, 1);
	ck_assert(talk_expect(&talk, METHOD_basic_get_ok, &h, NULL, NULL));
	expect_body(&h, number);
}

static void expect_empty(const char *queue)
{
	struct heard h;
	ask(queue, 1);
	ck_assert(talk_expect(&talk, METHOD_basic_get_empty, &h, NULL, NULL));
}

static void consume(const char *queue)
{
	struct heard h;
	struct method m = { .id = METHOD_basic_consume,
		                .basic_consume = { .queue = slice_str(queue), .no_ack = true } };
	ck_assert(call(1, m, METHOD_basic_consume_ok, &h));
}

/* ---- cases ---- */

static unsigned long long bytes_in_memory(void)
{
	struct buf text = { 0 };
	unsigned long long bytes = ~0ull;
	broker_describe(in.broker, &text);
	buf_u8(&text, 0);
	const char *at = strstr((char *)text.p, "held 0; ");
	ck_assert(at && sscanf(at, "held 0; %llu bytes", &bytes) == 1);
	buf_free(&text);
	return bytes;
}

START_TEST(a_backlog_takes_little_memory)
{
	declare("q", _i);
	publish_many("q", MANY, _i);
	inside_pass(&in, 1000);
	ck_assert_uint_lt(bytes_in_memory(), 80 * 400);
	ck_assert_uint_eq(ready_in("q"), MANY);
	for (unsigned i = 0; i < MANY; i++)
		get("q", i);
	expect_empty("q");
}
END_TEST

START_TEST(a_queue_knows_what_of_it_is_in_memory)
{
	struct portion out, ram;
	declare("q", true);
	for (unsigned i = 0; i < MANY; i++)
		publish("q", i, 80, i % 3 == 0);
	inside_pass(&in, 1000);
	out = tally_paged_out(queue_of("q"));
	ram = tally_ram(queue_of("q"));
	ck_assert_uint_gt(out.n, MANY / 2);
	ck_assert_uint_eq(out.n + ram.n, MANY);
	ck_assert_uint_eq(out.bytes, 80 * out.n);
	ck_assert_uint_eq(ram.bytes, 80 * ram.n);
	ck_assert_uint_eq(tally_of(queue_of("q")).persistent, MANY / 3);
	broker_check(in.broker);
	for (unsigned i = 0; i < MANY; i++)
		get("q", i);
	ck_assert_uint_eq(tally_paged_out(queue_of("q")).n, 0);
	ck_assert_uint_eq(tally_of(queue_of("q")).persistent, 0);
	broker_check(in.broker);
}
END_TEST

START_TEST(consumers_get_what_is_cold_in_order)
{
	struct heard h;
	declare("q", true);
	publish_many("q", MANY, true);
	consume("q");
	for (unsigned i = 0; i < MANY; i++) {
		ck_assert(talk_expect(&talk, METHOD_basic_deliver, &h, NULL, NULL));
		expect_body(&h, i);
	}
	ck_assert_uint_eq(ready_in("q"), 0);
}
END_TEST

START_TEST(persistent_and_transient_messages_keep_their_order)
{
	declare("q", true);
	for (unsigned i = 0; i < MANY; i++)
		publish("q", i, 80, i % 3 == 0);
	for (unsigned i = 0; i < MANY; i++)
		get("q", i);
	expect_empty("q");
}
END_TEST

START_TEST(spilled_messages_are_gone_after_a_restart_and_the_others_are_not)
{
	declare("q", true);
	for (unsigned i = 0; i < MANY; i++)
		publish("q", i, 80, i % 3 == 0);
	restart();
	for (unsigned i = 0; i < MANY; i += 3)
		get("q", i);
	expect_empty("q");
}
END_TEST

/* One frame carries at most 131,064 bytes here; what is stored in chunks is put together by a
 * reader that knows several frames. */
START_TEST(large_bodies_come_back_whole)
{
	declare("q", true);
	for (unsigned i = 0; i < 100; i++)
		publish("q", i, i % 7 ? 3000 : 100000, true);
	for (unsigned i = 0; i < 100; i++)
		get("q", i);
}
END_TEST

START_TEST(purged_while_cold)
{
	struct heard h;
	struct method purge = { .id = METHOD_queue_purge,
		                    .queue_purge = { .queue = slice_str("q") } };
	declare("q", true);
	publish_many("q", MANY, true);
	get("q", 0);
	ck_assert(call(1, purge, METHOD_queue_purge_ok, &h));
	ck_assert_uint_eq(h.method.queue_purge_ok.message_count, MANY - 1);
	publish("q", 5, 50, true);
	restart();
	get("q", 5);
	expect_empty("q");
}
END_TEST

START_TEST(a_queue_made_after_a_restart_is_not_mistaken_for_an_empty_one_from_before)
{
	declare("before", true);
	restart();
	declare("after", true);
	publish("before", 1, 50, true);
	publish("after", 2, 50, true);
	restart();
	get("before", 1);
	expect_empty("before");
	get("after", 2);
	expect_empty("after");
}
END_TEST

/* Gets until the next message has to come from the disk, and the disk does not answer. */
static unsigned get_until_parked(void)
{
	struct heard h;
	unsigned n = 0;
	declare("q", true);
	publish_many("q", MANY, true);
	in.held = true;
	for (;; n++) {
		ask("q", 1);
		if (!talk_expect(&talk, METHOD_basic_get_ok, &h, NULL, NULL))
			break;
		expect_body(&h, n);
	}
	ck_assert_uint_lt(n, MANY);
	return n;
}

START_TEST(a_get_waits_for_the_disk_and_other_channels_do_not)
{
	struct heard h;
	struct method open = { .id = METHOD_channel_open };
	unsigned n = get_until_parked();
	ask("q", 1);
	ask("missing", 1);
	ck_assert(call(2, open, METHOD_channel_open_ok, &h));
	ck_assert_uint_eq(h.channel, 2);
	inside_let_go(&in);
	ck_assert(talk_expect(&talk, METHOD_basic_get_ok, &h, NULL, NULL));
	expect_body(&h, n);
	ck_assert(talk_expect(&talk, METHOD_basic_get_ok, &h, NULL, NULL));
	expect_body(&h, n + 1);
	ck_assert(talk_expect(&talk, METHOD_channel_close, &h, NULL, NULL));
	ck_assert_uint_eq(h.method.channel_close.reply_code, 404);
	ck_assert_uint_eq(h.channel, 1);
}
END_TEST

START_TEST(a_queue_that_goes_while_a_get_waits_is_not_found)
{
	struct heard h;
	struct method open = { .id = METHOD_channel_open };
	struct method drop = { .id = METHOD_queue_delete,
		                   .queue_delete = { .queue = slice_str("q"), .no_wait = true } };
	get_until_parked();
	ck_assert(call(2, open, METHOD_channel_open_ok, &h));
	ck_assert(talk_call(&talk, 2, drop, METHOD_channel_close, &h));
	ck_assert_uint_eq(h.method.channel_close.reply_code, 404);
	inside_let_go(&in);
}
END_TEST

START_TEST(a_connection_may_go_while_a_get_waits)
{
	unsigned n = get_until_parked();
	talk_free(&talk);
	inside_let_go(&in);
	ck_assert(talk_open(&talk, &in));
	get("q", n);
}
END_TEST

START_TEST(the_log_gets_shorter_when_a_cold_backlog_is_gone)
{
	struct log_stats s;
	declare("q", _i);
	publish_many("q", 3 * MANY, _i);
	for (unsigned i = 0; i < 15; i++)
		publish("q", 3 * MANY + i, 100000, _i);
	for (unsigned i = 0; i < 3 * MANY + 15; i++)
		get("q", i);
	inside_pass(&in, 1000);
	log_stats(in.log, &s);
	ck_assert_uint_le(s.segments, 2);
}
END_TEST

Suite *suite_broker_cold(void)
{
	Suite *s = suite_create("broker/cold");
	TCase *t = tcase_create("cold");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_backlog_takes_little_memory, 0, 2);
	tcase_add_test(t, consumers_get_what_is_cold_in_order);
	tcase_add_test(t, a_queue_knows_what_of_it_is_in_memory);
	tcase_add_test(t, persistent_and_transient_messages_keep_their_order);
	tcase_add_test(t, spilled_messages_are_gone_after_a_restart_and_the_others_are_not);
	tcase_add_test(t, large_bodies_come_back_whole);
	tcase_add_test(t, purged_while_cold);
	tcase_add_test(t, a_queue_made_after_a_restart_is_not_mistaken_for_an_empty_one_from_before);
	tcase_add_test(t, a_get_waits_for_the_disk_and_other_channels_do_not);
	tcase_add_test(t, a_queue_that_goes_while_a_get_waits_is_not_found);
	tcase_add_test(t, a_connection_may_go_while_a_get_waits);
	tcase_add_loop_test(t, the_log_gets_shorter_when_a_cold_backlog_is_gone, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
