/* SPDX-License-Identifier: Apache-2.0 */
/* Disk space comes back from the middle of the log too: a queue that nobody reads keeps its own
 * segments and nothing else, and what is gone stays gone whatever happens to the power. */
#include <stdio.h>

#include "base/mem.h"
#include "persistence/log.h"
#include "persistence/log_file.h"
#include "tests/unit/broker/fixture.h"

Suite *suite_broker_reclaim(void);

enum { SEGMENT = 1 << 20, BUSY = 400, BUSY_BYTES = 30000 };

static void set_up(void)
{
	set_log(SEGMENT);
	start();
}

static bool call(struct method m, uint32_t answer, struct heard *h)
{
	return talk_call(&talk, 1, m, answer, h);
}

static void declare(const char *queue)
{
	declare_queue(queue, true, slice_of("", 0));
}

static void delete(const char *queue)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_delete,
		                .queue_delete = { .queue = slice_str(queue) } };
	ck_assert(call(m, METHOD_queue_delete_ok, &h));
}

static void purge(const char *queue)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_purge,
		                .queue_purge = { .queue = slice_str(queue) } };
	ck_assert(call(m, METHOD_queue_purge_ok, &h));
}

/* The messages of a queue that is there; -1: it is not. */
static int ready(const char *queue)
{
	struct heard h;
	struct method open = { .id = METHOD_channel_open };
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str(queue), .passive = true } };
	static uint16_t channel = 1;
	channel++;
	ck_assert(talk_call(&talk, channel, open, METHOD_channel_open_ok, &h));
	talk_send(&talk, channel, &m);
	return talk_expect(&talk, METHOD_queue_declare_ok, &h, NULL, NULL)
	           ? (int)h.method.queue_declare_ok.message_count
	           : -1;
}

static void publish(const char *queue, size_t bytes)
{
	uint8_t *body = mem_zalloc(bytes);
	talk_publish(&talk, 1, slice_of("", 0), slice_str(queue), false, true,
	             slice_of(body, bytes));
	mem_free(body);
}

static bool get(const char *queue)
{
	struct heard h;
	struct method m = { .id = METHOD_basic_get,
		                .basic_get = { .queue = slice_str(queue), .no_ack = true } };
	return call(m, METHOD_basic_get_ok, &h);
}

static uint64_t segments_later(void)
{
	for (int i = 0; i < 20; i++)
		inside_pass(&in, 100);
	return segments();
}

/* Twelve segments full go through the queue. */
static void be_busy(const char *queue)
{
	for (int i = 0; i < BUSY; i++) {
		publish(queue, BUSY_BYTES);
		ck_assert(get(queue));
	}
}

START_TEST(a_queue_that_nobody_reads_keeps_only_its_own)
{
	declare("stuck");
	declare("busy");
	publish("stuck", 100);
	be_busy("busy");
	ck_assert_uint_le(segments_later(), 3);
	lose_power((enum disk_sim_loss)_i);
	ck_assert_int_eq(ready("stuck"), 1);
	ck_assert_int_eq(ready("busy"), 0);
	publish("stuck", 100);
	be_busy("busy");
	ck_assert_uint_le(segments_later(), 4);
	lose_power((enum disk_sim_loss)_i);
	ck_assert_int_eq(ready("stuck"), 2);
	ck_assert(get("stuck"));
	ck_assert(get("stuck"));
	ck_assert_uint_le(segments_later(), 2);
}
END_TEST

/* The power goes when the acks are written and nothing is given up yet. */
static void purge_and_lose_power(const char *queue)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_purge,
		                .queue_purge = { .queue = slice_str(queue), .no_wait = true } };
	disk_sim_crash_at(in.disk, disk_sim_operations(in.disk) + 4);
	talk_send(&talk, 1, &m);
	while (talk_read(&talk, &h))
		;
	for (int i = 0; i < 5; i++)
		inside_pass(&in, 100);
	talk_free(&talk);
	inside_crash(&in, DISK_SIM_KEEPS_ALL);
}

/* Nobody has to come for it. */
START_TEST(what_is_hollow_at_a_start_goes)
{
	declare("stuck");
	declare("busy");
	publish("stuck", 100);
	for (int i = 0; i < BUSY; i++)
		publish("busy", BUSY_BYTES);
	purge_and_lose_power("busy");
	start();
	ck_assert_int_eq(ready("busy"), 0);
	ck_assert_uint_le(segments_later(), 3);
}
END_TEST

