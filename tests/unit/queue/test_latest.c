/* SPDX-License-Identifier: Apache-2.0 */
/* Of each key the latest number is known, whatever the order; what is gone makes room. */
#include "queue/latest.h"

#include "tests/unit/queue/fixture.h"

Suite *suite_queue_latest(void);

enum { KEYS = 5000 };

static struct latest latest;
static struct ranges gone;

static void tear_down(void)
{
	latest_free(&latest);
	ranges_free(&gone);
}

static bool set(uint64_t key, uint64_t number, uint64_t *other)
{
	struct digest d = digest_keyed(slice_of(&key, sizeof key), 17);
	return latest_put(&latest, &d, number, other);
}

static void lose(uint64_t number)
{
	ranges_add(&gone, (struct record_range){ number, 1 });
}

START_TEST(the_lower_number_is_superseded)
{
	uint64_t other;
	latest_init(&latest, 100, &gone);
	ck_assert_uint_eq(latest_footprint(&latest), 0);
	ck_assert(set(1, 10, &other) && other == 0);
	ck_assert(set(2, 11, &other) && other == 0);
	ck_assert(set(1, 12, &other) && other == 10);
	ck_assert(set(1, 5, &other) && other == 5);
	ck_assert(set(1, 13, &other) && other == 12);
	lose(13);
	ck_assert(set(1, 14, &other) && other == 0);
}
END_TEST

START_TEST(many_keys_and_numbers_in_any_order)
{
	static uint64_t model[KEYS];
	struct dice d = { (unsigned)_i + 1 };
	uint64_t other;
	memset(model, 0, sizeof model);
	latest_init(&latest, KEYS, &gone);
	for (uint64_t i = 1; i < 100000; i++) {
		uint64_t key = dice_roll(&d, KEYS), number = i * 7919 % 100003;
		uint64_t was = model[key], high = was > number ? was : number;
		ck_assert(set(key, number, &other));
		ck_assert_uint_eq(other, was ? was + number - high : 0);
		model[key] = high;
		if (other && dice_roll(&d, 2))
			lose(other);
		if (dice_roll(&d, 10) == 0) {
			lose(high);
			model[key] = 0;
		}
	}
	ck_assert_uint_le(latest.count, KEYS);
	ck_assert_uint_le(latest_footprint(&latest), KEYS * 50);
}
END_TEST

START_TEST(what_is_gone_makes_room)
{
	uint64_t other, refused = 0, number = 0;
	latest_init(&latest, 1000, &gone);
	for (uint64_t key = 0; key < 1000; key++)
		ck_assert(set(key, ++number, &other));
	for (uint64_t key = 1000; key < 2000; key++)
		ck_assert(!set(key, ++number, &other));
	ck_assert(set(500, ++number, &other) && other == 501);
	ranges_add(&gone, (struct record_range){ 1, 500 });
	for (uint64_t key = 2000; key < 2500; key++)
		refused += !set(key, ++number, &other);
	ck_assert_uint_le(refused, 200);
	ck_assert_uint_le(latest.count, 1000);
	ck_assert(set(700, ++number, &other) && other == 701);
}
END_TEST

Suite *suite_queue_latest(void)
{
	Suite *s = suite_create("queue/latest");
	TCase *t = tcase_create("latest");
	tcase_add_checked_fixture(t, NULL, tear_down);
	tcase_add_test(t, the_lower_number_is_superseded);
	tcase_add_loop_test(t, many_keys_and_numbers_in_any_order, 0, 4);
	tcase_add_test(t, what_is_gone_makes_room);
	suite_add_tcase(s, t);
	return s;
}
