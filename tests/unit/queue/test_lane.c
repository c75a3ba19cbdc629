/* SPDX-License-Identifier: Apache-2.0 */
/* The lane against an array that is searched for its least number. */
#include "queue/lane.h"

#include "tests/unit/queue/fixture.h"

Suite *suite_queue_lane(void);

static struct lane lane;

static void set_up(void)
{
	lane_init(&lane);
}

static void tear_down(void)
{
	struct entry e;
	while (lane_pop(&lane, &e))
		message_drop(&e.message);
	lane_free(&lane);
}

static void push(uint64_t seq)
{
	lane_push(&lane, (struct entry){ .message = letter(seq), .seq = seq });
}

static struct entry pop(void)
{
	struct entry e;
	ck_assert(lane_pop(&lane, &e));
	ck_assert_uint_eq(number_of(e.message), e.seq);
	return e;
}

static void drop(struct entry e)
{
	message_drop(&e.message);
}

START_TEST(an_empty_lane_owns_nothing)
{
	struct entry e;
	ck_assert(!lane_pop(&lane, &e));
	ck_assert_ptr_null(lane_peek(&lane).message);
	ck_assert(lane.head.count == 0 && lane.head.cap == 0);
	ck_assert_uint_eq(lane.returned.count + lane.returned.n, 0);
}
END_TEST

START_TEST(first_in_is_first_out_over_many_pages)
{
	for (uint64_t i = 1; i <= 1000; i++)
		push(i * 3);
	ck_assert_uint_eq(lane_count(&lane), 1000);
	for (uint64_t i = 1; i <= 1000; i++) {
		ck_assert_uint_eq(lane_peek(&lane).seq, i * 3);
		struct entry e = pop();
		ck_assert_uint_eq(e.seq, i * 3);
		ck_assert(!e.redelivered);
		drop(e);
	}
	ck_assert(lane.head.count == 0 && lane.head.cap == 0);
}
END_TEST

START_TEST(returned_entries_are_back_at_their_place)
{
	for (uint64_t i = 1; i <= 6; i++)
		push(i);
	struct entry one = pop(), two = pop(), three = pop();
	three.redelivered = true;
	lane_return(&lane, three);
	lane_return(&lane, one);
	struct entry e = pop();
	ck_assert_uint_eq(e.seq, 1);
	ck_assert(!e.redelivered);
	drop(e);
	lane_return(&lane, two);
	for (uint64_t i = 2; i <= 6; i++) {
		e = pop();
		ck_assert_uint_eq(e.seq, i);
		ck_assert_int_eq(e.redelivered, i == 3);
		drop(e);
	}
	ck_assert_uint_eq(lane.returned.count + lane.returned.n, 0);
}
END_TEST

/* Lets go of the next entries that may be cold; position is the number times eight. */
static bool cool(void)
{
	size_t n;
	struct entry *slots = lane_coolable(&lane, &n);
	for (size_t i = 0; slots && i < n; i++)
		slots[i].at = 8 * slots[i].seq;
	if (slots)
		lane_cool(&lane);
	return slots;
}

/* What is cold comes back, n entries at a time. */
static void load(uint64_t n)
{
	struct trail_entry e;
	uint64_t got = 0;
	while (got < n && lane_load(&lane, &e)) {
		ck_assert_uint_eq(e.at, 8 * e.seq);
		lane_push_head(&lane, (struct entry){ letter(e.seq), e.seq, e.at, false, false, 0 });
		got++;
	}
	lane_loaded(&lane, got, 0);
}

START_TEST(a_short_lane_stays_hot)
{
	for (uint64_t i = 1; i <= 40; i++)
		push(i);
	ck_assert(!cool());
	for (uint64_t i = 1; i <= 40; i++)
		drop(pop());
}
END_TEST

START_TEST(the_middle_goes_cold_and_comes_back_in_order)
{
	struct entry e;
	for (uint64_t i = 1; i <= 500; i++)
		push(i);
	while (cool())
		;
	ck_assert_uint_gt(lane.cold.count, 400);
	for (uint64_t i = 501; i <= 600; i++)
		push(i);
	ck_assert_uint_eq(lane_count(&lane), 600);
	for (uint64_t i = 1; i <= 600; i++) {
		if (lane_is_cold(&lane)) {
			ck_assert(!lane_pop(&lane, &e));
			ck_assert_ptr_null(lane_peek(&lane).message);
			load(100);
		}
		e = pop();
		ck_assert_uint_eq(e.seq, i);
		drop(e);
	}
	ck_assert_uint_eq(lane_count(&lane), 0);
}
END_TEST

