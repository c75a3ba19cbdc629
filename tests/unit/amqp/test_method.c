/* SPDX-License-Identifier: Apache-2.0 */
/* Every method of the table, folded out of the table: made up, encoded, decoded, compared. */
#include <check.h>

#include "amqp/frame.h"
#include "amqp/method.h"
#include "tests/unit/amqp/dice.h"

Suite *suite_amqp_method(void);

static struct dice dice;
static struct buf wire;

static void set_up(void)
{
	dice = (struct dice){ .x = 1 };
}

static void tear_down(void)
{
	dice_free(&dice);
	buf_free(&wire);
}

/* ---- the table gives each method a value and a comparison ---- */

#define MAKE_bit dice_below(&dice, 2)
#define MAKE_octet (uint8_t)dice_roll(&dice)
#define MAKE_short (uint16_t)dice_roll(&dice)
#define MAKE_long (uint32_t)dice_roll(&dice)
#define MAKE_longlong dice_roll(&dice)
#define MAKE_shortstr dice_text(&dice, 255)
#define MAKE_longstr dice_text(&dice, 200)
#define MAKE_table dice_table(&dice)

#define SAME_bit(a, b) ((a) == (b))
#define SAME_octet(a, b) ((a) == (b))
#define SAME_short(a, b) ((a) == (b))
#define SAME_long(a, b) ((a) == (b))
#define SAME_longlong(a, b) ((a) == (b))
#define SAME_shortstr(a, b) slice_eq(a, b)
#define SAME_longstr(a, b) slice_eq(a, b)
#define SAME_table(a, b) slice_eq(a, b)

static void make(struct method *m, uint32_t id)
{
	*m = (struct method){ .id = id };
	switch (id) {
#define F(type, field) at->field = MAKE_##type;
#define METHOD(class_id, method_id, name, sender, kind, content, fields) \
	case METHOD_##name: { \
		struct name *at = &m->name; \
		(void)at; \
		fields \
		break; \
	}
#include "amqp/methods.def"
#undef METHOD
#undef F
	default: ck_abort();
	}
}

/* The name of the first field that differs, or NULL. */
static const char *difference(const struct method *a, const struct method *b)
{
	switch (a->id) {
#define F(type, field) \
	if (!SAME_##type(at->field, bt->field)) \
		return #field;
#define METHOD(class_id, method_id, name, sender, kind, content, fields) \
	case METHOD_##name: { \
		const struct name *at = &a->name, *bt = &b->name; \
		(void)at; \
		(void)bt; \
		fields \
		return NULL; \
	}
#include "amqp/methods.def"
#undef METHOD
#undef F
	default: return "id";
	}
}

static struct slice encode(const struct method *m, uint16_t channel)
{
	buf_clear(&wire);
	method_encode(&wire, channel, m);
	struct slice in = buf_slice(&wire);
	struct frame f;
	ck_assert_int_eq(frame_next(&in, 0, &f, NULL), FRAME_OK);
	ck_assert_uint_eq(in.n, 0);
	ck_assert_uint_eq(f.type, FRAME_METHOD);
	ck_assert_uint_eq(f.channel, channel);
	return f.payload;
}

START_TEST(every_method_comes_back)
{
	size_t count;
	const struct method_info *all = method_all(&count);
	for (size_t i = 0; i < count; i++)
		for (int round = 0; round < 200; round++) {
			struct method m, got;
			make(&m, all[i].id);
			ck_assert_int_eq(method_decode(encode(&m, (uint16_t)i), &got), METHOD_OK);
			ck_assert_uint_eq(got.id, m.id);
			const char *field = difference(&m, &got);
			ck_assert_msg(!field, "%s.%s", all[i].name, field);
		}
}
END_TEST

START_TEST(what_has_no_room_does_not_fit)
{
	char text[256] = { 0 };
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_of(text, 255),
		                                   .arguments = slice_of(text, 256) } };
	ck_assert(method_fits(&m));
	m.queue_declare.queue.n++;
	ck_assert(!method_fits(&m));
	m = (struct method){ .id = METHOD_exchange_bind,
		                 .exchange_bind = { .routing_key = slice_of(text, 256) } };
	ck_assert(!method_fits(&m));
	m = (struct method){ .id = METHOD_channel_open };
	ck_assert(method_fits(&m));
}
END_TEST

START_TEST(no_truncation_is_accepted)
{
	size_t count;
	const struct method_info *all = method_all(&count);
	for (size_t i = 0; i < count; i++)
		for (int round = 0; round < 10; round++) {
			struct method m, got;
			make(&m, all[i].id);
			struct slice whole = encode(&m, 1);
			for (size_t n = 0; n < whole.n; n++) {
				enum method_result r = method_decode(slice_of(whole.p, n), &got);
				ck_assert_msg(r == (n < 4 ? METHOD_SHORT : METHOD_MALFORMED), "%s at %zu of %zu",
				              all[i].name, n, whole.n);
			}
		}
}
END_TEST

