/* SPDX-License-Identifier: Apache-2.0 */
/* A keyring against an array: keys come, end, leave and are cut off, in any order. */
#include "queue/keyring.h"

#include <stdlib.h>

#include "amqp/table.h"
#include "tests/unit/queue/fixture.h"

Suite *suite_queue_keyring(void);

enum { KEYS = 400 };

static struct store store;
static struct keyring *ring;
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
	ring = keyring_new(&store, buf_slice(&arguments), NULL);
}

static void tear_down(void)
{
	keyring_free(ring);
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
	keyring_check(ring);
	for (unsigned i = 0; i < KEYS; i++) {
		struct digest d = digest(i);
		ck_assert_int_eq(keyring_has(ring, &d, now, &at), numbers[i] && ends[i] > now);
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
		if (!keyring_has(ring, &d, now, &at)) {
			int64_t end = keyring_end(ring, slice_of(NULL, 0), now);
			keyring_add(ring, &d, next, end, 0);
			model_add(key, next, end, size);
			next += 1 + (uint64_t)rand() % 3;
		} else if (rand() % 3 == 0) {
			keyring_drop(ring, numbers[key], NULL);
			numbers[key] = 0;
		} else if (rand() % 200 == 0) {
			uint64_t from = numbers[key];
			keyring_cut(ring, from);
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
		keyring_add(ring, &d, i + 1, KEYRING_NO_END, 0);
	}
	ck_assert_uint_eq(ring->count, 100);
	for (unsigned i = 0; i < KEYS; i++) {
		struct digest d = digest(i);
		ck_assert_int_eq(keyring_has(ring, &d, 1, &at), i >= KEYS - 100);
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
		keyring_add(ring, &d, 2 * i, KEYRING_NO_END, 0);
	}
	for (unsigned i = 500000; i > 0; i--) {
		keyring_drop(ring, 2 * i + 1, NULL);
		keyring_drop(ring, 2 * i, NULL);
		ck_assert_uint_eq(ring->count, i - 1);
	}
	keyring_check(ring);
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
		keyring_add(ring, &d, 2 * i, KEYRING_NO_END, 0);
	}
	keyring_cut(ring, 2 * KEPT + 1);
	ck_assert_uint_gt(ring->count, 2 * KEPT);
	for (unsigned i = 1; i <= MANY; i++) {
		struct digest d = digest(i);
		ck_assert_int_eq(keyring_has(ring, &d, 0, &at), i <= KEPT);
	}
	struct digest last = digest(MANY), other = digest(KEPT + 7);
	keyring_add(ring, &last, 2 * MANY + 5, KEYRING_NO_END, 0);
	keyring_add(ring, &other, 2 * MANY + 6, KEYRING_NO_END, 0);
	keyring_check(ring);
	for (int turns = 0; !list_empty(&store.sweeping); turns++) {
		ck_assert_int_lt(turns, 100);
		ck_assert(keyring_has(ring, &last, 0, &at) && keyring_has(ring, &other, 0, &at));
		keyrings_sweep(&store);
	}
	keyring_check(ring);
	ck_assert_uint_eq(ring->count, KEPT + 2);
	keyring_cut(ring, 2 * MANY + 6);
	ck_assert(keyring_has(ring, &last, 0, &at) && !keyring_has(ring, &other, 0, &at));
	keyring_cut(ring, 1);
	while (!list_empty(&store.sweeping))
		keyrings_sweep(&store);
	ck_assert_uint_eq(ring->count, 0);
}
END_TEST

/* A message's own time goes before the keyring's; what is no number does not. */
START_TEST(when_a_key_ends)
{
	struct buf headers = { 0 };
	make(1, 50);
	ck_assert_int_eq(keyring_end(ring, slice_of(NULL, 0), 7), 57);
	table_put_int(&headers, "x-cache-ttl", 5);
	ck_assert_int_eq(keyring_end(ring, buf_slice(&headers), 7), 12);
	buf_clear(&headers);
	table_put_int(&headers, "x-cache-ttl", INT64_MAX);
	ck_assert_int_eq(keyring_end(ring, buf_slice(&headers), 7), KEYRING_NO_END);
	buf_clear(&headers);
	table_put_str(&headers, "x-cache-ttl", "soon");
	ck_assert_int_eq(keyring_end(ring, buf_slice(&headers), 7), 57);
	buf_free(&headers);
}
END_TEST

/* A transaction may lie in several batches, and its keys count when its end does. */
START_TEST(a_key_is_safe_when_the_transaction_it_may_be_of_is)
{
	log_position at = 1;
	struct digest logged = digest(1), other = digest(2), later = digest(3);
	make(10, 0);
	keyring_add(ring, &logged, 1, KEYRING_NO_END, 800);
	keyring_add(ring, &other, 2, KEYRING_NO_END, 0);
	ck_assert(keyring_has(ring, &logged, 0, &at) && at == 800);
	store.committed_at = 4000;
	keyring_add(ring, &later, 3, KEYRING_NO_END, 4800);
	ck_assert(keyring_has(ring, &logged, 0, &at) && at == 4000);
	ck_assert(keyring_has(ring, &other, 0, &at) && at == 0);
	ck_assert(keyring_has(ring, &later, 0, &at) && at == 4800);
}
END_TEST

Suite *suite_queue_keyring(void)
{
	Suite *s = suite_create("queue/keyring");
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
