/* SPDX-License-Identifier: Apache-2.0 */
/* A message whose body is in several records is noted at the first of them, where whoever reads it
 * back has to begin: so chunks are remembered until the record they belong to comes, over the end
 * of the segment if need be. */
#include "persistence/summary.h"

#include <stdlib.h>

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
		dues_free(&q->dues);
		ranges_free(&q->gone);
		ranges_free(&q->moved_gone);
		buf_free(&q->moved);
		mem_free(q);
	}
	map_free(&s->queues);
	sequences_free(&s->publishers);
	buf_free(&s->catalog);
	buf_free(&s->moved);
	s->put_weight = 0;
	s->spoilt = false;
}

void summary_free(struct summary *s)
{
	summary_clear(s);
	buf_free(&s->marks);
	buf_free(&s->held);
}

struct summary_queue *summary_find(const struct summary *s, uint32_t id)
{
	uint8_t key[4];
	put_le32(key, id);
	return map_get(&s->queues, slice_of(key, sizeof key));
}

struct summary_queue *summary_queue(struct summary *s, uint32_t id)
{
	struct summary_queue *q = summary_find(s, id);
	if (q)
		return q;
	q = mem_zalloc(sizeof *q);
	put_le32(q->key, id);
	q->id = id;
	q->next_seq = 1;
	trail_init(&q->put);
	dues_init(&q->dues);
	map_put(&s->queues, slice_of(q->key, sizeof q->key), q);
	return q;
}

/* ---- what is gone ---- */

void summary_squeeze(struct summary_queue *q)
{
	struct trail_entry e;
	struct record_range r;
	while (ranges_first(&q->gone, &r) && trail_peek(&q->put, &e) && e.seq >= r.first) {
		if (e.seq - r.first < r.count)
			trail_pop(&q->put, &e);
		else
			ranges_shift(&q->gone);
	}
	bool left = trail_peek(&q->put, &e);
	if (!left)
		ranges_free(&q->gone);
	for (struct due d; dues_peek(&q->dues, &d) && (!left || d.seq < e.seq);)
		dues_pop(&q->dues, &d);
}

static void forget(struct summary *s, struct summary_queue *q, struct record_range r)
{
	ranges_add(&q->gone, r);
	if (q->moved.len)
		ranges_add(&q->moved_gone, r);
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

/* Where the message of a record begins.  One whose first chunks have been given up (*whole is
 * false) was gone before that. */
static bool locate(const struct summary *s, log_position at, const struct record_publish *p,
                   struct trail_entry *e, bool *whole)
{
	*e = (struct trail_entry){ .at = at, .body_bytes = p->body.n, .kept = true,
		                       .wall_ms = p->wall_ms };
	*whole = !p->chunks || last_chunks(s, p->chunks, e);
	return *whole ? p->body_bytes == e->body_bytes : s->cut;
}

#define WALL_MOST (1ull << 54)   /* half a million years: nobody waits longer */

static int64_t due_of(const struct record_publish *p)
{
	bool due = p->timed && p->wall_ms < WALL_MOST && p->due_ms < WALL_MOST;
	return due ? (int64_t)(p->wall_ms + p->due_ms) : SUMMARY_NOT_DUE;
}

static void note_due(struct dues *dues, uint64_t seq, int64_t due_ms)
{
	if (due_ms != SUMMARY_NOT_DUE)
		dues_push(dues, &(struct due){ .seq = seq, .when_ms = due_ms });
}

static bool add_message(struct summary *s, log_position at, struct record_publish *p)
{
	struct trail_entry e;
	struct record_target t;
	bool whole;
	if (!locate(s, at, p, &e, &whole))
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
		note_due(&q->dues, t.seq, due_of(p));
		q->expires |= p->expires;
		s->put_weight += e.body_bytes + SUMMARY_EACH;
	}
	return true;
}

