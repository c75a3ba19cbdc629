/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing of the queue changes before all has been read.  Meanwhile what was read may go, or be
 * copied elsewhere: who has each message, and where it lies, is looked up when it is appended. */
#include "queue/replay.h"

#include <stdlib.h>

#include "base/die.h"
#include "base/mem.h"
#include "queue/queue.h"
#include "queue/reader.h"
#include "queue/store.h"

enum { COPIES_MOST = 1 << 20 };   /* records in the log that are known by an old position */

struct replayed {
	struct message *message;
	log_position at;             /* where it was read */
	struct slice targets;        /* owned; of its record, packed */
};

/* ---- beginning and ending ---- */

static enum replay_outcome judge(const struct queue *q, uint64_t first, uint64_t last)
{
	const struct store *s = q->store;
	const struct queue *retained = q->live->retained;
	struct log_stats stats;
	if (!s->log)
		return REPLAY_IMPOSSIBLE;
	if (s->replay.doing != REPLAY_RESTS)
		return REPLAY_BUSY;
	if (first > last || first < stream_first(retained) ||
	    last >= retained->live->stream->visible)
		return REPLAY_FORGOTTEN;
	if (last - first >= REPLAY_MESSAGES)
		return REPLAY_MANY;
	log_stats(s->log, &stats);
	return stats.moved > COPIES_MOST ? REPLAY_IMPOSSIBLE : REPLAY_GOES_ON;
}

enum replay_outcome replay_begin(struct queue *q, uint64_t first, uint64_t last,
                                 uint64_t *number)
{
	struct replay *r = &q->store->replay;
	enum replay_outcome outcome = judge(q, first, last);
	if (outcome != REPLAY_GOES_ON)
		return outcome;
	*number = r->number + 1;
	*r = (struct replay){ .doing = REPLAY_GATHERS, .number = *number, .queue = q, .next = first,
		                  .last = last };
	r->reader = reader_new(q->live->retained, first);
	r->all = mem_alloc((last - first + 1) * sizeof *r->all);
	return outcome;
}

static void drop(struct replay *r)
{
	for (size_t i = 0; i < r->n; i++) {
		message_drop(&r->all[i].message);
		mem_disown(r->all[i].targets);
	}
	mem_free(r->all);
	r->all = NULL;
	r->n = 0;
}

/* What is being read comes back first. */
static void end(struct replay *r, enum replay_outcome outcome)
{
	r->report.outcome = outcome;
	r->queue = NULL;
	reader_free(&r->reader);
	drop(r);
	if (r->doing != REPLAY_READS)
		r->doing = REPLAY_RESTS;
}

void replay_leave(struct queue *q)
{
	if (q->store->replay.queue == q)
		end(&q->store->replay, REPLAY_GONE);
}

bool replay_report(const struct store *s, uint64_t number, struct replay_report *out)
{
	*out = s->replay.report;
	return s->replay.number == number;
}

void replay_free(struct store *s)
{
	must(!s->replay.queue);
	readback_free(&s->replay.readback);
}

/* ---- reading ---- */

/* Where the record is by now. */
static log_position place_of(const struct log *l, log_position at)
{
	for (log_position to; (to = log_where(l, at));)
		at = to;
	return at;
}

/* The next one, if it can be read in one go with those before it. */
static bool take_place(struct store *s, const struct trail_entry *e, log_position *reach)
{
	struct readback *h = &s->replay.readback;
	log_position at = place_of(s->log, e->at);
	if (h->n == READBACK_MOST || at >= s->durable ||
	    (h->n && (at <= h->at[h->n - 1] || at >= *reach)))
		return false;
	if (h->n == 0)
		*reach = log_reach(s->log, at);
	h->at[h->n++] = at;
	return true;
}

/* False when it cannot go on. */
static bool gather(struct store *s)
{
	struct replay *r = &s->replay;
	struct trail_entry e;
	log_position reach = 0;
	r->readback.n = 0;
	while (r->next <= r->last && reader_peek(r->reader, &e)) {
		if (e.seq != r->next || r->bytes + e.body_bytes > REPLAY_BYTES) {
			end(r, e.seq != r->next ? REPLAY_FORGOTTEN : REPLAY_LARGE);
			return false;
		}
		if (!take_place(s, &e, &reach))
			break;
		reader_pass(r->reader);
		r->bytes += e.body_bytes;
		r->next++;
	}
	return true;
}

