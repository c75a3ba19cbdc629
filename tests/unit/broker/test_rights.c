/* SPDX-License-Identifier: Apache-2.0 */
/* What a channel remembers of rights, which no conversation shows. */
#include <check.h>

#include "broker/channel.h"
#include "broker/user.h"
#include "queue/queue.h"
#include "tests/sim/admin.h"
#include "tests/sim/talk.h"

Suite *suite_broker_rights(void);

static struct inside in;
static struct talk talk;
static struct buf said;

static void set_up(void)
{
	inside_init(&in);
	ck_assert(inside_start(&in, &said));
	ck_assert(talk_open(&talk, &in));
}

static void tear_down(void)
{
	talk_free(&talk);
	inside_stop(&in);
	inside_forget(&in);
	buf_free(&said);
}

static struct channel *channel(void)
{
	return connection_channel(talk.peer.connection, 1);
}

static void publish(const char *exchange)
{
	talk_publish(&talk, 1, slice_str(exchange), slice_str("k"), false, false, slice_str("x"));
	inside_pass(&in, 1);
}

static uint64_t serial(const char *exchange)
{
	return topology_exchange(&channel()->vhost->topology, slice_str(exchange))->serial;
}

START_TEST(what_was_allowed_is_known_until_rights_change)
{
	ck_assert(!channel_may(channel(), RIGHT_WRITE, serial("amq.direct")));
	publish("amq.direct");
	ck_assert(channel_may(channel(), RIGHT_WRITE, serial("amq.direct")));
	ck_assert(!channel_may(channel(), RIGHT_READ, serial("amq.direct")));
	ck_assert(!channel_may(channel(), RIGHT_WRITE, serial("amq.fanout")));
	ck_assert_int_eq(admin_say(&in, &said, "add_user", "kate", "k", NULL), 0);
	ck_assert(channel_may(channel(), RIGHT_WRITE, serial("amq.direct")));
	ck_assert_int_eq(admin_say(&in, &said, "set_permissions", "kate", "", "", "", NULL), 0);
	ck_assert(!channel_may(channel(), RIGHT_WRITE, serial("amq.direct")));
	publish("amq.direct");
	ck_assert(channel_may(channel(), RIGHT_WRITE, serial("amq.direct")));
}
END_TEST

START_TEST(what_was_refused_is_not_known)
{
	ck_assert_int_eq(admin_say(&in, &said, "set_permissions", "guest", "", "", "", NULL), 0);
	uint64_t there = serial("amq.direct");
	publish("amq.direct");
	ck_assert(channel()->closing);
	ck_assert(!channel_may(channel(), RIGHT_WRITE, there));
}
END_TEST

START_TEST(queues_and_exchanges_never_share_a_serial)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_declare, .queue_declare = { .queue = slice_str("q") } };
	talk_send(&talk, 1, &m);
	ck_assert(talk_expect(&talk, METHOD_queue_declare_ok, &h, NULL, NULL));
	const struct topology *t = &channel()->vhost->topology;
	uint64_t of_queue = topology_queue(t, slice_str("q"))->serial;
	list_each(it, &t->all_exchanges) {
		const struct exchange *x = list_entry(it, struct exchange, link);
		ck_assert_uint_ne(x->serial, of_queue);
		ck_assert_uint_ne(x->serial, 0);
	}
}
END_TEST

Suite *suite_broker_rights(void)
{
	Suite *s = suite_create("broker/rights");
	TCase *t = tcase_create("rights");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_was_allowed_is_known_until_rights_change);
	tcase_add_test(t, what_was_refused_is_not_known);
	tcase_add_test(t, queues_and_exchanges_never_share_a_serial);
	suite_add_tcase(s, t);
	return s;
}
