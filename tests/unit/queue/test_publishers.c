/* SPDX-License-Identifier: Apache-2.0 */
/* Publishers against arrays: numbers are accepted and refused in any order. */
#include "queue/publishers.h"

#include "tests/unit/queue/fixture.h"

Suite *suite_queue_publishers(void);

enum { NUMBERS = 100 };

static struct store store;
static struct queue *queue;

static void set_up(void)
{
	store_init(&store, NULL, 1 << 20);
	queue = queue_in(&store, 0, slice_of(NULL, 0));
}

static void tear_down(void)
{
	queue_delete(&queue);
	ck_assert_uint_eq(store.publishers.count, 0);
	store_free(&store);
}

static struct model {
	uint64_t highest;
	bool refused[NUMBERS + 1];
} model;

static bool model_has(uint64_t n)
{
	return n <= model.highest && !model.refused[n];
}

static uint64_t model_complete(void)
{
	for (uint64_t n = 1; n <= model.highest; n++)
		if (model.refused[n])
			return n - 1;
	return model.highest;
}

static void accept(struct publisher *p, uint64_t n)
{
	publisher_accept(p, n, false);
	model.refused[n] = false;
	model.highest = n > model.highest ? n : model.highest;
}

static void refuse(struct publisher *p, uint64_t n)
{
	ck_assert_uint_eq(publisher_refuse(p, n, false), 0);
	for (uint64_t i = model.highest + 1; i <= n; i++)
		model.refused[i] = true;
}

START_TEST(numbers_in_any_order)
{
	struct dice d = { (uint64_t)_i };
	struct publisher *p = publishers_get(queue, slice_str("p"));
	model = (struct model){ 0 };
	for (int step = 0; step < 400; step++) {
		uint64_t reach = model.highest + 5 < NUMBERS ? model.highest + 5 : NUMBERS;
		uint64_t n = 1 + dice_roll(&d, (unsigned)reach);
		if (!publisher_has(p, n) && dice_roll(&d, 2))
			accept(p, n);
		else if (!publisher_has(p, n))
			refuse(p, n);
		for (n = 1; n <= NUMBERS; n++)
			ck_assert_int_eq(publisher_has(p, n), model_has(n));
		ck_assert_uint_eq(publisher_complete(p), model_complete());
		publishers_check(&store);
	}
}
END_TEST

START_TEST(gaps_are_no_refusals)
{
	struct publisher *p = publishers_get(queue, slice_str("p"));
	publisher_accept(p, 1, true);
	ck_assert(!publisher_is_to_tell(p, 1));
	publisher_accept(p, INT64_MAX, true);
	ck_assert(!publisher_is_to_tell(p, INT64_MAX));
	ck_assert(publisher_has(p, 2) && publisher_complete(p) == INT64_MAX);
	ck_assert(publishers_get(queue, slice_str("p")) == p);
	ck_assert(!publishers_find(queue, slice_str("P")));
}
END_TEST

START_TEST(what_the_log_is_told)
{
	struct publisher *p = publishers_get(queue, slice_str("p"));
	publisher_accept(p, 1, true);
	publisher_refuse(p, 2, false);
	publisher_refuse(p, 3, false);
	publisher_accept(p, 2, true);
	ck_assert(publisher_is_to_tell(p, 2));
	publisher_accept(p, 4, true);
	ck_assert(publisher_is_to_tell(p, 4));
	publisher_accept(p, 5, false);
	publisher_accept(p, 3, true);
	ck_assert(publisher_is_to_tell(p, 3));
	publisher_accept(p, 6, true);
	ck_assert(!publisher_is_to_tell(p, 6));
}
END_TEST

START_TEST(the_lowest_refusals_are_forgotten)
{
	struct publisher *p = publishers_get(queue, slice_str("p"));
	for (uint64_t n = 1; n < 400; n += 2) {
		publisher_refuse(p, n, false);
		publisher_accept(p, n + 1, false);
	}
	ck_assert(publisher_has(p, 1) && !publisher_has(p, 399));
	ck_assert_uint_eq(publisher_complete(p), 400 - 2 * PUBLISHER_REFUSED_MOST);
	publishers_check(&store);
}
END_TEST

static struct publisher *numbered(bool make, unsigned i)
{
	char name[16];
	snprintf(name, sizeof name, "p%u", i);
	return make ? publishers_get(queue, slice_str(name)) : publishers_find(queue, slice_str(name));
}

START_TEST(who_has_not_published_for_longest_goes_first)
{
	for (unsigned i = 0; i < PUBLISHERS_MOST; i++)
		publisher_accept(numbered(true, i), 7, false);
	publisher_accept(numbered(true, 0), 8, false);
	ck_assert(numbered(true, PUBLISHERS_MOST) != NULL);
	ck_assert(numbered(false, 0) && !numbered(false, 1) && numbered(false, 2));
	publishers_check(&store);
}
END_TEST

Suite *suite_queue_publishers(void)
{
	Suite *s = suite_create("queue/publishers");
	TCase *t = tcase_create("publishers");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, numbers_in_any_order, 0, 20);
	tcase_add_test(t, gaps_are_no_refusals);
	tcase_add_test(t, what_the_log_is_told);
	tcase_add_test(t, the_lowest_refusals_are_forgotten);
	tcase_add_test(t, who_has_not_published_for_longest_goes_first);
	suite_add_tcase(s, t);
	return s;
}