START_TEST(a_returned_entry_does_not_wait_for_what_is_cold_behind_it)
{
	for (uint64_t i = 1; i <= 500; i++)
		push(i);
	while (cool())
		;
	struct entry first = pop();
	while (!lane_is_cold(&lane))
		drop(pop());
	lane_return(&lane, first);
	ck_assert(!lane_is_cold(&lane));
	first = pop();
	ck_assert_uint_eq(first.seq, 1);
	drop(first);
	ck_assert(lane_is_cold(&lane));
	load(500);
}
END_TEST

START_TEST(a_walk_meets_every_entry_once)
{
	bool met[301] = { false };
	struct entry out[100], e;
	for (uint64_t i = 1; i <= 300; i++)
		push(i);
	for (int i = 0; i < 100; i++)
		out[i] = pop();
	for (int i = 0; i < 100; i += 2)
		lane_return(&lane, out[i]);
	struct lane_walk w = { 0 };
	for (uint64_t n = lane_count(&lane); n > 0; n--) {
		ck_assert(lane_next(&lane, &w, &e));
		ck_assert(!met[e.seq]);
		met[e.seq] = true;
	}
	ck_assert(!lane_next(&lane, &w, &e));
	for (uint64_t i = 1; i <= 300; i++)
		ck_assert_int_eq(met[i], i > 100 || i % 2 == 1);
	for (int i = 1; i < 100; i += 2)
		drop(out[i]);
}
END_TEST

/* ---- the model ---- */

enum { IN_LANE = 1, TAKEN, GONE, MODEL = 4000 };

static uint8_t where[MODEL];
static struct entry taken[MODEL];
static size_t n_taken;

static uint64_t least(uint64_t seqs)
{
	for (uint64_t i = 0; i < seqs; i++)
		if (where[i] == IN_LANE)
			return i;
	return MODEL;
}

static void model_pop(uint64_t seqs)
{
	struct entry e;
	uint64_t wanted = least(seqs);
	ck_assert_int_eq(lane_pop(&lane, &e), wanted < MODEL);
	if (wanted == MODEL)
		return;
	ck_assert_uint_eq(e.seq, wanted);
	ck_assert_uint_eq(number_of(e.message), wanted);
	where[wanted] = TAKEN;
	taken[n_taken++] = e;
}

static void model_release(struct dice *d, bool back)
{
	if (n_taken == 0)
		return;
	size_t i = dice_roll(d, (unsigned)n_taken);
	struct entry e = taken[i];
	taken[i] = taken[--n_taken];
	where[e.seq] = back ? IN_LANE : GONE;
	if (back)
		lane_return(&lane, e);
	else
		drop(e);
}

START_TEST(any_order_of_steps_as_the_model_says)
{
	struct dice d = { (uint64_t)_i };
	uint64_t seqs = 0;
	memset(where, 0, sizeof where);
	n_taken = 0;
	for (int step = 0; step < 6000; step++) {
		unsigned what = dice_roll(&d, 10);
		if (what < 4 && seqs < MODEL) {
			push(seqs);
			where[seqs++] = IN_LANE;
		} else if (what < 7) {
			model_pop(seqs);
		} else {
			model_release(&d, what < 9);
		}
	}
	while (n_taken)
		model_release(&d, true);
	while (lane_count(&lane))
		model_pop(seqs);
	while (n_taken)
		model_release(&d, false);
}
END_TEST

Suite *suite_queue_lane(void)
{
	Suite *s = suite_create("queue/lane");
	TCase *c = tcase_create("lane");
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, an_empty_lane_owns_nothing);
	tcase_add_test(c, first_in_is_first_out_over_many_pages);
	tcase_add_test(c, returned_entries_are_back_at_their_place);
	tcase_add_test(c, a_short_lane_stays_hot);
	tcase_add_test(c, the_middle_goes_cold_and_comes_back_in_order);
	tcase_add_test(c, a_returned_entry_does_not_wait_for_what_is_cold_behind_it);
	tcase_add_test(c, a_walk_meets_every_entry_once);
	tcase_add_loop_test(c, any_order_of_steps_as_the_model_says, 1, 6);
	suite_add_tcase(s, c);
	return s;
}
