/* SPDX-License-Identifier: Apache-2.0 */
/* The map against a model that is an array, with keys picked so that they collide, and with so many
 * that it lies in parts. */
#include <check.h>
#include <stdio.h>

#include "base/map.h"

Suite *suite_base_map(void);

enum { KEYS = 500, COLLIDERS = 12, MANY = 100000 };

static struct map m;
static char keys[KEYS][24];
static uint32_t numbers[MANY];

static void set_up(void)
{
	for (int i = 0; i < KEYS; i++)
		snprintf(keys[i], sizeof keys[i], "%d%s", i, i % 3 ? "" : "-long");
}

static void tear_down(void)
{
	map_free(&m);
}

static struct slice key(int i)
{
	return slice_str(keys[i]);
}

static void put(int i)
{
	map_put(&m, key(i), keys[i]);
}

static size_t walk(void)
{
	size_t n = 0, cursor = 0;
	while (map_next(&m, &cursor))
		n++;
	return n;
}

START_TEST(an_empty_map_owns_nothing)
{
	ck_assert_ptr_null(map_get(&m, slice_str("a")));
	ck_assert_ptr_null(map_remove(&m, slice_str("a")));
	ck_assert_uint_eq(walk(), 0);
	ck_assert_ptr_null(m.slots);
}
END_TEST

START_TEST(what_was_put_is_found_under_its_key_only)
{
	put(1);
	put(10);
	ck_assert_ptr_eq(map_get(&m, slice_str("1")), keys[1]);
	ck_assert_ptr_eq(map_xget(&m, slice_str("10")), keys[10]);
	ck_assert_ptr_null(map_get(&m, slice_str("100")));
	ck_assert_ptr_null(map_get(&m, slice_str("")));
}
END_TEST

START_TEST(a_key_is_bytes)
{
	int a, b, c;
	map_put(&m, slice_of(NULL, 0), &a);
	map_put(&m, slice_of("\0", 1), &b);
	map_put(&m, slice_of("\0\0", 2), &c);
	ck_assert_ptr_eq(map_get(&m, slice_str("")), &a);
	ck_assert_ptr_eq(map_get(&m, slice_of("\0", 1)), &b);
	ck_assert_ptr_eq(map_get(&m, slice_of("\0\0", 2)), &c);
}
END_TEST

START_TEST(a_removed_key_can_come_again)
{
	put(4);
	ck_assert_ptr_eq(map_remove(&m, key(4)), keys[4]);
	ck_assert_ptr_null(map_get(&m, key(4)));
	ck_assert_ptr_null(m.slots);
	put(4);
	ck_assert_ptr_eq(map_get(&m, key(4)), keys[4]);
}
END_TEST

START_TEST(it_does_what_the_model_does)
{
	bool there[KEYS] = { false };
	size_t count = 0;
	uint32_t dice = 1;
	for (int round = 0; round < 40000; round++) {
		dice = dice * 1664525 + 1013904223;
		/* It grows for a while, then shrinks for a while. */
		int i = (int)(dice >> 16) % KEYS;
		bool grow = (dice >> 8 & 3) != 0;
		if (round / 5000 % 2 == 1)
			grow = !grow;
		if (grow && !there[i])
			put(i);
		else if (!grow)
			ck_assert_ptr_eq(map_remove(&m, key(i)), there[i] ? keys[i] : NULL);
		count += (size_t)grow - there[i];
		there[i] = grow;
		ck_assert_uint_eq(m.count, count);
		map_check(&m);
	}
	for (int i = 0; i < KEYS; i++)
		ck_assert_ptr_eq(map_get(&m, key(i)), there[i] ? keys[i] : NULL);
	ck_assert_uint_eq(walk(), count);
}
END_TEST

/* Keys whose homes are in the last sixteenth of any table: there is not room for all behind it. */
static void find_colliders(char out[COLLIDERS][16])
{
	for (int n = 0, i = 0; n < COLLIDERS; i++) {
		snprintf(out[n], 16, "c%d", i);
		if (map_hash(slice_str(out[n])) >> 60 == 15)
			n++;
	}
}

