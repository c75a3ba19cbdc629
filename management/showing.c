/* SPDX-License-Identifier: Apache-2.0 */
#include "management/showing.h"

#include "amqp/props.h"
#include "amqp/table.h"
#include "amqp/wire.h"
#include "base/base64.h"
#include "broker/browse.h"
#include "management/object.h"
#include "queue/store.h"

void showing_put_props(struct buf *out, struct slice header)
{
	struct props p;
	const char *between = "";
	buf_u8(out, '{');
	if (!props_decode(header, &p))
		p.flags = 0;
#define CELL_shortstr cell_slice
#define CELL_table cell_table
#define CELL_octet cell_number
#define CELL_timestamp cell_number
#define PROP(bit, name, type)                                \
	if (p.flags & PROP_##name) {                             \
		buf_printf(out, "%s\"" #name "\":", between);        \
		cell_put_json(out, CELL_##type(p.name));             \
		between = ",";                                       \
	}
#include "amqp/props.def"
#undef PROP
	buf_u8(out, '}');
}

void showing_read_props(struct slice table, struct props *out)
{
	struct field f;
	*out = (struct props){ 0 };
#define IS_shortstr (f.letter == 'S' && f.bytes.n <= 255)
#define IS_table (f.letter == 'F')
#define IS_octet (field_is_integer(&f) && f.integer >= 0 && f.integer <= 255)
#define IS_timestamp (field_is_integer(&f) && f.integer >= 0)
#define AS_shortstr f.bytes
#define AS_table f.bytes
#define AS_octet (uint8_t) f.integer
#define AS_timestamp (uint64_t) f.integer
#define PROP(bit, name, type)                           \
	if (table_find(table, #name, &f) && IS_##type) {    \
		out->name = AS_##type;                          \
		out->flags |= PROP_##name;                      \
	}
#include "amqp/props.def"
#undef PROP
}

void showing_put_payload(struct buf *out, struct slice body, bool base64)
{
	bool text = !base64 && wire_is_utf8(body);
	buf_printf(out, "\"payload\":");
	if (text) {
		cell_put_json(out, cell_slice(body));
	} else {
		buf_u8(out, '"');
		base64_put(out, body);
		buf_u8(out, '"');
	}
	buf_printf(out, ",\"payload_encoding\":\"%s\"", text ? "string" : "base64");
}

struct slice showing_body(const struct message *m, uint64_t most, struct buf *room)
{
	struct message_walk w = { 0 };
	struct slice s;
	buf_clear(room);
	while (room->len < most && message_next_stretch(m, &w, &s)) {
		uint64_t left = most - room->len;
		buf_append(room, s.p, s.n < left ? s.n : (size_t)left);
	}
	return buf_slice(room);
}

void showing_put(struct buf *out, const struct store *s, const struct browsed *b,
                 const struct showing *how, int64_t now_ms, struct buf *room)
{
	const struct message *m = b->seen.message;
	int64_t age_ms = now_ms > m->published_ms ? now_ms - m->published_ms : 0;
	object_put(out, "timestamp", cell_integer(m->published_ms - s->clock_offset_ms));
	object_put(out, "age_ms", cell_integer(age_ms));
	object_put(out, "payload_bytes", cell_number(m->body_bytes));
	object_put(out, "redelivered", cell_boolean(b->seen.redelivered));
	object_put(out, "exchange", cell_slice(message_exchange(m)));
	object_put(out, "routing_key", cell_slice(message_key(m)));
	buf_printf(out, ",\"properties\":");
	showing_put_props(out, message_header(m));
	buf_u8(out, ',');
	showing_put_payload(out, showing_body(m, how->truncate, room), how->base64);
}
