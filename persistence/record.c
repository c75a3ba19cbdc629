/* SPDX-License-Identifier: Apache-2.0 */
#include "persistence/record.h"

#include "base/die.h"

/* ---- varints: seven bits an octet, the lowest first; at most ten octets ---- */

enum { VARINT_MOST = 10 };

static void put_varint(struct buf *out, uint64_t v)
{
	uint8_t *p = buf_reserve(out, VARINT_MOST);
	for (; v >= 0x80; v >>= 7)
		*p++ = (uint8_t)(v | 0x80);
	*p++ = (uint8_t)v;
	out->len = (size_t)(p - out->p);
}

static bool get_varint(struct slice *s, uint64_t *out)
{
	uint64_t v = 0;
	for (size_t i = 0; i < VARINT_MOST && i < s->n; i++) {
		uint8_t b = s->p[i];
		if (i == VARINT_MOST - 1 && b > 1)
			return false;
		v |= (uint64_t)(b & 0x7F) << 7 * i;
		if (!(b & 0x80)) {
			slice_take(s, i + 1);
			*out = v;
			return true;
		}
	}
	return false;
}

static bool get_u32(struct slice *s, uint32_t *out)
{
	uint64_t v;
	if (!get_varint(s, &v) || v > UINT32_MAX)
		return false;
	*out = (uint32_t)v;
	return true;
}

static void put_bytes(struct buf *out, struct slice s)
{
	put_varint(out, s.n);
	buf_append_slice(out, s);
}

static bool get_bytes(struct slice *s, struct slice *out, size_t max)
{
	uint64_t n;
	if (!get_varint(s, &n) || n > s->n || n > max)
		return false;
	*out = slice_take(s, (size_t)n);
	return true;
}

/* A publisher's name and a number of its. */
static void put_number(struct buf *out, struct slice publisher, uint64_t sequence)
{
	put_bytes(out, publisher);
	put_varint(out, sequence);
}

static bool get_number(struct slice *s, struct slice *publisher, uint64_t *sequence)
{
	return get_bytes(s, publisher, 255) && publisher->n && get_varint(s, sequence);
}

/* ---- PUBLISH ---- */

enum {
	FLAG_EXPIRES = 1, FLAG_DIED = 2, FLAG_TIMED = 4, FLAG_DELAYED = 8, FLAG_NUMBERED = 16,
	FLAGS = 31,
};

static uint64_t flags_of(const struct record_publish *r)
{
	return (r->expires ? FLAG_EXPIRES : 0) | (r->died ? FLAG_DIED : 0) |
	       (r->timed ? FLAG_TIMED : 0) | (r->delayed ? FLAG_DELAYED : 0) |
	       (r->publisher.n ? FLAG_NUMBERED : 0);
}

void record_publish_encode(struct buf *out, const struct record_publish *r)
{
	must(r->n_targets > 0 && r->n_targets <= RECORD_MAX_TARGETS);
	put_varint(out, r->n_targets);
	for (size_t i = 0; i < r->n_targets; i++) {
		put_varint(out, r->targets[i].queue);
		put_varint(out, r->targets[i].seq);
	}
	put_varint(out, r->wall_ms);
	put_varint(out, flags_of(r));
	if (r->timed)
		put_varint(out, r->due_ms);
	if (r->publisher.n)
		put_number(out, r->publisher, r->sequence);
	put_varint(out, r->body_bytes);
	put_varint(out, r->chunks);
	put_bytes(out, r->exchange);
	put_bytes(out, r->key);
	put_bytes(out, r->header);
}

bool record_target_next(struct slice *packed, struct record_target *out)
{
	return get_u32(packed, &out->queue) && get_varint(packed, &out->seq);
}

static bool get_targets(struct slice *s, struct record_publish *out)
{
	uint64_t n;
	struct record_target t;
	if (!get_varint(s, &n) || n == 0 || n > RECORD_MAX_TARGETS)
		return false;
	struct slice from = *s;
	for (uint64_t i = 0; i < n; i++)
		if (!record_target_next(s, &t))
			return false;
	out->n_targets = (size_t)n;
	out->packed_targets = slice_of(from.p, from.n - s->n);
	return true;
}

bool record_publish_decode(struct slice body, struct record_publish *out)
{
	uint64_t flags;
	*out = (struct record_publish){ 0 };
	if (!get_targets(&body, out) || !get_varint(&body, &out->wall_ms) ||
	    !get_varint(&body, &flags) || flags > FLAGS ||
	    (flags & FLAG_TIMED && !get_varint(&body, &out->due_ms)) ||
	    (flags & FLAG_NUMBERED &&
	     (!get_number(&body, &out->publisher, &out->sequence) || out->sequence == 0)) ||
	    !get_varint(&body, &out->body_bytes) || !get_u32(&body, &out->chunks) ||
	    !get_bytes(&body, &out->exchange, 255) || !get_bytes(&body, &out->key, 255) ||
	    !get_bytes(&body, &out->header, SIZE_MAX))
		return false;
	out->expires = flags & FLAG_EXPIRES;
	out->died = flags & FLAG_DIED;
	out->timed = flags & FLAG_TIMED;
	out->delayed = flags & FLAG_DELAYED;
	out->body = body;
	return out->chunks ? body.n == 0 : body.n == out->body_bytes;
}

