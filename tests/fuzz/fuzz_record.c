/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a record type (u8) and the body of a log record.  What is decoded stays inside the body;
 * encoded, decoded and encoded again it is the same (numbers may have come in a longer form than
 * ours). */
#include "base/mem.h"
#include "persistence/record.h"
#include "tests/fuzz/fuzz.h"

static struct record_target *targets_of(const struct record_publish *r)
{
	struct slice packed = r->packed_targets;
	struct record_target *t = mem_alloc(r->n_targets * sizeof *t);
	for (size_t i = 0; i < r->n_targets; i++)
		must(record_target_next(&packed, &t[i]));
	must(packed.n == 0);
	return t;
}

static void check_publish(struct slice body, struct record_publish *r)
{
	must(r->n_targets > 0 && r->n_targets <= RECORD_MAX_TARGETS);
	must(fuzz_inside(r->packed_targets, body) && fuzz_inside(r->exchange, body));
	must(fuzz_inside(r->key, body) && fuzz_inside(r->header, body) && fuzz_inside(r->body, body));
	must(r->exchange.n <= 255 && r->key.n <= 255);
	must(fuzz_inside(r->publisher, body) && r->publisher.n <= 255);
	must(r->publisher.n ? r->sequence != 0 : r->sequence == 0);
	must(r->chunks ? r->body.n == 0 : r->body.n == r->body_bytes);
}

/* Publish and move are one form; a move has a place before it. */
static bool publish_again(struct slice body, bool move, struct buf *out)
{
	struct record_publish r;
	struct record_target from;
	if (!(move ? record_move_decode(body, &from, &r) : record_publish_decode(body, &r)))
		return false;
	check_publish(body, &r);
	struct record_target *t = targets_of(&r);
	r.targets = t;
	if (move)
		record_move_encode(out, &from, &r);
	else
		record_publish_encode(out, &r);
	buf_append_slice(out, r.body);
	mem_free(t);
	return true;
}

static bool ack_again(struct slice body, struct buf *out)
{
	struct record_ack a;
	struct record_range r, *all = NULL;
	size_t n = 0;
	if (!record_ack_decode(body, &a))
		return false;
	must(fuzz_inside(a.gone.packed, body));
	for (uint64_t at = 0; record_range_next(&a.gone, &r); at = r.first + r.count) {
		must(r.first >= at && r.count > 0 && r.count <= UINT64_MAX - r.first);
		all = mem_realloc(all, (n + 1) * sizeof *all);
		all[n++] = r;
	}
	must(a.gone.packed.n == 0);
	record_ack_encode(out, a.queue, all, n);
	mem_free(all);
	return true;
}

static bool publisher_again(struct slice body, struct buf *out)
{
	struct record_publisher p;
	struct record_range r;
	struct buf all = { 0 };
	if (!record_publisher_decode(body, &p))
		return false;
	must(fuzz_inside(p.name, body) && p.name.n > 0 && p.name.n <= 255);
	while (record_range_next(&p.packed_refused, &r))
		buf_append(&all, &r, sizeof r);
	must(p.packed_refused.packed.n == 0);
	p.refused = (const struct record_range *)(const void *)all.p;
	p.n_refused = all.len / sizeof r;
	record_publisher_encode(out, &p);
	buf_free(&all);
	return true;
}

static bool define_again(struct slice body, struct buf *out)
{
	struct record_define d;
	if (!record_define_decode(body, &d))
		return false;
	must(fuzz_inside(d.key, body) && fuzz_inside(d.value, body));
	record_define_encode(out, &d);
	return true;
}

static bool delivered_again(struct slice body, struct buf *out)
{
	struct record_delivered d;
	if (!record_delivered_decode(body, &d))
		return false;
	record_delivered_encode(out, &d);
	return true;
}

static bool keys_again(struct slice body, struct buf *out)
{
	struct record_key k;
	if (!record_keys_check(body))
		return false;
	while (record_key_next(&body, &k))
		record_key_encode(out, &k);
	must(body.n == 0);
	return true;
}

static bool again(uint8_t type, struct slice body, struct buf *out);

static bool once_again(struct slice body, struct buf *out)
{
	struct slice whole = body, keys;
	struct buf packed = { 0 };
	uint8_t type = RECORD_ONCE;
	if (!record_unwrap(&type, &body, &keys))
		return false;
	must(fuzz_inside(keys, whole) && fuzz_inside(body, whole));
	must(keys_again(keys, &packed));
	record_once_encode(out, buf_slice(&packed), type);
	buf_free(&packed);
	return again(type, body, out);
}

static bool again(uint8_t type, struct slice body, struct buf *out)
{
	switch (type) {
	case RECORD_PUBLISH:
	case RECORD_RELOCATE:
	case RECORD_SPILL: return publish_again(body, false, out);
	case RECORD_MOVE: return publish_again(body, true, out);
	case RECORD_DEDUP: return keys_again(body, out);
	case RECORD_ONCE: return once_again(body, out);
	case RECORD_ACK: return ack_again(body, out);
	case RECORD_PUBLISHER: return publisher_again(body, out);
	case RECORD_DEFINE:
	case RECORD_UNDEFINE: return define_again(body, out);
	case RECORD_DELIVERED: return delivered_again(body, out);
	default: return false;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice body = slice_of(data, size);
	struct buf once = { 0 }, twice = { 0 };
	uint8_t type = fuzz_u8(&body);
	if (again(type, body, &once)) {
		must(once.len <= body.n);
		must(again(type, buf_slice(&once), &twice));
		must(slice_eq(buf_slice(&once), buf_slice(&twice)));
	}
	buf_free(&once);
	buf_free(&twice);
	return 0;
}
