/* SPDX-License-Identifier: Apache-2.0 */
/* Each record is a list of fields; how they look is decided at one place for both forms. */
#include "tools/ctl_record.h"

#include <inttypes.h>

#include "persistence/record.h"

struct printer {
	struct buf *out;
	bool json, first;
};

const char *record_name(uint8_t type)
{
	static const char *const names[] = {
		[RECORD_PUBLISH] = "PUBLISH",   [RECORD_CHUNK] = "CHUNK",   [RECORD_ACK] = "ACK",
		[RECORD_MOVE] = "MOVE",         [RECORD_DEFINE] = "DEFINE", [RECORD_UNDEFINE] = "UNDEFINE",
		[RECORD_DELIVERED] = "DELIVERED", [RECORD_COMMIT] = "COMMIT", [RECORD_SPILL] = "SPILL",
		[RECORD_BEGIN] = "BEGIN",       [RECORD_ABORT] = "ABORT",   [RECORD_RELOCATE] = "RELOCATE",
		[RECORD_PAGE] = "PAGE",         [RECORD_DEDUP] = "DEDUP",  [RECORD_ONCE] = "ONCE",
		[RECORD_PUBLISHER] = "PUBLISHER",
	};
	bool known = type < sizeof names / sizeof *names && names[type];
	return known ? names[type] : "UNKNOWN";
}

/* ---- fields ---- */

static void put_name(struct printer *p, const char *name)
{
	if (p->json)
		buf_printf(p->out, "%s\"%s\":", p->first ? "" : ",", name);
	else
		buf_printf(p->out, "%s%s=", p->first ? "" : " ", name);
	p->first = false;
}

static void put_number(struct printer *p, const char *name, uint64_t n)
{
	put_name(p, name);
	buf_printf(p->out, "%" PRIu64, n);
}

/* What is not printable ASCII is escaped, byte for byte. */
static void put_bytes(struct printer *p, const char *name, struct slice s)
{
	put_name(p, name);
	buf_u8(p->out, '"');
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		if (c == '"' || c == '\\')
			buf_printf(p->out, "\\%c", c);
		else if (c >= 0x20 && c < 0x7F)
			buf_u8(p->out, c);
		else
			buf_printf(p->out, p->json ? "\\u%04x" : "\\x%02x", c);
	}
	buf_u8(p->out, '"');
}

static void begin_list(struct printer *p, const char *name)
{
	put_name(p, name);
	if (p->json)
		buf_u8(p->out, '[');
}

static void end_list(struct printer *p)
{
	if (p->json)
		buf_u8(p->out, ']');
}

/* An item of a list: a number that something of that kind gave. */
static void put_given(struct printer *p, const char *separator, const char *kind, uint32_t by,
                      uint64_t number)
{
	if (p->json)
		buf_printf(p->out, "%s{\"%s\":%" PRIu32 ",\"number\":%" PRIu64 "}", separator, kind, by,
		           number);
	else
		buf_printf(p->out, "%s%" PRIu32 ":%" PRIu64, separator, by, number);
}

static void put_targets(struct printer *p, struct slice packed)
{
	struct record_target t;
	begin_list(p, "to");
	for (const char *separator = ""; record_target_next(&packed, &t); separator = ",")
		put_given(p, separator, "queue", t.queue, t.seq);
	end_list(p);
}

/* ---- what each kind says ---- */

static void put_publish(struct printer *p, const struct record_publish *m, bool body)
{
	put_targets(p, m->packed_targets);
	put_bytes(p, "exchange", m->exchange);
	put_bytes(p, "key", m->key);
	put_number(p, "header_bytes", m->header.n);
	put_number(p, "body_bytes", m->body_bytes);
	put_number(p, "chunks", m->chunks);
	put_number(p, "published_ms", m->wall_ms);
	if (m->timed)
		put_number(p, "due_after_ms", m->due_ms);
	if (m->publisher.n) {
		put_bytes(p, "publisher", m->publisher);
		put_number(p, "sequence", m->sequence);
	}
	if (body && !m->chunks)
		put_bytes(p, "body", m->body);
}

static void put_keys(struct printer *p, struct slice packed)
{
	struct record_key k;
	if (!record_keys_check(packed))
		return;
	begin_list(p, "keys");
	for (const char *separator = ""; record_key_next(&packed, &k); separator = ",")
		put_given(p, separator, "keyring", k.dedup, k.number);
	end_list(p);
}

static void put_message(struct printer *p, const struct log_record *r, bool body)
{
	struct record_target from;
	struct record_publish m;
	struct slice record = r->body, keys;
	uint8_t type = r->type;
	if (!record_unwrap(&type, &record, &keys) ||
	    !record_message_decode(type, record, &from, &m))
		return;
	if (r->type == RECORD_ONCE)
		put_keys(p, keys);
	if (type == RECORD_MOVE) {
		put_number(p, "from_queue", from.queue);
		put_number(p, "from_number", from.seq);
	}
	put_publish(p, &m, body);
}