START_TEST(a_byte_too_many_is_refused)
{
	size_t count;
	const struct method_info *all = method_all(&count);
	for (size_t i = 0; i < count; i++) {
		struct method m, got;
		make(&m, all[i].id);
		struct slice whole = encode(&m, 1);
		/* The end octet of the frame stands right behind. */
		ck_assert_int_eq(method_decode(slice_of(whole.p, whole.n + 1), &got), METHOD_MALFORMED);
		ck_assert_uint_eq(got.id, m.id);
	}
}
END_TEST

START_TEST(an_unknown_id_is_told)
{
	static const uint32_t ids[] = { 0, 10, 10 << 16, 60 << 16 | 41, 85 << 16 | 12, UINT32_MAX };
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		uint8_t payload[8] = { (uint8_t)(ids[i] >> 24), (uint8_t)(ids[i] >> 16),
			                   (uint8_t)(ids[i] >> 8), (uint8_t)ids[i] };
		struct method got;
		ck_assert_int_eq(method_decode(slice_of(payload, 8), &got), METHOD_UNKNOWN);
		ck_assert_uint_eq(got.id, ids[i]);
		ck_assert_ptr_null(method_info(ids[i]));
	}
}
END_TEST

START_TEST(a_queue_declare_as_the_specification_draws_it)
{
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str("q"), .durable = true,
		                                   .auto_delete = true } };
	struct slice p = encode(&m, 1);
	ck_assert_uint_eq(p.n, 13);
	ck_assert_mem_eq(p.p, "\0\62\0\12" "\0\0" "\1q" "\12" "\0\0\0\0", 13);
}
END_TEST

START_TEST(bits_after_a_long_share_one_octet)
{
	struct method m = { .id = METHOD_basic_nack,
		                .basic_nack = { .delivery_tag = 258, .requeue = true } };
	struct slice p = encode(&m, 1);
	ck_assert_uint_eq(p.n, 13);
	ck_assert_mem_eq(p.p, "\0\74\0\170" "\0\0\0\0\0\0\1\2" "\2", 13);
}
END_TEST

START_TEST(a_name_that_is_not_utf8_is_told_apart)
{
	struct method m = { .id = METHOD_queue_purge,
		                .queue_purge = { .queue = slice_str("caf\351") } }, got;
	ck_assert_int_eq(method_decode(encode(&m, 1), &got), METHOD_BAD_UTF8);
	ck_assert_uint_eq(got.id, METHOD_queue_purge);
	m.queue_purge.queue = slice_str("caf\303\251");
	ck_assert_int_eq(method_decode(encode(&m, 1), &got), METHOD_OK);
}
END_TEST

START_TEST(a_bad_table_spoils_the_method)
{
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .arguments = slice_of("\1a?\1", 4) } }, got;
	ck_assert_int_eq(method_decode(encode(&m, 1), &got), METHOD_MALFORMED);
	ck_assert_uint_eq(got.id, METHOD_queue_declare);
}
END_TEST

START_TEST(the_rows_know_their_ids)
{
	size_t count;
	const struct method_info *all = method_all(&count);
	for (size_t i = 0; i < count; i++) {
		ck_assert_ptr_eq(method_info(all[i].id), &all[i]);
		ck_assert(i == 0 || all[i - 1].id < all[i].id);
	}
	ck_assert_uint_eq(METHOD_basic_publish, 60 << 16 | 40);
	ck_assert_uint_eq(method_class(METHOD_exchange_unbind_ok), CLASS_EXCHANGE);
	ck_assert_uint_eq(method_number(METHOD_exchange_unbind_ok), 51);
}
END_TEST

START_TEST(a_method_can_be_read_by_people)
{
	struct method m = { .id = METHOD_basic_cancel,
		                .basic_cancel = { .consumer_tag = slice_str("a\nb"), .no_wait = true } };
	struct method odd = { .id = 99 << 16 | 7 };
	struct buf out = { 0 };
	method_print(&out, &m);
	ck_assert(slice_is(buf_slice(&out), "basic_cancel{ consumer_tag=\"a?b\" no_wait=1 }"));
	buf_clear(&out);
	method_print(&out, &odd);
	ck_assert(slice_is(buf_slice(&out), "method 99.7"));
	buf_free(&out);
}
END_TEST

Suite *suite_amqp_method(void)
{
	Suite *s = suite_create("amqp/method");
	TCase *t = tcase_create("method");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, every_method_comes_back);
	tcase_add_test(t, what_has_no_room_does_not_fit);
	tcase_add_test(t, no_truncation_is_accepted);
	tcase_add_test(t, a_byte_too_many_is_refused);
	tcase_add_test(t, an_unknown_id_is_told);
	tcase_add_test(t, a_queue_declare_as_the_specification_draws_it);
	tcase_add_test(t, bits_after_a_long_share_one_octet);
	tcase_add_test(t, a_name_that_is_not_utf8_is_told_apart);
	tcase_add_test(t, a_bad_table_spoils_the_method);
	tcase_add_test(t, the_rows_know_their_ids);
	tcase_add_test(t, a_method_can_be_read_by_people);
	suite_add_tcase(s, t);
	return s;
}
