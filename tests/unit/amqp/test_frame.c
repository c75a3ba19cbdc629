/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "amqp/frame.h"

Suite *suite_amqp_frame(void);

static const struct {
	uint8_t type;
	uint16_t channel;
	const char *payload;
} talk[] = {
	{ FRAME_METHOD, 0, "connection.start" }, { FRAME_HEARTBEAT, 0, "" },
	{ FRAME_METHOD, 1, "m" },                { FRAME_HEADER, 1, "header of a message" },
	{ FRAME_BODY, 1, "hel" },                { FRAME_BODY, 1, "lo, \316 and \316" },
	{ FRAME_METHOD, 65535, "" },
};

enum { FRAMES = sizeof talk / sizeof talk[0] };

static struct buf wire;

static void set_up(void)
{
	for (int i = 0; i < FRAMES; i++)
		frame_write(&wire, talk[i].type, talk[i].channel, slice_str(talk[i].payload));
}

static void tear_down(void)
{
	buf_free(&wire);
}

/* A reader that keeps what is not yet a whole frame. */
struct listener {
	struct buf kept;
	int heard;
};

static void listen(struct listener *l, struct slice bytes)
{
	struct frame f;
	enum frame_result r;
	size_t need = 0;
	buf_append_slice(&l->kept, bytes);
	struct slice in = buf_slice(&l->kept);
	while ((r = frame_next(&in, 100, &f, &need)) == FRAME_OK) {
		ck_assert_int_lt(l->heard, FRAMES);
		ck_assert_uint_eq(f.type, talk[l->heard].type);
		ck_assert_uint_eq(f.channel, talk[l->heard].channel);
		ck_assert(slice_is(f.payload, talk[l->heard].payload));
		l->heard++;
	}
	ck_assert_int_eq(r, FRAME_MORE);
	ck_assert_uint_gt(need, in.n);
	if (in.n >= FRAME_HEAD_BYTES)
		ck_assert_uint_eq(need, strlen(talk[l->heard].payload) + FRAME_OVERHEAD_BYTES);
	buf_consume(&l->kept, l->kept.len - in.n);
}

static void finish(struct listener *l)
{
	ck_assert_int_eq(l->heard, FRAMES);
	ck_assert_uint_eq(l->kept.len, 0);
	buf_free(&l->kept);
}

START_TEST(a_conversation_byte_by_byte)
{
	struct listener l = { .heard = 0 };
	for (size_t i = 0; i < wire.len; i++)
		listen(&l, slice_of(wire.p + i, 1));
	finish(&l);
}
END_TEST

START_TEST(a_conversation_cut_at_any_two_places)
{
	for (size_t a = 0; a <= wire.len; a++)
		for (size_t b = a; b <= wire.len; b++) {
			struct listener l = { .heard = 0 };
			listen(&l, slice_of(wire.p, a));
			listen(&l, slice_of(wire.p + a, b - a));
			listen(&l, slice_of(wire.p + b, wire.len - b));
			finish(&l);
		}
}
END_TEST

START_TEST(what_is_missing_is_never_taken)
{
	struct frame f;
	size_t whole = strlen(talk[0].payload) + FRAME_OVERHEAD_BYTES;
	for (size_t n = 0; n < whole; n++) {
		struct slice in = slice_of(wire.p, n);
		ck_assert_int_eq(frame_next(&in, 0, &f, NULL), FRAME_MORE);
		ck_assert_uint_eq(in.n, n);
		ck_assert_ptr_eq(in.p, wire.p);
	}
}
END_TEST

START_TEST(bytes_on_the_wire)
{
	struct buf b = { 0 };
	frame_write(&b, FRAME_BODY, 0x0102, slice_str("ab"));
	ck_assert_uint_eq(b.len, 10);
	ck_assert_mem_eq(b.p, "\3\1\2\0\0\0\2ab\316", 10);
	buf_free(&b);
}
END_TEST

START_TEST(a_frame_begun_and_ended_is_the_same)
{
	struct buf b = { 0 };
	buf_append_slice(&b, slice_str("before"));
	for (int i = 0; i < FRAMES; i++) {
		size_t mark = frame_begin(&b, talk[i].type, talk[i].channel);
		buf_append_slice(&b, slice_str(talk[i].payload));
		frame_end(&b, mark);
	}
	ck_assert_uint_eq(b.len, wire.len + 6);
	ck_assert_mem_eq(b.p + 6, wire.p, wire.len);
	buf_free(&b);
}
END_TEST

static enum frame_result next(const char *bytes, size_t n, uint32_t max, struct frame *f)
{
	struct slice in = slice_of(bytes, n);
	enum frame_result r = frame_next(&in, max, f, NULL);
	if (r != FRAME_OK)
		ck_assert_uint_eq(in.n, n);
	return r;
}

START_TEST(a_wrong_end_octet_is_refused)
{
	struct frame f;
	ck_assert_int_eq(next("\3\0\7\0\0\0\2ab\315", 10, 0, &f), FRAME_BAD_END);
	ck_assert_uint_eq(f.type, FRAME_BODY);
	ck_assert_uint_eq(f.channel, 7);
	ck_assert(slice_is(f.payload, "ab"));
}
END_TEST

START_TEST(a_frame_above_the_limit_is_refused_by_its_head_alone)
{
	struct frame f;
	ck_assert_int_eq(next("\3\0\7\0\0\0\3", 7, 2, &f), FRAME_TOO_LARGE);
	ck_assert_uint_eq(f.payload.n, 3);
	ck_assert_uint_eq(f.channel, 7);
	ck_assert_int_eq(next("\3\0\7\377\377\377\377", 7, 131072, &f), FRAME_TOO_LARGE);
	ck_assert_int_eq(next("\3\0\7\0\0\0\2ab\316", 10, 2, &f), FRAME_OK);
}
END_TEST

START_TEST(the_largest_size_without_a_limit_only_waits)
{
	struct slice in = slice_of("\3\0\7\377\377\377\377abc", 10);
	struct frame f;
	size_t need;
	ck_assert_int_eq(frame_next(&in, 0, &f, &need), FRAME_MORE);
	ck_assert_uint_eq(need, (size_t)UINT32_MAX + FRAME_OVERHEAD_BYTES);
}
END_TEST

START_TEST(only_four_types_are_known)
{
	for (int type = 0; type < 256; type++) {
		char bytes[] = { (char)type, 0, 9, 0, 0, 0, 0, (char)FRAME_END };
		bool known = type == 1 || type == 2 || type == 3 || type == 8;
		struct frame f;
		ck_assert_int_eq(next(bytes, 8, 0, &f), known ? FRAME_OK : FRAME_BAD_TYPE);
		ck_assert_uint_eq(f.type, type);
		ck_assert_uint_eq(f.channel, 9);
	}
}
END_TEST

Suite *suite_amqp_frame(void)
{
	Suite *s = suite_create("amqp/frame");
	TCase *t = tcase_create("frame");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_conversation_byte_by_byte);
	tcase_add_test(t, a_conversation_cut_at_any_two_places);
	tcase_add_test(t, what_is_missing_is_never_taken);
	tcase_add_test(t, bytes_on_the_wire);
	tcase_add_test(t, a_frame_begun_and_ended_is_the_same);
	tcase_add_test(t, a_wrong_end_octet_is_refused);
	tcase_add_test(t, a_frame_above_the_limit_is_refused_by_its_head_alone);
	tcase_add_test(t, the_largest_size_without_a_limit_only_waits);
	tcase_add_test(t, only_four_types_are_known);
	suite_add_tcase(s, t);
	return s;
}