static void put_ranges(struct printer *p, const char *name, struct record_ranges ranges)
{
	struct record_range range;
	begin_list(p, name);
	for (const char *separator = ""; record_range_next(&ranges, &range); separator = ",")
		buf_printf(p->out, p->json ? "%s[%" PRIu64 ",%" PRIu64 "]" : "%s%" PRIu64 "-%" PRIu64,
		           separator, range.first, range.first + range.count - 1);
	end_list(p);
}

static void put_ack(struct printer *p, struct slice body)
{
	struct record_ack a;
	if (!record_ack_decode(body, &a))
		return;
	put_number(p, "queue", a.queue);
	put_ranges(p, "gone", a.gone);
}

static void put_publisher(struct printer *p, struct slice body)
{
	struct record_publisher r;
	if (!record_publisher_decode(body, &r))
		return;
	put_number(p, "queue", r.queue);
	put_bytes(p, "publisher", r.name);
	put_number(p, "sequence", r.sequence);
	put_ranges(p, "refused", r.packed_refused);
}

static void put_define(struct printer *p, struct slice body)
{
	static const char *const kinds[] = { "", "exchange", "queue", "binding", "vhost", "user",
		                                 "policy", "permission", "parameter", "topic permission",
		                                 "offset" };
	struct record_define d;
	if (!record_define_decode(body, &d))
		return;
	put_number(p, "kind", d.kind);
	if (d.kind && d.kind < sizeof kinds / sizeof *kinds)
		put_bytes(p, "of", slice_str(kinds[d.kind]));
	put_bytes(p, "key", d.key);
	put_bytes(p, "value", d.value);
}

static void put_delivered(struct printer *p, struct slice body)
{
	struct record_delivered d;
	if (!record_delivered_decode(body, &d))
		return;
	put_number(p, "queue", d.queue);
	put_number(p, "below", d.below);
}

static void put_what(struct printer *p, const struct log_record *r, bool body)
{
	switch (r->type) {
	case RECORD_PUBLISH:
	case RECORD_MOVE:
	case RECORD_RELOCATE:
	case RECORD_ONCE:
	case RECORD_SPILL: put_message(p, r, body); break;
	case RECORD_DEDUP: put_keys(p, r->body); break;
	case RECORD_ACK: put_ack(p, r->body); break;
	case RECORD_PUBLISHER: put_publisher(p, r->body); break;
	case RECORD_DEFINE:
	case RECORD_UNDEFINE: put_define(p, r->body); break;
	case RECORD_DELIVERED: put_delivered(p, r->body); break;
	default:
		put_number(p, "bytes", r->body.n);
		if (body)
			put_bytes(p, "body", r->body);
	}
}

void record_print(struct buf *out, const struct log_record *r, bool body, bool json)
{
	struct printer p = { .out = out, .json = json, .first = true };
	buf_printf(out, json ? "{" : "");
	if (json) {
		put_number(&p, "position", r->at);
		put_bytes(&p, "type", slice_str(record_name(r->type)));
	} else {
		buf_printf(out, "%" PRIu64 " %s", r->at, record_name(r->type));
		p.first = false;
	}
	put_number(&p, "written_ms", r->wall_ms);
	put_what(&p, r, body);
	buf_printf(out, json ? "}" : "");
}

/* ---- looking ---- */

bool record_reads(const struct log_record *r)
{
	struct record_target from;
	struct record_publish m;
	struct record_ack a;
	struct record_define d;
	struct record_delivered n;
	struct record_publisher p;
	switch (r->type) {
	case RECORD_PUBLISH:
	case RECORD_MOVE:
	case RECORD_RELOCATE:
	case RECORD_ONCE:
	case RECORD_SPILL: return record_message_decode(r->type, r->body, &from, &m);
	case RECORD_ACK: return record_ack_decode(r->body, &a);
	case RECORD_DEFINE:
	case RECORD_UNDEFINE: return record_define_decode(r->body, &d);
	case RECORD_DELIVERED: return record_delivered_decode(r->body, &n);
	case RECORD_DEDUP: return record_keys_check(r->body);
	case RECORD_PUBLISHER: return record_publisher_decode(r->body, &p);
	default: return strcmp(record_name(r->type), "UNKNOWN") != 0;
	}
}

bool record_names_queue(const struct log_record *r, uint32_t queue)
{
	struct record_target t = { 0, 0 };
	struct record_publish m;
	struct record_ack a;
	struct record_delivered n;
	struct record_publisher p;
	switch (r->type) {
	case RECORD_PUBLISH:
	case RECORD_MOVE:
	case RECORD_RELOCATE:
	case RECORD_ONCE:
		if (!record_message_decode(r->type, r->body, &t, &m))
			return false;
		while (t.queue != queue && record_target_next(&m.packed_targets, &t))
			;
		return t.queue == queue;
	case RECORD_ACK: return record_ack_decode(r->body, &a) && a.queue == queue;
	case RECORD_DELIVERED: return record_delivered_decode(r->body, &n) && n.queue == queue;
	case RECORD_PUBLISHER: return record_publisher_decode(r->body, &p) && p.queue == queue;
	default: return false;
	}
}