/* More of it than one turn gives up: the broker asks for the turns that it needs. */
START_TEST(a_long_front_goes_while_nothing_else_happens)
{
	struct log_stats s;
	declare("busy");
	for (int i = 0; i < 2 * BUSY; i++)
		publish("busy", BUSY_BYTES);
	purge_and_lose_power("busy");
	ck_assert_msg(inside_start(&in, &why), "%.*s", (int)why.len, (char *)why.p);
	broker_turn(in.broker, in.now_ms);
	while (log_file_step(in.log))   /* what it appended again is durable, which wakes it */
		;
	broker_turn(in.broker, in.now_ms);
	for (int i = 0; i < 100 && broker_deadline(in.broker) <= in.now_ms; i++)
		broker_turn(in.broker, in.now_ms);
	log_stats(in.log, &s);
	ck_assert_uint_le(s.segments, 3);
	ck_assert(talk_open(&talk, &in));
}
END_TEST

/* More of them than one turn appends again. */
START_TEST(many_declarations_move_along)
{
	char name[24];
	declare("stuck");
	publish("stuck", 100);
	for (int i = 0; i < 2500; i++) {
		snprintf(name, sizeof name, "many.%d", i);
		declare(name);
	}
	declare("busy");
	be_busy("busy");
	ck_assert_uint_le(segments_later(), 4);
	lose_power(DISK_SIM_LOSES_ALL);
	for (int i = 0; i < 2500; i += 83) {
		snprintf(name, sizeof name, "many.%d", i);
		ck_assert_int_eq(ready(name), 0);
	}
	ck_assert_int_eq(ready("stuck"), 1);
}
END_TEST

/* Their acks lie in segments that are given up, they lie in one that stays. */
START_TEST(acks_outlive_the_segment_they_are_in)
{
	declare("stuck");
	declare("busy");
	publish("stuck", 100);
	for (int i = 0; i < 5; i++)
		publish("busy", 100);
	be_busy("stuck");
	for (int i = 0; i < 5; i++)
		ck_assert(get("busy"));
	be_busy("busy");
	uint64_t kept = segments_later();
	lose_power((enum disk_sim_loss)_i);
	ck_assert_int_eq(ready("busy"), 0);
	ck_assert_int_eq(ready("stuck"), 1);
	ck_assert_uint_le(kept, 4);
}
END_TEST

START_TEST(a_deleted_queue_does_not_come_back_from_an_older_segment)
{
	declare("stuck");
	declare("short-lived");
	declare("busy");
	publish("stuck", 100);
	be_busy("busy");
	delete("short-lived");
	be_busy("busy");
	be_busy("busy");
	ck_assert_uint_le(segments_later(), 3);
	lose_power((enum disk_sim_loss)_i);
	ck_assert_int_eq(ready("short-lived"), -1);
	lose_power((enum disk_sim_loss)_i);
	ck_assert_int_eq(ready("busy"), 0);
}
END_TEST

/* The end of a body in many records is left at the front of the log when its beginning is gone. */
START_TEST(a_body_cut_by_the_front_of_the_log_is_no_damage)
{
	declare("q");
	for (size_t i = 0; i < 6; i++) {
		publish("q", SEGMENT + 100000 * i);
		purge("q");
		ck_assert_uint_le(segments_later(), 2);
		lose_power(DISK_SIM_KEEPS_ALL);
		ck_assert_int_eq(ready("q"), 0);
	}
}
END_TEST

/* The power goes while a transaction larger than a segment is written; what followed its beginning
 * is void, also when the segment of the beginning has been given up. */
START_TEST(what_was_void_stays_void_behind_a_cut)
{
	struct heard h;
	struct method open = { .id = METHOD_channel_open };
	uint8_t *body = mem_zalloc(60000);
	declare("q");
	ck_assert(talk_call(&talk, 2, open, METHOD_channel_open_ok, &h));
	talk_send(&talk, 2, &(struct method){ .id = METHOD_tx_select });
	ck_assert(talk_expect(&talk, METHOD_tx_select_ok, &h, NULL, NULL));
	for (int i = 0; i < 50; i++)
		talk_publish(&talk, 2, slice_of("", 0), slice_str("q"), false, true,
		             slice_of(body, 60000));
	disk_sim_crash_at(in.disk, disk_sim_operations(in.disk) + 14 + (uint64_t)_i % 3);
	talk_send(&talk, 2, &(struct method){ .id = METHOD_tx_commit });
	talk_free(&talk);
	inside_crash(&in, DISK_SIM_KEEPS_ALL);
	disk_sim_crash_at(in.disk, disk_sim_operations(in.disk) + 1 + (uint64_t)_i / 3);
	if (inside_start(&in, &why))
		inside_pass(&in, 100);
	inside_crash(&in, DISK_SIM_KEEPS_ALL);
	buf_clear(&why);
	start();
	int there = ready("q");
	ck_assert_msg(there == 0 || there == 50, "%d of 50", there);
	mem_free(body);
}
END_TEST

