/* SPDX-License-Identifier: Apache-2.0 */
/* Input: the payload of a method frame.  What is decoded borrows from the payload only; encoded
 * again it is the payload, byte for byte, unless bits share an octet whose unused bits the sender
 * had set; then it is as long, and the same from there on. */
#include "amqp/frame.h"
#include "amqp/method.h"
#include "tests/fuzz/fuzz.h"

#define INSIDE_none(v) true
#define INSIDE_bit(v) INSIDE_none(v)
#define INSIDE_octet(v) INSIDE_none(v)
#define INSIDE_short(v) INSIDE_none(v)
#define INSIDE_long(v) INSIDE_none(v)
#define INSIDE_longlong(v) INSIDE_none(v)
#define INSIDE_shortstr(v) (fuzz_inside(v, payload) && (v).n <= 255)
#define INSIDE_longstr(v) fuzz_inside(v, payload)
#define INSIDE_table(v) fuzz_inside(v, payload)

static void check_inside(const struct method *m, struct slice payload)
{
	switch (m->id) {
#define F(type, field) must(INSIDE_##type(at->field));
#define METHOD(class_id, method_id, name, sender, kind, content, fields) \
	case METHOD_##name: { \
		const struct name *at = &m->name; \
		(void)at; \
		(void)payload; \
		fields \
		break; \
	}
#include "amqp/methods.def"
#undef METHOD
#undef F
	default: must_not_happen("decoded, and not in the table");
	}
}

#define BITS_bit 1
#define BITS_octet 0
#define BITS_short 0
#define BITS_long 0
#define BITS_longlong 0
#define BITS_shortstr 0
#define BITS_longstr 0
#define BITS_table 0

static bool has_bits(uint32_t id)
{
	switch (id) {
#define F(type, field) +BITS_##type
#define METHOD(class_id, method_id, name, sender, kind, content, fields) \
	case METHOD_##name: \
		return (0 fields) > 0;
#include "amqp/methods.def"
#undef METHOD
#undef F
	default: return false;
	}
}

static struct slice payload_of(const struct buf *wire)
{
	return slice_of(wire->p + FRAME_HEAD_BYTES, wire->len - FRAME_OVERHEAD_BYTES);
}

static void check_again(const struct method *m, struct slice payload)
{
	struct buf once = { 0 }, twice = { 0 }, text = { 0 };
	struct method again;
	method_encode(&once, 7, m);
	must(once.len == payload.n + FRAME_OVERHEAD_BYTES);
	must(has_bits(m->id) || slice_eq(payload_of(&once), payload));
	must(method_decode(payload_of(&once), &again) == METHOD_OK && again.id == m->id);
	method_encode(&twice, 7, &again);
	must(slice_eq(buf_slice(&once), buf_slice(&twice)));
	method_print(&text, m);
	must(text.len > 0 && text.len < 4096 + 16 * payload.n);
	buf_free(&once);
	buf_free(&twice);
	buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice payload = slice_of(data, size);
	struct method m;
	enum method_result r = method_decode(payload, &m);
	must((r == METHOD_SHORT) == (size < 4));
	if (r != METHOD_SHORT)
		must((r == METHOD_UNKNOWN) == (method_info(m.id) == NULL));
	if (r != METHOD_OK)
		return 0;
	check_inside(&m, payload);
	check_again(&m, payload);
	return 0;
}
