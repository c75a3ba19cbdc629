/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/stream.h"

#include "base/die.h"
#include "base/mem.h"
#include "queue/compaction.h"
#include "queue/offsets.h"
#include "queue/queue.h"
#include "queue/reader.h"
#include "queue/shelf.h"
#include "queue/store.h"
#include "queue/stretch.h"

enum {
	SHARE_LEAST = 16 << 10,      /* bytes of messages in memory, depending on what may be used */
	SHARE_MOST = 4 << 20,
	KEEPER_READS = 16,
};

bool stream_is_asked_for(struct slice arguments)
{
	return settings_are_of_type(arguments, "stream");
}

struct stream *stream_new(struct queue *q)
{
	struct stream *st = mem_zalloc(sizeof *st);
	st->queue = q;
	st->visible = 1;
	list_init(&st->unseen);
	list_init(&st->all_offsets);
	st->compaction = compaction_new(q);
	q->live->lane.cold.exact = st->compaction != NULL;
	q->live->expires = st->compaction != NULL;
	list_init(&st->stretches);
	q->store->n_streams++;
	return st;
}

static void forget_first(struct stream *st)
{
	struct entry e;
	if (!row_pop(&st->recent, &e))
		return;
	st->recent_bytes -= message_footprint(e.message);
	message_drop(&e.message);
}

void stream_end(struct stream *st)
{
	reader_free(&st->keeper);
	compaction_free(&st->compaction);
	stretches_drop(st);
	while (st->recent.count)
		forget_first(st);
	list_remove(&st->unseen);
	offsets_end(st->queue);
	st->queue->store->n_streams--;
}

/* ---- what is in memory ---- */

uint64_t stream_share(const struct store *s)
{
	uint64_t limit = s->memory_budget / (4 * (uint64_t)s->n_streams);
	return limit < SHARE_LEAST ? SHARE_LEAST : limit > SHARE_MOST ? SHARE_MOST : limit;
}

/* What nobody may see yet stays: it would have to be read back at once.  Without a log it all
 * stays. */
static void trim_recent(const struct store *s, struct stream *st)
{
	uint64_t limit = stream_share(s);
	const struct entry *first;
	while (s->log && st->recent_bytes > limit && (first = row_first(&st->recent)) &&
	       first->seq < st->visible)
		forget_first(st);
}

void stream_push(struct queue *q, uint64_t seq, struct message *m)
{
	struct stream *st = q->live->stream;
	struct entry e = { .message = message_ref(m), .seq = seq, .at = m->position, .kept = true };
	int64_t wall_ms = m->published_ms - q->store->clock_offset_ms;
	struct trail_entry t = { seq, m->position, m->body_bytes, true, (uint64_t)wall_ms };
	trail_push(&q->live->lane.cold, t);
	live_add_ready(q->live, &e, m->body_bytes);
	row_push(&st->recent, e);
	if (st->compaction)
		compaction_note(st->compaction, seq, m);
	message_count(m, &q->store->resident);
	st->recent_bytes += message_footprint(m);
	trim_recent(q->store, st);
	shelf_look(q->store, q);
	if (!list_linked(&st->unseen))
		list_push(&q->store->unseen, &st->unseen);
}

void stream_restored(struct queue *q)
{
	struct stream *st = q->live->stream;
	st->visible = q->next_seq;
	if (st->compaction)
		compaction_begin_survey(st->compaction);
}

/* ---- what may be seen ---- */

/* A turn that finds no place joins the one before it: what both pushed is seen together. */
static void mark(struct stream *st, uint64_t below, log_position at)
{
	const struct stream_mark *last = st->n_marks ? &st->marks[st->n_marks - 1] : NULL;
	if (below == (last ? last->below : st->visible))
		return;
	if (st->n_marks < STREAM_MARKS)
		st->n_marks++;
	st->marks[st->n_marks - 1] = (struct stream_mark){ below, at };
}

void stream_await(struct queue *q)
{
	q->live->stream->awaited = true;
	if (!list_linked(&q->live->stream->unseen))
		list_push(&q->store->unseen, &q->live->stream->unseen);
}

void streams_mark(struct store *s)
{
	list_each(it, &s->unseen) {
		struct stream *st = list_entry(it, struct stream, unseen);
		mark(st, st->queue->next_seq, s->log ? log_end(s->log) : 0);
	}
}

