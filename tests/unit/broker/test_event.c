/* SPDX-License-Identifier: Apache-2.0 */
/* What waits to be published has an end. What events say is in event.story. */
#include <check.h>

#include "amqp/method.h"
#include "amqp/props.h"
#include "base/mem.h"
#include "broker/event.h"
#include "broker/state.h"
#include "queue/message.h"
#include "tests/sim/inside.h"

Suite *suite_broker_event(void);

enum { BODY = 1 << 20, MOST = 64 };

static struct inside in;
static struct buf why;

static void set_up(void)
{
	inside_init(&in);
	ck_assert(inside_start(&in, &why));
}

static void tear_down(void)
{
	inside_stop(&in);
	buf_free(&why);
}

static struct message *large(void)
{
	struct buf header = { 0 };
	struct props p = { .class_id = CLASS_BASIC, .body_bytes = BODY };
	uint8_t *body = mem_zalloc(BODY);
	props_encode(&header, &p);
	struct message *m = message_new(slice_str("amq.rabbitmq.trace"), slice_str("publish."),
	                                buf_slice(&header), BODY, false);
	message_add_body(m, slice_of(body, BODY));
	mem_free(body);
	buf_free(&header);
	return m;
}

START_TEST(copies_of_large_messages_do_not_pile_up)
{
	struct events *e = &in.broker->events;
	for (int i = 0; i < MOST + 20; i++) {
		struct message *m = large();
		event_add(in.broker, e->topology, &m);
		ck_assert_ptr_null(m);
	}
	ck_assert_uint_lt(e->n_due, MOST + 1);
	ck_assert_uint_gt(e->n_due, MOST - 5);
	ck_assert_uint_eq(e->n_due + e->dropped, MOST + 20);
	inside_pass(&in, 10);
	ck_assert_uint_eq(e->n_due, 0);
	ck_assert_uint_eq(e->due_bytes, 0);
	struct message *m = large();
	event_add(in.broker, e->topology, &m);
	ck_assert_uint_eq(e->n_due, 1);
}
END_TEST

Suite *suite_broker_event(void)
{
	Suite *s = suite_create("broker/event");
	TCase *t = tcase_create("event");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, copies_of_large_messages_do_not_pile_up);
	suite_add_tcase(s, t);
	return s;
}
