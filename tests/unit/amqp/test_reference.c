/* SPDX-License-Identifier: Apache-2.0 */
/* Our tables beside those of another implementation, the headers and the codec of rabbitmq-c:
 * ids, names, content, reply codes and their severity, and every method and every property byte
 * for byte through its decoder and encoder. */
#include <amqp.h>
#include <amqp_framing.h>
#include <check.h>
#include <ctype.h>
#include <stdio.h>

#include "amqp/frame.h"
#include "amqp/method.h"
#include "amqp/props.h"
#include "amqp/refusal.h"
#include "tests/unit/amqp/dice.h"

Suite *suite_amqp_reference(void);

/* Ours and newer than the library. */
static bool is_newer(uint32_t id)
{
	return id == METHOD_connection_update_secret || id == METHOD_connection_update_secret_ok;
}

/* "basic_publish" as "AMQP_BASIC_PUBLISH_METHOD". */
static void as_theirs(char *out, size_t room, const char *name)
{
	int n = snprintf(out, room, "AMQP_%s_METHOD", name);
	ck_assert_int_lt(n, (int)room);
	for (; *out; out++)
		*out = (char)toupper((unsigned char)*out);
}

START_TEST(every_method_of_ours_has_their_name_and_content)
{
	size_t count;
	const struct method_info *all = method_all(&count);
	for (size_t i = 0; i < count; i++) {
		char name[64];
		if (is_newer(all[i].id))
			continue;
		as_theirs(name, sizeof name, all[i].name);
		const char *theirs = amqp_method_name(all[i].id);
		ck_assert_msg(theirs != NULL, "%s is not known to them", all[i].name);
		ck_assert_str_eq(theirs, name);
		ck_assert_msg(all[i].content == (amqp_method_has_content(all[i].id) != 0), "%s", name);
	}
}
END_TEST

START_TEST(every_method_of_theirs_is_in_our_table)
{
	size_t theirs = 0, ours;
	for (uint32_t class_id = 0; class_id < 256; class_id++)
		for (uint32_t number = 0; number < 512; number++) {
			const char *name = amqp_method_name(class_id << 16 | number);
			if (!name)
				continue;
			theirs++;
			ck_assert_msg(method_info(class_id << 16 | number) != NULL, "%s", name);
		}
	method_all(&ours);
	ck_assert_uint_eq(ours, theirs + 2);
}
END_TEST

/* The enumerations must be the constants of their header, not only what a function answers. */
START_TEST(ids_are_the_constants_of_their_header)
{
	ck_assert_uint_eq(METHOD_connection_start, AMQP_CONNECTION_START_METHOD);
	ck_assert_uint_eq(METHOD_connection_tune_ok, AMQP_CONNECTION_TUNE_OK_METHOD);
	ck_assert_uint_eq(METHOD_connection_unblocked, AMQP_CONNECTION_UNBLOCKED_METHOD);
	ck_assert_uint_eq(METHOD_channel_close_ok, AMQP_CHANNEL_CLOSE_OK_METHOD);
	ck_assert_uint_eq(METHOD_access_request, AMQP_ACCESS_REQUEST_METHOD);
	ck_assert_uint_eq(METHOD_exchange_unbind_ok, AMQP_EXCHANGE_UNBIND_OK_METHOD);
	ck_assert_uint_eq(METHOD_queue_unbind, AMQP_QUEUE_UNBIND_METHOD);
	ck_assert_uint_eq(METHOD_basic_recover_async, AMQP_BASIC_RECOVER_ASYNC_METHOD);
	ck_assert_uint_eq(METHOD_basic_nack, AMQP_BASIC_NACK_METHOD);
	ck_assert_uint_eq(METHOD_confirm_select, AMQP_CONFIRM_SELECT_METHOD);
	ck_assert_uint_eq(METHOD_tx_rollback_ok, AMQP_TX_ROLLBACK_OK_METHOD);
}
END_TEST

