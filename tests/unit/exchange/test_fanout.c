/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/exchange/fixture.h"

Suite *suite_exchange_fanout(void);

START_TEST(every_binding_matches_whatever_the_key)
{
	struct exchange *f = x("f", &exchange_fanout);
	ck_assert_str_eq(routed(f, "k"), "");
	bind_q(f, "a", "");
	bind_q(f, "b", "other");
	ck_assert_str_eq(routed(f, "k"), "a b");
	ck_assert_str_eq(routed(f, ""), "a b");
	unbind_q(f, "a", "");
	ck_assert_str_eq(routed(f, "k"), "b");
}
END_TEST

START_TEST(a_queue_bound_twice_gets_a_message_once)
{
	struct exchange *f = x("f", &exchange_fanout);
	bind_q(f, "a", "one");
	bind_q(f, "a", "two");
	ck_assert_uint_eq(topology.n_bindings, 2);
	ck_assert_str_eq(routed(f, "k"), "a");
}
END_TEST

START_TEST(unbinding_takes_the_binding_of_that_key_only)
{
	struct exchange *f = x("f", &exchange_fanout);
	bind_q(f, "a", "one");
	unbind_q(f, "a", "two");
	ck_assert_str_eq(routed(f, "k"), "a");
	unbind_q(f, "a", "one");
	ck_assert_str_eq(routed(f, "k"), "");
}
END_TEST

Suite *suite_exchange_fanout(void)
{
	Suite *s = suite_create("exchange/fanout");
	TCase *c = topology_case(s, "fanout");
	tcase_add_test(c, every_binding_matches_whatever_the_key);
	tcase_add_test(c, a_queue_bound_twice_gets_a_message_once);
	tcase_add_test(c, unbinding_takes_the_binding_of_that_key_only);
	return s;
}