static void read_on(struct store *s)
{
	struct replay *r = &s->replay;
	if (!gather(s))
		return;
	if (r->readback.n) {
		r->doing = REPLAY_READS;
		readback_ask(s, &r->readback, FETCH_REPLAY);
	} else if (r->next > r->last) {
		r->doing = REPLAY_APPENDS;
	}
}

/* False when it makes no sense. */
static bool keep(struct store *s, log_position at, const struct log_found *f)
{
	struct replay *r = &s->replay;
	struct record_target from;
	struct record_publish p;
	if (f->error || !record_message_decode(f->type, f->body, &from, &p) ||
	    p.n_targets >= RECORD_MAX_TARGETS)
		return false;
	struct message *m = store_message(s, at, f->type, f->body, buf_slice(&r->readback.body));
	if (m)
		r->all[r->n++] = (struct replayed){ m, at, mem_own(p.packed_targets) };
	return m != NULL;
}

void replay_take(struct store *s)
{
	struct replay *r = &s->replay;
	for (const struct log_found *f; (f = readback_next(s, &r->readback));)
		if (r->queue && !keep(s, readback_at(&r->readback), f))
			end(r, REPLAY_UNREADABLE);
	if (readback_is_over(&r->readback))
		r->doing = r->queue ? REPLAY_GATHERS : REPLAY_RESTS;
}

/* ---- appending again ---- */

static bool are_durable(const struct store *s)
{
	const struct replay *r = &s->replay;
	for (size_t i = 0; i < r->n; i++)
		if (place_of(s->log, r->all[i].at) >= s->durable)
			return false;
	return true;
}

static bool has_room(const struct replay *r)
{
	const struct settings *s = r->queue->settings;
	const struct live *live = r->queue->live;
	return s->overflow <= OVERFLOW_DROP_HEAD ||
	       (queue_ready(r->queue) + live->dead.n + r->n <= s->max_length &&
	        live->ready_bytes + live->dead.bytes + r->bytes <= s->max_bytes);
}

/* For those who have it still, and for the queue. */
static void append(struct store *s, struct queue *q, struct replayed *p, struct log_move *moves,
                   size_t *n_moves)
{
	struct message *m = p->message;
	struct record_target *targets = mem_alloc((p->targets.n / 2 + 1) * sizeof *targets);
	size_t n = store_targets_left(s, p->targets, targets);
	log_position from = place_of(s->log, p->at);
	uint64_t seq = queue_number(q);
	targets[n] = (struct record_target){ q->id, seq };
	store_copy(s, m, targets, n + 1);
	log_retain(s->log, m->position, 1, m->body_bytes);
	if (n)
		moves[(*n_moves)++] = (struct log_move){ from, m->position, n, n * m->body_bytes };
	queue_push(q, seq, m);
	mem_free(targets);
}

static int by_position(const void *a, const void *b)
{
	const struct log_move *x = a, *y = b;
	return x->from < y->from ? -1 : x->from > y->from;
}

static void put_back(struct store *s, int64_t now_ms)
{
	struct replay *r = &s->replay;
	struct log_move *moves = mem_alloc((r->n + 1) * sizeof *moves);
	size_t n = 0;
	store_begin(s);
	for (struct replayed *p = r->all; p < r->all + r->n; p++) {
		if (queue_entry_deadline(r->queue, p->message) <= now_ms) {
			r->report.expired++;
			continue;
		}
		append(s, r->queue, p, moves, &n);
		r->report.messages++;
		r->report.bytes += p->message->body_bytes;
	}
	r->report.wait_for = store_commit(s);
	qsort(moves, n, sizeof *moves, by_position);
	log_forward(s->log, moves, n);
	mem_free(moves);
}

struct queue *replay_turn(struct store *s, int64_t now_ms)
{
	struct replay *r = &s->replay;
	struct queue *q = r->queue;
	if (r->doing == REPLAY_GATHERS)
		read_on(s);
	if (r->doing != REPLAY_APPENDS || !are_durable(s))
		return NULL;
	bool fits = has_room(r);
	if (fits)
		put_back(s, now_ms);
	end(r, fits ? REPLAY_DONE : REPLAY_FULL);
	return fits ? q : NULL;
}