START_TEST(classes_and_frames_have_their_numbers)
{
	ck_assert_uint_eq(CLASS_CONNECTION, AMQP_CONNECTION_CLASS);
	ck_assert_uint_eq(CLASS_CHANNEL, AMQP_CHANNEL_CLASS);
	ck_assert_uint_eq(CLASS_ACCESS, AMQP_ACCESS_CLASS);
	ck_assert_uint_eq(CLASS_EXCHANGE, AMQP_EXCHANGE_CLASS);
	ck_assert_uint_eq(CLASS_QUEUE, AMQP_QUEUE_CLASS);
	ck_assert_uint_eq(CLASS_BASIC, AMQP_BASIC_CLASS);
	ck_assert_uint_eq(CLASS_CONFIRM, AMQP_CONFIRM_CLASS);
	ck_assert_uint_eq(CLASS_TX, AMQP_TX_CLASS);
	ck_assert_uint_eq(FRAME_METHOD, AMQP_FRAME_METHOD);
	ck_assert_uint_eq(FRAME_HEADER, AMQP_FRAME_HEADER);
	ck_assert_uint_eq(FRAME_BODY, AMQP_FRAME_BODY);
	ck_assert_uint_eq(FRAME_HEARTBEAT, AMQP_FRAME_HEARTBEAT);
	ck_assert_uint_eq(FRAME_MIN_SIZE, AMQP_FRAME_MIN_SIZE);
	ck_assert_uint_eq(FRAME_END, AMQP_FRAME_END);
}
END_TEST

/* A request waits for an answer exactly when the table has one named after it. */
START_TEST(the_synchronous_ones_are_those_with_an_answer)
{
	size_t count;
	const struct method_info *all = method_all(&count);
	for (size_t i = 0; i < count; i++) {
		char ok[64];
		bool answered = false;
		snprintf(ok, sizeof ok, "%s_ok", all[i].name);
		for (size_t k = 0; k < count; k++)
			answered |= strcmp(all[k].name, ok) == 0;
		ck_assert_msg(all[i].sync == answered, "%s", all[i].name);
	}
}
END_TEST

