/* SPDX-License-Identifier: Apache-2.0 */
/* A dedup cache against an array: keys come, end, leave and are cut off, in any order. */
#include "queue/dedup.h"

#include <stdlib.h>

#include "amqp/table.h"
#include "tests/unit/queue/fixture.h"

Suite *suite_queue_dedup(void);

enum { KEYS = 400 };

static struct store store;
static struct dedup *ring;
static struct buf arguments;

/* By key: its number, 0 when it is not in, and when it ends. */
static uint64_t numbers[KEYS];
static int64_t ends[KEYS];
static uint64_t next;

static void set_up(void)
{
	store_init(&store, NULL, 1 << 20);
	memset(numbers, 0, sizeof numbers);
	next = 1;
}

static void make(int size, int ttl)
{
	buf_clear(&arguments);
	table_put_int(&arguments, "x-cache-size", size);
	if (ttl)
		table_put_int(&arguments, "x-cache-ttl", ttl);
	ring = dedup_new(&store, buf_slice(&arguments), NULL);
}

static void tear_down(void)
{
	dedup_free(ring);
	store_free(&store);
	buf_free(&arguments);
}

static struct digest digest(unsigned key)
{
	return digest_of(slice_of(&key, sizeof key));
}

static void model_add(unsigned key, uint64_t number, int64_t end, size_t size)
{
	size_t n = 0, oldest = KEYS;
	numbers[key] = 0;
	for (size_t i = 0; i < KEYS; i++) {
		n += numbers[i] != 0;
		if (numbers[i] && (oldest == KEYS || numbers[i] < numbers[oldest]))
			oldest = i;
	}
	if (n >= size)
		numbers[oldest] = 0;
	numbers[key] = number;
	ends[key] = end;
}

static void check(int64_t now)
{
	log_position at;
	dedup_check(ring);
	for (unsigned i = 0; i < KEYS; i++) {
		struct digest d = digest(i);
		ck_assert_int_eq(dedup_has(ring, &d, now, &at), numbers[i] && ends[i] > now);
	}
}

START_TEST(any_order)
{
	srand((unsigned)_i);
	size_t size = 1 + (size_t)rand() % KEYS;
	make((int)size, 50);
	for (int64_t now = 1; now < 3000; now++) {
		unsigned key = (unsigned)rand() % KEYS;
		struct digest d = digest(key);
		log_position at;
		if (!dedup_has(ring, &d, now, &at)) {
			int64_t end = dedup_end(ring, slice_of(NULL, 0), now);
			dedup_add(ring, &d, next, end, 0);
			model_add(key, next, end, size);
			next += 1 + (uint64_t)rand() % 3;
		} else if (rand() % 3 == 0) {
			dedup_drop(ring, numbers[key], NULL);
			numbers[key] = 0;
		} else if (rand() % 200 == 0) {
			uint64_t from = numbers[key];
			dedup_cut(ring, from);
			for (unsigned i = 0; i < KEYS; i++)
				numbers[i] = numbers[i] < from ? numbers[i] : 0;
		}
		if (now % 20 == 0)
			check(now);
	}
}
END_TEST

START_TEST(the_oldest_goes_first)
{
	log_position at;
	make(100, 0);
	for (unsigned i = 0; i < KEYS; i++) {
		struct digest d = digest(i);
		dedup_add(ring, &d, i + 1, DEDUP_NO_END, 0);
	}
	ck_assert_uint_eq(ring->count, 100);
	for (unsigned i = 0; i < KEYS; i++) {
		struct digest d = digest(i);
		ck_assert_int_eq(dedup_has(ring, &d, 1, &at), i >= KEYS - 100);
	}
}
END_TEST

/* What lies in the log only leaves by its number.  Looking through the pages for each of half a
 * million, the newest first, takes minutes. */
START_TEST(any_of_many_is_found_by_its_number)
{
	make(500000, 0);
	for (unsigned i = 1; i <= 500000; i++) {
		struct digest d = digest(i);
		dedup_add(ring, &d, 2 * i, DEDUP_NO_END, 0);
	}
	for (unsigned i = 500000; i > 0; i--) {
		dedup_drop(ring, 2 * i + 1, NULL);
		dedup_drop(ring, 2 * i, NULL);
		ck_assert_uint_eq(ring->count, i - 1);
	}
	dedup_check(ring);
}
END_TEST

