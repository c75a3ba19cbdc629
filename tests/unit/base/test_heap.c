/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "base/heap.h"
#include "base/list.h"

Suite *suite_base_heap(void);

enum { TIMERS = 200 };

struct timer {
	unsigned due;
	struct heap_node node;
};

static struct heap h;
static struct timer timers[TIMERS];
static uint32_t dice;

static struct timer *timer_of(const struct heap_node *n)
{
	return list_entry(n, struct timer, node);
}

static bool sooner(const struct heap_node *a, const struct heap_node *b)
{
	return timer_of(a)->due < timer_of(b)->due;
}

static unsigned roll(unsigned sides)
{
	dice = dice * 1664525 + 1013904223;
	return (dice >> 8) % sides;
}

static void set_up(void)
{
	dice = 7;
	heap_init(&h, sooner);
	for (int i = 0; i < TIMERS; i++)
		heap_node_init(&timers[i].node);
}

static void tear_down(void)
{
	heap_free(&h);
}

static void push(struct timer *t, unsigned due)
{
	t->due = due;
	heap_push(&h, &t->node);
}

/* Every node knows its place and no child comes before its parent. */
static void check_order(void)
{
	for (size_t i = 0; i < h.len; i++) {
		if (h.nodes[i]->at != i || (i && sooner(h.nodes[i], h.nodes[(i - 1) / 2])))
			ck_abort_msg("node %zu of %zu is out of place", i, h.len);
	}
}

START_TEST(an_empty_heap_has_no_top)
{
	ck_assert_ptr_null(heap_top(&h));
	ck_assert_ptr_null(heap_pop(&h));
}
END_TEST

START_TEST(nodes_leave_in_order)
{
	unsigned before = 0;
	for (int i = 0; i < TIMERS; i++)
		push(&timers[i], roll(50));
	for (int i = 0; i < TIMERS; i++) {
		struct timer *t = timer_of(heap_top(&h));
		ck_assert_uint_ge(t->due, before);
		before = t->due;
		ck_assert_ptr_eq(heap_pop(&h), &t->node);
		ck_assert(!heap_linked(&t->node));
	}
	ck_assert_ptr_null(heap_top(&h));
}
END_TEST

START_TEST(any_node_can_leave)
{
	for (int gone = 0; gone < 20; gone++) {
		for (int i = 0; i < 20; i++)
			push(&timers[i], (unsigned)(i * 7 % 20));
		heap_remove(&h, &timers[gone].node);
		ck_assert(!heap_linked(&timers[gone].node));
		check_order();
		ck_assert_uint_eq(h.len, 19);
		while (heap_pop(&h))
			check_order();
	}
}
END_TEST

START_TEST(a_changed_key_moves_up_and_down)
{
	for (unsigned i = 0; i < 20; i++)
		push(&timers[i], 10 + i);
	timers[19].due = 1;
	heap_move(&h, &timers[19].node);
	ck_assert_ptr_eq(heap_top(&h), &timers[19].node);
	timers[19].due = 100;
	heap_move(&h, &timers[19].node);
	check_order();
	ck_assert_ptr_eq(heap_top(&h), &timers[0].node);
}
END_TEST

static unsigned least(void)
{
	unsigned due = UINT32_MAX;
	for (int i = 0; i < TIMERS; i++)
		if (heap_linked(&timers[i].node) && timers[i].due < due)
			due = timers[i].due;
	return due;
}

START_TEST(it_does_what_the_model_does)
{
	for (int round = 0; round < 5000; round++) {
		struct timer *t = &timers[roll(TIMERS)];
		if (!heap_linked(&t->node)) {
			push(t, roll(1000));
		} else if (roll(2)) {
			heap_remove(&h, &t->node);
		} else {
			t->due = roll(1000);
			heap_move(&h, &t->node);
		}
		check_order();
		ck_assert(h.len == 0 || timer_of(heap_top(&h))->due == least());
	}
}
END_TEST

Suite *suite_base_heap(void)
{
	Suite *s = suite_create("base/heap");
	TCase *t = tcase_create("heap");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, an_empty_heap_has_no_top);
	tcase_add_test(t, nodes_leave_in_order);
	tcase_add_test(t, any_node_can_leave);
	tcase_add_test(t, a_changed_key_moves_up_and_down);
	tcase_add_test(t, it_does_what_the_model_does);
	suite_add_tcase(s, t);
	return s;
}
