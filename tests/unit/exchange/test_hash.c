/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges that send each message to one of their bindings. */
#include <stdio.h>

#include "tests/unit/exchange/fixture.h"

Suite *suite_exchange_hash(void);

enum { KEYS = 20000 };

static char where[2][KEYS];

/* Where each of many keys goes, as the queue's one letter; how many of them go to the queue. */
static unsigned spread_keys(struct exchange *from, int run, char queue)
{
	char key[16];
	unsigned n = 0;
	for (unsigned i = 0; i < KEYS; i++) {
		snprintf(key, sizeof key, "key.%u", i);
		where[run][i] = routed(from, key)[0];
		n += where[run][i] == queue;
	}
	return n;
}

START_TEST(shares_are_in_proportion_to_the_weights)
{
	struct exchange *f = x("f", &exchange_consistent_hash);
	ck_assert_str_eq(routed(f, "k"), "");
	bind_q(f, "a", "1");
	ck_assert_uint_eq(spread_keys(f, 0, 'a'), KEYS);
	bind_q(f, "b", "2");
	bind_q(f, "c", "7");
	unsigned a = spread_keys(f, 0, 'a'), b = spread_keys(f, 0, 'b'), c = spread_keys(f, 0, 'c');
	ck_assert_uint_eq(a + b + c, KEYS);
	ck_assert(a > KEYS * 8 / 100 && a < KEYS * 12 / 100);
	ck_assert(b > KEYS * 17 / 100 && b < KEYS * 23 / 100);
}
END_TEST

/* However large it is: it costs nothing. */
START_TEST(a_weight_beyond_all_others_takes_nearly_all)
{
	struct exchange *f = x("f", &exchange_consistent_hash);
	bind_q(f, "a", "1");
	bind_q(f, "b", "+99999999999999999999");
	ck_assert_uint_ge(spread_keys(f, 0, 'b'), KEYS - 1);
}
END_TEST

START_TEST(who_comes_takes_only_its_share_and_who_goes_leaves_only_that)
{
	struct exchange *f = x("f", &exchange_consistent_hash);
	bind_q(f, "a", "1");
	bind_q(f, "b", "1");
	bind_q(f, "c", "1");
	spread_keys(f, 0, 0);
	bind_q(f, "d", "1");
	unsigned d = spread_keys(f, 1, 'd');
	ck_assert(d > KEYS * 22 / 100 && d < KEYS * 28 / 100);
	for (unsigned i = 0; i < KEYS; i++)
		ck_assert(where[1][i] == 'd' || where[0][i] == where[1][i]);
	unbind_q(f, "d", "1");
	spread_keys(f, 1, 0);
	ck_assert_int_eq(memcmp(where[0], where[1], sizeof where[0]), 0);
}
END_TEST

START_TEST(a_share_does_not_depend_on_who_came_first)
{
	struct exchange *f = x("f", &exchange_consistent_hash), *g = x("g", &exchange_consistent_hash);
	bind_q(f, "a", "3");
	bind_q(f, "b", "5");
	bind_q(g, "b", "5");
	bind_q(g, "a", "3");
	spread_keys(f, 0, 0);
	spread_keys(g, 1, 0);
	ck_assert_int_eq(memcmp(where[0], where[1], sizeof where[0]), 0);
}
END_TEST

START_TEST(the_modulus_spreads_evenly_and_the_same_in_any_order)
{
	struct exchange *f = x("f", &exchange_modulus_hash), *g = x("g", &exchange_modulus_hash);
	ck_assert_str_eq(routed(f, "k"), "");
	for (char q[] = "a"; q[0] <= 'd'; q[0]++)
		bind_q(f, q, "any");
	for (char q[] = "d"; q[0] >= 'a'; q[0]--)
		bind_q(g, q, "any");
	unsigned a = spread_keys(f, 0, 'a');
	ck_assert(a > KEYS * 22 / 100 && a < KEYS * 28 / 100);
	spread_keys(g, 1, 0);
	ck_assert_int_eq(memcmp(where[0], where[1], sizeof where[0]), 0);
	unbind_q(f, "b", "any");
	ck_assert_uint_eq(spread_keys(f, 0, 'b'), 0);
}
END_TEST

START_TEST(random_means_each_as_often)
{
	struct exchange *f = x("f", _i ? &exchange_random : &exchange_local_random);
	ck_assert_str_eq(routed(f, "k"), "");
	for (char q[] = "a"; q[0] <= 'd'; q[0]++)
		bind_q(f, q, "");
	unsigned a = spread_keys(f, 0, 'a');
	ck_assert(a > KEYS * 22 / 100 && a < KEYS * 28 / 100);
	spread_keys(f, 1, 0);
	ck_assert_int_ne(memcmp(where[0], where[1], sizeof where[0]), 0);
	for (char q[] = "a"; q[0] <= 'c'; q[0]++)
		unbind_q(f, q, "");
	ck_assert_str_eq(routed(f, "k"), "d");
}
END_TEST

Suite *suite_exchange_hash(void)
{
	Suite *s = suite_create("exchange/hash");
	TCase *c = topology_case(s, "hash");
	tcase_add_test(c, shares_are_in_proportion_to_the_weights);
	tcase_add_test(c, a_weight_beyond_all_others_takes_nearly_all);
	tcase_add_test(c, who_comes_takes_only_its_share_and_who_goes_leaves_only_that);
	tcase_add_test(c, a_share_does_not_depend_on_who_came_first);
	tcase_add_test(c, the_modulus_spreads_evenly_and_the_same_in_any_order);
	tcase_add_loop_test(c, random_means_each_as_often, 0, 2);
	return s;
}
