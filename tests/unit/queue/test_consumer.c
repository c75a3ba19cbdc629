/* SPDX-License-Identifier: Apache-2.0 */
/* The rotation: whose turn it is.  Consumers are letters; play(n) serves n times and writes down
 * who was served. */
#include "queue/consumer.h"

#include "tests/unit/queue/fixture.h"

Suite *suite_queue_consumer(void);

static struct rotation r;
static struct consumer consumers[26];
static unsigned served[26];

static struct consumer *who(char name)
{
	return &consumers[name - 'a'];
}

static void set_up(void)
{
	memset(consumers, 0, sizeof consumers);
	memset(served, 0, sizeof served);
	rotation_init(&r, false);
}

static void join(char name, int32_t priority, uint32_t window)
{
	who(name)->priority = priority;
	who(name)->window = window;
	rotation_add(&r, who(name));
}

/* One delivery, as the broker does it: served, and out of the line when the window is full. */
static char serve(void)
{
	struct consumer *c = rotation_first(&r);
	if (!c)
		return '-';
	served[c - consumers]++;
	c->unacked++;
	if (c->window && c->unacked == c->window)
		rotation_wait(&r, c);
	else
		rotation_served(&r, c);
	return (char)('a' + (c - consumers));
}

static void ack(char name)
{
	who(name)->unacked--;
	if (!who(name)->able)
		rotation_wake(&r, who(name));
}

static const char *play(int n)
{
	static char out[64];
	for (int i = 0; i < n; i++)
		out[i] = serve();
	out[n] = '\0';
	return out;
}

START_TEST(without_consumers_it_is_nobodys_turn)
{
	ck_assert_ptr_null(rotation_first(&r));
	join('a', 0, 0);
	rotation_remove(&r, who('a'));
	ck_assert_ptr_null(rotation_first(&r));
	ck_assert_uint_eq(r.count, 0);
}
END_TEST

START_TEST(turns_are_strictly_round_robin)
{
	join('a', 0, 0);
	join('b', 0, 0);
	join('c', 0, 0);
	ck_assert_str_eq(play(9), "abcabcabc");
	ck_assert_uint_eq(r.count, 3);
}
END_TEST

START_TEST(a_new_one_stands_at_the_end)
{
	join('a', 0, 0);
	join('b', 0, 0);
	ck_assert_str_eq(play(1), "a");
	join('c', 0, 0);
	ck_assert_str_eq(play(6), "bacbac");
}
END_TEST

START_TEST(one_that_leaves_disturbs_nobody)
{
	join('a', 0, 0);
	join('b', 0, 0);
	join('c', 0, 0);
	ck_assert_str_eq(play(2), "ab");
	rotation_remove(&r, who('a'));
	ck_assert_str_eq(play(4), "cbcb");
	rotation_remove(&r, who('c'));
	ck_assert_str_eq(play(2), "bb");
}
END_TEST

START_TEST(looking_does_not_take_the_turn)
{
	join('a', 0, 0);
	join('b', 0, 0);
	ck_assert_ptr_eq(rotation_first(&r), who('a'));
	ck_assert_ptr_eq(rotation_first(&r), who('a'));
}
END_TEST

START_TEST(the_highest_priority_goes_first_and_in_turn)
{
	join('l', -5, 0);
	join('m', 0, 0);
	join('h', 10, 0);
	join('i', 10, 0);
	join('n', 0, 0);
	ck_assert_str_eq(play(4), "hihi");
	rotation_wait(&r, who('h'));
	ck_assert_str_eq(play(3), "iii");
	rotation_wait(&r, who('i'));
	ck_assert_str_eq(play(4), "mnmn");
	rotation_wait(&r, who('m'));
	rotation_wait(&r, who('n'));
	ck_assert_str_eq(play(2), "ll");
	rotation_wake(&r, who('n'));
	rotation_wake(&r, who('i'));
	ck_assert_str_eq(play(2), "ii");
}
END_TEST

START_TEST(a_full_window_waits_outside)
{
	join('a', 0, 2);
	join('b', 0, 1);
	join('c', 0, 0);
	ck_assert_str_eq(play(6), "abcacc");
	ck_assert(!who('a')->able && !who('b')->able);
	ack('a');
	ck_assert_str_eq(play(3), "cac");
	ack('b');
	ck_assert_str_eq(play(3), "cbc");
	ck_assert_uint_eq(r.count, 3);
}
END_TEST

