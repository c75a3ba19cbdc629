/* SPDX-License-Identifier: Apache-2.0 */
/* Entries come out as they went in, whatever their differences, and take little room. */
#include "persistence/trail.h"

#include <stdlib.h>

#include "tests/unit/queue/fixture.h"

Suite *suite_persistence_trail(void);

static struct trail trail;

static void set_up(void)
{
	trail_init(&trail);
}

static void tear_down(void)
{
	trail_free(&trail);
}

static void expect(struct trail_entry wanted)
{
	struct trail_entry e;
	ck_assert(trail_peek(&trail, &e));
	ck_assert_uint_eq(e.seq, wanted.seq);
	ck_assert(trail_pop(&trail, &e));
	ck_assert_uint_eq(e.seq, wanted.seq);
	ck_assert_uint_eq(e.at, wanted.at);
	ck_assert_uint_eq(e.body_bytes, wanted.body_bytes);
	ck_assert_int_eq(e.kept, wanted.kept);
}

START_TEST(an_empty_one_owns_nothing)
{
	struct trail_entry e;
	ck_assert(!trail_pop(&trail, &e));
	ck_assert(!trail_peek(&trail, &e));
	trail_push(&trail, (struct trail_entry){ 7, 4096, 100, true, 0 });
	expect((struct trail_entry){ 7, 4096, 100, true, 0 });
	ck_assert(list_empty(&trail.pages));
	ck_assert_uint_eq(trail_footprint(&trail), 0);
}
END_TEST

static const struct trail_entry extremes[] = {
	{ 1, 8, 0, false, 0 },
	{ 2, UINT64_MAX / 16 * 8, UINT64_MAX, true, 0 },
	{ UINT64_MAX / 2, 16, 0, true, 0 },
	{ UINT64_MAX - 1, UINT64_MAX / 16 * 8, 1ull << 40, false, 0 },
	{ UINT64_MAX, 8, 1, true, 0 },
};

START_TEST(the_largest_differences_survive)
{
	for (size_t i = 0; i < sizeof extremes / sizeof *extremes; i++)
		trail_push(&trail, extremes[i]);
	for (size_t i = 0; i < sizeof extremes / sizeof *extremes; i++)
		expect(extremes[i]);
}
END_TEST

START_TEST(many_go_in_and_out_at_the_same_time)
{
	enum { N = 30000 };
	static struct trail_entry model[N];
	struct dice d = { 5 };
	size_t in = 0, out = 0;
	while (out < N) {
		if (in < N && (in == out || dice_roll(&d, 3))) {
			struct trail_entry before = in ? model[in - 1] : (struct trail_entry){ 0 };
			model[in] = (struct trail_entry){
				.seq = before.seq + 1 + (dice_roll(&d, 50) ? 0 : dice_roll(&d, 1000)),
				.at = before.at + 8 * (1 + dice_roll(&d, 200)),
				.body_bytes = dice_roll(&d, 4) ? before.body_bytes : dice_roll(&d, 100000),
				.kept = dice_roll(&d, 10),
			};
			trail_push(&trail, model[in++]);
		} else {
			expect(model[out++]);
		}
		ck_assert_uint_eq(trail.count, in - out);
	}
}
END_TEST

START_TEST(an_entry_takes_two_bytes_or_little_more)
{
	enum { N = 100000 };
	for (uint64_t i = 1; i <= N; i++)
		trail_push(&trail, (struct trail_entry){ i, 4096 + i * 1112, 1024, true, 0 });
	ck_assert_uint_le(trail_footprint(&trail), 25 * N / 10);
}
END_TEST

/* Pages go to a shelf at the back and come from it at the front, in any mixture. */
START_TEST(shelved_pages_come_back_in_order)
{
	struct { uint8_t bytes[400]; size_t n; } shelf[400];
	uint64_t pushed = 0, popped = 0, used = 0;
	struct slice bytes;
	trail.page_entries = 5;
	srand((unsigned)_i);
	while (popped < 1500) {
		uint64_t seq;
		log_position at;
		switch (rand() % 4) {
		case 0:
		case 1:
			if (pushed == 1500)
				break;
			trail_push(&trail, (struct trail_entry){ pushed + 1, 4096 + 8 * pushed, pushed % 9,
			                                         true, 0 });
			pushed++;
			break;
		case 2:
			if (!trail_shelvable(&trail, &bytes))
				break;
			memcpy(shelf[used].bytes, bytes.p, bytes.n);
			shelf[used].n = bytes.n;
			trail_shelve(&trail, 8 * ++used);
			break;
		default:
			if ((at = trail_wants(&trail))) {
				struct slice back = slice_of(shelf[at / 8 - 1].bytes, shelf[at / 8 - 1].n);
				ck_assert(!trail_unshelve(&trail, slice_of(back.p, back.n - 1)));
				ck_assert(trail_unshelve(&trail, back));
			}
			ck_assert(trail_first(&trail, &seq) == (popped < pushed));
			ck_assert(popped == pushed || seq == popped + 1);
			if (trail_is_ready(&trail)) {
				expect((struct trail_entry){ popped + 1, 4096 + 8 * popped, popped % 9, true, 0 });
				popped++;
			}
		}
	}
	ck_assert_uint_gt(used, 50);
	ck_assert(trail.count == 0 && trail.body_bytes == 0 && !trail_has_shelves(&trail));
}
END_TEST

