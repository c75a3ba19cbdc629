/* SPDX-License-Identifier: Apache-2.0 */
/* Direct exchanges, and the default one. */
#include "tests/unit/exchange/fixture.h"

Suite *suite_exchange_direct(void);

START_TEST(a_message_goes_where_the_key_is_equal)
{
	struct exchange *d = x("d", &exchange_direct);
	bind_q(d, "a", "red");
	bind_q(d, "b", "red");
	bind_q(d, "c", "blue");
	bind_q(d, "e", "");
	ck_assert_str_eq(routed(d, "red"), "a b");
	ck_assert_str_eq(routed(d, "blue"), "c");
	ck_assert_str_eq(routed(d, ""), "e");
	ck_assert_str_eq(routed(d, "re"), "");
	ck_assert_str_eq(routed(d, "red."), "");
}
END_TEST

START_TEST(wildcards_are_plain_letters)
{
	struct exchange *d = x("d", &exchange_direct);
	bind_q(d, "a", "#");
	bind_q(d, "b", "*");
	ck_assert_str_eq(routed(d, "red"), "");
	ck_assert_str_eq(routed(d, "#"), "a");
	ck_assert_str_eq(routed(d, "*"), "b");
}
END_TEST

START_TEST(a_queue_bound_by_two_keys_is_reached_by_both)
{
	struct exchange *d = x("d", &exchange_direct);
	bind_q(d, "a", "red");
	bind_q(d, "a", "blue");
	ck_assert_str_eq(routed(d, "red"), "a");
	ck_assert_str_eq(routed(d, "blue"), "a");
	unbind_q(d, "a", "red");
	ck_assert_str_eq(routed(d, "red"), "");
	ck_assert_str_eq(routed(d, "blue"), "a");
}
END_TEST

START_TEST(other_destinations_of_a_key_stay_when_one_goes)
{
	struct exchange *d = x("d", &exchange_direct);
	bind_q(d, "a", "red");
	bind_q(d, "b", "red");
	bind_q(d, "c", "red");
	unbind_q(d, "b", "red");
	ck_assert_str_eq(routed(d, "red"), "a c");
	unbind_q(d, "a", "red");
	unbind_q(d, "c", "red");
	ck_assert_str_eq(routed(d, "red"), "");
	bind_q(d, "b", "red");
	ck_assert_str_eq(routed(d, "red"), "b");
}
END_TEST

START_TEST(ten_thousand_keys_are_kept_apart)
{
	struct exchange *d = x("d", &exchange_direct);
	char name[32];
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof name, "%d", i);
		bind_q(d, i % 2 ? "odd" : "even", name);
	}
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof name, "%d", i);
		ck_assert_str_eq(routed(d, name), i % 2 ? "odd" : "even");
	}
	ck_assert_str_eq(routed(d, "10000"), "");
}
END_TEST

START_TEST(the_default_exchange_reaches_every_queue_by_its_name)
{
	struct exchange *d = find_x("");
	q("a");
	ck_assert_str_eq(routed(d, "a"), "a");
	ck_assert_str_eq(routed(d, "b"), "");
	q("b");
	ck_assert_str_eq(routed(d, "b"), "b");
	topology_remove_queue(&topology, q("a"));
	ck_assert_str_eq(routed(d, "a"), "");
}
END_TEST

Suite *suite_exchange_direct(void)
{
	Suite *s = suite_create("exchange/direct");
	TCase *c = topology_case(s, "direct");
	tcase_add_test(c, a_message_goes_where_the_key_is_equal);
	tcase_add_test(c, wildcards_are_plain_letters);
	tcase_add_test(c, a_queue_bound_by_two_keys_is_reached_by_both);
	tcase_add_test(c, other_destinations_of_a_key_stay_when_one_goes);
	tcase_add_test(c, ten_thousand_keys_are_kept_apart);
	tcase_add_test(c, the_default_exchange_reaches_every_queue_by_its_name);
	return s;
}
