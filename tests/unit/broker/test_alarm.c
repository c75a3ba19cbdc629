/* SPDX-License-Identifier: Apache-2.0 */
/* Alarms, as publishers and consumers see them.  What a full disk does by itself: test_full.c. */
#include <check.h>

#include "broker/manage.h"
#include "persistence/log.h"
#include "tests/sim/admin.h"
#include "tests/sim/talk.h"

Suite *suite_broker_alarm(void);

enum { WATERMARK = 1000, DISK_LIMIT = 500, PLENTY = 1 << 20, SEGMENT = 64 << 10 };

static struct inside in;
static struct talk publisher, consumer;
static struct buf why, reasons;
static unsigned blocked, unblocked, returned;

static void set_up(void)
{
	bool durable = in.durable;
	inside_init(&in);
	in.durable = durable;
	in.segment_bytes = SEGMENT;
	in.options.memory_watermark_bytes = WATERMARK;
	in.options.disk_free_limit_bytes = DISK_LIMIT;
	blocked = unblocked = returned = 0;
	ck_assert(inside_start(&in, &why));
	ck_assert(talk_open(&publisher, &in) && talk_open(&consumer, &in));
}

static void set_up_durable(void)
{
	in.durable = true;
	set_up();
}

static void tear_down(void)
{
	talk_free(&publisher);
	talk_free(&consumer);
	inside_stop(&in);
	inside_forget(&in);
	in.durable = false;
	buf_free(&why);
	buf_free(&reasons);
}

/* Published to nowhere and mandatory: what is read comes back. */
static void publish(struct talk *t)
{
	talk_publish(t, 1, slice_of("", 0), slice_str("nowhere"), true, false, slice_str("x"));
	inside_pass(&in, 1);
}

static void listen(struct talk *t)
{
	struct heard h;
	while (talk_read(t, &h)) {
		blocked += h.method.id == METHOD_connection_blocked;
		unblocked += h.method.id == METHOD_connection_unblocked;
		returned += h.method.id == METHOD_basic_return;
		if (h.method.id == METHOD_connection_blocked)
			buf_append_slice(&reasons, h.method.connection_blocked.reason);
	}
}

static void expect(unsigned b, unsigned u, unsigned r)
{
	listen(&publisher);
	ck_assert_uint_eq(blocked, b);
	ck_assert_uint_eq(unblocked, u);
	ck_assert_uint_eq(returned, r);
}

static void note(uint64_t memory, uint64_t disk)
{
	broker_note_resources(in.broker, memory, disk);
	inside_pass(&in, 1);
}

START_TEST(a_publisher_is_told_at_its_first_message)
{
	publish(&publisher);
	note(WATERMARK, PLENTY);
	expect(0, 0, 1);
	publish(&publisher);
	publish(&publisher);
	expect(1, 0, 2);   /* the first was on its way already */
	ck_assert(slice_is(buf_slice(&reasons), "low on memory"));
	note(WATERMARK - 1, PLENTY);
	expect(1, 1, 3);
	publish(&publisher);
	expect(1, 1, 4);
}
END_TEST

START_TEST(who_does_not_publish_is_not_troubled)
{
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str("q") } };
	note(WATERMARK, PLENTY);
	publish(&publisher);
	ck_assert(talk_call(&consumer, 1, m, METHOD_queue_declare_ok, NULL));
	note(0, PLENTY);
	listen(&consumer);
	ck_assert_uint_eq(blocked + unblocked, 0);
}
END_TEST

/* Told once; and it goes on when both are over. */
START_TEST(two_alarms_are_one_block)
{
	note(0, DISK_LIMIT - 1);
	publish(&publisher);
	expect(1, 0, 1);
	note(WATERMARK, DISK_LIMIT - 1);
	note(WATERMARK, PLENTY);
	expect(1, 0, 1);
	note(0, PLENTY);
	expect(1, 1, 1);
	note(WATERMARK, DISK_LIMIT - 1);
	publish(&publisher);
	expect(2, 1, 2);
	ck_assert(slice_is(buf_slice(&reasons), "low on disklow on memory & disk"));
}
END_TEST

START_TEST(what_is_set_by_hand_counts_at_once)
{
	note(WATERMARK / 2, PLENTY);
	ck_assert(!broker_is_alarmed(in.broker));
	manage_set_memory_watermark(in.broker, WATERMARK / 2);
	ck_assert(broker_is_alarmed(in.broker));
	manage_set_memory_watermark(in.broker, WATERMARK);
	ck_assert(!broker_is_alarmed(in.broker));
	manage_set_disk_free_limit(in.broker, PLENTY + 1);
	ck_assert(broker_is_alarmed(in.broker));
	manage_set_disk_free_limit(in.broker, PLENTY);
	ck_assert(!broker_is_alarmed(in.broker));
}
END_TEST

