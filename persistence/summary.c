/* SPDX-License-Identifier: Apache-2.0 */
/* A message whose body is in several records is noted at the first of them, where whoever reads it
 * back has to begin: so chunks are remembered until the record they belong to comes, over the end
 * of the segment if need be. */
#include "persistence/summary.h"

#include "base/die.h"
#include "base/endian.h"
#include "base/mem.h"

struct chunk_mark {
	log_position at;
	uint64_t bytes;
};

void summary_init(struct summary *s, bool squeezes)
{
	*s = (struct summary){ .squeezes = squeezes, .cut = true };
}

void summary_clear(struct summary *s)
{
	size_t cursor = 0;
	for (struct summary_queue *q; (q = map_next(&s->queues, &cursor));) {
		trail_free(&q->put);
		mem_free(q->gone);
		mem_free(q);
	}
	map_free(&s->queues);
	buf_free(&s->catalog);
	s->spoilt = false;
}

void summary_free(struct summary *s)
{
	summary_clear(s);
	buf_free(&s->marks);
	buf_free(&s->held);
}

struct summary_queue *summary_queue(struct summary *s, uint32_t id)
{
	uint8_t key[4];
	put_le32(key, id);
	struct summary_queue *q = map_get(&s->queues, slice_of(key, sizeof key));
	if (q)
		return q;
	q = mem_zalloc(sizeof *q);
	memcpy(q->key, key, sizeof key);
	q->id = id;
	q->next_seq = 1;
	trail_init(&q->put);
	map_put(&s->queues, slice_of(q->key, sizeof q->key), q);
	return q;
}

/* ---- ranges ---- */

