/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that wait for up to a year in an exchange: they come in order of their times, each once,
 * at its time, whatever the power does meanwhile.  LEVERET_DELAYED=1000000 waits with a million. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amqp/table.h"
#include "base/mem.h"
#include "broker/state.h"
#include "persistence/log.h"
#include "queue/queue.h"
#include "tests/unit/broker/fixture.h"

Suite *suite_broker_delayed(void);

enum { SLICE = 6000, BYTES = 20 };

#define YEAR_MS (365ull * 86400000)

struct wait {
	uint64_t due;
	uint32_t number;
};

static struct wait *waits;
static size_t n;

static void ask(const struct method *m, uint32_t answer)
{
	struct heard h;
	talk_send(&talk, 1, m);
	ck_assert(talk_expect(&talk, answer, &h, NULL, NULL));
}

static void set_up(void)
{
	struct buf type = { 0 };
	struct field fanout = { .letter = 'S', .bytes = slice_str("fanout") };
	const char *whole = getenv("LEVERET_DELAYED");
	table_put(&type, slice_str("x-delayed-type"), &fanout);
	n = whole ? strtoul(whole, NULL, 10) : SLICE;
	waits = mem_alloc(n * sizeof *waits);
	set_log(n > SLICE ? 32 << 20 : 512 << 10);
	in.options.message_memory_bytes = 0;
	start();
	ask(&(struct method){ .id = METHOD_exchange_declare,
	                      .exchange_declare = { .exchange = slice_str("x"),
	                                            .type = slice_str("x-delayed-message"),
	                                            .durable = true, .arguments = buf_slice(&type) } },
	    METHOD_exchange_declare_ok);
	ask(&(struct method){ .id = METHOD_queue_declare,
	                      .queue_declare = { .queue = slice_str("q"), .durable = true } },
	    METHOD_queue_declare_ok);
	ask(&(struct method){ .id = METHOD_queue_bind,
	                      .queue_bind = { .queue = slice_str("q"), .exchange = slice_str("x") } },
	    METHOD_queue_bind_ok);
	buf_free(&type);
}

static void tear_down_waits(void)
{
	tear_down();
	mem_free(waits);
}

static void publish(uint32_t number, uint64_t delay)
{
	char body[BYTES] = { 0 };
	struct buf headers = { 0 };
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .exchange = slice_str("x") } };
	table_put_int(&headers, "x-delay", (int64_t)delay);
	struct props p = { .flags = PROP_delivery_mode | PROP_headers, .delivery_mode = 2,
		               .headers = buf_slice(&headers) };
	snprintf(body, sizeof body, "%u", number);
	talk_content(&talk, 1, &m, &p, slice_of(body, sizeof body));
	waits[number] = (struct wait){ in.now_ms + delay, number };
	buf_free(&headers);
}

static struct queue *waiting(void)
{
	const struct vhost *v = list_first(&in.broker->all_vhosts.list, struct vhost, link);
	return topology_exchange(&v->topology, slice_str("x"))->waiting;
}

static void pass(uint64_t ms)
{
	inside_pass(&in, ms);
}

static void crash(enum disk_sim_loss loss)
{
	pass(50);
	lose_power(loss);
	broker_check(in.broker);
}

