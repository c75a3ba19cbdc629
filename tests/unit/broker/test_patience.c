/* SPDX-License-Identifier: Apache-2.0 */
/* What is noted of deliveries with a timeout stays in proportion to what is out, and what a client
 * may let become late has an end. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "amqp/table.h"
#include "base/mem.h"
#include "broker/channel.h"
#include "tests/sim/talk.h"

Suite *suite_broker_patience(void);

static struct inside in;
static struct talk talk;
static struct buf why;

static void set_up(void)
{
	inside_init(&in);
	ck_assert(inside_start(&in, &why));
	ck_assert(talk_open(&talk, &in));
	talk.peer.connection->can_cancel_notify = true;
}

static void tear_down(void)
{
	talk_free(&talk);
	inside_stop(&in);
	inside_forget(&in);
	buf_free(&why);
}

static struct channel *channel(void)
{
	return connection_channel(talk.peer.connection, 1);
}

static void consume(const char *queue, const char *tag, int ms)
{
	struct buf arguments = { 0 };
	struct field f = { .letter = 'I', .integer = ms };
	struct method declare = { .id = METHOD_queue_declare,
		                      .queue_declare = { .queue = slice_str(queue) } };
	table_put(&arguments, slice_str("x-consumer-timeout"), &f);
	struct method m = { .id = METHOD_basic_consume,
		                .basic_consume = { .queue = slice_str(queue),
		                                   .consumer_tag = slice_str(tag),
		                                   .arguments = buf_slice(&arguments) } };
	ck_assert(talk_call(&talk, 1, declare, METHOD_queue_declare_ok, NULL));
	ck_assert(talk_call(&talk, 1, m, METHOD_basic_consume_ok, NULL));
	buf_free(&arguments);
}

static uint64_t receive(const char *queue)
{
	struct heard h;
	talk_publish(&talk, 1, slice_of("", 0), slice_str(queue), false, false, slice_str("x"));
	ck_assert(talk_expect(&talk, METHOD_basic_deliver, &h, NULL, NULL));
	return h.method.basic_deliver.delivery_tag;
}

static void ack(uint64_t tag)
{
	struct method m = { .id = METHOD_basic_ack, .basic_ack = { .delivery_tag = tag } };
	talk_send(&talk, 1, &m);
}

START_TEST(one_old_delivery_does_not_keep_the_notes_of_those_since)
{
	struct heard h;
	consume("q", "t", 3600000);
	uint64_t old = receive("q");
	for (int i = 0; i < 20000; i++) {
		ack(receive("q"));
		ck_assert_uint_le(channel()->patience.cap, 512);
	}
	inside_pass(&in, 3599999);
	ck_assert(!talk_read(&talk, &h));
	inside_pass(&in, 1);
	ck_assert(talk_expect(&talk, METHOD_basic_cancel, &h, NULL, NULL));
	ck_assert_uint_eq(channel()->unacked.count, 1);
	ck_assert_uint_eq(channel()->patience.n, 0);
	ck_assert_ptr_null(channel()->patience.dues);
	ack(old);
	ck_assert_uint_eq(channel()->patience.n_late, 0);
	broker_check(in.broker);
}
END_TEST

/* Timeouts from long to short, so that the heap has to turn them round; half of them in time. */
START_TEST(each_is_late_at_its_own_time)
{
	enum { N = 60 };
	struct heard h;
	uint64_t tags[N];
	char name[16];
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof name, "%d", i);
		consume(name, name, 10 * (N - i));
		tags[i] = receive(name);
	}
	for (int i = 0; i < N; i += 2)
		ack(tags[i]);
	for (int i = N - 1; i >= 0; i--) {
		inside_pass(&in, 9);
		ck_assert(!talk_read(&talk, &h));
		inside_pass(&in, 1);
		bool late = i % 2;
		ck_assert_int_eq(talk_read(&talk, &h), late);
		if (late)
			ck_assert_int_eq(atoi((const char *)h.method.basic_cancel.consumer_tag.p), i);
	}
}
END_TEST

/* The same messages come back to the next consumer, and the next: the channel that lets them all
 * become late remembers so many tags and no more. */
START_TEST(late_tags_have_an_end)
{
	enum { AT_ONCE = 8192, ROUNDS = 8 };
	struct heard h;
	consume("q", "0", 10);
	for (int i = 0; i < AT_ONCE; i++)
		receive("q");
	for (int round = 1; round <= ROUNDS; round++) {
		char name[16];
		inside_pass(&in, 20);
		ck_assert(talk_expect(&talk, METHOD_basic_cancel, &h, NULL, NULL));
		ck_assert_uint_eq(channel()->patience.n_late, (uint32_t)(round * AT_ONCE));
		snprintf(name, sizeof name, "%d", round);
		consume("q", name, 10);
		for (int i = 0; i < AT_ONCE; i++)
			ck_assert(talk_expect(&talk, METHOD_basic_deliver, &h, NULL, NULL));
	}
	inside_pass(&in, 20);
	ck_assert(talk_expect(&talk, METHOD_channel_close, &h, NULL, NULL));
	ck_assert_uint_eq(h.method.channel_close.reply_code, 406);
	broker_check(in.broker);
}
END_TEST

Suite *suite_broker_patience(void)
{
	Suite *s = suite_create("broker/patience");
	TCase *t = tcase_create("timeouts");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, one_old_delivery_does_not_keep_the_notes_of_those_since);
	tcase_add_test(t, each_is_late_at_its_own_time);
	tcase_add_test(t, late_tags_have_an_end);
	suite_add_tcase(s, t);
	return s;
}
