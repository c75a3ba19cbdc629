/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual host with more queues than are counted in one turn. */
#include <check.h>
#include <stdio.h>

#include "broker/state.h"
#include "queue/queue.h"
#include "tests/sim/admin.h"
#include "tests/sim/talk.h"

Suite *suite_broker_quota(void);

enum { QUEUES = 2500 };

static struct inside in;
static struct talk talk;
static struct buf said;

static struct vhost *vhost(const char *name)
{
	return vhost_find(in.broker, slice_str(name));
}

static void ask(const char *verb, const char *vhost, const char *argument)
{
	ck_assert_int_eq(admin_say(&in, &said, verb, "-p", vhost, argument, NULL), 0);
}

static void name_of(char *out, int i)
{
	snprintf(out, 16, "q%d", i);
}

static void publish(const char *key)
{
	talk_publish(&talk, 1, slice_str(""), slice_str(key), false, false, slice_str("ten bytes."));
}

static void set_up(void)
{
	char name[16];
	inside_init(&in);
	ck_assert(inside_start(&in, &said));
	ck_assert_int_eq(admin_say(&in, &said, "add_vhost", "red", NULL), 0);
	ck_assert_int_eq(admin_say(&in, &said, "set_permissions", "-p", "red", "guest", ".*", ".*",
	                           ".*", NULL), 0);
	ck_assert(talk_open_at(&talk, &in, "red"));
	for (int i = 0; i < QUEUES; i++) {
		name_of(name, i);
		struct method m = { .id = METHOD_queue_declare,
			                .queue_declare = { .queue = slice_str(name) } };
		ck_assert(talk_call(&talk, 1, m, METHOD_queue_declare_ok, NULL));
		publish(name);
	}
}

static void tear_down(void)
{
	broker_check(in.broker);
	talk_free(&talk);
	inside_stop(&in);
	buf_free(&said);
}

START_TEST(it_is_full_until_it_was_counted)
{
	ask("set_vhost_limits", "red", "{\"max-bytes\":30000}");
	publish("q0");
	inside_pass(&in, 0);
	const struct quota *q = &vhost("red")->quota;
	ck_assert(q->known && !q->full && !list_linked(&q->counting));
	ck_assert_uint_eq(q->counted, (QUEUES + 1) * 10);
	for (int i = 0; i < 500; i++)
		publish("q0");
	inside_pass(&in, 0);
	ck_assert(q->full);
	ck_assert_uint_lt(q->counted, 30500);
	inside_pass(&in, 5000);
	ck_assert(q->full);
	ask("purge_queue", "red", "q0");
	inside_pass(&in, 5000);
	ck_assert(!q->full);
}
END_TEST

START_TEST(a_turn_counts_a_part_of_them)
{
	struct broker *b = in.broker;
	struct vhost *v = vhost("red");
	ask("set_vhost_limits", "red", "{\"max-bytes\":1000000}");
	struct queue *first = topology_queue(&v->topology, slice_str("q0"));
	b->now_ms = in.now_ms;
	quota_placed(&first, 1, 10);
	ck_assert(v->quota.full && list_linked(&v->quota.counting));
	ck_assert_uint_eq(v->quota.found, 10000);
	ck_assert_uint_le(broker_deadline(b), in.now_ms);
	quotas_turn(b);
	ck_assert_uint_eq(v->quota.found, 20000);
	quotas_turn(b);
	ck_assert(!v->quota.full && !list_linked(&v->quota.counting));
	ck_assert_uint_eq(v->quota.counted, 25000);
}
END_TEST

START_TEST(it_goes_while_it_is_counted)
{
	struct vhost *v = vhost("red");
	ask("set_vhost_limits", "red", "{\"max-bytes\":1000000}");
	struct queue *first = topology_queue(&v->topology, slice_str("q0"));
	in.broker->now_ms = in.now_ms;
	quota_placed(&first, 1, 10);
	ck_assert(list_linked(&v->quota.counting));
	ck_assert_int_eq(admin_say(&in, &said, "delete_vhost", "red", NULL), 0);
	inside_pass(&in, 1000);
	ck_assert_ptr_null(vhost("red"));
	ck_assert(list_empty(&in.broker->counting));
}
END_TEST

Suite *suite_broker_quota(void)
{
	Suite *s = suite_create("broker_quota");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, it_is_full_until_it_was_counted);
	tcase_add_test(t, a_turn_counts_a_part_of_them);
	tcase_add_test(t, it_goes_while_it_is_counted);
	suite_add_tcase(s, t);
	return s;
}
