/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines against an array that is searched for what is due first. */
#include "queue/deadlines.h"

#include "tests/unit/queue/fixture.h"

Suite *suite_queue_deadlines(void);

enum { MOST = 20000 };

static struct deadlines d;
static struct due model[MOST];
static bool in[MOST];
static size_t n;

static void set_up(void)
{
	deadlines_init(&d);
	memset(in, 0, sizeof in);
	n = 0;
}

static void tear_down(void)
{
	deadlines_free(&d);
}

static void add(int64_t when_ms)
{
	struct due e = { .when_ms = when_ms, .seq = n, .at = 8 * (n % 7 * 1000), .lane = n % 11 == 0,
		             .body_bytes = n % 3 * 100, .kept = n % 2 };
	deadlines_add(&d, &e);
	model[n] = e;
	in[n++] = true;
}

/* The first added of those due first; n when there is none. */
static size_t first(void)
{
	size_t at = n;
	for (size_t i = 0; i < n; i++)
		if (in[i] && (at == n || model[i].when_ms < model[at].when_ms))
			at = i;
	return at;
}

static void expect(const struct due *got, size_t i)
{
	ck_assert_uint_eq(got->seq, model[i].seq);
	ck_assert_int_eq(got->when_ms, model[i].when_ms);
	ck_assert_uint_eq(got->at, model[i].at);
	ck_assert_uint_eq(got->body_bytes, model[i].body_bytes);
	ck_assert_uint_eq(got->lane, model[i].lane);
	ck_assert_int_eq(got->kept, model[i].kept);
	in[i] = false;
}

/* All that is due by now, in order, and nothing else. */
static void take_all(int64_t now_ms)
{
	struct due e;
	while (deadlines_next(&d) <= now_ms)
		if (deadlines_take(&d, now_ms, &e))
			expect(&e, first());
	ck_assert(!deadlines_take(&d, now_ms, &e));
	size_t i = first();
	ck_assert(i == n || model[i].when_ms > now_ms);
	ck_assert(i == n || deadlines_next(&d) <= model[i].when_ms);
}

static int64_t some_time(struct dice *dice, int64_t now_ms)
{
	static const int64_t spans[] = { 1, 3, 100, 1000, 60000, 3600000, 31536000000, 1ll << 50 };
	return now_ms + dice_roll(dice, 1u << 30) % spans[dice_roll(dice, 8)];
}

START_TEST(any_times_come_in_order)
{
	struct dice dice = { (uint64_t)_i };
	int64_t now = (int64_t[]){ 0, -5000, 1700000000000 }[_i % 3];
	for (int i = 0; i < 3000; i++) {
		if (dice_roll(&dice, 3))
			add(some_time(&dice, now));
		if (dice_roll(&dice, 5) == 0)
			take_all(now = some_time(&dice, now));
	}
	take_all(DEADLINES_NONE - 1);
	ck_assert_uint_eq(d.count + d.n + d.cap, 0);
}
END_TEST

/* As many as have to be told apart in several goes; some come meanwhile. */
START_TEST(what_comes_while_a_bucket_is_told_apart_does_not_overtake)
{
	struct due e;
	struct dice dice = { (uint64_t)_i };
	for (int i = 0; i < 9000; i++)
		add(1000000 + dice_roll(&dice, 50));
	ck_assert(!deadlines_take(&d, 1000000, &e));
	ck_assert_int_le(deadlines_next(&d), 1000000);
	for (int i = 0; i < 500; i++)
		add(1000000 + dice_roll(&dice, 100));
	take_all(1000020);
	take_all(1000200);
	ck_assert_uint_eq(d.count, 0);
}
END_TEST

START_TEST(what_is_late_comes_next)
{
	struct due e;
	add(1000);
	take_all(2000);
	add(5000);
	deadlines_add(&d, &(struct due){ .when_ms = 3, .seq = 99 });
	ck_assert(deadlines_take(&d, 2000, &e));
	ck_assert_uint_eq(e.seq, 99);
	take_all(5000);
}
END_TEST

static bool is_odd(const void *owner, const struct due *e)
{
	(void)owner;
	return e->seq % 2;
}

START_TEST(a_sweep_leaves_those_that_live)
{
	struct dice dice = { 5 };
	while (n < 3000)
		add(some_time(&dice, 0));
	ck_assert(deadlines_are_many(&d));
	deadlines_sweep(&d, 2000, is_odd, NULL);
	ck_assert_uint_eq(d.count, 3000);
	ck_assert(!deadlines_are_many(&d));
	do
		deadlines_sweep(&d, 1500, is_odd, NULL);
	while (d.sweeps);
	ck_assert_uint_eq(d.count, 1500);
	for (size_t i = 0; i < n; i += 2)
		in[i] = false;
	take_all(DEADLINES_NONE - 1);
}
END_TEST

/* A call looks at few; what is added and taken meanwhile is in order, and nothing is lost. */
START_TEST(a_sweep_takes_its_time)
{
	struct dice dice = { (uint64_t)_i };
	uint64_t sweeps = 0;
	int64_t now = 0;
	for (int i = 0; i < 6000; i++) {
		add(now + dice_roll(&dice, _i % 2 ? 1000 : 5000));
		uint64_t before = d.count;
		if (dice_roll(&dice, 3) && (d.sweeps || d.count > 100)) {
			deadlines_sweep(&d, 0, is_odd, NULL);
			ck_assert_uint_le(before - d.count, 16);
			sweeps += before > d.count;
		}
		if (dice_roll(&dice, 200))
			continue;
		now += dice_roll(&dice, 300);
		struct due e;
		while (deadlines_next(&d) <= now)
			if (deadlines_take(&d, now, &e)) {
				for (size_t at; (at = first()) < n && at != e.seq; in[at] = false)
					ck_assert(at % 2 == 0);
				expect(&e, (size_t)e.seq);
			}
	}
	ck_assert_uint_gt(sweeps, 100);
	for (struct due e; deadlines_next(&d) != DEADLINES_NONE;)
		if (deadlines_take(&d, DEADLINES_NONE - 1, &e))
			in[e.seq] = false;
	for (size_t i = 1; i < n; i += 2)
		ck_assert(!in[i]);
	ck_assert_uint_eq(d.count + d.n + d.cap, 0);
}
END_TEST

/* Over a year, as they were scheduled: a few bytes each, whatever the order. */
START_TEST(a_million_take_little_memory)
{
	struct dice dice = { 7 };
	for (uint64_t i = 0; i < 1000000; i++)
		deadlines_add(&d, &(struct due){ .when_ms = dice_roll(&dice, 1u << 30) * 29ll, .seq = i,
		                                .at = 4096 + 200 * i, .body_bytes = 100, .kept = true });
	ck_assert_uint_le(deadlines_footprint(&d), 12u << 20);
}
END_TEST

Suite *suite_queue_deadlines(void)
{
	Suite *s = suite_create("queue/deadlines");
	TCase *c = tcase_create("deadlines");
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, any_times_come_in_order, 1, 7);
	tcase_add_loop_test(c, what_comes_while_a_bucket_is_told_apart_does_not_overtake, 1, 3);
	tcase_add_test(c, what_is_late_comes_next);
	tcase_add_test(c, a_sweep_leaves_those_that_live);
	tcase_add_loop_test(c, a_sweep_takes_its_time, 0, 6);
	tcase_add_test(c, a_million_take_little_memory);
	suite_add_tcase(s, c);
	return s;
}
