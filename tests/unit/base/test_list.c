/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "base/list.h"

Suite *suite_base_list(void);

struct item {
	char name;
	struct list link;
};

static struct list head, other;
static struct item items[5];

static void set_up(void)
{
	list_init(&head);
	list_init(&other);
	for (int i = 0; i < 5; i++) {
		items[i].name = (char)('a' + i);
		list_init(&items[i].link);
	}
}

static void push(struct list *to, int from, int n)
{
	for (int i = from; i < from + n; i++)
		list_push(to, &items[i].link);
}

/* The names from front to back must be as given, and from back to front the reverse. */
static void expect(const struct list *l, const char *names)
{
	const struct list *at = l;
	for (const char *c = names; *c; c++) {
		at = at->next;
		ck_assert_ptr_ne(at, l);
		ck_assert_int_eq(list_entry(at, const struct item, link)->name, *c);
		ck_assert_ptr_eq(at->prev->next, at);
		ck_assert_ptr_eq(at->next->prev, at);
	}
	ck_assert_ptr_eq(at->next, l);
	ck_assert_ptr_eq(l->prev, at);
}

START_TEST(an_empty_list_has_nothing)
{
	ck_assert(list_empty(&head));
	ck_assert_ptr_null(list_pop(&head));
	ck_assert_ptr_null(list_first(&head, struct item, link));
	expect(&head, "");
}
END_TEST

START_TEST(first_in_first_out)
{
	push(&head, 0, 3);
	expect(&head, "abc");
	ck_assert_ptr_eq(list_first(&head, struct item, link), &items[0]);
	ck_assert_ptr_eq(list_pop(&head), &items[0].link);
	ck_assert(!list_linked(&items[0].link));
	expect(&head, "bc");
}
END_TEST

START_TEST(the_front_and_the_middle_can_be_joined)
{
	push(&head, 1, 2);
	list_push_front(&head, &items[0].link);
	expect(&head, "abc");
	list_insert_before(&items[2].link, &items[4].link);
	expect(&head, "abec");
}
END_TEST

START_TEST(any_element_can_leave)
{
	push(&head, 0, 5);
	list_remove(&items[2].link);
	expect(&head, "abde");
	list_remove(&items[0].link);
	list_remove(&items[4].link);
	expect(&head, "bd");
	list_remove(&items[4].link);
	expect(&head, "bd");
	ck_assert(!list_linked(&items[4].link) && list_linked(&items[1].link));
}
END_TEST

START_TEST(a_splice_moves_all_to_the_back)
{
	push(&head, 0, 2);
	push(&other, 2, 3);
	list_splice(&head, &other);
	expect(&head, "abcde");
	expect(&other, "");
	list_splice(&head, &other);
	expect(&head, "abcde");
	list_splice(&other, &head);
	expect(&other, "abcde");
	expect(&head, "");
}
END_TEST

START_TEST(a_walk_may_take_off_where_it_stands)
{
	push(&head, 0, 5);
	list_each_safe(it, &head)
		if (list_entry(it, struct item, link)->name % 2)
			list_remove(it);
	expect(&head, "bd");
	int n = 0;
	list_each(it, &head)
		n++;
	ck_assert_int_eq(n, 2);
}
END_TEST

Suite *suite_base_list(void)
{
	Suite *s = suite_create("base/list");
	TCase *t = tcase_create("list");
	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_test(t, an_empty_list_has_nothing);
	tcase_add_test(t, first_in_first_out);
	tcase_add_test(t, the_front_and_the_middle_can_be_joined);
	tcase_add_test(t, any_element_can_leave);
	tcase_add_test(t, a_splice_moves_all_to_the_back);
	tcase_add_test(t, a_walk_may_take_off_where_it_stands);
	suite_add_tcase(s, t);
	return s;
}