/* Entries are taken from anywhere: pages of which nothing is left go, wherever they are. */
enum { ENTRIES = 1500 };

static struct { uint8_t bytes[400]; size_t n; bool there; } shelf[ENTRIES];

static void shelve_one(uint64_t *used)
{
	struct slice bytes;
	if (!trail_shelvable(&trail, &bytes))
		return;
	memcpy(shelf[*used].bytes, bytes.p, bytes.n);
	shelf[*used].n = bytes.n;
	shelf[*used].there = true;
	trail_shelve(&trail, 8 * ++*used);
}

static void unshelve_one(void)
{
	log_position at = trail_wants(&trail);
	if (!at)
		return;
	ck_assert(shelf[at / 8 - 1].there);
	ck_assert(trail_unshelve(&trail, slice_of(shelf[at / 8 - 1].bytes, shelf[at / 8 - 1].n)));
	shelf[at / 8 - 1].there = false;
}

static void take_one(bool *in, uint64_t seq)
{
	struct trail_emptied emptied;
	ck_assert_int_eq(trail_has(&trail, seq), in[seq]);
	ck_assert_int_eq(trail_take(&trail, seq, seq % 9, &emptied), in[seq]);
	in[seq] = false;
	if (!emptied.at)
		return;
	ck_assert(shelf[emptied.at / 8 - 1].there);
	ck_assert_uint_eq(emptied.bytes, shelf[emptied.at / 8 - 1].n);
	shelf[emptied.at / 8 - 1].there = false;
}

static void expect_sums(const bool *in, uint64_t pushed)
{
	uint64_t left = 0, bytes = 0;
	for (uint64_t i = 1; i <= pushed; i++) {
		left += in[i];
		bytes += in[i] ? i % 9 : 0;
	}
	ck_assert_uint_eq(trail.count, left);
	ck_assert_uint_eq(trail.body_bytes, bytes);
}

START_TEST(what_is_taken_from_the_middle_is_not_met)
{
	bool in[ENTRIES + 1] = { false };
	uint64_t pushed = 0, used = 0;
	struct trail_entry e;
	memset(shelf, 0, sizeof shelf);
	trail.page_entries = 5;
	srand((unsigned)_i);
	for (int step = 0; step < 10000; step++) {
		switch (rand() % 6) {
		case 0 ... 1:
			if (pushed == ENTRIES)
				break;
			in[++pushed] = true;
			trail_push(&trail, (struct trail_entry){ pushed, 8 * pushed, pushed % 9, true, 0 });
			break;
		case 2: shelve_one(&used); break;
		case 3:
			unshelve_one();
			trail.coming = trail_wants(&trail) && rand() % 2;
			break;
		case 4:
			if (pushed)
				take_one(in, 1 + (uint64_t)rand() % pushed);
			break;
		default:
			if (rand() % 2 || !trail_is_ready(&trail))
				break;
			ck_assert(trail_pop(&trail, &e) && in[e.seq]);
			ck_assert_uint_eq(e.body_bytes, e.seq % 9);
			in[e.seq] = false;
			for (uint64_t i = 1; i < e.seq; i++)
				ck_assert(!in[i]);
		}
		if (step % 50 == 0)
			expect_sums(in, pushed);
	}
	for (uint64_t i = 1; i <= pushed; i++)
		take_one(in, i);
	for (trail.coming = false; trail_has_shelves(&trail);)
		unshelve_one();
	ck_assert(trail.count == 0 && !trail_is_ready(&trail) && trail.taken.n == 0);
	for (uint64_t i = 0; i < used; i++)
		ck_assert(!shelf[i].there);
}
END_TEST

/* ---- when they were placed ---- */

static uint64_t placed_ms[ENTRIES + 1];