static int by_time(const void *a, const void *b)
{
	const struct wait *x = a, *y = b;
	if (x->due != y->due)
		return x->due < y->due ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* The next message that is due, if it is there. */
static bool get(uint32_t *number)
{
	struct heard h;
	struct method m = { .id = METHOD_basic_get,
		                .basic_get = { .queue = slice_str("q"), .no_ack = true } };
	talk_send(&talk, 1, &m);
	for (int i = 0; i < 100; i++, inside_pass(&in, 0))
		while (talk_read(&talk, &h)) {
			if (h.method.id == METHOD_basic_get_empty)
				return false;
			if (h.method.id != METHOD_basic_get_ok)
				continue;
			*number = (uint32_t)atoi((const char *)h.body.p);
			return true;
		}
	ck_abort_msg("no answer to basic.get");
	return false;
}

/* All that came so far, in order; up to the time all has come, and nothing beyond. */
static size_t take(size_t done)
{
	uint32_t number;
	for (; get(&number); done++) {
		ck_assert_uint_lt(done, n);
		ck_assert_uint_eq(number, waits[done].number);
		ck_assert_uint_le(waits[done].due, in.now_ms);
	}
	ck_assert(done == n || waits[done].due > in.now_ms);
	return done;
}

static void fill(void)
{
	for (uint32_t i = 0; i < n; i++) {
		/* some at the same time */
		uint64_t delay = rand() % 10 ? (uint64_t)rand() * 1000 % YEAR_MS : 100 * 86400000ull;
		publish(i, delay + 1000000);
		if (i % 100 == 99)
			pass((uint64_t)rand() % 20);
		if (i == n / 3)
			crash(DISK_SIM_LOSES_ALL);
	}
	pass(100);
	qsort(waits, n, sizeof *waits, by_time);
}

START_TEST(a_year_passes_in_order_and_once_each)
{
	size_t done = 0;
	srand((unsigned)_i + 1);
	fill();
	ck_assert_uint_eq(queue_ready(waiting()), n);
	for (int step = 0; done < n; step++) {
		uint64_t to = waits[done + (size_t)rand() % (1 + (n - done) / 4)].due;
		pass(to > in.now_ms ? to - in.now_ms : 0);
		if (step % 3 == 0)
			crash((enum disk_sim_loss)(rand() % DISK_SIM_LOSS_KINDS));
		pass(10);
		done = take(done);
		ck_assert_uint_eq(queue_ready(waiting()), n - done);
	}
	crash(DISK_SIM_LOSES_ALL);
	ck_assert_uint_eq(take(n), n);
}
END_TEST

/* What a deep wait keeps in memory, whatever a message is: for each of a million, 20 bytes. */
START_TEST(what_waits_is_in_the_log)
{
	srand(3);
	fill();
	for (int i = 0; i < 60; i++) {
		broker_rest(in.broker);
		pass(50);
	}
	const struct queue *q = waiting();
	size_t index = deadlines_footprint(&q->live->deadlines) + trail_footprint(&q->live->lane.cold);
	ck_assert_uint_le(index, 20 * n + 4096);
	ck_assert_uint_le(in.broker->store.resident, 100 * 1024);
}
END_TEST

/* That it was delayed is no death, also after a start. */
START_TEST(the_first_death_is_told_after_a_start)
{
	struct heard h;
	struct buf arguments = { 0 };
	struct field f = { .letter = 'S', .bytes = slice_str("") };
	table_put(&arguments, slice_str("x-dead-letter-exchange"), &f);
	f.bytes = slice_str("q");
	table_put(&arguments, slice_str("x-dead-letter-routing-key"), &f);
	table_put_int(&arguments, "x-message-ttl", 10000);
	ask(&(struct method){ .id = METHOD_queue_declare,
	                      .queue_declare = { .queue = slice_str("dying"), .durable = true,
	                                         .arguments = buf_slice(&arguments) } },
	    METHOD_queue_declare_ok);
	ask(&(struct method){ .id = METHOD_queue_unbind,
	                      .queue_unbind = { .queue = slice_str("q"), .exchange = slice_str("x") } },
	    METHOD_queue_unbind_ok);
	ask(&(struct method){ .id = METHOD_queue_bind,
	                      .queue_bind = { .queue = slice_str("dying"),
	                                      .exchange = slice_str("x") } },
	    METHOD_queue_bind_ok);
	publish(0, 100);
	pass(200);
	crash(DISK_SIM_LOSES_ALL);
	pass(11000);
	struct method get = { .id = METHOD_basic_get, .basic_get = { .queue = slice_str("q") } };
	ck_assert(talk_call(&talk, 1, get, METHOD_basic_get_ok, &h));
	ck_assert(table_find(props_headers(h.header), "x-first-death-reason", &f));
	ck_assert(slice_is(f.bytes, "expired"));
	buf_free(&arguments);
}
END_TEST

Suite *suite_broker_delayed(void)
{
	Suite *s = suite_create("broker_delayed");
	TCase *t = tcase_create("delayed");
	tcase_add_checked_fixture(t, set_up, tear_down_waits);
	tcase_set_timeout(t, 3600);
	tcase_add_loop_test(t, a_year_passes_in_order_and_once_each, 0, 3);
	tcase_add_test(t, what_waits_is_in_the_log);
	tcase_add_test(t, the_first_death_is_told_after_a_start);
	suite_add_tcase(s, t);
	return s;
}
