/* SPDX-License-Identifier: Apache-2.0 */
/* The row against a set of numbers. */
#include "queue/row.h"

#include "tests/unit/queue/fixture.h"

Suite *suite_queue_row(void);

enum { MOST = 2000 };

static struct row s;
static bool in[MOST];
static uint64_t n_in;

static void set_up(void)
{
	row_init(&s);
	memset(in, 0, sizeof in);
	n_in = 0;
}

static struct entry numbered(uint64_t seq)
{
	return (struct entry){ .seq = seq, .at = 8 * seq };
}

static void model_put(uint64_t seq)
{
	if (in[seq])
		return;
	row_put(&s, numbered(seq));
	in[seq] = true;
	n_in++;
}

static void model_take(uint64_t seq)
{
	struct entry e = { 0 };
	ck_assert_int_eq(row_take(&s, seq, &e), in[seq]);
	if (!in[seq])
		return;
	ck_assert_uint_eq(e.seq, seq);
	ck_assert_uint_eq(e.at, 8 * seq);
	in[seq] = false;
	n_in--;
}

static void check(void)
{
	struct row_walk w = { 0 };
	struct entry e;
	uint64_t first = MOST, last = MOST;
	for (uint64_t i = 0; i < MOST; i++) {
		const struct entry *from = row_from(&s, i);
		ck_assert_int_eq(row_find(&s, i) != NULL, in[i]);
		ck_assert(in[i] ? from->seq == i : from == row_from(&s, i + 1));
		if (!in[i])
			continue;
		ck_assert(row_next(&s, &w, &e));
		ck_assert_uint_eq(e.seq, i);
		first = first == MOST ? i : first;
		last = i;
	}
	ck_assert(!row_next(&s, &w, &e));
	ck_assert_uint_eq(s.count, n_in);
	ck_assert_int_eq(row_first(&s) != NULL, n_in != 0);
	if (n_in) {
		ck_assert_uint_eq(row_first(&s)->seq, first);
		ck_assert_uint_eq(row_last(&s)->seq, last);
	}
}

static void empty(void)
{
	struct entry e;
	while (row_pop(&s, &e))
		;
	ck_assert_uint_eq(s.n + s.cap, 0);
	ck_assert_ptr_null(s.one);
}

START_TEST(what_is_pushed_pops_in_order_and_an_empty_one_owns_nothing)
{
	struct entry e;
	for (uint64_t i = 1; i <= 1000; i++)
		row_push(&s, numbered(3 * i));
	for (uint64_t i = 1; i <= 1000; i++) {
		ck_assert(row_pop(&s, &e));
		ck_assert_uint_eq(e.seq, 3 * i);
	}
	empty();
}
END_TEST

START_TEST(any_order_of_steps_as_the_model_says)
{
	struct dice d = { (uint64_t)_i };
	struct entry e;
	for (int step = 0; step < 20000; step++) {
		uint64_t seq = dice_roll(&d, MOST);
		unsigned what = dice_roll(&d, 20);
		if (what < 10)
			model_put(seq);
		else if (what < 19)
			model_take(seq);
		else if (n_in && row_pop(&s, &e)) {
			in[e.seq] = false;
			n_in--;
		}
		if (step % 500 == 0)
			check();
	}
	check();
	empty();
}
END_TEST

/* Nine of ten go from the middle: the pages of those that stay are not kept for one each. */
START_TEST(what_is_taken_from_the_middle_leaves_no_room_behind)
{
	for (uint64_t i = 0; i < MOST; i++)
		model_put(i);
	uint32_t pages = s.n;
	for (uint64_t i = 0; i < MOST; i++)
		if (i % 10)
			model_take(i);
	check();
	ck_assert_uint_le(s.n, pages / 4);
	empty();
}
END_TEST

START_TEST(a_cut_leaves_the_first_pages)
{
	struct row rest = { 0 };
	struct entry e;
	for (uint64_t i = 1; i <= 300; i++)
		row_push(&s, numbered(i));
	row_cut(&s, 2, &rest);
	ck_assert_uint_eq(s.n, 2);
	ck_assert_uint_eq(s.count + rest.count, 300);
	ck_assert_uint_eq(row_last(&s)->seq + 1, row_first(&rest)->seq);
	empty();
	s = rest;
	for (uint64_t i = 300 - s.count + 1; i <= 300; i++) {
		ck_assert(row_pop(&s, &e));
		ck_assert_uint_eq(e.seq, i);
	}
	empty();
}
END_TEST

Suite *suite_queue_row(void)
{
	Suite *suite = suite_create("queue/row");
	TCase *c = tcase_create("row");
	tcase_add_checked_fixture(c, set_up, NULL);
	tcase_add_test(c, what_is_pushed_pops_in_order_and_an_empty_one_owns_nothing);
	tcase_add_loop_test(c, any_order_of_steps_as_the_model_says, 1, 6);
	tcase_add_test(c, what_is_taken_from_the_middle_leaves_no_room_behind);
	tcase_add_test(c, a_cut_leaves_the_first_pages);
	suite_add_tcase(suite, c);
	return suite;
}
