/* SPDX-License-Identifier: Apache-2.0 */
/* Outstanding tags: a hundred thousand of them settled in every order, and an array as the model.
 * Deliveries here carry their tag as entry.seq; the message is one for all. */
#include "queue/unacked.h"

#include "tests/unit/queue/fixture.h"

Suite *suite_queue_unacked(void);

enum { MANY = 100000 };

static struct unacked u;
static struct message *m;

static void set_up(void)
{
	unacked_init(&u);
	m = letter(1);
}

static void tear_down(void)
{
	uint64_t tag;
	struct delivery d;
	while (unacked_take_first(&u, &tag, &d))
		ck_assert_uint_eq(d.entry.seq, tag);
	unacked_free(&u);
	message_drop(&m);
}

static void put_tag(uint64_t tag)
{
	unacked_put(&u, tag, (struct delivery){ .entry = { .message = m, .seq = tag } });
}

static void put_tags(uint64_t from, uint64_t to)
{
	for (uint64_t tag = from; tag <= to; tag++)
		put_tag(tag);
}

static void take(uint64_t tag)
{
	struct delivery d;
	if (!unacked_take(&u, tag, &d) || d.entry.seq != tag || d.entry.message != m)
		ck_abort_msg("tag %llu is not there", (unsigned long long)tag);
}

START_TEST(nothing_is_outstanding_at_first)
{
	struct delivery d;
	uint64_t tag;
	ck_assert(!unacked_has(&u, 1));
	ck_assert(!unacked_take(&u, 1, &d));
	ck_assert(!unacked_take_first(&u, &tag, &d));
	ck_assert_uint_eq(unacked_first(&u), 0);
	ck_assert_uint_eq(unacked_after(&u, 0), 0);
	ck_assert_ptr_null(unacked_get(&u, 0));
}
END_TEST

START_TEST(a_tag_is_taken_once)
{
	struct delivery d;
	put_tags(1, 3);
	take(2);
	ck_assert(!unacked_take(&u, 2, &d));
	ck_assert(!unacked_has(&u, 2));
	ck_assert(unacked_has(&u, 1) && unacked_has(&u, 3));
	ck_assert(!unacked_has(&u, 0) && !unacked_has(&u, 4) && !unacked_has(&u, UINT64_MAX));
	ck_assert_uint_eq(u.count, 2);
}
END_TEST

START_TEST(a_delivery_can_be_changed_in_place)
{
	put_tags(1, 2);
	unacked_get(&u, 2)->held = true;
	ck_assert(!unacked_get(&u, 1)->held);
	ck_assert(unacked_get(&u, 2)->held);
}
END_TEST

START_TEST(the_next_tag_is_found_over_gaps)
{
	put_tags(1, 1000);
	for (uint64_t tag = 2; tag < 1000; tag++)
		take(tag);
	ck_assert_uint_eq(unacked_first(&u), 1);
	ck_assert_uint_eq(unacked_after(&u, 0), 1);
	ck_assert_uint_eq(unacked_after(&u, 1), 1000);
	ck_assert_uint_eq(unacked_after(&u, 999), 1000);
	ck_assert_uint_eq(unacked_after(&u, 1000), 0);
	ck_assert_uint_eq(unacked_after(&u, 5000), 0);
	ck_assert_uint_eq(unacked_after(&u, UINT64_MAX), 0);
}
END_TEST

START_TEST(tags_may_begin_anywhere)
{
	put_tags((1ull << 40) + 63, (1ull << 40) + 130);
	ck_assert_uint_eq(unacked_first(&u), (1ull << 40) + 63);
	take((1ull << 40) + 64);
	ck_assert(!unacked_has(&u, 63));
	ck_assert_uint_eq(unacked_after(&u, 5), (1ull << 40) + 63);
}
END_TEST

/* Every k-th tag, then every k-th of the others, and so on: far apart and out of order. */
START_TEST(a_hundred_thousand_in_an_order_of_strides)
{
	put_tags(1, MANY);
	ck_assert_uint_eq(u.count, MANY);
	for (uint64_t first = 1; first <= 997; first++)
		for (uint64_t tag = first; tag <= MANY; tag += 997)
			take(tag);
	ck_assert_uint_eq(u.count, 0);
	ck_assert_ptr_null(u.pages);
}
END_TEST