/* A message in a transient queue too, which goes to the log when its first record is not there any
 * more. */
START_TEST(a_transient_queue_may_need_what_the_log_gave_up)
{
	struct heard h;
	struct method bind = { .id = METHOD_queue_bind,
		                   .queue_bind = { .exchange = slice_str("amq.fanout") } };
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str("transient") } };
	uint8_t body[3000] = { 0 };
	declare("durable");
	ck_assert(call(m, METHOD_queue_declare_ok, &h));
	bind.queue_bind.queue = slice_str("durable");
	ck_assert(call(bind, METHOD_queue_bind_ok, &h));
	bind.queue_bind.queue = slice_str("transient");
	ck_assert(call(bind, METHOD_queue_bind_ok, &h));
	for (int i = 0; i < 1500; i++) {
		talk_publish(&talk, 1, slice_str("amq.fanout"), slice_of("", 0), false, true,
		             slice_of(body, sizeof body));
		ck_assert(get("durable"));
	}
	ck_assert_uint_le(segments_later(), 2);
	broker_rest(in.broker);
	ck_assert_uint_ge(segments_later(), 4);
	for (int i = 0; i < 1500; i++)
		ck_assert(get("transient"));
	ck_assert_int_eq(ready("transient"), 0);
}
END_TEST

/* While the front waits to be given up, memory is made and a transient queue would need it again.
 * Whatever comes of that, what was deleted since stays deleted. */
START_TEST(a_transient_queue_comes_too_late_for_what_is_on_its_way_out)
{
	struct heard h;
	struct method bind = { .id = METHOD_queue_bind,
		                   .queue_bind = { .exchange = slice_str("amq.fanout") } };
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str("transient") } };
	uint8_t body[3000] = { 0 };
	declare("short-lived");
	declare("busy");
	declare("durable");
	ck_assert(call(m, METHOD_queue_declare_ok, &h));
	bind.queue_bind.queue = slice_str("durable");
	ck_assert(call(bind, METHOD_queue_bind_ok, &h));
	bind.queue_bind.queue = slice_str("transient");
	ck_assert(call(bind, METHOD_queue_bind_ok, &h));
	for (int i = 0; i < 200; i++)
		talk_publish(&talk, 1, slice_str("amq.fanout"), slice_of("", 0), false, true,
		             slice_of(body, sizeof body));
	for (int i = 0; i < 50; i++)
		publish("durable", BUSY_BYTES);
	ck_assert_uint_ge(segments_later(), 2);
	broker_rest(in.broker);
	purge("durable");
	delete("short-lived");
	be_busy("busy");
	ck_assert_int_eq(ready("transient"), 200);
	lose_power((enum disk_sim_loss)_i);
	ck_assert_int_eq(ready("short-lived"), -1);
}
END_TEST

Suite *suite_broker_reclaim(void)
{
	Suite *s = suite_create("broker_reclaim");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, a_queue_that_nobody_reads_keeps_only_its_own, 0, DISK_SIM_LOSS_KINDS);
	tcase_add_loop_test(t, acks_outlive_the_segment_they_are_in, 0, DISK_SIM_LOSS_KINDS);
	tcase_add_loop_test(t, a_deleted_queue_does_not_come_back_from_an_older_segment, 0,
	                    DISK_SIM_LOSS_KINDS);
	tcase_add_test(t, what_is_hollow_at_a_start_goes);
	tcase_add_test(t, a_long_front_goes_while_nothing_else_happens);
	tcase_add_test(t, many_declarations_move_along);
	tcase_add_test(t, a_body_cut_by_the_front_of_the_log_is_no_damage);
	tcase_add_loop_test(t, what_was_void_stays_void_behind_a_cut, 0, 3 * 16);
	tcase_add_test(t, a_transient_queue_may_need_what_the_log_gave_up);
	tcase_add_loop_test(t, a_transient_queue_comes_too_late_for_what_is_on_its_way_out, 0,
	                    DISK_SIM_LOSS_KINDS);
	suite_add_tcase(s, t);
	return s;
}
