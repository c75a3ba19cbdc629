/* SPDX-License-Identifier: Apache-2.0 */
/* The index of a deep queue leaves memory a page at a time and comes back in order; a purge of all
 * of it takes one turn, and what it held is given back in the turns that follow. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "persistence/log.h"
#include "tests/unit/broker/fixture.h"

Suite *suite_broker_shelf(void);

enum { SEGMENT = 128 << 10, PAGE = 8, N = 600, PAGES = N / PAGE, BYTES = 700 };

static bool call(struct method m, uint32_t answer, struct heard *h)
{
	return talk_call(&talk, 1, m, answer, h);
}

static void declare(const char *queue)
{
	declare_queue(queue, true, slice_of("", 0));
}

static void set_up(void)
{
	set_log(SEGMENT);
	in.options.index_page_entries = PAGE;
	in.options.message_memory_bytes = 0;
	start();
	declare("deep");
	declare("busy");
}

static void publish(const char *queue, unsigned number)
{
	uint8_t body[BYTES] = { 0 };
	snprintf((char *)body, sizeof body, "%u", number);
	talk_publish(&talk, 1, slice_of("", 0), slice_str(queue), false, true,
	             slice_of(body, sizeof body));
}

static struct log_stats pass_time(void)
{
	struct log_stats s;
	for (int i = 0; i < 40; i++)
		inside_pass(&in, 50);
	log_stats(in.log, &s);
	return s;
}

/* A deep queue, of which nothing is in memory but the two ends. */
static void fill(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		publish("deep", i);
	pass_time();
	broker_rest(in.broker);
	pass_time();
}

static bool get(const char *queue, bool no_ack, struct heard *h)
{
	struct method m = { .id = METHOD_basic_get,
		                .basic_get = { .queue = slice_str(queue), .no_ack = no_ack } };
	return call(m, METHOD_basic_get_ok, h);
}

static void expect(unsigned from, unsigned to)
{
	struct heard h;
	for (unsigned i = from; i < to; i++) {
		ck_assert_msg(get("deep", true, &h), "%u is missing", i);
		ck_assert_int_eq(atoi((const char *)h.body.p), (int)i);
	}
}

static void expect_end(void)
{
	struct heard h;
	struct method m = { .id = METHOD_basic_get,
		                .basic_get = { .queue = slice_str("deep"), .no_ack = true } };
	ck_assert(call(m, METHOD_basic_get_empty, &h));
}

static void purge(unsigned wanted)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_purge,
		                .queue_purge = { .queue = slice_str("deep") } };
	ck_assert(call(m, METHOD_queue_purge_ok, &h));
	ck_assert_uint_eq(h.method.queue_purge_ok.message_count, wanted);
}

START_TEST(pages_come_back_in_order)
{
	fill(0, N);
	ck_assert_uint_ge(pass_time().records, N + PAGES / 2);
	expect(0, N / 2);
	fill(N, 2 * N);
	expect(N / 2, 2 * N);
	expect_end();
	ck_assert_uint_le(pass_time().segments, 2);
}
END_TEST

/* After a start all of it is in memory first, a page for each segment. */
START_TEST(a_start_finds_them_without_their_pages)
{
	fill(0, N);
	expect(0, 50);
	pass_time();
	lose_power((enum disk_sim_loss)_i);
	ck_assert_uint_ge(pass_time().records, 10);
	expect(50, N);
	expect_end();
	pass_time();
	lose_power((enum disk_sim_loss)_i);
	expect_end();
	ck_assert_uint_le(pass_time().segments, 2);
}
END_TEST

START_TEST(a_purge_takes_what_is_on_the_shelf)
{
	fill(0, N);
	expect(0, 20);
	if (_i >= 4)
		fill(N, N + 100);
	purge(N - 20 + (_i >= 4 ? 100 : 0));
	expect_end();
	publish("deep", 7000);
	ck_assert_uint_le(pass_time().segments, 2);
	lose_power((enum disk_sim_loss)(_i % 4));
	expect(7000, 7001);
	expect_end();
}
END_TEST

