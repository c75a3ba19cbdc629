/* SPDX-License-Identifier: Apache-2.0 */
/* Queues at rest, as clients use them, policies change them, and starts find them: what they have
 * comes and goes, and nobody can tell. */
#include <stdio.h>
#include <string.h>

#include "amqp/table.h"
#include "base/slab.h"
#include "broker/policing.h"
#include "broker/state.h"
#include "queue/queue.h"
#include "tests/unit/broker/fixture.h"

Suite *suite_broker_rest(void);

enum { MANY = 100000, PIPELINE = 1000, A_WHILE_MS = 3000 };

static void set_up(void)
{
	set_log(8 << 20);
	start();
}

/* ---- a few words of a client ---- */

static struct heard call(struct method m, uint32_t answer)
{
	struct heard h;
	ck_assert(talk_call(&talk, 1, m, answer, &h));
	return h;
}

static void declare(struct slice arguments)
{
	call((struct method){ .id = METHOD_queue_declare,
	                      .queue_declare = { .queue = slice_str("q"), .durable = true,
	                                         .arguments = arguments } },
	     METHOD_queue_declare_ok);
}

static void publish(const char *key)
{
	talk_publish(&talk, 1, slice_of("", 0), slice_str(key), false, true, slice_str("hello"));
}

static uint64_t get(const char *key, bool redelivered)
{
	struct method m = { .id = METHOD_basic_get, .basic_get = { .queue = slice_str(key) } };
	struct heard h = call(m, METHOD_basic_get_ok);
	ck_assert_int_eq(h.method.basic_get_ok.redelivered, redelivered);
	return h.method.basic_get_ok.delivery_tag;
}

static void ack(uint64_t tag)
{
	struct method m = { .id = METHOD_basic_ack, .basic_ack = { .delivery_tag = tag } };
	talk_send(&talk, 1, &m);
	inside_pass(&in, 0);
}

/* ---- what the broker has ---- */

static struct vhost *vhost(void)
{
	return list_entry(in.broker->all_vhosts.list.next, struct vhost, link);
}

static struct queue *queue(const char *name)
{
	return topology_queue(&vhost()->topology, slice_str(name));
}

static bool is_live(void)
{
	return queue_is_live(queue("q"));
}

static bool is_live_later(void)
{
	inside_pass(&in, A_WHILE_MS);
	return is_live();
}

/* ---- one queue ---- */

START_TEST(it_is_live_from_a_message_to_its_ack)
{
	declare(slice_of("", 0));
	ck_assert(!is_live());
	for (int i = 0; i < 3; i++) {
		publish("q");
		ck_assert(is_live() && is_live_later());
		uint64_t tag = get("q", false);
		ck_assert(is_live_later());
		ack(tag);
		ck_assert(!is_live_later());
	}
}
END_TEST

START_TEST(it_is_live_while_somebody_consumes)
{
	declare(slice_of("", 0));
	struct method consume = { .id = METHOD_basic_consume,
		                      .basic_consume = { .queue = slice_str("q"),
		                                         .consumer_tag = slice_str("c") } };
	struct method cancel = { .id = METHOD_basic_cancel,
		                     .basic_cancel = { .consumer_tag = slice_str("c") } };
	call(consume, METHOD_basic_consume_ok);
	ck_assert(is_live_later());
	call(cancel, METHOD_basic_cancel_ok);
	ck_assert(!is_live_later());
}
END_TEST

/* Nobody wakes the broker for those that stay. */
START_TEST(it_costs_nothing_to_stay_live)
{
	declare(slice_of("", 0));
	publish("q");
	inside_pass(&in, A_WHILE_MS);
	ck_assert_uint_eq(live_deadline(&in.broker->store, in.now_ms), UINT64_MAX);
	ack(get("q", false));
}
END_TEST

START_TEST(with_messages_that_expire_it_comes_to_rest)
{
	struct buf a = { 0 };
	table_put_int(&a, "x-message-ttl", 500);
	declare(buf_slice(&a));
	buf_free(&a);
	publish("q");
	ck_assert(is_live());
	ck_assert(!is_live_later());
	ck_assert_ptr_null(heap_top(&in.broker->deadlines));
	publish("q");
	ack(get("q", false));
	ck_assert(!is_live_later());
	ck_assert_ptr_null(heap_top(&in.broker->deadlines));
}
END_TEST

START_TEST(it_may_be_deleted_at_rest)
{
	struct method delete = { .id = METHOD_queue_delete,
		                     .queue_delete = { .queue = slice_str("q") } };
	for (int used = 0; used < 2; used++) {
		declare(slice_of("", 0));
		if (used) {
			publish("q");
			ack(get("q", false));
		}
		ck_assert(!is_live_later());
		call(delete, METHOD_queue_delete_ok);
		ck_assert_ptr_null(queue("q"));
	}
	start_anew(BY_STOP);
	ck_assert_ptr_null(queue("q"));
}
END_TEST

/* What was delivered before a stop says so afterwards, what was not does not. */
START_TEST(it_remembers_what_was_delivered)
{
	declare(slice_of("", 0));
	publish("q");
	ack(get("q", false));
	ck_assert(!is_live_later());
	start_anew(BY_STOP);
	ck_assert(!is_live());
	publish("q");
	publish("q");
	get("q", false);
	start_anew(BY_STOP);
	ck_assert(is_live());
	ack(get("q", true));
	ack(get("q", false));
	ck_assert(!is_live_later());
	start_anew(BY_KILL);
	ck_assert(!is_live());
}
END_TEST

/* ---- policies ---- */