/* What is looked for lies between the bounds, which are those of one page. */
static void expect_since(uint64_t first, uint64_t pushed, uint64_t wall_ms)
{
	uint64_t low = first, high = pushed + 1, found = first;
	while (found <= pushed && placed_ms[found] < wall_ms)
		found++;
	trail_since(&trail, wall_ms, &low, &high);
	ck_assert_uint_le(low, found);
	ck_assert(found > pushed ? low > pushed || high - low <= 5 : high > found && high - low <= 5);
}

START_TEST(a_time_lies_in_one_page)
{
	uint64_t first = 1, pushed = 0, used = 0, now_ms = 1000;
	struct trail_entry e;
	memset(shelf, 0, sizeof shelf);
	trail.page_entries = 5;
	srand((unsigned)_i);
	for (int step = 0; step < 3000; step++) {
		switch (rand() % 5) {
		case 0 ... 1:
			now_ms += rand() % 20 ? (uint64_t)rand() % 3 : (uint64_t)rand() % 400 - 200;
			now_ms = now_ms < 1000 ? 1000 : now_ms;
			if (pushed == ENTRIES)
				break;
			placed_ms[++pushed] = now_ms;
			trail_push(&trail, (struct trail_entry){ pushed, 8 * pushed, 1, true, now_ms });
			break;
		case 2: shelve_one(&used); break;
		case 3: unshelve_one(); break;
		default:
			if (rand() % 3 || !trail_is_ready(&trail) || !trail_pop(&trail, &e))
				break;
			ck_assert_uint_ge(e.wall_ms, placed_ms[e.seq]);
			first = e.seq + 1;
		}
		expect_since(first, pushed, now_ms - 300 + (uint64_t)rand() % 400);
	}
	ck_assert_uint_gt(used, 20);
}
END_TEST

static void expect_bounds(uint64_t wall_ms, uint64_t low, uint64_t high)
{
	uint64_t from = 1, to = 21;
	trail_since(&trail, wall_ms, &from, &to);
	ck_assert_uint_eq(from, low);
	ck_assert_uint_eq(to, high);
}

static void write_and_read(void)
{
	struct buf bytes = { 0 };
	trail_write(&bytes, &trail);
	struct slice in = buf_slice(&bytes);
	trail_free(&trail);
	ck_assert(trail_read(&trail, &in) && in.n == 0);
	buf_free(&bytes);
}

/* Until a later page tells; and as bytes it is the same. */
START_TEST(a_page_without_a_time_may_have_any)
{
	trail.page_entries = 5;
	for (uint64_t i = 1; i <= 20; i++)
		trail_push(&trail, (struct trail_entry){ i, 8 * i, 1, true, i == 8 ? 0 : 100 * i });
	for (int i = 0; i < 2; i++) {
		expect_bounds(1, 1, 6);
		expect_bounds(500, 1, 6);
		expect_bounds(501, 6, 16);
		expect_bounds(1501, 16, 21);
		expect_bounds(2001, 21, 21);
		write_and_read();
	}
}
END_TEST

/* Takes what a walk over copies of pages meets, as who takes only what is in does. */
static void thin_shelf(struct trail_leaf *leaf, uint64_t *used)
{
	struct buf out = { 0 };
	struct trail_emptied old;
	if (trail_thin_shelf(&trail, leaf, &out, &old)) {
		ck_assert(shelf[old.at / 8 - 1].there);
		ck_assert_uint_eq(old.bytes, shelf[old.at / 8 - 1].n);
		shelf[old.at / 8 - 1].there = false;
		memcpy(shelf[*used].bytes, out.p, out.len);
		shelf[*used].n = out.len;
		shelf[*used].there = true;
		trail_move_shelf(&trail, old.at, 8 * ++*used);
	}
	buf_free(&out);
}

static bool seek(uint64_t seq, struct trail_leaf *leaf)
{
	log_position at;
	switch (trail_seek(&trail, seq, leaf, &at)) {
	case TRAIL_NOWHERE: return false;
	case TRAIL_HERE: return true;
	case TRAIL_SHELVED: break;
	}
	ck_assert(shelf[at / 8 - 1].there);
	ck_assert(trail_leaf_take(leaf, slice_of(shelf[at / 8 - 1].bytes, shelf[at / 8 - 1].n)));
	return true;
}

