/* SPDX-License-Identifier: Apache-2.0 */
/* What a channel remembers of rights, which no conversation shows. */
#include <check.h>
#include <stdio.h>

#include "base/logline.h"
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
	struct method m = { .id = METHOD_queue_declare, .queue_declare = { .queue = slice_str("q") } };
	ck_assert(talk_call(&talk, 1, m, METHOD_queue_declare_ok, NULL));
	const struct topology *t = &channel()->vhost->topology;
	uint64_t of_queue = topology_queue(t, slice_str("q"))->serial;
	list_each(it, &t->all_exchanges.list) {
		const struct exchange *x = list_entry(it, struct exchange, link);
		ck_assert_uint_ne(x->serial, of_queue);
		ck_assert_uint_ne(x->serial, 0);
	}
}
END_TEST

/* ---- many who are concerned ---- */

START_TEST(consumers_are_looked_at_over_many_turns)
{
	struct broker *b = in.broker;
	char tag[16];
	struct method declare = { .id = METHOD_queue_declare,
		                      .queue_declare = { .queue = slice_str("q") } };
	struct method consume = { .id = METHOD_basic_consume,
		                      .basic_consume = { .queue = slice_str("q"), .no_wait = true } };
	ck_assert(talk_call(&talk, 1, declare, METHOD_queue_declare_ok, NULL));
	for (int i = 0; i < 1000; i++) {
		snprintf(tag, sizeof tag, "c%d", i);
		consume.basic_consume.consumer_tag = slice_str(tag);
		talk_send(&talk, 1, &consume);
	}
	const struct slice none[RIGHTS] = { slice_str(".*"), slice_str(".*"), slice_str("") };
	struct pattern_fault fault;
	log_position wait_for;
	struct user *u = user_find(b, slice_str("guest"));
	struct vhost *v = vhost_find(b, slice_str("/"));
	const struct queue *q = topology_queue(&v->topology, slice_str("q"));
	ck_assert(grant_set(u, v, slice_of(NULL, 0), none, &fault, &wait_for));
	rights_turn(b);
	ck_assert_uint_lt(q->live->rotation.count, 1000);
	ck_assert_uint_gt(q->live->rotation.count, 500);
	ck_assert(!rights_are_reviewed(b));
	ck_assert_int_eq(admin_say(&in, &said, "add_user", "kate", "k", NULL), 0);
	ck_assert(rights_are_reviewed(b));
	ck_assert_uint_eq(q->live->rotation.count, 0);
}
END_TEST

/* A new one of the same name has nothing to do with it. */
START_TEST(connections_of_a_user_go_over_many_turns)
{
	static struct talk all[150], late;
	struct heard h;
	struct broker *b = in.broker;
	struct user *u = user_find(b, slice_str("guest"));
	for (int i = 0; i < 150; i++)
		ck_assert(talk_open(&all[i], &in));
	user_remove(u);
	users_turn(b);
	ck_assert(!list_empty(&b->going_users));
	ck_assert_uint_gt(u->n_connections, 50);
	ck_assert_uint_lt(u->n_connections, 150);
	ck_assert_int_eq(admin_say(&in, &said, "add_user", "guest", "guest", NULL), 0);
	ck_assert_int_eq(admin_say(&in, &said, "set_permissions", "guest", ".*", ".*", ".*", NULL), 0);
	ck_assert(list_empty(&b->going_users));
	broker_check(b);
	ck_assert(talk_open(&late, &in));
	for (int i = 0; i < 150; i++) {
		ck_assert(talk_expect(&all[i], METHOD_connection_close, &h, NULL, NULL));
		talk_free(&all[i]);
	}
	inside_pass(&in, 100);
	ck_assert(late.peer.connection && !talk_read(&late, &h));
	talk_free(&late);
}
END_TEST

/* ---- patterns that were taken once and do not compile any more ---- */

static struct buf lines;

static void gather(enum logline_category category, enum logline_level level, const char *text)
{
	(void)category;
	if (level == LOGLINE_WARNING)
		buf_printf(&lines, "%s\n", text);
}

static unsigned times_said(const char *what)
{
	unsigned n = 0;
	*buf_reserve(&lines, 1) = 0;
	for (const char *at = (char *)lines.p; (at = strstr(at, what)); at++)
		n++;
	return n;
}

/* Makes "(x)" in all entries of a kind "(x(". */
static void spoil(uint8_t kind)
{
	struct catalog *c = &in.broker->store.catalog;
	const void *cursor = NULL;
	struct slice key, value;
	uint8_t of;
	struct buf k = { 0 }, v = { 0 };
	while (catalog_next(c, &cursor, &of, &key, &value)) {
		if (of != kind)
			continue;
		buf_append_slice(&k, key);
		buf_append_slice(&v, value);
	}
	uint8_t *at = memmem(v.p, v.len, "(x)", 3);
	ck_assert(at);
	at[2] = '(';
	catalog_put(c, kind, buf_slice(&k), buf_slice(&v));
	buf_free(&k);
	buf_free(&v);
}

static void start_durable(void)
{
	ck_assert_msg(inside_start(&in, &said), "%.*s", (int)said.len, (char *)said.p);
	ck_assert(talk_open(&talk, &in));
}

static uint32_t declared(const char *queue)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str(queue), .durable = true } };
	talk_send(&talk, 1, &m);
	return talk_read(&talk, &h) ? h.method.id : 0;
}

START_TEST(a_pattern_that_does_not_compile_any_more_matches_nothing)
{
	tear_down();
	in.durable = true;
	in.segment_bytes = 1 << 20;
	start_durable();
	declared("x");
	ck_assert_int_eq(admin_say(&in, &said, "set_policy", "short", "(x)", "{\"max-length\":1}",
	                           NULL), 0);
	ck_assert_int_eq(admin_say(&in, &said, "set_permissions", "guest", "(x)", ".*", ".*", NULL), 0);
	spoil(CATALOG_POLICY);
	spoil(CATALOG_PERMISSION);
	talk_free(&talk);
	inside_stop(&in);
	logline_set_sink(gather);
	start_durable();
	ck_assert_uint_eq(times_said("policy 'short' in vhost '/'"), 1);
	ck_assert_uint_eq(times_said("user 'guest' in vhost '/'"), 1);
	const struct vhost *v = channel()->vhost;
	ck_assert(policies_find(&v->policies, POLICY_USER, slice_str("short")));
	ck_assert(!topology_queue(&v->topology, slice_str("x"))->ruling);
	ck_assert_uint_eq(declared("x2"), METHOD_channel_close);
	ck_assert_int_eq(admin_say(&in, &said, "set_permissions", "guest", "(x)", ".*", ".*", NULL), 0);
	talk_free(&talk);
	ck_assert(talk_open(&talk, &in));
	ck_assert_uint_eq(declared("x2"), METHOD_queue_declare_ok);
	logline_set_sink(NULL);
	buf_free(&lines);
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
	tcase_add_test(t, consumers_are_looked_at_over_many_turns);
	tcase_add_test(t, connections_of_a_user_go_over_many_turns);
	tcase_add_test(t, a_pattern_that_does_not_compile_any_more_matches_nothing);
	suite_add_tcase(s, t);
	return s;
}
