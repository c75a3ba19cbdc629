/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/reader.h"

#include "base/die.h"
#include "base/mem.h"
#include "queue/fetch.h"
#include "queue/queue.h"
#include "queue/store.h"
#include "queue/stretch.h"

enum {
	SEEK_NEAR = 16,          /* messages that are read one after the other to find a time */
	READS = 2,               /* of one stream at a time: what is written meanwhile waits for them */
};

/* A page of the index on its way. */
struct leaf_load {
	struct list link;
	struct log_fetch log;
	log_position at;
	struct reader *reader;       /* NULL: it is gone */
};

struct reader *reader_new(struct queue *q, uint64_t from)
{
	struct reader *r = mem_zalloc(sizeof *r);
	must(q->live->stream);
	r->queue = q;
	r->next = r->to_read = from;
	r->most = LOG_FETCH_RECORDS;
	q->store->n_readers++;
	q->live->stream->n_readers++;
	return r;
}

struct reader *reader_new_since(struct queue *q, int64_t since_ms)
{
	struct reader *r = reader_new(q, q->live->stream->visible);
	int64_t wall_ms = since_ms - q->store->clock_offset_ms;
	r->since_ms = since_ms;
	r->low = stream_first(q);
	r->high = r->until = r->next;
	trail_since(&q->live->lane.cold, wall_ms > 0 ? (uint64_t)wall_ms : 1, &r->low, &r->high);
	return r;
}

static void drop_ahead(struct reader *r)
{
	struct entry e;
	while (row_pop(&r->ahead, &e))
		message_drop(&e.message);
}

void reader_free(struct reader **pr)
{
	struct reader *r = *pr;
	*pr = NULL;
	if (!r)
		return;
	drop_ahead(r);
	if (r->fetch) {
		fetch_unread(r->fetch);
		r->queue->live->stream->n_reads--;
	}
	if (r->load)
		r->load->reader = NULL;
	trail_leaf_free(&r->leaf);
	r->queue->store->n_readers--;
	if (--r->queue->live->stream->n_readers < 2)
		stretches_drop(r->queue->live->stream);
	mem_free(r);
}

/* ---- the index ---- */

static void load_leaf(struct reader *r, log_position at)
{
	struct store *s = r->queue->store;
	struct leaf_load *load = mem_zalloc(sizeof *load);
	load->at = at;
	load->reader = r;
	load->log = (struct log_fetch){ .owner = load, .kind = FETCH_LEAF, .at = &load->at, .n = 1 };
	list_push(&s->leaves, &load->link);
	r->load = load;
	log_fetch(s->log, &load->log);
}

static void leaf_load_free(struct leaf_load *load)
{
	list_remove(&load->link);
	log_fetch_free(&load->log);
	mem_free(load);
}

/* One that cannot be read is passed over: the queue says so when it comes to forget it. */
void reader_take_leaf(struct leaf_load *load)
{
	struct reader *r = load->reader;
	const struct log_found *f = &load->log.found[0];
	if (r) {
		r->load = NULL;
		if (f->error || f->type != RECORD_PAGE || !trail_leaf_take(&r->leaf, f->body))
			r->next = r->to_read = r->leaf.last + 1;
		store_wake(r->queue->store, r->queue);
	}
	leaf_load_free(load);
}

static bool next_in_leaf(struct reader *r)
{
	while (trail_leaf_next(&r->leaf, &r->entry))
		if (r->entry.seq >= r->to_read && !stream_has_lost(r->queue, r->entry.seq))
			return r->has_entry = true;
	return false;
}

/* Looks up to_read in the index, or the first that is not forgotten: the copy of a page may hold
 * others.  READER_LATER: its page is on the way, or will be. */
static enum reader_answer find_entry(struct reader *r)
{
	const struct store *s = r->queue->store;
	const struct trail *t = &r->queue->live->lane.cold;
	uint64_t first = stream_first(r->queue);
	enum trail_where where;
	log_position at;
	if (r->to_read < first)
		r->to_read = first;
	if (r->has_entry && r->entry.seq >= r->to_read && !stream_has_lost(r->queue, r->entry.seq))
		return READER_ENTRY;
	r->has_entry = false;
	if (r->load)
		return READER_LATER;
	if (r->leaf.walk.seq < r->to_read && next_in_leaf(r))
		return READER_ENTRY;
	while ((where = trail_seek(t, r->to_read, &r->leaf, &at)) == TRAIL_HERE) {
		if (next_in_leaf(r))
			return READER_ENTRY;
		r->to_read = r->leaf.last + 1;
	}
	if (where == TRAIL_NOWHERE)
		return READER_END;
	if (at < s->durable)
		load_leaf(r, at);
	else
		stream_await(r->queue);
	return READER_LATER;
}

enum reader_answer reader_find(struct reader *r, uint64_t seq, struct trail_entry *out)
{
	if (r->to_read < seq)
		r->to_read = seq;
	enum reader_answer answer = find_entry(r);
	if (answer == READER_ENTRY)
		*out = r->entry;
	return answer;
}

bool reader_waits(const struct reader *r)
{
	const struct stream *st = r->queue->live->stream;
	const struct stretch *x = stretch_find(st, r->to_read);
	return r->fetch || r->load || st->awaited || (x && x->coming) || st->n_reads >= READS;
}