static void set_policy(const char *key, int64_t value)
{
	struct buf definition = { 0 };
	log_position wait_for;
	table_put_int(&definition, key, value);
	struct policy_spec spec = { slice_str("p"), slice_str("^q"), slice_str("queues"),
		                        buf_slice(&definition), 0 };
	ck_assert(policing_set(vhost(), POLICY_USER, &spec, &wait_for, &why));
	buf_free(&definition);
	inside_pass(&in, 0);
	ck_assert(policing_is_done(vhost()));
}

START_TEST(a_policy_reaches_it)
{
	log_position wait_for;
	declare(slice_of("", 0));
	set_policy("max-length", 1);
	ck_assert(!is_live());
	ck_assert_uint_eq(queue("q")->settings->max_length, 1);
	set_policy("message-ttl", 500);
	ck_assert(!is_live());
	ck_assert_uint_eq(queue("q")->settings->max_length, UINT64_MAX);
	publish("q");
	inside_pass(&in, 500);
	ck_assert_uint_eq(queue_ready(queue("q")), 0);
	ck_assert(!is_live_later());
	policing_clear(vhost(), POLICY_USER, slice_str("p"), &wait_for);
	inside_pass(&in, 0);
	ck_assert_ptr_eq(queue("q")->settings, &settings_none);
}
END_TEST

START_TEST(a_lease_makes_it_live_and_is_kept)
{
	log_position wait_for;
	declare(slice_of("", 0));
	set_policy("expires", 60000);
	ck_assert(is_live_later());
	policing_clear(vhost(), POLICY_USER, slice_str("p"), &wait_for);
	ck_assert(!is_live_later());
	set_policy("expires", 60000);
	inside_pass(&in, 59999);
	ck_assert_ptr_nonnull(queue("q"));
	inside_pass(&in, 1);
	ck_assert_ptr_null(queue("q"));
}
END_TEST

/* ---- many ---- */

static void declare_many(void)
{
	struct buf b = { 0 };
	for (unsigned i = 0; i < MANY; i++) {
		char name[16];
		snprintf(name, sizeof name, "q%u", i);
		bool wait = (i + 1) % PIPELINE == 0;
		struct method m = { .id = METHOD_queue_declare,
			                .queue_declare = { .queue = slice_str(name), .durable = true,
			                                   .no_wait = !wait } };
		struct heard h;
		method_encode(&b, 1, &m);
		if (!wait)
			continue;
		inside_feed(&talk.peer, buf_slice(&b));
		buf_clear(&b);
		ck_assert(talk_expect(&talk, METHOD_queue_declare_ok, &h, NULL, NULL));
	}
	buf_free(&b);
}

static void expect_all_at_rest(void)
{
	unsigned n = 0;
	list_each(it, &vhost()->topology.all_queues.list)
		n += !queue_is_live(list_entry(it, struct queue, link));
	ck_assert_uint_eq(n, MANY);
	ck_assert_uint_eq(in.broker->store.looks.n, 0);
}

START_TEST(a_start_finds_a_hundred_thousand_at_rest)
{
	declare_many();
	expect_all_at_rest();
	start_anew(_i ? BY_STOP : BY_KILL);
	expect_all_at_rest();
	publish("q7");
	start_anew(!_i ? BY_STOP : BY_KILL);
	ck_assert(queue_is_live(queue("q7")));
	ck_assert_uint_eq(in.broker->store.looks.n, 1);
	ack(get("q7", _i));   /* nobody knows after a crash */
	inside_pass(&in, A_WHILE_MS);
	expect_all_at_rest();
}
END_TEST

static void use_many(void)
{
	for (unsigned i = 0; i < MANY; i++) {
		char name[16];
		snprintf(name, sizeof name, "q%u", i);
		struct method m = { .id = METHOD_basic_get,
			                .basic_get = { .queue = slice_str(name), .no_ack = true } };
		publish(name);
		call(m, METHOD_basic_get_ok);
	}
}

/* After the last of them no client does anything. */
START_TEST(all_that_were_used_once_come_to_rest)
{
	declare_many();
	size_t before = slab_bytes();
	use_many();
	ck_assert_uint_gt(in.broker->store.looks.n, 0);
	inside_pass(&in, 3 * A_WHILE_MS);
	expect_all_at_rest();
	ck_assert_uint_eq(slab_bytes(), before);
}
END_TEST

Suite *suite_broker_rest(void)
{
	Suite *s = suite_create("broker_rest");
	TCase *one = tcase_create("one queue"), *policies = tcase_create("policies"),
		  *many = tcase_create("many");
	tcase_add_checked_fixture(one, set_up, tear_down);
	tcase_add_test(one, it_is_live_from_a_message_to_its_ack);
	tcase_add_test(one, it_is_live_while_somebody_consumes);
	tcase_add_test(one, it_costs_nothing_to_stay_live);
	tcase_add_test(one, with_messages_that_expire_it_comes_to_rest);
	tcase_add_test(one, it_may_be_deleted_at_rest);
	tcase_add_test(one, it_remembers_what_was_delivered);
	suite_add_tcase(s, one);
	tcase_add_checked_fixture(policies, set_up, tear_down);
	tcase_add_test(policies, a_policy_reaches_it);
	tcase_add_test(policies, a_lease_makes_it_live_and_is_kept);
	suite_add_tcase(s, policies);
	tcase_add_checked_fixture(many, set_up, tear_down);
	tcase_set_timeout(many, 120);
	tcase_add_test(many, all_that_were_used_once_come_to_rest);
	tcase_add_loop_test(many, a_start_finds_a_hundred_thousand_at_rest, 0, 2);
	suite_add_tcase(s, many);
	return s;
}
