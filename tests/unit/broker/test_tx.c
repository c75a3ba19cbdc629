/* SPDX-License-Identifier: Apache-2.0 */
/* Consume, publish to two queues, ack, commit, with the power going at every operation of the disk:
 * afterwards all of it happened or nothing, also when it is larger than several batches of the
 * log. */
#include <stdio.h>

#include "base/mem.h"
#include "tests/unit/broker/fixture.h"

Suite *suite_broker_tx(void);

enum { MESSAGES = 8, BIG = 20000 };

static bool call(uint16_t channel, struct method m, uint32_t answer, struct heard *h)
{
	return talk_call(&talk, channel, m, answer, h);
}

static void publish(uint16_t channel, const char *queue, size_t bytes)
{
	static uint8_t body[BIG];
	talk_publish(&talk, channel, slice_of("", 0), slice_str(queue), false, true,
	             slice_of(body, bytes));
}

/* Three queues; the messages to be consumed lie in the first. */
static void prepare(uint64_t seed)
{
	struct heard h;
	set_log(64 << 10);
	in.disk = disk_sim_new(seed, 0);
	start();
	for (char name[] = "a"; name[0] <= 'c'; name[0]++) {
		struct method m = { .id = METHOD_queue_declare,
			                .queue_declare = { .queue = slice_str(name), .durable = true } };
		ck_assert(call(1, m, METHOD_queue_declare_ok, &h));
	}
	for (int i = 0; i < MESSAGES; i++)
		publish(1, "a", 10);
	ck_assert(call(2, (struct method){ .id = METHOD_channel_open }, METHOD_channel_open_ok, &h));
	ck_assert(call(2, (struct method){ .id = METHOD_tx_select }, METHOD_tx_select_ok, &h));
}

/* True when commit-ok came. */
static bool transact(size_t bytes)
{
	struct heard h;
	struct method get = { .id = METHOD_basic_get, .basic_get = { .queue = slice_str("a") } };
	struct method ack = { .id = METHOD_basic_ack, .basic_ack = { .multiple = true } };
	for (int i = 0; i < MESSAGES; i++) {
		if (!call(2, get, METHOD_basic_get_ok, &h))
			return false;
		publish(2, "b", bytes);
		publish(2, "c", bytes);
	}
	talk_send(&talk, 2, &ack);
	return call(2, (struct method){ .id = METHOD_tx_commit }, METHOD_tx_commit_ok, &h);
}

/* How many disk operations a whole run takes. */
static uint64_t operations_of(size_t bytes, uint64_t *before)
{
	prepare(1);
	*before = disk_sim_operations(in.disk);
	ck_assert(transact(bytes));
	uint64_t n = disk_sim_operations(in.disk);
	ck_assert_uint_eq(ready_in("a"), 0);
	ck_assert_uint_eq(ready_in("b"), MESSAGES);
	tear_down();
	return n;
}

static void crash_at(size_t bytes, uint64_t at, enum disk_sim_loss loss)
{
	prepare(1);
	disk_sim_crash_at(in.disk, at);
	bool committed = transact(bytes);
	lose_power(loss);
	uint32_t a = ready_in("a"), b = ready_in("b"), c = ready_in("c");
	bool nothing = a == MESSAGES && b == 0 && c == 0;
	bool all = a == 0 && b == MESSAGES && c == MESSAGES;
	ck_assert_msg(all || (nothing && !committed), "operation %llu, loss %d: %u %u %u%s",
	              (unsigned long long)at, loss, a, b, c, committed ? ", committed" : "");
	/* What was void stays void when the log has gone on. */
	publish(1, "b", 10);
	start_anew(BY_STOP);
	ck_assert_uint_eq(ready_in("a"), a);
	ck_assert_uint_eq(ready_in("b"), b + 1);
	ck_assert_uint_eq(ready_in("c"), c);
	tear_down();
}

static const size_t sizes[] = { 10, BIG };

START_TEST(all_or_nothing)
{
	size_t bytes = sizes[_i / DISK_SIM_LOSS_KINDS];
	uint64_t first, last = operations_of(bytes, &first);
	for (uint64_t at = first + 1; at <= last; at++)
		crash_at(bytes, at, (enum disk_sim_loss)(_i % DISK_SIM_LOSS_KINDS));
}
END_TEST

Suite *suite_broker_tx(void)
{
	Suite *s = suite_create("broker/tx");
	TCase *t = tcase_create("tx");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, all_or_nothing, 0, 2 * DISK_SIM_LOSS_KINDS);
	suite_add_tcase(s, t);
	return s;
}