bool reader_peek(struct reader *r, struct trail_entry *out)
{
	if (find_entry(r) != READER_ENTRY || r->entry.seq >= r->queue->live->stream->visible)
		return false;
	*out = r->entry;
	return true;
}

void reader_pass(struct reader *r)
{
	r->to_read = r->entry.seq + 1;
	r->has_entry = false;
}

/* ---- messages ---- */

static bool take_ahead(struct reader *r, struct entry *out)
{
	while (row_pop(&r->ahead, out)) {
		if (out->seq >= r->next)
			return r->behind = true;
		message_drop(&out->message);
	}
	return false;
}

static bool take_recent(struct reader *r, struct entry *out)
{
	const struct stream *st = r->queue->live->stream;
	const struct entry *e = row_first(&st->recent);
	if (!e || e->seq > r->next)
		return false;
	e = row_from(&st->recent, r->next);
	if (!e || e->seq >= st->visible)
		return false;
	*out = *e;
	message_ref(out->message);
	r->behind = false;
	return true;
}

static void read_from(struct reader *r, uint64_t seq)
{
	r->to_read = seq;
	r->has_entry = false;
}

/* Half of what came is left when more is asked for. */
static void note_ahead(struct reader *r)
{
	r->few = r->ahead.count / 2;
}

void reader_took(struct reader *r)
{
	r->fetch = NULL;
	r->queue->live->stream->n_reads--;
	note_ahead(r);
}

/* What another has read is at hand now, too. */
static void share(struct reader *r, const struct stretch *x)
{
	struct row_walk w = { 0 };
	struct entry e;
	while (row_next(&x->entries, &w, &e)) {
		if (e.seq < r->to_read || stream_has_lost(r->queue, e.seq))
			continue;
		message_ref(e.message);
		row_push(&r->ahead, e);
	}
	read_from(r, x->end);
	note_ahead(r);
}

/* Reads on, at most so many; READER_ENTRY: what is next is at hand, or what is after it. */
static enum reader_answer read_on(struct reader *r, size_t most)
{
	struct trail_entry e;
	if (r->fetch)
		return READER_LATER;
	if (r->to_read < r->next)
		read_from(r, r->next);
	const struct stretch *x = stretch_find(r->queue->live->stream, r->to_read);
	if (x && x->coming)
		return READER_LATER;
	if (x) {
		share(r, x);
		return READER_ENTRY;
	}
	enum reader_answer answer = find_entry(r);
	if (answer != READER_ENTRY)
		return answer;
	if (!reader_peek(r, &e))
		return READER_END;
	if (r->queue->live->stream->n_reads >= READS)
		return READER_LATER;
	r->queue->live->stream->n_reads++;
	r->fetch = fetch_read(r, most);
	return READER_LATER;
}

/* Before the last of what is at hand is gone, unless the rest is in memory. */
static void read_ahead(struct reader *r)
{
	const struct entry *recent = row_first(&r->queue->live->stream->recent);
	if (r->ahead.count <= r->few && (!recent || r->to_read < recent->seq))
		read_on(r, r->most);
}

static enum reader_answer next_entry(struct reader *r, size_t most, struct entry *out)
{
	if (take_ahead(r, out)) {
		r->next = out->seq + 1;
		if (most > 1)
			read_ahead(r);
		return READER_ENTRY;
	}
	if (r->next >= r->queue->live->stream->visible)
		return READER_END;
	if (!r->fetch && take_recent(r, out)) {
		r->next = out->seq + 1;
		return READER_ENTRY;
	}
	enum reader_answer answer = read_on(r, most);
	return answer == READER_ENTRY ? next_entry(r, most, out) : answer;
}

/* ---- looking for a time ---- */

static void stand_at(struct reader *r, uint64_t seq)
{
	drop_ahead(r);
	r->next = seq;
	read_from(r, seq);
}

/* What is below low is older; of what is at high or above the first is not, or it is not visible
 * yet. */
static enum reader_answer seek(struct reader *r)
{
	struct entry e;
	while (r->low < r->high && r->high - r->low > SEEK_NEAR) {
		uint64_t mid = r->low + (r->high - r->low) / 2;
		if (r->next != mid)
			stand_at(r, mid);
		enum reader_answer answer = next_entry(r, 1, &e);
		if (answer == READER_LATER)
			return READER_LATER;
		if (answer == READER_END || e.seq >= r->high || e.message->published_ms >= r->since_ms)
			r->high = mid;
		else
			r->low = e.seq + 1;
		if (answer == READER_ENTRY)
			message_drop(&e.message);
	}
	stand_at(r, r->low < r->until ? r->low : r->until);
	r->high = 0;
	return READER_ENTRY;
}

static bool is_too_old(struct reader *r, const struct entry *e)
{
	if (e->seq < r->until && e->message->published_ms < r->since_ms)
		return true;
	r->until = 0;
	return false;
}

enum reader_answer reader_next(struct reader *r, struct entry *out)
{
	enum reader_answer answer;
	uint64_t first = stream_first(r->queue);
	if (r->high && seek(r) == READER_LATER)
		return READER_LATER;
	if (r->next < first)
		r->next = first;
	while ((answer = next_entry(r, r->most, out)) == READER_ENTRY && is_too_old(r, out))
		message_drop(&out->message);
	return answer;
}

void readers_end(struct store *s)
{
	while (!list_empty(&s->leaves))
		leaf_load_free(list_entry(s->leaves.next, struct leaf_load, link));
}
