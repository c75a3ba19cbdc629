/* SPDX-License-Identifier: Apache-2.0 */
/* A disk without room: publishers are told and not read, consumers and their acks go on, and all
 * resumes by itself. */
#include <check.h>
#include <stdio.h>

#include "amqp/table.h"
#include "tests/sim/talk.h"

Suite *suite_broker_full(void);

enum { SEGMENT = 64 << 10, BODY = 1000 };

static struct inside in;
static struct talk publisher, consumer;
static struct buf why;
static unsigned blocked, unblocked, confirmed;

static void set_up(void)
{
	inside_init(&in);
	in.durable = true;
	in.segment_bytes = SEGMENT;
	in.disk = disk_sim_new(1, 0);
	blocked = unblocked = confirmed = 0;
	ck_assert(inside_start(&in, &why));
	ck_assert(talk_open(&publisher, &in) && talk_open(&consumer, &in));
}

static void tear_down(void)
{
	talk_free(&publisher);
	talk_free(&consumer);
	inside_stop(&in);
	inside_forget(&in);
	buf_free(&why);
}

static bool call(struct talk *t, struct method m, uint32_t answer)
{
	struct heard h;
	talk_send(t, 1, &m);
	return talk_expect(t, answer, &h, NULL, NULL);
}

static void listen(void)
{
	struct heard h;
	while (talk_read(&publisher, &h)) {
		blocked += h.method.id == METHOD_connection_blocked;
		unblocked += h.method.id == METHOD_connection_unblocked;
		if (h.method.id == METHOD_basic_ack)
			confirmed = (unsigned)h.method.basic_ack.delivery_tag;
		if (h.method.id == METHOD_connection_blocked)
			ck_assert(slice_is(h.method.connection_blocked.reason, "low on disk"));
	}
}

static void declare(void)
{
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str("q"), .durable = true } };
	ck_assert(call(&publisher, m, METHOD_queue_declare_ok));
	ck_assert(call(&publisher, (struct method){ .id = METHOD_confirm_select },
	               METHOD_confirm_select_ok));
}

/* Until the broker says that it is blocked; how many were sent. */
static unsigned publish_until_blocked(void)
{
	static uint8_t body[BODY];
	unsigned n = 0;
	disk_sim_set_room(in.disk, 8 * SEGMENT);
	for (; !blocked && n < 2000; n++) {
		talk_publish(&publisher, 1, slice_of("", 0), slice_str("q"), false, true,
		             slice_of(body, BODY));
		inside_pass(&in, 1);
		listen();
	}
	ck_assert_uint_eq(blocked, 1);
	return n;
}

START_TEST(publishers_are_told_and_go_on_when_there_is_room)
{
	static uint8_t body[BODY];
	declare();
	unsigned n = publish_until_blocked();
	for (unsigned i = 0; i < 100; i++)
		talk_publish(&publisher, 1, slice_of("", 0), slice_str("q"), false, true,
		             slice_of(body, BODY));
	inside_pass(&in, 1000);
	listen();
	ck_assert_uint_le(confirmed, n);
	ck_assert_uint_eq(blocked, 1);
	ck_assert_uint_eq(unblocked, 0);
	disk_sim_set_room(in.disk, 0);
	inside_pass(&in, 1000);
	listen();
	ck_assert_uint_eq(unblocked, 1);
	ck_assert_uint_eq(confirmed, n + 100);
}
END_TEST

START_TEST(consumers_empty_the_disk_and_so_unblock_it)
{
	struct heard h;
	struct method get = { .id = METHOD_basic_get, .basic_get = { .queue = slice_str("q") } };
	declare();
	unsigned n = publish_until_blocked(), got = 0;
	for (; got < n; got++) {
		talk_send(&consumer, 1, &get);
		if (!talk_expect(&consumer, METHOD_basic_get_ok, &h, NULL, NULL))
			break;
		struct method ack = { .id = METHOD_basic_ack,
			                  .basic_ack = { .delivery_tag = h.method.basic_get_ok.delivery_tag } };
		talk_send(&consumer, 1, &ack);
		inside_pass(&in, 15);
	}
	inside_pass(&in, 2000);
	listen();
	ck_assert_uint_ge(got + 1, n);
	ck_assert_uint_eq(unblocked, 1);
}
END_TEST

Suite *suite_broker_full(void)
{
	Suite *s = suite_create("broker/full");
	TCase *t = tcase_create("full");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, publishers_are_told_and_go_on_when_there_is_room);
	tcase_add_test(t, consumers_empty_the_disk_and_so_unblock_it);
	suite_add_tcase(s, t);
	return s;
}
