/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers are noted as they are superseded, in any order.  Two sets take turns: one is filled while
 * the other waits for the lag, and is worked off in order then.  So what was noted later never goes
 * before what was noted earlier, and a tombstone not before what it ends. */
#define LOGLINE_CATEGORY LOGLINE_QUEUE

#include "queue/compaction.h"

#include "amqp/props.h"
#include "amqp/table.h"
#include "base/die.h"
#include "base/logline.h"
#include "base/map.h"
#include "base/mem.h"
#include "queue/queue.h"
#include "queue/reader.h"
#include "queue/shelf.h"
#include "queue/store.h"

#define USUAL_LAG_MS (10 * 1000)
#define USUAL_TOMBSTONE_MS (24 * 3600 * 1000)

enum {
	STEP = 128,                  /* messages in one look */
	SURVEYS_MOST = 16,           /* at a time */
};

/* ---- what arguments say ---- */

static bool read_key(struct slice text, struct slice *header)
{
	struct slice prefix = slice_str("header:");
	*header = slice_of(NULL, 0);
	if (slice_is(text, "routing-key"))
		return true;
	if (!slice_starts(text, "header:") || text.n == prefix.n)
		return false;
	*header = slice_of(text.p + prefix.n, text.n - prefix.n);
	return true;
}

const char *compaction_fault(const char *key, struct slice text)
{
	struct slice header;
	int64_t ms;
	if (strcmp(key, "x-compact-key") == 0)
		return read_key(text, &header) ? NULL : "invalid_compact_key";
	if (strcmp(key, "x-compact-lag") == 0)
		return settings_age(text, &ms) ? NULL : "invalid_compact_lag";
	if (strcmp(key, "x-tombstone-age") == 0)
		return settings_age(text, &ms) ? NULL : "invalid_tombstone_age";
	return NULL;
}

static int64_t age_in(struct slice arguments, const char *key, int64_t otherwise)
{
	struct field f;
	int64_t ms;
	return table_find(arguments, key, &f) && f.letter == 'S' && settings_age(f.bytes, &ms)
	           ? ms : otherwise;
}

struct compaction *compaction_new(struct queue *q)
{
	struct slice arguments = queue_arguments(q), header;
	struct field f;
	if (!q->store->log || !table_find(arguments, "x-compact-key", &f) || f.letter != 'S' ||
	    !read_key(f.bytes, &header))
		return NULL;
	struct compaction *c = mem_zalloc(sizeof *c);
	c->queue = q;
	c->header = header;
	c->secret = map_hash(queue_name(q));
	c->lag_ms = age_in(arguments, "x-compact-lag", USUAL_LAG_MS);
	c->tombstone_ms = age_in(arguments, "x-tombstone-age", USUAL_TOMBSTONE_MS);
	list_init(&c->unsurveyed);
	latest_init(&c->latest, q->store->stream_keys_most, &q->gone);
	deadlines_init(&c->tombstones);
	return c;
}

/* ---- keys ---- */

/* With the type of the value: "1" and 1 are two keys. */
static bool key_of(const struct compaction *c, const struct message *m, struct digest *out)
{
	struct field f;
	struct buf value = { 0 };
	if (!c->header.p) {
		*out = digest_keyed(message_key(m), c->secret);
		return message_key(m).n != 0;
	}
	if (!table_find_slice(props_headers(message_header(m)), c->header, &f) || f.letter == 'V')
		return false;
	table_put(&value, slice_of(NULL, 0), &f);
	*out = digest_keyed(buf_slice(&value), c->secret);
	buf_free(&value);
	return true;
}

static bool stays(const void *compaction, const struct due *d)
{
	const struct compaction *c = compaction;
	return !ranges_hold(&c->noted, d->seq) && !ranges_hold(&c->leaving, d->seq) &&
	       !ranges_hold(&c->queue->gone, d->seq);
}

static void note_tombstone(struct compaction *c, uint64_t seq, const struct message *m)
{
	deadlines_add(&c->tombstones,
	              &(struct due){ .when_ms = m->published_ms + c->tombstone_ms, .seq = seq });
	if (deadlines_are_many(&c->tombstones))
		deadlines_sweep(&c->tombstones, c->latest.count, stays, c);
}

static void be_full(struct compaction *c)
{
	if (!c->full)
		log_warning("stream '%.*s' has %llu keys: it compacts no more of them, and keeps "
		            "tombstones until the next start",
		            SLICE_ARG(queue_name(c->queue)), (unsigned long long)c->latest.most);
	c->full = true;
}

static void let_go(struct compaction *c, uint64_t seq)
{
	ranges_add(&c->noted, (struct record_range){ seq, 1 });
}

static void note(struct compaction *c, uint64_t seq, const struct message *m)
{
	struct digest key;
	uint64_t other;
	if (!key_of(c, m, &key))
		return;
	if (!latest_put(&c->latest, &key, seq, &other)) {
		be_full(c);
		return;
	}
	if (other)
		let_go(c, other);
	if (m->body_bytes == 0 && other != seq)
		note_tombstone(c, seq, m);
}

void compaction_note(struct compaction *c, uint64_t seq, const struct message *m)
{
	if (c->newest)
		let_go(c, c->newest);
	c->newest = 0;
	note(c, seq, m);
}

/* ---- after a start ---- */