/* We are the ones who do not read: silence is not held against it. */
START_TEST(a_blocked_client_is_not_taken_for_dead)
{
	note(WATERMARK, PLENTY);
	publish(&publisher);
	expect(1, 0, 1);
	inside_pass(&in, 1000 * 1000);
	note(0, PLENTY);
	expect(1, 1, 1);
	publish(&publisher);
	expect(1, 1, 2);
}
END_TEST

START_TEST(a_blocked_client_is_heard_when_it_ends)
{
	struct method ok = { .id = METHOD_connection_close_ok };
	struct heard h;
	note(WATERMARK, PLENTY);
	publish(&publisher);
	manage_close(in.broker, 1, slice_str("enough"));
	inside_pass(&in, 1);
	ck_assert(talk_expect(&publisher, METHOD_connection_close, &h, NULL, NULL));
	talk_send(&publisher, 0, &ok);
	ck_assert(publisher.peer.gone);
}
END_TEST

static uint64_t spare_bytes(void)
{
	struct log_stats s;
	log_stats(in.log, &s);
	return s.spare_bytes;
}

/* Published and taken until segments were given up. */
static void make_spares(void)
{
	uint8_t body[8 << 10] = { 0 };
	struct method declare = { .id = METHOD_queue_declare,
		                      .queue_declare = { .queue = slice_str("q"), .durable = true } };
	struct method get = { .id = METHOD_basic_get,
		                  .basic_get = { .queue = slice_str("q"), .no_ack = true } };
	ck_assert(talk_call(&consumer, 1, declare, METHOD_queue_declare_ok, NULL));
	for (int i = 0; i < 100; i++) {
		talk_publish(&consumer, 1, slice_of("", 0), slice_str("q"), false, true,
		             slice_of(body, sizeof body));
		ck_assert(talk_call(&consumer, 1, get, METHOD_basic_get_ok, NULL));
		inside_pass(&in, 20);
	}
}

START_TEST(spare_files_of_the_log_are_room)
{
	make_spares();
	ck_assert_uint_ge(spare_bytes(), SEGMENT);
	note(0, DISK_LIMIT - 1);
	ck_assert(!broker_is_alarmed(in.broker));
	manage_set_disk_free_limit(in.broker, DISK_LIMIT + spare_bytes());
	ck_assert(broker_is_alarmed(in.broker));
	note(0, UINT64_MAX);
	ck_assert(!broker_is_alarmed(in.broker));
}
END_TEST

/* Two reasons to wait: it goes on when both are gone. */
START_TEST(who_is_too_fast_waits_for_both)
{
	struct buf said = { 0 };
	ck_assert_int_eq(admin_say(&in, &said, "set_vhost_limits", "{\"max-publish-rate\":1}",
	                           NULL), 0);
	publish(&publisher);
	publish(&publisher);
	expect(1, 0, 2);
	note(WATERMARK, PLENTY);
	note(0, PLENTY);
	expect(1, 0, 2);
	note(WATERMARK, PLENTY);
	inside_pass(&in, 5000);
	expect(1, 0, 2);
	note(0, PLENTY);
	expect(1, 1, 2);
	ck_assert(slice_is(buf_slice(&reasons), "rate limit for vhost '/'"));
	buf_free(&said);
}
END_TEST

Suite *suite_broker_alarm(void)
{
	Suite *s = suite_create("broker/alarm");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_publisher_is_told_at_its_first_message);
	tcase_add_test(t, who_does_not_publish_is_not_troubled);
	tcase_add_test(t, two_alarms_are_one_block);
	tcase_add_test(t, what_is_set_by_hand_counts_at_once);
	tcase_add_test(t, a_blocked_client_is_not_taken_for_dead);
	tcase_add_test(t, a_blocked_client_is_heard_when_it_ends);
	tcase_add_test(t, who_is_too_fast_waits_for_both);
	suite_add_tcase(s, t);
	t = tcase_create("durable");
	tcase_add_checked_fixture(t, set_up_durable, tear_down);
	tcase_add_test(t, spare_files_of_the_log_are_room);
	suite_add_tcase(s, t);
	return s;
}
