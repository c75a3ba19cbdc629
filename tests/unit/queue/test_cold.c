/* SPDX-License-Identifier: Apache-2.0 */
/* Cold entries come out as they went in, whatever their differences, and take little room. */
#include "queue/cold.h"

#include "tests/unit/queue/fixture.h"

Suite *suite_queue_cold(void);

static struct cold cold;

static void set_up(void)
{
	cold_init(&cold);
}

static void tear_down(void)
{
	cold_free(&cold);
}

static void expect(struct cold_entry wanted)
{
	struct cold_entry e;
	ck_assert(cold_peek(&cold, &e));
	ck_assert_uint_eq(e.seq, wanted.seq);
	ck_assert(cold_pop(&cold, &e));
	ck_assert_uint_eq(e.seq, wanted.seq);
	ck_assert_uint_eq(e.at, wanted.at);
	ck_assert_uint_eq(e.body_bytes, wanted.body_bytes);
	ck_assert_int_eq(e.kept, wanted.kept);
}

START_TEST(an_empty_one_owns_nothing)
{
	struct cold_entry e;
	ck_assert(!cold_pop(&cold, &e));
	ck_assert(!cold_peek(&cold, &e));
	cold_push(&cold, (struct cold_entry){ 7, 4096, 100, true });
	expect((struct cold_entry){ 7, 4096, 100, true });
	ck_assert(list_empty(&cold.pages));
	ck_assert_uint_eq(cold_footprint(&cold), 0);
}
END_TEST

static const struct cold_entry extremes[] = {
	{ 1, 8, 0, false },
	{ 2, UINT64_MAX / 16 * 8, UINT64_MAX, true },
	{ UINT64_MAX / 2, 16, 0, true },
	{ UINT64_MAX - 1, UINT64_MAX / 16 * 8, 1ull << 40, false },
	{ UINT64_MAX, 8, 1, true },
};

START_TEST(the_largest_differences_survive)
{
	for (size_t i = 0; i < sizeof extremes / sizeof *extremes; i++)
		cold_push(&cold, extremes[i]);
	for (size_t i = 0; i < sizeof extremes / sizeof *extremes; i++)
		expect(extremes[i]);
}
END_TEST

START_TEST(many_go_in_and_out_at_the_same_time)
{
	enum { N = 30000 };
	static struct cold_entry model[N];
	struct dice d = { 5 };
	size_t in = 0, out = 0;
	while (out < N) {
		if (in < N && (in == out || dice_roll(&d, 3))) {
			struct cold_entry before = in ? model[in - 1] : (struct cold_entry){ 0 };
			model[in] = (struct cold_entry){
				.seq = before.seq + 1 + (dice_roll(&d, 50) ? 0 : dice_roll(&d, 1000)),
				.at = before.at + 8 * (1 + dice_roll(&d, 200)),
				.body_bytes = dice_roll(&d, 4) ? before.body_bytes : dice_roll(&d, 100000),
				.kept = dice_roll(&d, 10),
			};
			cold_push(&cold, model[in++]);
		} else {
			expect(model[out++]);
		}
		ck_assert_uint_eq(cold.count, in - out);
	}
}
END_TEST

START_TEST(an_entry_takes_two_bytes_or_little_more)
{
	enum { N = 100000 };
	for (uint64_t i = 1; i <= N; i++)
		cold_push(&cold, (struct cold_entry){ i, 4096 + i * 1112, 1024, true });
	ck_assert_uint_le(cold_footprint(&cold), 25 * N / 10);
}
END_TEST

Suite *suite_queue_cold(void)
{
	Suite *s = suite_create("queue/cold");
	TCase *t = tcase_create("cold");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, an_empty_one_owns_nothing);
	tcase_add_test(t, the_largest_differences_survive);
	tcase_add_test(t, many_go_in_and_out_at_the_same_time);
	tcase_add_test(t, an_entry_takes_two_bytes_or_little_more);
	suite_add_tcase(s, t);
	return s;
}