static void show(struct store *s, struct stream *st)
{
	unsigned n = 0;
	while (n < st->n_marks && st->marks[n].at <= s->durable)
		st->visible = st->marks[n++].below;
	memmove(st->marks, st->marks + n, (st->n_marks - n) * sizeof *st->marks);
	st->n_marks -= n;
	if (st->visible == st->queue->next_seq)
		list_remove(&st->unseen);
	if (n || st->awaited)
		store_wake(s, st->queue);
	st->awaited = false;
	trim_recent(s, st);
}

void streams_show(struct store *s)
{
	list_each_safe(it, &s->unseen)
		show(s, list_entry(it, struct stream, unseen));
}

/* ---- what may be kept ---- */

uint64_t stream_first(const struct queue *q)
{
	uint64_t seq = q->next_seq;
	trail_first(&q->live->lane.cold, &seq);
	return seq;
}

bool stream_has_lost(const struct queue *q, uint64_t seq)
{
	return seq < stream_first(q) ||
	       (q->live->stream->compaction && ranges_hold(&q->gone, seq));
}

bool stream_is_over(const struct queue *q)
{
	return q->live->lane.cold.count > 1 && q->live->ready_bytes > q->settings->max_bytes;
}

void stream_drop(struct queue *q, const struct trail_entry *t)
{
	struct stream *st = q->live->stream;
	struct entry e = { .seq = t->seq, .at = t->at, .kept = t->kept };
	queue_drop(q, e, t->body_bytes, true);
	if (!row_take(&st->recent, t->seq, &e))
		return;
	st->recent_bytes -= message_footprint(e.message);
	message_drop(&e.message);
}

static bool pop(struct queue *q, struct trail_entry *t)
{
	queue_stir(q);
	return trail_pop(&q->live->lane.cold, t);
}

void stream_trim(struct queue *q, uint64_t *n)
{
	struct trail_entry t;
	while (*n && stream_is_over(q) && pop(q, &t)) {
		stream_drop(q, &t);
		--*n;
	}
	shelf_fetch(q->store, q);
}

static int64_t age_deadline(const struct queue *q)
{
	const struct stream *st = q->live->stream;
	bool known = st->front && st->front == stream_first(q) && q->live->lane.cold.count > 1 &&
	             trail_is_ready(&q->live->lane.cold);
	return known && q->settings->max_age_ms >= 0 ? st->front_ms + q->settings->max_age_ms
	                                             : QUEUE_NO_DEADLINE;
}

int64_t stream_deadline(const struct queue *q)
{
	const struct compaction *c = q->live->stream->compaction;
	int64_t age = age_deadline(q), compaction = c ? compaction_deadline(c) : QUEUE_NO_DEADLINE;
	return age < compaction ? age : compaction;
}

/* Reads a few at a time: what it has read stays until it is old. */
static struct reader *keeper_of(struct queue *q)
{
	struct stream *st = q->live->stream;
	if (!st->keeper) {
		st->keeper = reader_new(q, stream_first(q));
		st->keeper->most = KEEPER_READS;
	}
	return st->keeper;
}

static void look_at_front(struct queue *q)
{
	struct stream *st = q->live->stream;
	struct entry e;
	if (q->settings->max_age_ms < 0)
		reader_free(&st->keeper);
	else if (st->front < stream_first(q) && reader_next(keeper_of(q), &e) == READER_ENTRY) {
		st->front = e.seq;
		st->front_ms = e.message->published_ms;
		message_drop(&e.message);
	}
	shelf_fetch(q->store, q);
}

void stream_look(struct queue *q, int64_t now_ms)
{
	look_at_front(q);
	if (q->live->stream->compaction)
		compaction_look(q->live->stream->compaction, now_ms);
}

void stream_forget_old(struct queue *q, int64_t now_ms, unsigned n)
{
	struct trail_entry t;
	for (; n && age_deadline(q) <= now_ms && pop(q, &t); n--) {
		stream_drop(q, &t);
		look_at_front(q);
	}
}

void stream_lend(struct queue *q)
{
	queue_stir(q);
	live_add_unacked(q->live, &(struct entry){ 0 }, 0);
}