/* Every entry that is in is in the copies of pages, where it belongs. */
static void expect_in_leaves(const bool *in, uint64_t pushed)
{
	struct trail_leaf leaf = { 0 };
	struct trail_entry e;
	for (uint64_t seq = 1; seq <= pushed && seek(seq, &leaf);) {
		while (trail_leaf_next(&leaf, &e))
			for (; e.seq >= seq; seq++)
				ck_assert(seq == e.seq ? e.at == 8 * seq : !in[seq]);
		seq = seq > leaf.last ? seq : leaf.last + 1;
	}
	trail_leaf_free(&leaf);
}

static void take_from_leaf(bool *in, uint64_t pushed, uint64_t *used)
{
	struct trail_leaf leaf = { 0 };
	struct trail_entry e;
	if (!seek(1 + (uint64_t)rand() % pushed, &leaf))
		return;
	while (trail_leaf_next(&leaf, &e))
		if (in[e.seq] && rand() % 4 == 0)
			take_one(in, e.seq);
	thin_shelf(&leaf, used);
	trail_leaf_free(&leaf);
}

static size_t pages_in(const struct trail *t)
{
	size_t n = t->shelved_end - t->shelved_at;
	list_each(it, &t->pages)
		n++;
	list_each(it, &t->rest)
		n++;
	return n;
}

START_TEST(pages_of_which_most_is_gone_are_made_anew)
{
	bool in[ENTRIES + 1] = { false };
	uint64_t pushed = 0, used = 0;
	struct trail_entry e;
	memset(shelf, 0, sizeof shelf);
	trail.page_entries = 16;
	trail.exact = true;
	srand((unsigned)_i);
	for (int step = 0; step < 3000; step++) {
		switch (rand() % 6) {
		case 0 ... 1:
			for (int n = rand() % 5; n && pushed < ENTRIES; n--) {
				in[++pushed] = true;
				trail_push(&trail, (struct trail_entry){ pushed, 8 * pushed, pushed % 9, true, 0 });
			}
			break;
		case 2:
			if (rand() % 2)
				shelve_one(&used);
			break;
		case 3:
			if (rand() % 4 == 0)
				unshelve_one();
			trail.coming = trail_wants(&trail) && rand() % 2;
			break;
		case 4:
			if (pushed)
				take_from_leaf(in, pushed, &used);
			break;
		default:
			if (rand() % 8 || !trail_pop(&trail, &e))
				break;
			ck_assert(in[e.seq]);
			in[e.seq] = false;
			for (uint64_t i = 1; i < e.seq; i++)
				ck_assert(!in[i]);
		}
		if (step % 50)
			continue;
		expect_sums(in, pushed);
		expect_in_leaves(in, pushed);
	}
	ck_assert_uint_gt(used, 20);
	trail.coming = false;
	for (uint64_t i = 1; i <= pushed; i++)
		if (in[i])
			take_one(in, i);
	ck_assert(trail.count == 0 && trail.body_bytes == 0);
}
END_TEST

/* However few are left here and there. */
START_TEST(few_that_are_left_take_few_pages)
{
	enum { N = 100000, EVERY = 500 };
	struct trail_emptied emptied;
	trail.page_entries = 100;
	trail.exact = true;
	for (uint64_t i = 1; i <= N; i++) {
		trail_push(&trail, (struct trail_entry){ i, 4096 + i * 1112, 1024, true, 0 });
		if (i > EVERY && (i - EVERY) % EVERY)
			ck_assert(trail_take(&trail, i - EVERY, 1024, &emptied));
	}
	ck_assert_uint_eq(trail.count, N / EVERY - 1 + EVERY);
	ck_assert_uint_le(pages_in(&trail), EVERY / 100 + N / EVERY / 25 + 3);
	ck_assert_uint_le(trail_footprint(&trail), 16 * trail.count);
}
END_TEST

Suite *suite_persistence_trail(void)
{
	Suite *s = suite_create("persistence/trail");
	TCase *t = tcase_create("trail");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, an_empty_one_owns_nothing);
	tcase_add_test(t, the_largest_differences_survive);
	tcase_add_test(t, many_go_in_and_out_at_the_same_time);
	tcase_add_test(t, an_entry_takes_two_bytes_or_little_more);
	tcase_add_loop_test(t, shelved_pages_come_back_in_order, 0, 6);
	tcase_add_loop_test(t, what_is_taken_from_the_middle_is_not_met, 0, 6);
	tcase_add_loop_test(t, a_time_lies_in_one_page, 0, 6);
	tcase_add_test(t, a_page_without_a_time_may_have_any);
	tcase_add_loop_test(t, pages_of_which_most_is_gone_are_made_anew, 0, 6);
	tcase_add_test(t, few_that_are_left_take_few_pages);
	suite_add_tcase(s, t);
	return s;
}