/* Very many are given back over turns, but gone at once; some are accepted again meanwhile. */
START_TEST(what_is_cut_off_is_gone_at_once)
{
	enum { MANY = 20000, KEPT = 5000 };
	log_position at;
	make(2 * MANY, 0);
	for (unsigned i = 1; i <= MANY; i++) {
		struct digest d = digest(i);
		dedup_add(ring, &d, 2 * i, DEDUP_NO_END, 0);
	}
	dedup_cut(ring, 2 * KEPT + 1);
	ck_assert_uint_gt(ring->count, 2 * KEPT);
	for (unsigned i = 1; i <= MANY; i++) {
		struct digest d = digest(i);
		ck_assert_int_eq(dedup_has(ring, &d, 0, &at), i <= KEPT);
	}
	struct digest last = digest(MANY), other = digest(KEPT + 7);
	dedup_add(ring, &last, 2 * MANY + 5, DEDUP_NO_END, 0);
	dedup_add(ring, &other, 2 * MANY + 6, DEDUP_NO_END, 0);
	dedup_check(ring);
	for (int turns = 0; !list_empty(&store.sweeping); turns++) {
		ck_assert_int_lt(turns, 100);
		ck_assert(dedup_has(ring, &last, 0, &at) && dedup_has(ring, &other, 0, &at));
		dedups_sweep(&store);
	}
	dedup_check(ring);
	ck_assert_uint_eq(ring->count, KEPT + 2);
	dedup_cut(ring, 2 * MANY + 6);
	ck_assert(dedup_has(ring, &last, 0, &at) && !dedup_has(ring, &other, 0, &at));
	dedup_cut(ring, 1);
	while (!list_empty(&store.sweeping))
		dedups_sweep(&store);
	ck_assert_uint_eq(ring->count, 0);
}
END_TEST

/* A message's own time goes before the dedup cache's; what is no number does not. */
START_TEST(when_a_key_ends)
{
	struct buf headers = { 0 };
	make(1, 50);
	ck_assert_int_eq(dedup_end(ring, slice_of(NULL, 0), 7), 57);
	table_put_int(&headers, "x-cache-ttl", 5);
	ck_assert_int_eq(dedup_end(ring, buf_slice(&headers), 7), 12);
	buf_clear(&headers);
	table_put_int(&headers, "x-cache-ttl", INT64_MAX);
	ck_assert_int_eq(dedup_end(ring, buf_slice(&headers), 7), DEDUP_NO_END);
	buf_clear(&headers);
	table_put_str(&headers, "x-cache-ttl", "soon");
	ck_assert_int_eq(dedup_end(ring, buf_slice(&headers), 7), 57);
	buf_free(&headers);
}
END_TEST

/* A transaction may lie in several batches, and its keys count when its end does. */
START_TEST(a_key_is_safe_when_the_transaction_it_may_be_of_is)
{
	log_position at = 1;
	struct digest logged = digest(1), other = digest(2), later = digest(3);
	make(10, 0);
	dedup_add(ring, &logged, 1, DEDUP_NO_END, 800);
	dedup_add(ring, &other, 2, DEDUP_NO_END, 0);
	ck_assert(dedup_has(ring, &logged, 0, &at) && at == 800);
	store.committed_at = 4000;
	dedup_add(ring, &later, 3, DEDUP_NO_END, 4800);
	ck_assert(dedup_has(ring, &logged, 0, &at) && at == 4000);
	ck_assert(dedup_has(ring, &other, 0, &at) && at == 0);
	ck_assert(dedup_has(ring, &later, 0, &at) && at == 4800);
}
END_TEST

Suite *suite_queue_dedup(void)
{
	Suite *s = suite_create("queue/dedup");
	TCase *t = tcase_create("keys");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_key_is_safe_when_the_transaction_it_may_be_of_is);
	tcase_add_loop_test(t, any_order, 0, 20);
	tcase_add_test(t, the_oldest_goes_first);
	tcase_add_test(t, any_of_many_is_found_by_its_number);
	tcase_add_test(t, what_is_cut_off_is_gone_at_once);
	tcase_add_test(t, when_a_key_ends);
	suite_add_tcase(s, t);
	return s;
}
