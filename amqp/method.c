/* SPDX-License-Identifier: Apache-2.0 */
/* Everything here folds out of methods.def: F and METHOD are given one meaning after another. */
#include "amqp/method.h"

#include <ctype.h>

#include "amqp/frame.h"
#include "amqp/wire.h"
#include "base/die.h"

#define SENDER_C SENT_BY_CLIENT
#define SENDER_S SENT_BY_SERVER
#define SENDER_B SENT_BY_BOTH
#define KIND_SYNC true
#define KIND_ASYNC false
#define CONTENT_CONTENT true
#define CONTENT_NONE false

static const struct method_info infos[] = {
#define METHOD(class_id, method_id, name, sender, kind, content, fields) \
	{ METHOD_##name, #name, SENDER_##sender, KIND_##kind, CONTENT_##content },
#include "amqp/methods.def"
#undef METHOD
};

const struct method_info *method_all(size_t *count)
{
	*count = ARRAY_LEN(infos);
	return infos;
}

enum method_index {
#define METHOD(class_id, method_id, name, sender, kind, content, fields) INDEX_##name,
#include "amqp/methods.def"
#undef METHOD
};

const struct method_info *method_info(uint32_t id)
{
	switch (id) {
#define METHOD(class_id, method_id, name, sender, kind, content, fields) \
	case METHOD_##name: \
		return &infos[INDEX_##name];
#include "amqp/methods.def"
#undef METHOD
	default:
		return NULL;
	}
}

/* ---- decoding ---- */

#define F(type, field) m->field = read_##type(r);
#define METHOD(class_id, method_id, name, sender, kind, content, fields) \
	static inline void read_##name(struct reader *r, struct name *m) \
	{ \
		(void)r; \
		(void)m; \
		fields \
	}
#include "amqp/methods.def"
#undef METHOD
#undef F

static bool read_arguments(struct reader *r, struct method *m)
{
	switch (m->id) {
#define METHOD(class_id, method_id, name, sender, kind, content, fields) \
	case METHOD_##name: \
		read_##name(r, &m->name); \
		return true;
#include "amqp/methods.def"
#undef METHOD
	default:
		return false;
	}
}

/* Routing keys of messages may be any bytes, as with RabbitMQ: they are compared, not read. */
static bool is_published_anyway(const struct method *m)
{
	return m->id == METHOD_basic_publish && wire_is_utf8(m->basic_publish.exchange);
}

enum method_result method_decode(struct slice payload, struct method *out)
{
	if (payload.n < 4)
		return METHOD_SHORT;
	struct reader r = reader_of(payload);
	out->id = read_long(&r);
	if (!read_arguments(&r, out))
		return METHOD_UNKNOWN;
	if (r.bad || reader_left(&r))
		return METHOD_MALFORMED;
	return r.bad_utf8 && !is_published_anyway(out) ? METHOD_BAD_UTF8 : METHOD_OK;
}

/* ---- encoding ---- */

/* An upper bound of what each field takes, so that room is reserved once. */
#define BOUND_bit(v) 1
#define BOUND_octet(v) 1
#define BOUND_short(v) 2
#define BOUND_long(v) 4
#define BOUND_longlong(v) 8
#define BOUND_timestamp(v) 8
#define BOUND_shortstr(v) (1 + (v).n)
#define BOUND_longstr(v) (4 + (v).n)
#define BOUND_table(v) (4 + (v).n)

#define F(type, field) +BOUND_##type(m->field)
#define METHOD(class_id, method_id, name, sender, kind, content, fields) \
	static inline size_t bound_##name(const struct name *m) \
	{ \
		(void)m; \
		return 0 fields; \
	}
#include "amqp/methods.def"
#undef METHOD
#undef F

#define F(type, field) write_##type(w, m->field);
#define METHOD(class_id, method_id, name, sender, kind, content, fields) \
	static inline void write_##name(struct writer *w, const struct name *m) \
	{ \
		(void)w; \
		(void)m; \
		fields \
	}
#include "amqp/methods.def"
#undef METHOD
#undef F

#define METHOD(class_id, method_id, name, sender, kind, content, fields) \
	static void encode_##name(struct buf *out, uint16_t channel, const struct name *m) \
	{ \
		uint8_t *head = buf_reserve(out, FRAME_OVERHEAD_BYTES + 4 + bound_##name(m)); \
		struct writer w = { .p = head + FRAME_HEAD_BYTES }; \
		write_long(&w, METHOD_##name); \
		write_##name(&w, m); \
		head[0] = FRAME_METHOD; \
		put_be16(head + 1, channel); \
		put_be32(head + 3, (uint32_t)(w.p - head - FRAME_HEAD_BYTES)); \
		*w.p++ = FRAME_END; \
		out->len += (size_t)(w.p - head); \
	}
#include "amqp/methods.def"
#undef METHOD

void method_encode(struct buf *out, uint16_t channel, const struct method *m)
{
	switch (m->id) {
#define METHOD(class_id, method_id, name, sender, kind, content, fields) \
	case METHOD_##name: \
		encode_##name(out, channel, &m->name); \
		return;
#include "amqp/methods.def"
#undef METHOD
	default:
		must_not_happen("a method that is not in the table");
	}
}

#define FITS_bit(v) true
#define FITS_octet(v) true
#define FITS_short(v) true
#define FITS_long(v) true
#define FITS_longlong(v) true
#define FITS_timestamp(v) true
#define FITS_shortstr(v) ((v).n <= 255)
#define FITS_longstr(v) true
#define FITS_table(v) true

#define F(type, field) &&FITS_##type(at->field)
#define METHOD(class_id, method_id, name, sender, kind, content, fields) \
	case METHOD_##name: { \
		const struct name *at = &m->name; \
		(void)at; \
		return true fields; \
	}
bool method_fits(const struct method *m)
{
	switch (m->id) {
#include "amqp/methods.def"
	default: return false;
	}
}
#undef METHOD
#undef F

/* ---- printing ---- */

static void print_text(struct buf *out, struct slice s)
{
	buf_u8(out, '"');
	for (size_t i = 0; i < s.n; i++)
		buf_u8(out, isprint(s.p[i]) ? s.p[i] : '?');
	buf_u8(out, '"');
}

#define PRINT_number(v) buf_printf(out, "%llu", (unsigned long long)(v))
#define PRINT_bit(v) PRINT_number(v)
#define PRINT_octet(v) PRINT_number(v)
#define PRINT_short(v) PRINT_number(v)
#define PRINT_long(v) PRINT_number(v)
#define PRINT_longlong(v) PRINT_number(v)
#define PRINT_timestamp(v) PRINT_number(v)
#define PRINT_shortstr(v) print_text(out, v)
#define PRINT_longstr(v) print_text(out, v)
#define PRINT_table(v) buf_printf(out, "<%zu bytes>", (v).n)

#define F(type, field) \
	buf_printf(out, " %s=", #field); \
	PRINT_##type(m->field);
#define METHOD(class_id, method_id, name, sender, kind, content, fields) \
	static void print_##name(struct buf *out, const struct name *m) \
	{ \
		(void)out; \
		(void)m; \
		fields \
	}
#include "amqp/methods.def"
#undef METHOD
#undef F

void method_print(struct buf *out, const struct method *m)
{
	const struct method_info *info = method_info(m->id);
	if (!info) {
		buf_printf(out, "method %u.%u", method_class(m->id), method_number(m->id));
		return;
	}
	buf_printf(out, "%s{", info->name);
	switch (m->id) {
#define METHOD(class_id, method_id, name, sender, kind, content, fields) \
	case METHOD_##name: \
		print_##name(out, &m->name); \
		break;
#include "amqp/methods.def"
#undef METHOD
	default:
		break;
	}
	buf_printf(out, " }");
}