/* A page is on its way back while the queue is purged, or goes. */
START_TEST(a_page_that_comes_back_may_not_be_wanted)
{
	struct heard h;
	struct method del = { .id = METHOD_queue_delete,
		                  .queue_delete = { .queue = slice_str("deep"), .no_wait = true } };
	struct method take = { .id = METHOD_basic_get,
		                   .basic_get = { .queue = slice_str("deep"), .no_ack = true } };
	struct method empty = { .id = METHOD_queue_purge,
		                    .queue_purge = { .queue = slice_str("deep"), .no_wait = true } };
	fill(0, N);
	expect(0, 17);
	in.held = true;
	for (int i = 0; i < 4 + _i; i++)
		talk_send(&talk, 1, &take);
	talk_send(&talk, 2, &(struct method){ .id = METHOD_channel_open });
	talk_send(&talk, 2, _i % 2 ? &del : &empty);
	inside_let_go(&in);
	while (talk_read(&talk, &h))
		;
	pass_time();
	ck_assert_uint_le(pass_time().segments, 2);
	declare("deep");
	expect_end();
}
END_TEST

/* One that was requeued is before all that is on the shelf. */
START_TEST(what_was_returned_is_next)
{
	struct heard h;
	fill(0, N);
	for (unsigned i = 0; i < 30; i++)
		ck_assert(get("deep", false, &h));
	talk_send(&talk, 1, &(struct method){ .id = METHOD_basic_nack,
	                                      .basic_nack = { .multiple = true, .requeue = true } });
	expect(0, N);
	expect_end();
}
END_TEST

/* A deep queue that grows slowly beside a busy one: neither messages nor pages keep segments. */
START_TEST(pages_move_out_of_dead_segments)
{
	struct heard h;
	unsigned n = 0;
	for (unsigned round = 0; round < 40; round++) {
		for (unsigned i = 0; i < 2 * PAGE; i++)
			publish("deep", n++);
		broker_rest(in.broker);
		for (unsigned i = 0; i < 400; i++) {
			publish("busy", 0);
			ck_assert(get("busy", true, &h));
		}
	}
	struct log_stats s = pass_time();
	ck_assert_uint_ge(s.copied, n / 2);
	ck_assert_uint_le(s.segments, s.bytes / SEGMENT / 8);
	expect(0, n);
	expect_end();
	ck_assert_uint_le(pass_time().segments, 2);
}
END_TEST

enum { QUEUES = 24, EACH = 60 };

static void take_deliveries(unsigned *next, unsigned *came)
{
	struct heard h;
	while (talk_read(&talk, &h)) {
		if (h.method.id != METHOD_basic_deliver)
			continue;
		unsigned q = (unsigned)atoi((const char *)h.method.basic_deliver.routing_key.p + 1);
		ck_assert_int_eq(atoi((const char *)h.body.p), (int)next[q]++);
		++*came;
	}
}

/* They are read side by side, each keeps its order, and a start or a purge beside them is no
 * matter. */
START_TEST(many_queues_that_lie_interleaved_are_read_at_once)
{
	char name[8];
	unsigned next[QUEUES] = { 0 }, came = 0;
	for (unsigned i = 0; i < QUEUES; i++) {
		snprintf(name, sizeof name, "q%u", i);
		declare(name);
	}
	for (unsigned n = 0; n < QUEUES * EACH; n++) {
		snprintf(name, sizeof name, "q%u", n % QUEUES);
		publish(name, n / QUEUES);
	}
	pass_time();
	broker_rest(in.broker);
	pass_time();
	if (_i)
		lose_power(DISK_SIM_LOSES_ALL);
	for (unsigned i = 0; i < QUEUES; i++) {
		snprintf(name, sizeof name, "q%u", i);
		struct method m = { .id = METHOD_basic_consume,
			                .basic_consume = { .queue = slice_str(name), .no_ack = true } };
		talk_send(&talk, 1, &m);
		take_deliveries(next, &came);
	}
	for (int i = 0; i < 200 && came < QUEUES * EACH; i++) {
		inside_pass(&in, 10);
		take_deliveries(next, &came);
	}
	ck_assert_uint_eq(came, QUEUES * EACH);
	ck_assert_uint_le(pass_time().segments, 2);
}
END_TEST

Suite *suite_broker_shelf(void)
{
	Suite *s = suite_create("broker/shelf");
	TCase *t = tcase_create("shelf");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, pages_come_back_in_order);
	tcase_add_loop_test(t, a_start_finds_them_without_their_pages, 0, DISK_SIM_LOSS_KINDS);
	tcase_add_loop_test(t, a_purge_takes_what_is_on_the_shelf, 0, 8);
	tcase_add_loop_test(t, a_page_that_comes_back_may_not_be_wanted, 0, 8);
	tcase_add_test(t, what_was_returned_is_next);
	tcase_add_loop_test(t, many_queues_that_lie_interleaved_are_read_at_once, 0, 2);
	tcase_add_test(t, pages_move_out_of_dead_segments);
	suite_add_tcase(s, t);
	return s;
}