/* The first range that ends at or behind the number; most are added at the end. */
static size_t find_range(const struct summary_queue *q, uint64_t seq)
{
	size_t low = 0, high = q->n_gone;
	if (high && q->gone[high - 1].first + q->gone[high - 1].count < seq)
		return high;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (q->gone[mid].first + q->gone[mid].count < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void add_range(struct summary_queue *q, struct record_range r)
{
	size_t at = find_range(q, r.first), end = at;
	uint64_t to = r.first + r.count;
	for (; end < q->n_gone && q->gone[end].first <= to; end++) {
		uint64_t its_to = q->gone[end].first + q->gone[end].count;
		r.first = q->gone[end].first < r.first ? q->gone[end].first : r.first;
		to = its_to > to ? its_to : to;
	}
	r.count = to - r.first;
	if (end == at && q->n_gone == q->cap_gone) {
		q->cap_gone = q->cap_gone ? 2 * q->cap_gone : 8;
		q->gone = mem_realloc(q->gone, q->cap_gone * sizeof *q->gone);
	}
	if (end != at + 1)
		memmove(q->gone + at + 1, q->gone + end, (q->n_gone - end) * sizeof *q->gone);
	q->gone[at] = r;
	q->n_gone += 1 + at - end;
}

void summary_squeeze(struct summary_queue *q)
{
	struct trail_entry e;
	size_t used = 0;
	while (used < q->n_gone && trail_peek(&q->put, &e)) {
		struct record_range *r = &q->gone[used];
		if (e.seq < r->first)
			break;
		if (e.seq - r->first < r->count)
			trail_pop(&q->put, &e);
		else
			used++;
	}
	if (!trail_peek(&q->put, &e))
		used = q->n_gone;
	if (used)
		memmove(q->gone, q->gone + used, (q->n_gone - used) * sizeof *q->gone);
	q->n_gone -= used;
}

static void forget(struct summary *s, struct summary_queue *q, struct record_range r)
{
	add_range(q, r);
	if (r.first + r.count > q->next_seq)
		q->next_seq = r.first + r.count;
	if (s->squeezes)
		summary_squeeze(q);
}

/* ---- records ---- */

/* Where the last n chunks begin, and how many bytes they are.  More than n may lie there: a run
 * that a crash cut off before its message. */
static bool last_chunks(const struct summary *s, uint32_t n, struct trail_entry *e)
{
	struct chunk_mark mark;
	size_t have = s->marks.len / sizeof mark;
	if (n > have)
		return false;
	e->body_bytes = 0;
	for (size_t i = have; i-- > have - n;) {
		memcpy(&mark, s->marks.p + i * sizeof mark, sizeof mark);
		e->body_bytes += mark.bytes;
		e->at = mark.at;
	}
	return true;
}

/* A message whose first chunks have been given up was gone before that. */
static bool add_message(struct summary *s, log_position at, struct record_publish *p)
{
	struct trail_entry e = { .at = at, .body_bytes = p->body.n, .kept = true };
	struct record_target t;
	bool whole = !p->chunks || last_chunks(s, p->chunks, &e);
	if (whole ? p->body_bytes != e.body_bytes : !s->cut)
		return false;
	while (record_target_next(&p->packed_targets, &t)) {
		struct summary_queue *q = summary_queue(s, t.queue);
		if (t.seq < q->next_seq)
			continue;
		e.seq = t.seq;
		q->next_seq = t.seq + 1;
		if (!whole)
			continue;
		trail_push(&q->put, e);
		q->expires |= p->expires;
	}
	return true;
}

static bool add_move(struct summary *s, const struct log_record *r)
{
	struct record_publish p;
	struct record_target from;
	if (!record_move_decode(r->body, &from, &p))
		return false;
	if (from.queue)
		forget(s, summary_queue(s, from.queue), (struct record_range){ from.seq, 1 });
	return add_message(s, r->at, &p);
}

static bool add_publish(struct summary *s, const struct log_record *r)
{
	struct record_publish p;
	return record_publish_decode(r->body, &p) && add_message(s, r->at, &p);
}

static bool add_ack(struct summary *s, const struct log_record *r)
{
	struct record_ack a;
	struct record_range range;
	if (!record_ack_decode(r->body, &a))
		return false;
	struct summary_queue *q = summary_queue(s, a.queue);
	while (record_range_next(&a, &range))
		forget(s, q, range);
	return true;
}

static bool add_delivered(struct summary *s, const struct log_record *r)
{
	struct record_delivered d;
	if (!record_delivered_decode(r->body, &d))
		return false;
	summary_queue(s, d.queue)->delivered_below = d.below;
	return true;
}

static void add_chunk(struct summary *s, const struct log_record *r)
{
	struct chunk_mark mark = { r->at, r->body.n };
	buf_append(&s->marks, &mark, sizeof mark);
}

static void put_u32(struct buf *out, uint32_t v)
{
	put_le32(buf_reserve(out, 4), v);
	out->len += 4;
}

static void put_u64(struct buf *out, uint64_t v)
{
	put_le64(buf_reserve(out, 8), v);
	out->len += 8;
}

static void add_catalog(struct summary *s, const struct log_record *r)
{
	put_u64(&s->catalog, r->at);
	put_u32(&s->catalog, r->type);
	put_u32(&s->catalog, (uint32_t)r->body.n);
	buf_append_slice(&s->catalog, r->body);
}

static bool add(struct summary *s, const struct log_record *r)
{
	switch (r->type) {
	case RECORD_PUBLISH: return add_publish(s, r);
	case RECORD_MOVE: return add_move(s, r);
	case RECORD_ACK: return add_ack(s, r);
	case RECORD_DELIVERED: return add_delivered(s, r);
	case RECORD_DEFINE:
	case RECORD_UNDEFINE: add_catalog(s, r); return true;
	case RECORD_SPILL: return true;
	default: return false;
	}
}

static bool add_any(struct summary *s, const struct log_record *r)
{
	if (r->type == RECORD_CHUNK) {
		add_chunk(s, r);
		return true;
	}
	bool ok = add(s, r);
	s->spoilt |= !ok;
	s->cut = false;
	buf_free(&s->marks);
	return ok;
}

/* ---- transactions: their records are held until it is known whether they count ---- */

static void drop_held(struct summary *s)
{
	s->in_transaction = false;
	buf_free(&s->held);
}

static void hold(struct summary *s, const struct log_record *r)
{
	put_u64(&s->held, r->at);
	put_u32(&s->held, r->type);
	put_u32(&s->held, (uint32_t)r->body.n);
	buf_append_slice(&s->held, r->body);
}

static bool add_held(struct summary *s)
{
	struct slice rest = buf_slice(&s->held);
	struct log_record r;
	bool ok = true;
	while (summary_next_record(&rest, &r))
		ok = add_any(s, &r) && ok;
	drop_held(s);
	return ok;
}

bool summary_add(struct summary *s, const struct log_record *r)
{
	switch (r->type) {
	case RECORD_BEGIN:
		drop_held(s);
		s->in_transaction = s->cut = true;
		return true;
	case RECORD_ABORT:
		drop_held(s);
		buf_free(&s->marks);
		s->cut = true;
		return true;
	case RECORD_COMMIT: return add_held(s);
	default:
		if (!s->in_transaction)
			return add_any(s, r);
		hold(s, r);
		return true;
	}
}

/* ---- as bytes ----
 *
 * n queues u32; bytes of queues, catalog and marks u32 each; then these three.
 * A queue: number u32, flags u32 (1: expires), delivered below u64, ranges u32, each first u64 and
 * count u64; its trail.  A catalog record: position u64, type u32, bytes u32, body.
 * A mark: position u64, bytes u64. */

enum { HEAD = 16, QUEUE_HEAD = 20, RECORD_HEAD = 16, EXPIRES = 1 };

static void write_queue(struct buf *out, const struct summary_queue *q)
{
	put_u32(out, q->id);
	put_u32(out, q->expires ? EXPIRES : 0);
	put_u64(out, q->delivered_below);
	put_u32(out, (uint32_t)q->n_gone);
	for (size_t i = 0; i < q->n_gone; i++) {
		put_u64(out, q->gone[i].first);
		put_u64(out, q->gone[i].count);
	}
	trail_write(out, &q->put);
}

void summary_write(struct buf *out, const struct summary *s)
{
	size_t head = out->len, cursor = 0;
	must(!s->in_transaction);
	buf_reserve(out, HEAD);
	out->len += HEAD;
	for (const struct summary_queue *q; (q = map_next(&s->queues, &cursor));)
		write_queue(out, q);
	put_le32(out->p + head, (uint32_t)s->queues.count);
	put_le32(out->p + head + 4, (uint32_t)(out->len - head - HEAD));
	put_le32(out->p + head + 8, (uint32_t)s->catalog.len);
	put_le32(out->p + head + 12, (uint32_t)s->marks.len);
	buf_append_slice(out, buf_slice(&s->catalog));
	buf_append_slice(out, buf_slice(&s->marks));
}

static bool read_ranges(struct summary *s, struct summary_queue *q, struct slice *in, uint32_t n)
{
	if (n > in->n / 16)
		return false;
	for (; n; n--) {
		struct slice b = slice_take(in, 16);
		struct record_range r = { get_le64(b.p), get_le64(b.p + 8) };
		if (r.count == 0 || r.count > UINT64_MAX - r.first)
			return false;
		forget(s, q, r);
	}
	return true;
}

/* Adds the messages to those the queue has; what it has already is left out. */
static void join(struct summary_queue *q, struct trail *put)
{
	struct trail_entry e;
	uint64_t last;
	if (!trail_last(put, &last) || last < q->next_seq) {
		trail_free(put);
		return;
	}
	while (trail_peek(put, &e) && e.seq < q->next_seq)
		trail_pop(put, &e);
	trail_join(&q->put, put);
	q->next_seq = last + 1;
}

static bool merge_queue(struct summary *s, struct slice *in)
{
	struct trail put;
	trail_init(&put);
	if (in->n < QUEUE_HEAD)
		return false;
	struct slice head = slice_take(in, QUEUE_HEAD), ranges = *in;
	struct summary_queue *q = summary_queue(s, get_le32(head.p));
	uint32_t n = get_le32(head.p + 16);
	if (n > in->n / 16)
		return false;
	slice_take(in, 16 * (size_t)n);
	if (!trail_read(&put, in))
		return false;
	join(q, &put);
	q->expires |= (get_le32(head.p + 4) & EXPIRES) != 0;
	if (get_le64(head.p + 8))
		q->delivered_below = get_le64(head.p + 8);
	return read_ranges(s, q, &ranges, n);
}

struct parts {
	uint32_t n_queues;
	struct slice queues, catalog, marks;
};

static bool split(struct slice bytes, struct parts *out)
{
	if (bytes.n < HEAD)
		return false;
	struct slice head = slice_take(&bytes, HEAD);
	uint64_t queues = get_le32(head.p + 4), catalog = get_le32(head.p + 8);
	uint64_t marks = get_le32(head.p + 12);
	if (queues + catalog + marks != bytes.n || marks % sizeof(struct chunk_mark))
		return false;
	out->n_queues = get_le32(head.p);
	out->queues = slice_take(&bytes, queues);
	out->catalog = slice_take(&bytes, catalog);
	out->marks = bytes;
	return true;
}

/* What a segment leaves unfinished is in its summary, or it has none: so before it nothing is. */
static void take_marks(struct summary *s, struct slice marks)
{
	drop_held(s);
	buf_free(&s->marks);
	s->cut = false;
	buf_append_slice(&s->marks, marks);
}

void summary_go_on(struct summary *s, struct slice bytes)
{
	struct parts p;
	summary_clear(s);
	if (split(bytes, &p))
		take_marks(s, p.marks);
}

bool summary_merge(struct summary *s, struct slice bytes, struct slice *catalog)
{
	struct parts p;
	if (!split(bytes, &p))
		return false;
	*catalog = p.catalog;
	for (uint32_t n = p.n_queues; n; n--)
		if (!merge_queue(s, &p.queues))
			return false;
	take_marks(s, p.marks);
	return p.queues.n == 0;
}

struct slice summary_catalog(struct slice bytes)
{
	struct parts p;
	return split(bytes, &p) ? p.catalog : slice_of(NULL, 0);
}

bool summary_next_record(struct slice *catalog, struct log_record *out)
{
	if (catalog->n < RECORD_HEAD)
		return false;
	struct slice head = slice_take(catalog, RECORD_HEAD);
	uint32_t bytes = get_le32(head.p + 12);
	if (bytes > catalog->n)
		return false;
	*out = (struct log_record){ .type = (uint8_t)get_le32(head.p + 8),
		                        .at = get_le64(head.p),
		                        .body = slice_take(catalog, bytes) };
	return true;
}