START_TEST(all_windows_full_is_nobodys_turn)
{
	join('a', 0, 1);
	join('b', 0, 2);
	ck_assert_str_eq(play(5), "abb--");
	ack('b');
	ck_assert_str_eq(play(2), "b-");
	rotation_remove(&r, who('a'));
	ack('b');
	ack('b');
	ck_assert_str_eq(play(3), "bb-");
}
END_TEST

START_TEST(one_that_waits_can_leave)
{
	join('a', 0, 1);
	join('b', 0, 0);
	ck_assert_str_eq(play(2), "ab");
	rotation_remove(&r, who('a'));
	ck_assert(list_empty(&r.waiting));
	ck_assert_str_eq(play(2), "bb");
	join('a', 0, 0);
	ck_assert_str_eq(play(2), "ba");
}
END_TEST

START_TEST(equal_windows_get_equal_shares_whatever_the_order_of_acks)
{
	struct dice d = { (uint64_t)_i };
	for (char name = 'a'; name <= 'j'; name++)
		join(name, 0, 1000000);
	for (int i = 0; i < 10000; i++) {
		serve();
		char name = (char)('a' + dice_roll(&d, 10));
		if (who(name)->unacked)
			ack(name);
	}
	for (int i = 0; i < 10; i++)
		ck_assert_uint_eq(served[i], 1000);
}
END_TEST

/* ---- one at a time ---- */

static void only_one_active(void)
{
	rotation_init(&r, true);
}

START_TEST(the_active_one_is_served_alone)
{
	only_one_active();
	join('a', 0, 0);
	join('b', 0, 0);
	join('c', 5, 0);
	ck_assert_str_eq(play(4), "aaaa");
}
END_TEST

START_TEST(while_the_active_one_waits_nobody_is_served)
{
	only_one_active();
	join('a', 0, 2);
	join('b', 0, 0);
	ck_assert_str_eq(play(4), "aa--");
	ack('a');
	ck_assert_str_eq(play(2), "a-");
}
END_TEST

START_TEST(after_it_comes_the_highest_priority_then_the_oldest)
{
	only_one_active();
	join('a', 0, 1);
	join('b', 0, 0);
	join('c', 5, 0);
	join('d', 5, 0);
	play(1);
	rotation_remove(&r, who('a'));
	ck_assert_str_eq(play(2), "cc");
	rotation_remove(&r, who('b'));
	ck_assert_str_eq(play(2), "cc");
	rotation_remove(&r, who('c'));
	ck_assert_str_eq(play(2), "dd");
	rotation_remove(&r, who('d'));
	ck_assert_str_eq(play(1), "-");
	join('b', 0, 0);
	ck_assert_str_eq(play(1), "b");
}
END_TEST

Suite *suite_queue_consumer(void)
{
	Suite *s = suite_create("queue/consumer");
	TCase *c = tcase_create("rotation");
	tcase_add_checked_fixture(c, set_up, NULL);
	tcase_add_test(c, without_consumers_it_is_nobodys_turn);
	tcase_add_test(c, turns_are_strictly_round_robin);
	tcase_add_test(c, a_new_one_stands_at_the_end);
	tcase_add_test(c, one_that_leaves_disturbs_nobody);
	tcase_add_test(c, looking_does_not_take_the_turn);
	tcase_add_test(c, the_highest_priority_goes_first_and_in_turn);
	tcase_add_test(c, a_full_window_waits_outside);
	tcase_add_test(c, all_windows_full_is_nobodys_turn);
	tcase_add_test(c, one_that_waits_can_leave);
	tcase_add_loop_test(c, equal_windows_get_equal_shares_whatever_the_order_of_acks, 1, 4);
	tcase_add_test(c, the_active_one_is_served_alone);
	tcase_add_test(c, while_the_active_one_waits_nobody_is_served);
	tcase_add_test(c, after_it_comes_the_highest_priority_then_the_oldest);
	suite_add_tcase(s, c);
	return s;
}
