/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the log at start.  Records come in log order, but the declaration of a queue may stand
 * behind its messages, because the catalog is appended again when the front is trimmed: so entries
 * are gathered by queue number first and claimed when the topology has been rebuilt.  Messages stay
 * where they are: in the log. */
#include <errno.h>

#include "amqp/props.h"
#include "base/die.h"
#include "base/endian.h"
#include "base/mem.h"
#include "queue/queue.h"
#include "queue/store.h"

struct gathered {
	uint8_t key[4];            /* the queue's number, as the map's key */
	uint64_t next_seq;
	uint64_t delivered_below;
	struct cold entries;       /* without those that are gone at the front */
	struct record_range *gone; /* ascending and apart; those that reach the front are used up */
	size_t n_gone, cap_gone;
	bool expires;              /* some may have an expiration of their own */
};

struct recovery {
	struct map queues;         /* struct gathered by number */
	bool was_clean;
	struct buf marks;          /* struct chunk_mark of each CHUNK that waits for its message */
};

struct chunk_mark {
	log_position at;
	uint64_t bytes;
};

static struct gathered *gathered_of(struct store *s, struct recovery *r, uint32_t id)
{
	uint8_t key[4];
	put_le32(key, id);
	struct gathered *g = map_get(&r->queues, slice_of(key, sizeof key));
	if (g)
		return g;
	g = mem_zalloc(sizeof *g);
	memcpy(g->key, key, sizeof key);
	g->next_seq = 1;
	cold_init(&g->entries);
	map_put(&r->queues, slice_of(g->key, sizeof g->key), g);
	if (id >= s->next_queue_id)
		s->next_queue_id = id + 1;
	return g;
}

/* What is gone and has come to the front is taken out. */
static void squeeze(struct gathered *g)
{
	struct cold_entry e;
	size_t used = 0;
	while (used < g->n_gone && cold_peek(&g->entries, &e)) {
		struct record_range *r = &g->gone[used];
		if (e.seq < r->first)
			break;
		if (e.seq - r->first < r->count)
			cold_pop(&g->entries, &e);
		else
			used++;
	}
	if (!cold_peek(&g->entries, &e))
		used = g->n_gone;
	if (used)
		memmove(g->gone, g->gone + used, (g->n_gone - used) * sizeof *g->gone);
	g->n_gone -= used;
}

static void gather(struct gathered *g, struct cold_entry e)
{
	if (e.seq < g->next_seq)
		return;
	cold_push(&g->entries, e);
	g->next_seq = e.seq + 1;
}