START_TEST(colliding_keys_survive_the_removal_of_any_other)
{
	char c[COLLIDERS][16];
	find_colliders(c);
	for (int gone = 0; gone < COLLIDERS; gone++) {
		for (int i = 0; i < 25; i++)
			put(i);
		for (int i = 0; i < COLLIDERS; i++)
			map_put(&m, slice_str(c[i]), c[i]);
		map_check(&m);
		ck_assert_ptr_eq(map_remove(&m, slice_str(c[gone])), c[gone]);
		map_check(&m);
		for (int i = 0; i < COLLIDERS; i++)
			ck_assert_ptr_eq(map_get(&m, slice_str(c[i])), i == gone ? NULL : c[i]);
		for (int i = 0; i < 25; i++)
			ck_assert_ptr_eq(map_get(&m, key(i)), keys[i]);
		map_free(&m);
	}
}
END_TEST

START_TEST(the_table_shrinks_when_it_empties)
{
	for (int i = 0; i < KEYS; i++)
		put(i);
	size_t full = map_footprint(&m);
	for (int i = 0; i < KEYS - 1; i++)
		map_remove(&m, key(i));
	ck_assert_uint_lt(map_footprint(&m), full / 4);
	ck_assert_ptr_eq(map_get(&m, key(KEYS - 1)), keys[KEYS - 1]);
}
END_TEST

static struct slice number(uint32_t i)
{
	numbers[i] = i;
	return slice_of(&numbers[i], sizeof numbers[i]);
}

static void put_many(uint32_t n)
{
	for (uint32_t i = m.count; i < n; i++)
		map_put(&m, number(i), &numbers[i]);
}

START_TEST(an_entry_takes_forty_bytes_whatever_their_number)
{
	for (uint32_t n = 10000; n <= MANY; n += 1000) {
		put_many(n);
		ck_assert_uint_le(map_footprint(&m), n * 40);
	}
	map_check(&m);
}
END_TEST

START_TEST(it_never_grows_by_much_at_once)
{
	for (uint32_t i = 0; i < MANY; i++) {
		size_t before = map_footprint(&m);
		put_many(i + 1);
		ck_assert_uint_le(map_footprint(&m), before + 200000);
	}
}
END_TEST

START_TEST(many_entries_are_found_walked_and_removed)
{
	put_many(20000);
	for (uint32_t i = 0; i < 20000; i += 2)
		ck_assert_ptr_eq(map_remove(&m, number(i)), &numbers[i]);
	map_check(&m);
	for (uint32_t i = 0; i < 20001; i++)
		ck_assert_ptr_eq(map_get(&m, number(i)), i % 2 && i < 20000 ? &numbers[i] : NULL);
	ck_assert_uint_eq(walk(), 10000);
	ck_assert_ptr_null(map_remove(&m, number(0)));
}
END_TEST

START_TEST(what_many_took_is_given_back_before_all_are_gone)
{
	put_many(MANY);
	for (uint32_t i = MANY; i > 100; i--)
		ck_assert_ptr_eq(map_remove(&m, number(i - 1)), &numbers[i - 1]);
	ck_assert_uint_le(map_footprint(&m), 32 * 1024);
	map_check(&m);
	for (uint32_t i = 0; i < 100; i++)
		ck_assert_ptr_eq(map_get(&m, number(i)), &numbers[i]);
}
END_TEST

START_TEST(the_hash_depends_on_the_seed)
{
	map_seed(1);
	uint64_t one = map_hash(slice_str("queue"));
	map_seed(2);
	ck_assert_uint_ne(map_hash(slice_str("queue")), one);
	map_seed(1);
	ck_assert_uint_eq(map_hash(slice_str("queue")), one);
}
END_TEST

Suite *suite_base_map(void)
{
	Suite *s = suite_create("base/map");
	TCase *t = tcase_create("map");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, an_empty_map_owns_nothing);
	tcase_add_test(t, what_was_put_is_found_under_its_key_only);
	tcase_add_test(t, a_key_is_bytes);
	tcase_add_test(t, a_removed_key_can_come_again);
	tcase_add_test(t, it_does_what_the_model_does);
	tcase_add_test(t, colliding_keys_survive_the_removal_of_any_other);
	tcase_add_test(t, the_table_shrinks_when_it_empties);
	tcase_add_test(t, an_entry_takes_forty_bytes_whatever_their_number);
	tcase_add_test(t, it_never_grows_by_much_at_once);
	tcase_add_test(t, many_entries_are_found_walked_and_removed);
	tcase_add_test(t, what_many_took_is_given_back_before_all_are_gone);
	tcase_add_test(t, the_hash_depends_on_the_seed);
	suite_add_tcase(s, t);
	return s;
}
