/* SPDX-License-Identifier: Apache-2.0 */
/* A message for a thousand queues is there once: in memory, in the log, and after a start. */
#include <malloc.h>
#include <stdio.h>

#include "base/mem.h"
#include "broker/state.h"
#include "persistence/log.h"
#include "tests/unit/broker/fixture.h"

Suite *suite_broker_fanout(void);

enum { QUEUES = 1000, BODY = 200000, EACH = 2048, EACH_IN_LOG = 16 };

static void set_up(void)
{
	set_log(16 << 20);
	start();
}

static struct heard call(struct method m, uint32_t answer)
{
	struct heard h;
	ck_assert(talk_call(&talk, 1, m, answer, &h));
	return h;
}

static struct slice name_of(char out[16], unsigned i)
{
	snprintf(out, 16, "q%u", i);
	return slice_str(out);
}

static void bind_all(void)
{
	char name[16];
	for (unsigned i = 0; i < QUEUES; i++) {
		struct slice queue = name_of(name, i);
		call((struct method){ .id = METHOD_queue_declare,
		                      .queue_declare = { .queue = queue, .durable = true } },
		     METHOD_queue_declare_ok);
		call((struct method){ .id = METHOD_queue_bind,
		                      .queue_bind = { .queue = queue,
		                                      .exchange = slice_str("amq.fanout") } },
		     METHOD_queue_bind_ok);
	}
}

/* The answer comes when all is durable that was published before. */
static void publish(void)
{
	char *body = mem_alloc(BODY);
	memset(body, 'x', BODY);
	call((struct method){ .id = METHOD_confirm_select }, METHOD_confirm_select_ok);
	talk_publish(&talk, 1, slice_str("amq.fanout"), slice_str(""), false, true,
	             slice_of(body, BODY));
	struct heard h;
	ck_assert(talk_expect(&talk, METHOD_basic_ack, &h, NULL, NULL));
	mem_free(body);
}

static void expect_in(unsigned i)
{
	char name[16];
	struct heard h = call(
		(struct method){ .id = METHOD_basic_get,
		                 .basic_get = { .queue = name_of(name, i), .no_ack = true } },
		METHOD_basic_get_ok);
	ck_assert_uint_eq(h.body.n, BODY);
}

static uint64_t logged(void)
{
	struct log_stats s;
	log_stats(in.log, &s);
	return s.bytes;
}

static size_t allocated(void)
{
	struct mallinfo2 m = mallinfo2();
	return m.uordblks + m.hblkhd;
}

START_TEST(its_body_is_in_memory_once)
{
	bind_all();
	uint64_t resident = in.broker->store.resident;
	size_t before = allocated();
	publish();
	ck_assert_uint_ge(in.broker->store.resident - resident, BODY);
	ck_assert_uint_lt(in.broker->store.resident - resident, 2 * BODY);
	ck_assert_uint_lt(allocated() - before, 8 * BODY + QUEUES * EACH);
	expect_in(0);
	expect_in(QUEUES - 1);
}
END_TEST

START_TEST(its_body_is_in_the_log_once)
{
	bind_all();
	uint64_t before = logged();
	publish();
	ck_assert_uint_ge(logged() - before, BODY);
	ck_assert_uint_lt(logged() - before, BODY + QUEUES * EACH_IN_LOG + 8192);
}
END_TEST

START_TEST(a_start_finds_it_in_all_of_them)
{
	bind_all();
	publish();
	start_anew(BY_STOP);
	for (unsigned i = 0; i < QUEUES; i++)
		expect_in(i);
}
END_TEST

Suite *suite_broker_fanout(void)
{
	Suite *s = suite_create("broker/fanout");
	TCase *t = tcase_create("fanout");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, its_body_is_in_memory_once);
	tcase_add_test(t, its_body_is_in_the_log_once);
	tcase_add_test(t, a_start_finds_it_in_all_of_them);
	suite_add_tcase(s, t);
	return s;
}