/* The first range that ends at or behind the number. */
static size_t find_range(const struct gathered *g, uint64_t seq)
{
	size_t low = 0, high = g->n_gone;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (g->gone[mid].first + g->gone[mid].count < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Adds a range, growing one that it touches. */
static void add_range(struct gathered *g, struct record_range r)
{
	size_t at = find_range(g, r.first), end = at;
	uint64_t to = r.first + r.count;
	for (; end < g->n_gone && g->gone[end].first <= to; end++) {
		uint64_t its_to = g->gone[end].first + g->gone[end].count;
		r.first = g->gone[end].first < r.first ? g->gone[end].first : r.first;
		to = its_to > to ? its_to : to;
	}
	r.count = to - r.first;
	if (end == at && g->n_gone == g->cap_gone) {
		g->cap_gone = g->cap_gone ? 2 * g->cap_gone : 8;
		g->gone = mem_realloc(g->gone, g->cap_gone * sizeof *g->gone);
	}
	memmove(g->gone + at + 1, g->gone + end, (g->n_gone - end) * sizeof *g->gone);
	g->gone[at] = r;
	g->n_gone += 1 - (end - at);
}

static void forget_range(struct gathered *g, struct record_range range)
{
	add_range(g, range);
	squeeze(g);
	if (range.first + range.count > g->next_seq)
		g->next_seq = range.first + range.count;
}

static void forget_chunks(struct recovery *r)
{
	buf_free(&r->marks);
}

/* Where the last n gathered chunks begin, and how many bytes they are.  More than n may lie there:
 * a run that a crash cut off before its message. */
static bool last_chunks(const struct recovery *r, uint32_t n, uint64_t *bytes, log_position *at)
{
	struct chunk_mark mark;
	size_t have = r->marks.len / sizeof mark;
	if (n > have)
		return false;
	*bytes = 0;
	for (size_t i = have; i-- > have - n;) {
		memcpy(&mark, r->marks.p + i * sizeof mark, sizeof mark);
		*bytes += mark.bytes;
		*at = mark.at;
	}
	return true;
}

static bool take_publish(struct store *s, struct recovery *r, const struct log_record *record,
                         struct record_publish p)
{
	struct cold_entry e = { .at = record->at, .body_bytes = p.body.n, .kept = true };
	struct props props;
	struct record_target t;
	if (!props_decode(p.header, &props) ||
	    (p.chunks && !last_chunks(r, p.chunks, &e.body_bytes, &e.at)) ||
	    p.body_bytes != e.body_bytes)
		return false;
	while (record_target_next(&p.packed_targets, &t)) {
		struct gathered *g = gathered_of(s, r, t.queue);
		e.seq = t.seq;
		gather(g, e);
		g->expires |= props.flags & PROP_expiration;
	}
	forget_chunks(r);
	return true;
}

static bool read_publish(struct store *s, struct recovery *r, const struct log_record *record)
{
	struct record_publish p;
	return record_publish_decode(record->body, &p) && take_publish(s, r, record, p);
}

static bool read_move(struct store *s, struct recovery *r, const struct log_record *record)
{
	struct record_publish p;
	struct record_target from;
	if (!record_move_decode(record->body, &from, &p))
		return false;
	if (from.queue)
		forget_range(gathered_of(s, r, from.queue), (struct record_range){ from.seq, 1 });
	return take_publish(s, r, record, p);
}

static bool read_chunk(struct recovery *r, const struct log_record *record)
{
	struct chunk_mark mark = { record->at, record->body.n };
	buf_append(&r->marks, &mark, sizeof mark);
	return true;
}

static bool read_ack(struct store *s, struct recovery *r, const struct log_record *record)
{
	struct record_ack a;
	if (!record_ack_decode(record->body, &a))
		return false;
	struct gathered *g = gathered_of(s, r, a.queue);
	struct record_range range;
	while (record_range_next(&a, &range))
		forget_range(g, range);
	return true;
}

static bool read_delivered(struct store *s, struct recovery *r, const struct log_record *record)
{
	struct record_delivered d;
	if (!record_delivered_decode(record->body, &d))
		return false;
	gathered_of(s, r, d.queue)->delivered_below = d.below;
	return true;
}

static bool read_record(struct store *s, struct recovery *r, const struct log_record *record)
{
	if (record->type != RECORD_CHUNK && record->type != RECORD_PUBLISH &&
	    record->type != RECORD_MOVE)
		forget_chunks(r);
	switch (record->type) {
	case RECORD_PUBLISH: return read_publish(s, r, record);
	case RECORD_MOVE: return read_move(s, r, record);
	case RECORD_CHUNK: return read_chunk(r, record);
	case RECORD_SPILL: return true;
	case RECORD_ACK: return read_ack(s, r, record);
	case RECORD_DELIVERED: return read_delivered(s, r, record);
	case RECORD_DEFINE:
	case RECORD_UNDEFINE: return catalog_recover(&s->catalog, record);
	default: return false;
	}
}

int store_scan(struct store *s, struct recovery **out, struct buf *why)
{
	struct recovery *r = *out = mem_zalloc(sizeof *r);
	if (!s->log)
		return 0;
	struct log_record record;
	int more;
	while ((more = log_next(s->log, &record, why)) == 1) {
		if (read_record(s, r, &record))
			continue;
		buf_printf(why,
		           "the record of type %u at log position %llu does not read: it was written by "
		           "a newer version, or the log is damaged",
		           record.type, (unsigned long long)record.at);
		return -EUCLEAN;
	}
	r->was_clean = s->log->was_clean;
	return more;
}

void store_claim(struct store *s, struct recovery *r, struct queue *q)
{
	struct gathered *g = gathered_of(s, r, q->id);
	struct cold_entry e;
	for (squeeze(g); cold_pop(&g->entries, &e); squeeze(g)) {
		log_retain(s->log, e.at);
		queue_restore(q, e);
	}
	q->timed |= g->expires;
	q->next_seq = g->next_seq;
	q->redelivered_below = r->was_clean ? g->delivered_below : g->next_seq;
}

void store_scan_end(struct store *s, struct recovery **pr)
{
	struct recovery *r = *pr;
	*pr = NULL;
	(void)s;
	size_t cursor = 0;
	for (struct gathered *g; (g = map_next(&r->queues, &cursor));) {
		cold_free(&g->entries);
		mem_free(g->gone);
		mem_free(g);
	}
	map_free(&r->queues);
	forget_chunks(r);
	mem_free(r);
}
