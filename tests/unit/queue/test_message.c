/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: what they were made of comes out again, bodies arrive in any pieces, references are
 * counted, and memory grows with what came and not with what was announced. */
#include "queue/message.h"

#include "tests/unit/queue/fixture.h"

Suite *suite_queue_message(void);

static struct message *announced(uint64_t bytes)
{
	return message_new(slice_str("an exchange"), slice_str("a.key"), slice_str("header"), bytes,
	                   false);
}

static uint8_t letter_at(uint64_t at)
{
	return (uint8_t)(at * 7 + at / 251);
}

/* Adds n bytes of the pattern from where the body stands. */
static void add(struct message *m, size_t n)
{
	uint8_t *bytes = mem_alloc(n);
	for (size_t i = 0; i < n; i++)
		bytes[i] = letter_at(m->body_have + i);
	message_add_body(m, slice_of(bytes, n));
	mem_free(bytes);
}

/* Checks the body against the pattern; how many stretches it lies in. */
static unsigned check_body(const struct message *m)
{
	struct message_walk w = { 0 };
	struct slice stretch;
	uint64_t at = 0;
	unsigned n = 0;
	for (; message_next_stretch(m, &w, &stretch); n++)
		for (size_t i = 0; i < stretch.n; i++, at++)
			if (stretch.p[i] != letter_at(at))   /* an assertion for each byte takes minutes */
				ck_abort_msg("byte %llu is another one", (unsigned long long)at);
	ck_assert_uint_eq(at, m->body_have);
	ck_assert(!message_next_stretch(m, &w, &stretch));
	return n;
}

START_TEST(it_keeps_names_and_header)
{
	struct message *m = announced(0);
	ck_assert(slice_is(message_exchange(m), "an exchange"));
	ck_assert(slice_is(message_key(m), "a.key"));
	ck_assert(slice_is(message_header(m), "header"));
	ck_assert(message_is_whole(m));
	ck_assert_uint_eq(check_body(m), 0);
	message_drop(&m);
	ck_assert_ptr_null(m);
}
END_TEST

START_TEST(names_may_be_empty_or_as_long_as_they_get)
{
	char name[255];
	memset(name, 'n', sizeof name);
	struct message *empty = message_new(slice_of(NULL, 0), slice_of(NULL, 0), slice_str("h"), 0,
	                                    true),
				   *full = message_new(slice_of(name, 255), slice_of(name, 255), slice_str("h"), 0,
	                                   true);
	ck_assert_uint_eq(message_exchange(empty).n, 0);
	ck_assert_uint_eq(message_key(empty).n, 0);
	ck_assert(slice_eq(message_key(full), slice_of(name, 255)));
	ck_assert(slice_is(message_header(full), "h"));
	message_drop(&empty);
	message_drop(&full);
}
END_TEST

static const uint64_t sizes[] = { 1, 100, 4095, 4096, 4097, 100000, 256 << 10, (256 << 10) + 1,
	                              1000003 };
enum { SIZES = sizeof sizes / sizeof sizes[0] };

START_TEST(a_body_in_one_piece)
{
	struct message *m = announced(sizes[_i]);
	ck_assert(!message_is_whole(m));
	add(m, sizes[_i]);
	ck_assert(message_is_whole(m));
	unsigned n = check_body(m);
	ck_assert_uint_le(n, sizes[_i] / MESSAGE_CHUNK_BYTES + 1);
	message_drop(&m);
}
END_TEST

START_TEST(a_body_in_random_pieces)
{
	struct dice d = { (uint64_t)_i };
	struct message *m = announced(sizes[_i]);
	while (!message_is_whole(m)) {
		uint64_t left = sizes[_i] - m->body_have;
		unsigned n = dice_roll(&d, dice_roll(&d, 2) ? 40000 : 50);
		add(m, n < left ? n : left);
	}
	check_body(m);
	message_drop(&m);
}
END_TEST

START_TEST(many_small_frames_end_in_few_chunks)
{
	struct message *m = announced(200000);
	while (!message_is_whole(m))
		add(m, 10);
	ck_assert_uint_le(check_body(m), 20);
	message_drop(&m);
}
END_TEST

START_TEST(an_announcement_alone_takes_no_memory)
{
	struct message *m = announced(1ull << 40);
	ck_assert_uint_le(message_footprint(m), 1024);
	add(m, 10000);
	ck_assert_uint_le(message_footprint(m), 1024 + 2 * 10000);
	for (int i = 0; i < 100; i++)
		add(m, 10000);
	ck_assert_uint_le(message_footprint(m), 1024 + 101 * 10000 + MESSAGE_CHUNK_BYTES);
	ck_assert(!message_is_whole(m));
	message_drop(&m);
}
END_TEST

START_TEST(the_footprint_counts_the_body)
{
	struct message *small = announced(1000), *large = announced(1000000);
	add(large, 1000000);
	ck_assert_uint_ge(message_footprint(small), 1000);
	ck_assert_uint_le(message_footprint(small), 1500);
	ck_assert_uint_ge(message_footprint(large), 1000000);
	message_drop(&small);
	message_drop(&large);
}
END_TEST

START_TEST(it_lives_as_long_as_somebody_holds_it)
{
	struct message *one = letter(5), *two = message_ref(one), *three = message_ref(one);
	ck_assert_uint_eq(one->refs, 3);
	message_drop(&one);
	ck_assert_ptr_null(one);
	message_drop(&three);
	ck_assert_uint_eq(two->refs, 1);
	ck_assert_uint_eq(number_of(two), 5);
	message_drop(&two);
}
END_TEST

static const struct {
	const char *text;
	int64_t ms;
} expirations[] = {
	{ "0", 0 }, { "1", 1 }, { "60000", 60000 }, { "007", 7 }, { "4294967295", 4294967295 },
};

START_TEST(expiration_is_read_as_milliseconds)
{
	struct message *m = letter_to("k", 1, false, expirations[_i].text);
	ck_assert_int_eq(message_expiration_ms(m), expirations[_i].ms);
	message_drop(&m);
}
END_TEST

START_TEST(an_expiration_beyond_all_measure_stays_positive)
{
	struct message *m = letter_to("k", 1, false, "99999999999999999999999999999999999999");
	ck_assert_int_gt(message_expiration_ms(m), INT64_MAX / 1000);
	message_drop(&m);
}
END_TEST

Suite *suite_queue_message(void)
{
	Suite *s = suite_create("queue/message");
	TCase *c = tcase_create("message");
	tcase_add_test(c, it_keeps_names_and_header);
	tcase_add_test(c, names_may_be_empty_or_as_long_as_they_get);
	tcase_add_loop_test(c, a_body_in_one_piece, 0, SIZES);
	tcase_add_loop_test(c, a_body_in_random_pieces, 0, SIZES);
	tcase_add_test(c, many_small_frames_end_in_few_chunks);
	tcase_add_test(c, an_announcement_alone_takes_no_memory);
	tcase_add_test(c, the_footprint_counts_the_body);
	tcase_add_test(c, it_lives_as_long_as_somebody_holds_it);
	tcase_add_loop_test(c, expiration_is_read_as_milliseconds, 0,
	                    sizeof expirations / sizeof expirations[0]);
	tcase_add_test(c, an_expiration_beyond_all_measure_stays_positive);
	suite_add_tcase(s, c);
	return s;
}