static void note_moved(struct summary *s, const struct summary_moved *m)
{
	s->put_weight += m->body_bytes + SUMMARY_EACH;
	if (!s->squeezes) {
		buf_append(&s->moved, m, sizeof *m);
		return;
	}
	struct summary_queue *q = summary_queue(s, m->queue);
	buf_append(&q->moved, m, sizeof *m);
	q->expires |= m->expires != 0;
}

static void raise_number(struct summary *s, const struct summary_moved *m)
{
	struct summary_queue *q = s->squeezes ? summary_queue(s, m->queue) : NULL;
	if (q && m->seq >= q->next_seq)
		q->next_seq = m->seq + 1;
}

static bool add_relocate(struct summary *s, const struct log_record *r)
{
	struct record_publish p;
	struct record_target t;
	struct trail_entry e;
	bool whole;
	if (!record_publish_decode(r->body, &p) || !locate(s, r->at, &p, &e, &whole))
		return false;
	while (whole && record_target_next(&p.packed_targets, &t)) {
		struct summary_moved m = { t.seq, e.at, e.body_bytes, t.queue, p.expires, due_of(&p) };
		note_moved(s, &m);
		raise_number(s, &m);
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

static bool add_ack(struct summary *s, const struct log_record *r)
{
	struct record_ack a;
	struct record_range range;
	if (!record_ack_decode(r->body, &a))
		return false;
	struct summary_queue *q = summary_queue(s, a.queue);
	while (record_range_next(&a.gone, &range))
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

static void put_publisher(struct buf *out, log_position at, const struct record_publisher *p)
{
	put_u64(out, at);
	put_u32(out, RECORD_PUBLISHER);
	size_t bytes = out->len;
	put_u32(out, 0);
	record_publisher_encode(out, p);
	put_le32(out->p + bytes, (uint32_t)(out->len - bytes - 4));
}

static void note_publisher(struct summary *s, log_position at, const struct record_publisher *p)
{
	if (s->squeezes)
		put_publisher(&s->catalog, at, p);
	else
		sequences_note(&s->publishers, at, p);
}

static bool add_publisher(struct summary *s, const struct log_record *r)
{
	struct record_publisher p;
	if (!record_publisher_decode(r->body, &p))
		return false;
	if (s->squeezes)
		add_catalog(s, r);
	else
		sequences_note(&s->publishers, r->at, &p);
	return true;
}

/* Its publisher has come so far in each of its queues. */
static void note_sequence(struct summary *s, log_position at, const struct record_publish *p)
{
	struct slice targets = p->packed_targets;
	struct record_target t;
	while (record_target_next(&targets, &t))
		note_publisher(s, at, &(struct record_publisher){ .queue = t.queue, .name = p->publisher,
		                                                  .sequence = p->sequence });
}

static bool add_publish(struct summary *s, const struct log_record *r)
{
	struct record_publish p;
	if (!record_publish_decode(r->body, &p))
		return false;
	if (p.publisher.n)
		note_sequence(s, r->at, &p);
	return add_message(s, r->at, &p);
}

/* They are kept as the catalog's records are. */
static bool add_keys(struct summary *s, const struct log_record *r)
{
	if (!record_keys_check(r->body))
		return false;
	add_catalog(s, r);
	return true;
}

static bool add(struct summary *s, const struct log_record *r);

static bool add_once(struct summary *s, const struct log_record *r)
{
	struct log_record inner = *r, keys = { .type = RECORD_DEDUP, .at = r->at };
	return record_unwrap(&inner.type, &inner.body, &keys.body) && add_keys(s, &keys) &&
	       add(s, &inner);
}

static bool add(struct summary *s, const struct log_record *r)
{
	switch (r->type) {
	case RECORD_PUBLISH: return add_publish(s, r);
	case RECORD_MOVE: return add_move(s, r);
	case RECORD_RELOCATE: return add_relocate(s, r);
	case RECORD_ACK: return add_ack(s, r);
	case RECORD_DELIVERED: return add_delivered(s, r);
	case RECORD_DEFINE:
	case RECORD_UNDEFINE: add_catalog(s, r); return true;
	case RECORD_DEDUP: return add_keys(s, r);
	case RECORD_PUBLISHER: return add_publisher(s, r);
	case RECORD_ONCE: return add_once(s, r);
	case RECORD_PAGE:
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

/* ---- what is left ---- */

static int by_number(const void *a, const void *b)
{
	const struct summary_moved *x = a, *y = b;
	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* In order of numbers, of several places the last, without those that are gone. The places before
 * it are superseded. */
static size_t sort_moved(struct summary_queue *q, struct summary_moved *m, struct buf *superseded)
{
	size_t n = q->moved.len / sizeof *m, left = 0;
	qsort(m, n, sizeof *m, by_number);
	for (size_t i = 0; i < n; i++) {
		if (ranges_hold(&q->moved_gone, m[i].seq))
			continue;
		if (i + 1 < n && m[i + 1].seq == m[i].seq)
			buf_append(superseded, &m[i].at, sizeof m[i].at);
		else
			m[left++] = m[i];
	}
	return left;
}

struct gathering {
	struct trail *left;
	struct dues *dues;           /* of those ... */
	struct dues *known;          /* ... from here, for messages that did not move */
	struct ranges *gone;
	uint64_t at;                 /* numbers below have been dealt with */
};

static void pass(struct gathering *g, uint64_t seq)
{
	if (seq > g->at)
		ranges_add(g->gone, (struct record_range){ g->at, seq - g->at });
	g->at = seq + 1;
}

static void take(struct gathering *g, struct trail_entry e, int64_t due_ms)
{
	pass(g, e.seq);
	trail_push(g->left, e);
	if (due_ms != SUMMARY_NOT_DUE)
		dues_push(g->dues, &(struct due){ .when_ms = due_ms, .seq = e.seq, .at = e.at,
		                                 .body_bytes = e.body_bytes, .kept = e.kept });
}

/* When the message with that number is due, as was said where it was put. Numbers ascend. */
static int64_t known_due(struct gathering *g, uint64_t seq)
{
	struct due d;
	while (dues_peek(g->known, &d) && d.seq <= seq) {
		dues_pop(g->known, &d);
		if (d.seq == seq)
			return d.when_ms;
	}
	return SUMMARY_NOT_DUE;
}

static void take_moved(struct gathering *g, const struct summary_moved *m)
{
	take(g, (struct trail_entry){ m->seq, m->at, m->body_bytes, true, 0 }, m->due_ms);
}

/* As they lie, where none in the middle is gone. */
static void take_all(struct gathering *g, struct trail *put)
{
	struct trail_entry e;
	uint64_t last;
	if (!trail_peek(put, &e) || !trail_last(put, &last))
		return;
	pass(g, e.seq);
	g->at = last + 1;
	trail_join(g->left, put);
}

void summary_left(struct summary_queue *q, struct trail *left, struct dues *dues,
                  struct ranges *gone, struct buf *superseded)
{
	struct gathering g = { left, dues, &q->dues, gone, 1 };
	struct trail_entry e;
	struct summary_moved *m = (struct summary_moved *)(void *)q->moved.p;
	size_t n = m ? sort_moved(q, m, superseded) : 0, i = 0;
	summary_squeeze(q);
	if (n == 0 && q->gone.n == 0 && q->dues.count == 0)
		take_all(&g, &q->put);
	for (; trail_peek(&q->put, &e); summary_squeeze(q)) {
		for (; i < n && m[i].seq < e.seq; i++)
			take_moved(&g, &m[i]);
		trail_pop(&q->put, &e);
		if (i < n && m[i].seq == e.seq)
			buf_append(superseded, &e.at, sizeof e.at);
		else
			take(&g, e, known_due(&g, e.seq));
	}
	for (; i < n; i++)
		take_moved(&g, &m[i]);
	pass(&g, q->next_seq);
}

/* ---- as bytes ----
 *
 * n queues u32; bytes of queues, catalog, marks and moved u32 each; then these four, and when they
 * are due (which version 2 of the file did not say).
 * The catalog ends with what is known of publishers, a RECORD_PUBLISHER each.
 * A queue: number u32, flags u32 (1: expires), delivered below u64, ranges u32, each first u64 and
 * count u64; its trail.  A catalog record: position u64, type u32, bytes u32, body.
 * A mark: position u64, bytes u64.
 * One that was moved: number in the queue u64, position u64, bytes u64, queue u32, flags u32.
 * Due: of each that was moved, u64; then of each queue that has such: number u32, bytes u32 and so
 * many as dues_write makes them. */

enum {
	HEAD = 20,
	QUEUE_HEAD = 20,
	RECORD_HEAD = 16,
	MOVED = 32,
	MOVED_DUE = 8,
	DUES_HEAD = 8,
};

enum { EXPIRES = 1 };

static void write_queue(struct buf *out, const struct summary_queue *q)
{
	put_u32(out, q->id);
	put_u32(out, q->expires ? EXPIRES : 0);
	put_u64(out, q->delivered_below);
	put_u32(out, (uint32_t)q->gone.n);
	struct ranges_walk w = { 0 };
	struct record_range r;
	while (ranges_next(&q->gone, &w, &r)) {
		put_u64(out, r.first);
		put_u64(out, r.count);
	}
	trail_write(out, &q->put);
}

static void write_moved(struct buf *out, const struct summary *s)
{
	struct summary_moved m;
	for (size_t i = 0; i < s->moved.len; i += sizeof m) {
		memcpy(&m, s->moved.p + i, sizeof m);
		put_u64(out, m.seq);
		put_u64(out, m.at);
		put_u64(out, m.body_bytes);
		put_u32(out, m.queue);
		put_u32(out, m.expires ? EXPIRES : 0);
	}
}

static void write_dues(struct buf *out, const struct summary *s)
{
	struct summary_moved m;
	size_t cursor = 0;
	for (size_t i = 0; i < s->moved.len; i += sizeof m) {
		memcpy(&m, s->moved.p + i, sizeof m);
		put_u64(out, (uint64_t)m.due_ms);
	}
	for (const struct summary_queue *q; (q = map_next(&s->queues, &cursor));) {
		if (q->dues.count == 0)
			continue;
		put_u32(out, q->id);
		put_u32(out, 0);
		size_t from = out->len;
		dues_write(out, &q->dues);
		put_le32(out->p + from - 4, (uint32_t)(out->len - from));
	}
}

static void write_catalog(struct buf *out, const struct summary *s)
{
	struct record_publisher r;
	size_t cursor = 0;
	buf_append_slice(out, buf_slice(&s->catalog));
	for (const struct sequence *q; (q = map_next(&s->publishers.by_key, &cursor));) {
		sequence_record(q, &r);
		put_publisher(out, q->at, &r);
	}
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
	size_t catalog = out->len;
	write_catalog(out, s);
	put_le32(out->p + head + 8, (uint32_t)(out->len - catalog));
	put_le32(out->p + head + 12, (uint32_t)s->marks.len);
	buf_append_slice(out, buf_slice(&s->marks));
	size_t moved = out->len;
	write_moved(out, s);
	put_le32(out->p + head + 16, (uint32_t)(out->len - moved));
	write_dues(out, s);
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
static void join(struct summary *s, struct summary_queue *q, struct trail *put)
{
	struct trail_entry e;
	uint64_t last;
	if (!trail_last(put, &last) || last < q->next_seq) {
		trail_free(put);
		return;
	}
	while (trail_peek(put, &e) && e.seq < q->next_seq)
		trail_pop(put, &e);
	s->put_weight += put->body_bytes + put->count * SUMMARY_EACH;
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
	join(s, q, &put);
	q->expires |= (get_le32(head.p + 4) & EXPIRES) != 0;
	if (get_le64(head.p + 8))
		q->delivered_below = get_le64(head.p + 8);
	return read_ranges(s, q, &ranges, n);
}

struct parts {
	uint32_t n_queues;
	struct slice queues, catalog, marks, moved, moved_dues, dues;
};

static bool split(struct slice bytes, struct parts *out)
{
	if (bytes.n < HEAD)
		return false;
	struct slice head = slice_take(&bytes, HEAD);
	uint64_t queues = get_le32(head.p + 4), catalog = get_le32(head.p + 8);
	uint64_t marks = get_le32(head.p + 12), moved = get_le32(head.p + 16);
	if (queues + catalog + marks + moved > bytes.n || marks % sizeof(struct chunk_mark) ||
	    moved % MOVED)
		return false;
	out->n_queues = get_le32(head.p);
	out->queues = slice_take(&bytes, queues);
	out->catalog = slice_take(&bytes, catalog);
	out->marks = slice_take(&bytes, marks);
	out->moved = slice_take(&bytes, moved);
	uint64_t moved_dues = bytes.n ? moved / MOVED * MOVED_DUE : 0;
	if (moved_dues > bytes.n)
		return false;
	out->moved_dues = slice_take(&bytes, moved_dues);
	out->dues = bytes;
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

static bool is_sane(int64_t due_ms)
{
	return due_ms == SUMMARY_NOT_DUE || (due_ms >= 0 && (uint64_t)due_ms < 2 * WALL_MOST);
}

/* Before what is gone: a message that was moved and went after that is in both. */
static bool read_moved(struct summary *s, struct slice in, struct slice dues,
                       void (*note)(struct summary *s, const struct summary_moved *m))
{
	while (in.n) {
		struct slice b = slice_take(&in, MOVED);
		struct summary_moved m = { get_le64(b.p), get_le64(b.p + 8), get_le64(b.p + 16),
			                       get_le32(b.p + 24), get_le32(b.p + 28) & EXPIRES,
			                       SUMMARY_NOT_DUE };
		if (dues.n)
			m.due_ms = (int64_t)get_le64(slice_take(&dues, MOVED_DUE).p);
		if (m.at % 8 || m.seq == UINT64_MAX || !is_sane(m.due_ms))
			return false;
		note(s, &m);
	}
	return true;
}

static bool read_queue_dues(struct summary *s, struct slice *in)
{
	struct dues dues;
	struct due d;
	bool ok = true;
	if (in->n < DUES_HEAD)
		return false;
	struct slice head = slice_take(in, DUES_HEAD);
	struct summary_queue *q = summary_queue(s, get_le32(head.p));
	uint32_t bytes = get_le32(head.p + 4);
	dues_init(&dues);
	if (bytes > in->n || !dues_read(&dues, slice_take(in, bytes)))
		return false;
	while (ok && dues_pop(&dues, &d) && (ok = is_sane(d.when_ms)))
		note_due(&q->dues, d.seq, d.when_ms);
	dues_free(&dues);
	return ok;
}

static bool read_dues(struct summary *s, struct slice in)
{
	while (in.n)
		if (!read_queue_dues(s, &in))
			return false;
	return true;
}

bool summary_merge(struct summary *s, struct slice bytes, struct slice *catalog)
{
	struct parts p;
	if (!split(bytes, &p))
		return false;
	*catalog = p.catalog;
	if (!read_moved(s, p.moved, p.moved_dues, note_moved))
		return false;
	for (uint32_t n = p.n_queues; n; n--)
		if (!merge_queue(s, &p.queues))
			return false;
	if (!read_dues(s, p.dues))
		return false;
	take_marks(s, p.marks);
	return read_moved(s, p.moved, p.moved_dues, raise_number) && p.queues.n == 0;
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