START_TEST(a_hundred_thousand_backwards)
{
	put_tags(1, MANY);
	for (uint64_t tag = MANY; tag >= 1; tag--)
		take(tag);
	ck_assert_uint_eq(u.count, 0);
	ck_assert_ptr_null(u.pages);
}
END_TEST

START_TEST(multiple_takes_all_up_to_a_tag_in_order)
{
	put_tags(1, MANY);
	uint64_t tag, expected = 1;
	struct delivery d;
	while (unacked_first(&u) <= 70000) {
		ck_assert(unacked_take_first(&u, &tag, &d));
		ck_assert_uint_eq(tag, expected++);
	}
	ck_assert_uint_eq(expected, 70001);
	ck_assert_uint_eq(u.count, MANY - 70000);
	ck_assert_uint_eq(unacked_first(&u), 70001);
}
END_TEST

/* The ring holds a pointer for each 64 tags since the oldest, and pages only where there is
 * something: that is all that one forgotten delivery may cost. */
START_TEST(one_old_tag_holds_its_page_only)
{
	put_tag(1);
	for (uint64_t tag = 2; tag <= MANY; tag++) {
		put_tag(tag);
		take(tag);
	}
	size_t pages = 0;
	for (size_t i = 0; i < u.cap; i++)
		pages += u.pages[i] != NULL;
	ck_assert_uint_eq(pages, 1);
	ck_assert_uint_le(u.cap, 2 * (MANY / 64 + 1));
	take(1);
	ck_assert_ptr_null(u.pages);
}
END_TEST

START_TEST(a_sliding_window_does_not_grow)
{
	put_tags(1, 100);
	for (uint64_t tag = 101; tag <= MANY; tag++) {
		put_tag(tag);
		take(tag - 100);
	}
	ck_assert_uint_eq(u.count, 100);
	ck_assert_uint_le(u.cap, 8);
}
END_TEST

/* ---- the model ---- */

static bool outstanding[6000];

static uint64_t model_after(uint64_t tag, uint64_t last)
{
	for (tag++; tag <= last; tag++)
		if (outstanding[tag])
			return tag;
	return 0;
}

START_TEST(any_order_of_steps_as_the_model_says)
{
	struct dice d = { (uint64_t)_i };
	uint64_t last = 0;
	memset(outstanding, 0, sizeof outstanding);
	for (int step = 0; step < 10000; step++) {
		if (dice_roll(&d, 2) && last + 1 < sizeof outstanding) {
			put_tag(++last);
			outstanding[last] = true;
			continue;
		}
		uint64_t tag = dice_roll(&d, (unsigned)last + 5);
		bool there = tag <= last && outstanding[tag];
		ck_assert_int_eq(unacked_has(&u, tag), there);
		ck_assert_uint_eq(unacked_after(&u, tag), model_after(tag, last));
		ck_assert_uint_eq(unacked_first(&u), model_after(0, last));
		if (there)
			take(tag);
		outstanding[tag < sizeof outstanding ? tag : 0] = false;
	}
}
END_TEST

Suite *suite_queue_unacked(void)
{
	Suite *s = suite_create("queue/unacked");
	TCase *c = tcase_create("unacked");
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, nothing_is_outstanding_at_first);
	tcase_add_test(c, a_tag_is_taken_once);
	tcase_add_test(c, a_delivery_can_be_changed_in_place);
	tcase_add_test(c, the_next_tag_is_found_over_gaps);
	tcase_add_test(c, tags_may_begin_anywhere);
	tcase_add_test(c, a_hundred_thousand_in_an_order_of_strides);
	tcase_add_test(c, a_hundred_thousand_backwards);
	tcase_add_test(c, multiple_takes_all_up_to_a_tag_in_order);
	tcase_add_test(c, one_old_tag_holds_its_page_only);
	tcase_add_test(c, a_sliding_window_does_not_grow);
	tcase_add_loop_test(c, any_order_of_steps_as_the_model_says, 1, 6);
	suite_add_tcase(s, c);
	return s;
}