static void begin_surveys(struct store *s)
{
	while (s->n_surveys < SURVEYS_MOST && !list_empty(&s->unsurveyed)) {
		struct list *l = list_pop(&s->unsurveyed);
		struct compaction *c = list_entry(l, struct compaction, unsurveyed);
		c->survey = reader_new(c->queue, stream_first(c->queue));
		s->n_surveys++;
		store_wake(s, c->queue);
	}
}

static void end_survey(struct compaction *c)
{
	reader_free(&c->survey);
	c->queue->store->n_surveys--;
	begin_surveys(c->queue->store);
}

void compaction_begin_survey(struct compaction *c)
{
	struct store *s = c->queue->store;
	c->survey_end = c->queue->next_seq;
	list_push(&s->unsurveyed, &c->unsurveyed);
	begin_surveys(s);
}

static void survey(struct compaction *c)
{
	struct entry e;
	enum reader_answer answer = READER_END;
	for (unsigned n = STEP; n; n--) {
		answer = c->survey->next < c->survey_end ? reader_next(c->survey, &e) : READER_END;
		if (answer != READER_ENTRY)
			break;
		if (e.seq < c->survey_end)
			note(c, e.seq, e.message);
		message_drop(&e.message);
	}
	if (answer == READER_END)
		end_survey(c);
}

/* ---- tombstones ---- */

static bool knows_all_keys(const struct compaction *c)
{
	return !c->survey && !list_linked(&c->unsurveyed) && !c->full;
}

static void end_tombstones(struct compaction *c, int64_t now_ms)
{
	struct due d;
	for (unsigned n = STEP; n && deadlines_take(&c->tombstones, now_ms, &d); n--) {
		if (d.seq + 1 == c->queue->next_seq)
			c->newest = d.seq;
		else if (stays(c, &d))
			let_go(c, d.seq);
	}
}

/* ---- going ---- */

static void begin_leaving(struct compaction *c, int64_t now_ms)
{
	c->leaving = c->noted;
	c->noted = (struct ranges){ 0 };
	c->below = c->queue->next_seq;
	c->leave_ms = now_ms + c->lag_ms;
}

static void drop(struct compaction *c, const struct trail_entry *t)
{
	struct queue *q = c->queue;
	struct trail_emptied emptied;
	queue_stir(q);
	bool there = trail_take(&q->live->lane.cold, t->seq, t->body_bytes, &emptied);
	must(there);
	shelf_release(q->store, emptied);
	stream_drop(q, t);
}

/* Those before it are gone already. */
static void meet(struct compaction *c, struct record_range leaving, const struct trail_entry *t)
{
	uint64_t end = leaving.first + leaving.count;
	uint64_t done = t->seq < end ? t->seq + 1 : end;
	if (t->seq < end)
		drop(c, t);
	ranges_remove(&c->leaving, (struct record_range){ leaving.first, done - leaving.first });
}

/* A page on a shelf that was passed may have become thin. */
static void sweep(struct compaction *c)
{
	struct queue *q = c->queue;
	struct record_range r;
	struct trail_entry t;
	if (!c->sweep)
		c->sweep = reader_new(q, 0);
	for (unsigned n = STEP; n && ranges_first(&c->leaving, &r); n--) {
		if (r.first > c->sweep->leaf.last)
			shelf_thin(q->store, q, &c->sweep->leaf);
		enum reader_answer answer = reader_find(c->sweep, r.first, &t);
		if (answer == READER_LATER)
			return;
		if (answer == READER_END)
			ranges_free(&c->leaving);
		else
			meet(c, r, &t);
	}
	if (c->leaving.n)
		return;
	shelf_thin(q->store, q, &c->sweep->leaf);
	reader_free(&c->sweep);
}

/* ---- the end, and when ---- */

void compaction_free(struct compaction **pc)
{
	struct compaction *c = *pc;
	*pc = NULL;
	if (!c)
		return;
	list_remove(&c->unsurveyed);
	if (c->survey)
		end_survey(c);
	reader_free(&c->sweep);
	ranges_free(&c->noted);
	ranges_free(&c->leaving);
	deadlines_free(&c->tombstones);
	latest_free(&c->latest);
	mem_free(c);
}

static bool may_leave(const struct compaction *c)
{
	return c->leaving.n && c->queue->live->stream->visible >= c->below;
}

static int64_t next_leave(const struct compaction *c)
{
	if (!c->leaving.n && c->noted.n)
		return 0;
	bool waits = !may_leave(c) || (c->sweep && reader_waits(c->sweep));
	return waits ? QUEUE_NO_DEADLINE : c->leave_ms;
}

int64_t compaction_deadline(const struct compaction *c)
{
	int64_t leave = next_leave(c), other = QUEUE_NO_DEADLINE;
	if (c->survey && !reader_waits(c->survey))
		other = 0;
	else if (knows_all_keys(c))
		other = deadlines_next(&c->tombstones);
	return leave < other ? leave : other;
}

void compaction_look(struct compaction *c, int64_t now_ms)
{
	if (c->survey)
		survey(c);
	if (knows_all_keys(c))
		end_tombstones(c, now_ms);
	if (may_leave(c) && c->leave_ms <= now_ms)
		sweep(c);
	if (!c->leaving.n && c->noted.n)
		begin_leaving(c, now_ms);
}
