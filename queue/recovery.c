/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the log back.  Records come in log order, but the declaration of a queue may stand
 * behind its messages, because the catalog is appended again when the front is trimmed: so
 * messages are gathered by queue number first and claimed when the topology has been rebuilt. */
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
	struct entry *entries;     /* ascending; [head, len) may still be alive */
	size_t head, len, cap;
};

struct recovery {
	struct map queues;         /* struct gathered by number */
	bool was_clean;
	struct buf chunks;         /* bodies of the CHUNK records waiting for their PUBLISH */
	struct buf marks;          /* struct chunk_mark of each */
};

struct chunk_mark {
	log_position at;
	size_t from;               /* where in chunks it begins */
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
	map_put(&r->queues, slice_of(g->key, sizeof g->key), g);
	if (id >= s->next_queue_id)
		s->next_queue_id = id + 1;
	return g;
}

/* Acked entries at the front are squeezed out once they are the larger half. */
static void gather(struct gathered *g, uint64_t seq, struct message *m)
{
	if (seq < g->next_seq)
		return;
	if (g->len == g->cap && g->head > g->cap / 2) {
		memmove(g->entries, g->entries + g->head, (g->len - g->head) * sizeof *g->entries);
		g->len -= g->head;
		g->head = 0;
	}
	if (g->len == g->cap) {
		g->cap = g->cap ? 2 * g->cap : 16;
		g->entries = mem_realloc(g->entries, g->cap * sizeof *g->entries);
	}
	g->entries[g->len++] = (struct entry){ message_ref(m), seq, false };
	g->next_seq = seq + 1;
}

static size_t find_from(const struct gathered *g, uint64_t seq)
{
	size_t low = g->head, high = g->len;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (g->entries[mid].seq < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void forget_range(struct gathered *g, struct record_range range)
{
	for (size_t i = find_from(g, range.first);
	     i < g->len && g->entries[i].seq - range.first < range.count; i++)
		if (g->entries[i].message)
			message_drop(&g->entries[i].message);
	while (g->head < g->len && !g->entries[g->head].message)
		g->head++;
	if (range.first + range.count > g->next_seq)
		g->next_seq = range.first + range.count;
}

static void forget_chunks(struct recovery *r)
{
	buf_free(&r->chunks);
	buf_free(&r->marks);
}

/* The last n gathered chunks as one body.  More than n may lie there: a run that a crash cut off
 * before its PUBLISH. */
static bool last_chunks(const struct recovery *r, uint32_t n, struct slice *body,
                        log_position *at)
{
	size_t have = r->marks.len / sizeof(struct chunk_mark);
	if (n > have)
		return false;
	struct chunk_mark mark;
	memcpy(&mark, r->marks.p + (have - n) * sizeof mark, sizeof mark);
	*body = slice_of(r->chunks.p + mark.from, r->chunks.len - mark.from);
	*at = mark.at;
	return true;
}

/* The delivery mode is not looked for: what is in the log is persistent. */
static bool take_publish(struct store *s, struct recovery *r, const struct log_record *record,
                         struct record_publish p, bool died)
{
	log_position at = record->at;
	struct props props;
	if (!props_decode(p.header, &props) ||
	    (p.chunks && !last_chunks(r, p.chunks, &p.body, &at)) || p.body_bytes != p.body.n)
		return false;
	struct message *m = message_new(p.exchange, p.key, p.header, p.body_bytes, true);
	message_add_body(m, p.body);
	m->position = at;
	m->died = died;
	m->expires = props.flags & PROP_expiration;
	m->published_ms = (int64_t)record->wall_ms + s->clock_offset_ms;
	struct record_target t;
	while (record_target_next(&p.packed_targets, &t))
		gather(gathered_of(s, r, t.queue), t.seq, m);
	message_drop(&m);
	forget_chunks(r);
	return true;
}

static bool read_publish(struct store *s, struct recovery *r, const struct log_record *record)
{
	struct record_publish p;
	return record_publish_decode(record->body, &p) && take_publish(s, r, record, p, false);
}

static bool read_move(struct store *s, struct recovery *r, const struct log_record *record)
{
	struct record_publish p;
	struct record_target from;
	if (!record_move_decode(record->body, &from, &p))
		return false;
	if (from.queue)
		forget_range(gathered_of(s, r, from.queue), (struct record_range){ from.seq, 1 });
	return take_publish(s, r, record, p, true);
}

static bool read_chunk(struct recovery *r, const struct log_record *record)
{
	struct chunk_mark mark = { record->at, r->chunks.len };
	buf_append(&r->marks, &mark, sizeof mark);
	buf_append_slice(&r->chunks, record->body);
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
	for (; g->head < g->len; g->head++) {
		struct entry e = g->entries[g->head];
		if (!e.message)
			continue;
		log_retain(s->log, e.message->position);
		queue_restore(q, e);
	}
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
		for (; g->head < g->len; g->head++)
			if (g->entries[g->head].message)
				message_drop(&g->entries[g->head].message);
		mem_free(g->entries);
		mem_free(g);
	}
	map_free(&r->queues);
	forget_chunks(r);
	mem_free(r);
}