void record_move_encode(struct buf *out, const struct record_target *from,
                        const struct record_publish *r)
{
	put_varint(out, from->queue);
	put_varint(out, from->seq);
	record_publish_encode(out, r);
}

bool record_move_decode(struct slice body, struct record_target *from,
                        struct record_publish *out)
{
	return record_target_next(&body, from) && record_publish_decode(body, out);
}

bool record_message_decode(uint8_t type, struct slice body, struct record_target *from,
                           struct record_publish *out)
{
	struct slice keys;
	if (!record_unwrap(&type, &body, &keys))
		return false;
	if (type == RECORD_MOVE)
		return record_move_decode(body, from, out);
	return record_is_message(type) && record_publish_decode(body, out);
}

/* ---- ACK, PUBLISHER: distances between ranges, each with its length ---- */

static void put_ranges(struct buf *out, const struct record_range *ranges, size_t n)
{
	uint64_t at = 0;
	for (size_t i = 0; i < n; i++) {
		must(ranges[i].first >= at && ranges[i].count > 0);
		put_varint(out, ranges[i].first - at);
		put_varint(out, ranges[i].count);
		at = ranges[i].first + ranges[i].count;
	}
}

bool record_range_next(struct record_ranges *r, struct record_range *out)
{
	uint64_t gap, count;
	if (!get_varint(&r->packed, &gap) || !get_varint(&r->packed, &count) || count == 0 ||
	    gap > UINT64_MAX - r->at || count > UINT64_MAX - r->at - gap)
		return false;
	*out = (struct record_range){ r->at + gap, count };
	r->at = out->first + count;
	return true;
}

static bool get_ranges(struct slice body, struct record_ranges *out)
{
	struct record_ranges check = *out = (struct record_ranges){ .packed = body };
	struct record_range r;
	while (check.packed.n)
		if (!record_range_next(&check, &r))
			return false;
	return true;
}

void record_ack_encode(struct buf *out, uint32_t queue, const struct record_range *ranges,
                       size_t n)
{
	put_varint(out, queue);
	put_ranges(out, ranges, n);
}

bool record_ack_decode(struct slice body, struct record_ack *out)
{
	return get_u32(&body, &out->queue) && get_ranges(body, &out->gone);
}

void record_publisher_encode(struct buf *out, const struct record_publisher *r)
{
	put_varint(out, r->queue);
	put_number(out, r->name, r->sequence);
	put_ranges(out, r->refused, r->n_refused);
}

bool record_publisher_decode(struct slice body, struct record_publisher *out)
{
	*out = (struct record_publisher){ 0 };
	return get_u32(&body, &out->queue) && get_number(&body, &out->name, &out->sequence) &&
	       get_ranges(body, &out->packed_refused);
}

/* ---- DEFINE, DELIVERED ---- */

void record_define_encode(struct buf *out, const struct record_define *r)
{
	buf_u8(out, r->kind);
	put_bytes(out, r->key);
	buf_append_slice(out, r->value);
}

bool record_define_decode(struct slice body, struct record_define *out)
{
	if (body.n == 0)
		return false;
	out->kind = slice_take(&body, 1).p[0];
	if (!get_bytes(&body, &out->key, SIZE_MAX))
		return false;
	out->value = body;
	return true;
}

void record_delivered_encode(struct buf *out, const struct record_delivered *r)
{
	put_varint(out, r->queue);
	put_varint(out, r->below);
}

bool record_delivered_decode(struct slice body, struct record_delivered *out)
{
	return get_u32(&body, &out->queue) && get_varint(&body, &out->below) && body.n == 0;
}

/* ---- DEDUP, ONCE ---- */

void record_key_encode(struct buf *out, const struct record_key *k)
{
	put_varint(out, k->dedup);
	buf_append(out, k->digest, sizeof k->digest);
	put_varint(out, k->number);
	put_varint(out, k->until_ms);
}

bool record_key_next(struct slice *packed, struct record_key *out)
{
	if (!get_u32(packed, &out->dedup) || packed->n < sizeof out->digest)
		return false;
	memcpy(out->digest, slice_take(packed, sizeof out->digest).p, sizeof out->digest);
	return get_varint(packed, &out->number) && get_varint(packed, &out->until_ms);
}

bool record_keys_check(struct slice packed)
{
	struct record_key k;
	while (packed.n)
		if (!record_key_next(&packed, &k))
			return false;
	return true;
}

void record_once_encode(struct buf *out, struct slice packed_keys, uint8_t type)
{
	put_bytes(out, packed_keys);
	buf_u8(out, type);
}

bool record_unwrap(uint8_t *type, struct slice *body, struct slice *packed_keys)
{
	*packed_keys = slice_of(NULL, 0);
	if (*type != RECORD_ONCE)
		return true;
	if (!get_bytes(body, packed_keys, SIZE_MAX) || body->n == 0 ||
	    !record_keys_check(*packed_keys))
		return false;
	*type = slice_take(body, 1).p[0];
	return *type == RECORD_PUBLISH || *type == RECORD_MOVE;
}
