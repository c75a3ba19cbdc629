/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "management/request.h"

Suite *suite_management_request(void);

static struct request request_of(const char *first, const char *second)
{
	struct request r = { .n = second ? 2 : 1 };
	r.arguments[0] = slice_str(first);
	if (second)
		r.arguments[1] = slice_str(second);
	return r;
}

START_TEST(a_request_comes_out_as_it_went_in)
{
	struct buf b = { 0 };
	struct request in = request_of("list_queues", ""), out;
	ck_assert(request_encode(&b, &in));
	struct slice s = buf_slice(&b);
	ck_assert_int_eq(request_decode(&s, &out), REQUEST_OK);
	ck_assert_uint_eq(out.n, 2);
	ck_assert(slice_is(out.arguments[0], "list_queues"));
	ck_assert_uint_eq(out.arguments[1].n, 0);
	ck_assert_uint_eq(s.n, 0);
	buf_free(&b);
}
END_TEST

START_TEST(every_part_of_a_request_is_not_all_of_it)
{
	struct buf b = { 0 };
	struct request in = request_of("purge_queue", "q"), out;
	ck_assert(request_encode(&b, &in));
	for (size_t n = 0; n < b.len; n++) {
		struct slice s = slice_of(b.p, n);
		ck_assert_int_eq(request_decode(&s, &out), REQUEST_MORE);
		ck_assert_uint_eq(s.n, n);
	}
	buf_free(&b);
}
END_TEST

START_TEST(what_makes_no_sense_is_bad_at_once)
{
	static const char *const bad[] = {
		"GET / HTTP/1.1",                    /* from the first byte */
		"LVR2",
		"LVR1\x01\x00\x80\x00",              /* 8,388,609 bytes are to come */
		"LVR1\xff\xff\xff\xff",
	};
	struct request out;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct slice s = slice_of(bad[i], i < 2 ? strlen(bad[i]) : 8);
		ck_assert_int_eq(request_decode(&s, &out), REQUEST_BAD);
	}
	struct slice longer = slice_of("LVR1\x05\0\0\0\x02\0\0\0x", 13);
	ck_assert_int_eq(request_decode(&longer, &out), REQUEST_BAD);
	struct slice none = slice_of("LVR1\0\0\0\0", 8);
	ck_assert_int_eq(request_decode(&none, &out), REQUEST_BAD);
}
END_TEST

START_TEST(no_more_than_256_arguments)
{
	struct buf b = { 0 };
	struct request in = { .n = REQUEST_MAX_ARGUMENTS }, out;
	for (size_t i = 0; i < in.n; i++)
		in.arguments[i] = slice_str("a");
	ck_assert(request_encode(&b, &in));
	struct slice s = buf_slice(&b);
	ck_assert_int_eq(request_decode(&s, &out), REQUEST_OK);
	buf_append(&b, "\x01\0\0\0a", 5);
	b.p[4] += 5;
	s = buf_slice(&b);
	ck_assert_int_eq(request_decode(&s, &out), REQUEST_BAD);
	in.n++;
	ck_assert(!request_encode(&b, &in));
	buf_free(&b);
}
END_TEST

START_TEST(what_is_too_long_is_not_written)
{
	static uint8_t much[REQUEST_MAX_BYTES];
	struct buf b = { 0 };
	struct request in = { .n = 1 };
	in.arguments[0] = slice_of(much, sizeof much);
	ck_assert(!request_encode(&b, &in));
	ck_assert_uint_eq(b.len, 0);
	in.arguments[0].n -= 4;
	ck_assert(request_encode(&b, &in));
	buf_free(&b);
}
END_TEST

START_TEST(an_answer_is_a_row_of_pieces_and_a_code)
{
	struct buf b = { 0 };
	struct answer_piece p = { .kind = ANSWER_OUTPUT, .bytes = slice_str("name\n") };
	answer_encode(&b, &p);
	p = (struct answer_piece){ .kind = ANSWER_ERROR };
	answer_encode(&b, &p);
	p = (struct answer_piece){ .kind = ANSWER_END, .code = 65 };
	answer_encode(&b, &p);
	struct slice s = buf_slice(&b);
	ck_assert_int_eq(answer_decode(&s, &p), REQUEST_OK);
	ck_assert_int_eq(p.kind, ANSWER_OUTPUT);
	ck_assert(slice_is(p.bytes, "name\n"));
	ck_assert_int_eq(answer_decode(&s, &p), REQUEST_OK);
	ck_assert_int_eq(p.kind, ANSWER_END);
	ck_assert_uint_eq(p.code, 65);
	ck_assert_int_eq(answer_decode(&s, &p), REQUEST_MORE);
	struct slice odd = slice_of("\x07\x01\0\0\0x", 6);
	ck_assert_int_eq(answer_decode(&odd, &p), REQUEST_BAD);
	buf_free(&b);
}
END_TEST

Suite *suite_management_request(void)
{
	Suite *s = suite_create("management_request");
	TCase *t = tcase_create("all");
	tcase_add_test(t, a_request_comes_out_as_it_went_in);
	tcase_add_test(t, every_part_of_a_request_is_not_all_of_it);
	tcase_add_test(t, what_makes_no_sense_is_bad_at_once);
	tcase_add_test(t, no_more_than_256_arguments);
	tcase_add_test(t, what_is_too_long_is_not_written);
	tcase_add_test(t, an_answer_is_a_row_of_pieces_and_a_code);
	suite_add_tcase(s, t);
	return s;
}
