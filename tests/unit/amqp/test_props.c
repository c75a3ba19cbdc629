/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "amqp/props.h"
#include "base/endian.h"
#include "tests/unit/amqp/dice.h"

Suite *suite_amqp_props(void);

static struct dice dice;
static struct buf wire;

static void set_up(void)
{
	dice = (struct dice){ .x = 5 };
}

static void tear_down(void)
{
	dice_free(&dice);
	buf_free(&wire);
}

#define MAKE_shortstr dice_text(&dice, 255)
#define MAKE_table dice_table(&dice)
#define MAKE_octet (uint8_t)dice_roll(&dice)
#define MAKE_timestamp dice_roll(&dice)
#define SAME_shortstr(a, b) slice_eq(a, b)
#define SAME_table(a, b) slice_eq(a, b)
#define SAME_octet(a, b) ((a) == (b))
#define SAME_timestamp(a, b) ((a) == (b))

static struct props make(uint16_t flags)
{
	struct props p = { .class_id = 60, .body_bytes = dice_roll(&dice), .flags = flags };
#define PROP(bit, name, type) \
	if (flags & PROP_##name) \
		p.name = MAKE_##type;
#include "amqp/props.def"
#undef PROP
	return p;
}

static const char *difference(const struct props *a, const struct props *b)
{
#define PROP(bit, name, type) \
	if (!SAME_##type(a->name, b->name)) \
		return #name;
#include "amqp/props.def"
#undef PROP
	if (a->class_id != b->class_id || a->weight != b->weight)
		return "class or weight";
	return a->body_bytes != b->body_bytes ? "body size" : a->flags != b->flags ? "flags" : NULL;
}

static struct slice encode(const struct props *p)
{
	buf_clear(&wire);
	props_encode(&wire, p);
	return buf_slice(&wire);
}

START_TEST(every_choice_of_properties_comes_back)
{
	for (uint32_t choice = 0; choice < 1u << 14; choice++) {
		struct props p = make((uint16_t)(choice << 2)), got;
		ck_assert(props_decode(encode(&p), &got));
		const char *what = difference(&p, &got);
		ck_assert_msg(!what, "%s with flags %04x", what, p.flags);
		ck_assert(slice_eq(props_headers(buf_slice(&wire)), got.headers));
	}
}
END_TEST

START_TEST(a_header_as_the_specification_draws_it)
{
	struct props p = { .class_id = 60, .body_bytes = 258, .delivery_mode = 2,
		               .flags = PROP_delivery_mode | PROP_content_type,
		               .content_type = slice_str("a/b") };
	struct slice s = encode(&p);
	ck_assert_uint_eq(s.n, 19);
	ck_assert_mem_eq(s.p, "\0\74\0\0" "\0\0\0\0\0\0\1\2" "\220\0" "\3a/b" "\2", 19);
}
END_TEST

START_TEST(what_is_absent_is_zero)
{
	struct props p = { .class_id = 60, .flags = 0 }, got;
	memset(&got, 0xAA, sizeof got);
	ck_assert(props_decode(encode(&p), &got));
	ck_assert_uint_eq(got.delivery_mode, 0);
	ck_assert_uint_eq(got.priority, 0);
	ck_assert_uint_eq(got.headers.n, 0);
	ck_assert_uint_eq(got.timestamp, 0);
}
END_TEST

START_TEST(no_truncation_is_accepted)
{
	for (int round = 0; round < 50; round++) {
		struct props p = make((uint16_t)(dice_roll(&dice) & 0xFFFC)), got;
		struct slice whole = encode(&p);
		for (size_t n = 0; n < whole.n; n++)
			ck_assert_msg(!props_decode(slice_of(whole.p, n), &got), "%zu of %zu, flags %04x", n,
			              whole.n, p.flags);
	}
}
END_TEST

START_TEST(a_byte_too_many_is_refused)
{
	struct props p = make(PROP_message_id | PROP_priority), got;
	encode(&p);
	buf_u8(&wire, 0);
	ck_assert(!props_decode(buf_slice(&wire), &got));
}
END_TEST

START_TEST(flags_that_nothing_defines_are_refused)
{
	for (uint16_t flag = 1; flag <= 2; flag++) {
		struct props p = { .class_id = 60 }, got;
		encode(&p);
		put_be16(wire.p + PROPS_FLAGS_AT, flag);
		ck_assert(!props_decode(buf_slice(&wire), &got));
		buf_append(&wire, "\0\0", 2);
		ck_assert(!props_decode(buf_slice(&wire), &got));
	}
}
END_TEST

/* With each of the properties that stand before them, and without. */
START_TEST(one_property_is_found_whatever_else_is_there)
{
	for (uint32_t flags = 0; flags < 1 << 16; flags += 1 << 3) {
		struct props p = make((uint16_t)(flags & 0xFFFC));
		struct slice s = encode(&p);
		ck_assert(slice_eq(props_headers(s), p.headers));
		ck_assert(slice_eq(props_expiration(s), p.expiration));
		ck_assert(slice_eq(props_user_id(s), p.user_id));
		ck_assert_int_eq(props_expiration(s).p != NULL, (p.flags & PROP_expiration) != 0);
		ck_assert_int_eq(props_user_id(s).p != NULL, (p.flags & PROP_user_id) != 0);
	}
}
END_TEST

START_TEST(bad_headers_and_bad_text_are_refused)
{
	struct props table = { .flags = PROP_headers, .headers = slice_of("\1a?", 3) }, got;
	struct props text = { .flags = PROP_type, .type = slice_str("\377") };
	ck_assert(!props_decode(encode(&table), &got));
	ck_assert(!props_decode(encode(&text), &got));
}
END_TEST

START_TEST(the_offsets_are_where_they_are_said_to_be)
{
	struct props p = make(0xFFFC);
	struct slice s = encode(&p);
	ck_assert_uint_eq(get_be16(s.p + PROPS_FLAGS_AT), 0xFFFC);
	ck_assert_uint_eq(s.p[PROPS_LIST_AT], p.content_type.n);
	struct props none = make(0);
	ck_assert_uint_eq(encode(&none).n, PROPS_FIXED_BYTES);
}
END_TEST

Suite *suite_amqp_props(void)
{
	Suite *s = suite_create("amqp/props");
	TCase *t = tcase_create("props");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, every_choice_of_properties_comes_back);
	tcase_add_test(t, a_header_as_the_specification_draws_it);
	tcase_add_test(t, what_is_absent_is_zero);
	tcase_add_test(t, one_property_is_found_whatever_else_is_there);
	tcase_add_test(t, no_truncation_is_accepted);
	tcase_add_test(t, a_byte_too_many_is_refused);
	tcase_add_test(t, flags_that_nothing_defines_are_refused);
	tcase_add_test(t, bad_headers_and_bad_text_are_refused);
	tcase_add_test(t, the_offsets_are_where_they_are_said_to_be);
	suite_add_tcase(s, t);
	return s;
}