START_TEST(reply_codes_have_their_value_and_severity)
{
#define REPLY(number, id, closes) \
	ck_assert_uint_eq(id.code, AMQP_##id); \
	ck_assert_uint_eq(id.code, number); \
	ck_assert_str_eq(id.name, #id); \
	ck_assert_msg((id.scope == REFUSAL_CONNECTION) == \
	              (amqp_constant_is_hard_error(number) != 0), "%s", #id);
#include "amqp/errors.def"
#undef REPLY
}
END_TEST

START_TEST(every_reply_code_of_theirs_is_ours)
{
	static const struct refusal *const ours[] = {
#define REPLY(reply, name, scope) &name,
#include "amqp/errors.def"
#undef REPLY
	};
	for (int code = 200; code < 600; code++) {
		bool found = false;
		for (size_t i = 0; i < ARRAY_LEN(ours); i++)
			found |= ours[i]->code == code;
		/* 206 is the end octet of a frame. */
		bool theirs = strcmp(amqp_constant_name(code), "(unknown)") != 0 && code != AMQP_FRAME_END;
		ck_assert_msg(found == theirs, "%d", code);
	}
}
END_TEST

START_TEST(property_flags_have_their_bits)
{
	ck_assert_uint_eq(PROP_content_type, AMQP_BASIC_CONTENT_TYPE_FLAG);
	ck_assert_uint_eq(PROP_content_encoding, AMQP_BASIC_CONTENT_ENCODING_FLAG);
	ck_assert_uint_eq(PROP_headers, AMQP_BASIC_HEADERS_FLAG);
	ck_assert_uint_eq(PROP_delivery_mode, AMQP_BASIC_DELIVERY_MODE_FLAG);
	ck_assert_uint_eq(PROP_priority, AMQP_BASIC_PRIORITY_FLAG);
	ck_assert_uint_eq(PROP_correlation_id, AMQP_BASIC_CORRELATION_ID_FLAG);
	ck_assert_uint_eq(PROP_reply_to, AMQP_BASIC_REPLY_TO_FLAG);
	ck_assert_uint_eq(PROP_expiration, AMQP_BASIC_EXPIRATION_FLAG);
	ck_assert_uint_eq(PROP_message_id, AMQP_BASIC_MESSAGE_ID_FLAG);
	ck_assert_uint_eq(PROP_timestamp, AMQP_BASIC_TIMESTAMP_FLAG);
	ck_assert_uint_eq(PROP_type, AMQP_BASIC_TYPE_FLAG);
	ck_assert_uint_eq(PROP_user_id, AMQP_BASIC_USER_ID_FLAG);
	ck_assert_uint_eq(PROP_app_id, AMQP_BASIC_APP_ID_FLAG);
	ck_assert_uint_eq(PROP_cluster_id, AMQP_BASIC_CLUSTER_ID_FLAG);
}
END_TEST

/* ---- through their codec and back ---- */

static struct dice dice;
static struct buf wire;
static amqp_pool_t pool;

static void set_up(void)
{
	dice = (struct dice){ .x = 9 };
	init_amqp_pool(&pool, 4096);
}

static void tear_down(void)
{
	empty_amqp_pool(&pool);
	dice_free(&dice);
	buf_free(&wire);
}

#define MAKE_bit dice_below(&dice, 2)
#define MAKE_octet (uint8_t)dice_roll(&dice)
#define MAKE_short (uint16_t)dice_roll(&dice)
#define MAKE_long (uint32_t)dice_roll(&dice)
#define MAKE_longlong dice_roll(&dice)
#define MAKE_timestamp dice_roll(&dice)
#define MAKE_shortstr dice_text(&dice, 255)
#define MAKE_longstr dice_text(&dice, 200)
#define MAKE_table dice_table(&dice)

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

static void expect_same(uint32_t id, struct slice ours)
{
	uint8_t room[4096];
	amqp_bytes_t in = { ours.n, (void *)ours.p }, out = { sizeof room, room };
	void *decoded;
	int r = amqp_decode_method(id, &pool, in, &decoded);
	ck_assert_msg(r == 0, "they cannot decode %s: %d", method_info(id)->name, r);
	r = amqp_encode_method(id, decoded, out);
	ck_assert_msg(r >= 0 && slice_eq(slice_of(room, (size_t)r), ours), "%s differs",
	              method_info(id)->name);
}

START_TEST(they_read_and_write_every_method_as_we_do)
{
	size_t count;
	const struct method_info *all = method_all(&count);
	for (size_t i = 0; i < count; i++)
		for (int round = 0; round < 100 && !is_newer(all[i].id); round++) {
			struct method m;
			make(&m, all[i].id);
			buf_clear(&wire);
			method_encode(&wire, 1, &m);
			/* The payload of the frame, without its four bytes of id. */
			expect_same(all[i].id, slice_of(wire.p + 11, wire.len - 12));
			recycle_amqp_pool(&pool);
		}
}
END_TEST

START_TEST(they_read_and_write_all_properties_as_we_do)
{
	for (int round = 0; round < 2000; round++) {
		struct props p = { .class_id = 60, .flags = (uint16_t)(dice_roll(&dice) & 0xFFFC) };
		uint8_t room[8192];
		void *decoded;
#define PROP(bit, name, type) p.name = MAKE_##type;
#include "amqp/props.def"
#undef PROP
		buf_clear(&wire);
		props_encode(&wire, &p);
		struct slice ours = slice_of(wire.p + PROPS_FLAGS_AT, wire.len - PROPS_FLAGS_AT);
		amqp_bytes_t in = { ours.n, (void *)ours.p }, out = { sizeof room, room };
		ck_assert_int_eq(amqp_decode_properties(60, &pool, in, &decoded), 0);
		int n = amqp_encode_properties(60, decoded, out);
		ck_assert_msg(n >= 0 && slice_eq(slice_of(room, (size_t)n), ours), "flags %04x", p.flags);
		recycle_amqp_pool(&pool);
	}
}
END_TEST

Suite *suite_amqp_reference(void)
{
	Suite *s = suite_create("amqp/reference");
	TCase *t = tcase_create("constants"), *codec = tcase_create("codec");
	tcase_add_test(t, every_method_of_ours_has_their_name_and_content);
	tcase_add_test(t, every_method_of_theirs_is_in_our_table);
	tcase_add_test(t, ids_are_the_constants_of_their_header);
	tcase_add_test(t, classes_and_frames_have_their_numbers);
	tcase_add_test(t, the_synchronous_ones_are_those_with_an_answer);
	tcase_add_test(t, reply_codes_have_their_value_and_severity);
	tcase_add_test(t, every_reply_code_of_theirs_is_ours);
	tcase_add_test(t, property_flags_have_their_bits);
	tcase_add_checked_fixture(codec, set_up, tear_down);
	tcase_add_test(codec, they_read_and_write_every_method_as_we_do);
	tcase_add_test(codec, they_read_and_write_all_properties_as_we_do);
	suite_add_tcase(s, t);
	suite_add_tcase(s, codec);
	return s;
}
