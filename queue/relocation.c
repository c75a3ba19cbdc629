/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/relocation.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "queue/message.h"
#include "queue/queue.h"
#include "queue/shelf.h"
#include "queue/store.h"

enum {
	UNIT_BYTES = 256 << 10,
	STEPS_A_TURN = 10000,    /* messages looked at: half a millisecond */
};

/* ---- what is left ---- */

static int by_position(const void *a, const void *b)
{
	log_position x, y;
	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return x < y ? -1 : x > y;
}

void relocation_recover(struct store *s)
{
	struct buf *b = &s->relocation.superseded;
	if (b->len)
		qsort(b->p, b->len / sizeof(log_position), sizeof(log_position), by_position);
}

/* True when the record there was copied, and what is left of it is elsewhere. */
static bool has_moved(const struct relocation *r, log_position at)
{
	const struct buf *b = &r->superseded;
	return b->len && bsearch(&at, b->p, b->len / sizeof at, sizeof at, by_position);
}

/* ---- the walk over a summary ---- */

static bool wanted(const struct store *s, uint32_t id, uint64_t seq, log_position at)
{
	const struct relocation *r = &s->relocation;
	return at >= r->extent.from && at < r->extent.to && store_has(s, id, seq) &&
	       !has_moved(r, at) && log_where(s->log, at) == 0;
}

enum step { STEP_FOUND, STEP_PAUSE, STEP_END };

/* The next entry of the queue's trail; false at the end of a page, and of the trail. */
static bool next_page(struct relocation *r)
{
	uint64_t n, bytes;
	log_position low, high;
	return trail_next_page(&r->queue->put, &r->walk, &n, &bytes, &low, &high);
}

static bool next_entry(struct relocation *r, struct trail_entry *e)
{
	while (r->walk.page || next_page(r)) {
		if (trail_next(&r->walk, e))
			return true;
		if (!next_page(r))
			break;
	}
	return false;
}

static bool next_queue(struct relocation *r)
{
	r->walk = (struct trail_walk){ 0 };
	r->queue = map_next(&r->here.queues, &r->cursor);
	return r->queue != NULL;
}

static enum step next_put(struct store *s, struct relocation_place *out, unsigned *steps)
{
	struct relocation *r = &s->relocation;
	struct trail_entry e;
	for (; r->queue || next_queue(r); r->queue = NULL) {
		while (next_entry(r, &e)) {
			if (wanted(s, r->queue->id, e.seq, e.at)) {
				*out = (struct relocation_place){ e.at, e.body_bytes };
				return STEP_FOUND;
			}
			if (--*steps == 0)
				return STEP_PAUSE;
		}
	}
	return STEP_END;
}

static enum step next_moved(struct store *s, struct relocation_place *out, unsigned *steps)
{
	struct relocation *r = &s->relocation;
	struct summary_moved m;
	while (r->moved < r->here.moved.len) {
		memcpy(&m, r->here.moved.p + r->moved, sizeof m);
		r->moved += sizeof m;
		if (wanted(s, m.queue, m.seq, m.at)) {
			*out = (struct relocation_place){ m.at, m.body_bytes };
			return STEP_FOUND;
		}
		if (--*steps == 0)
			return STEP_PAUSE;
	}
	return STEP_END;
}

/* ---- reading ---- */

/* Positions of one read ascend, and no more is read at a time than is copied in one go: one that
 * does not fit waits for the next. */
static bool takes(const struct relocation *r, struct relocation_place p)
{
	const struct readback *h = &r->readback;
	return h->n == 0 ||
	       (h->n < READBACK_MOST && p.at > h->at[h->n - 1] && r->bytes + p.bytes <= UNIT_BYTES);
}

static enum step gather(struct store *s)
{
	struct relocation *r = &s->relocation;
	unsigned steps = STEPS_A_TURN;
	enum step step = STEP_FOUND;
	r->readback.n = r->bytes = 0;
	while (step == STEP_FOUND) {
		if (!r->next.at)
			step = next_put(s, &r->next, &steps);
		if (step == STEP_END)
			step = next_moved(s, &r->next, &steps);
		if (!r->next.at || !takes(r, r->next))
			break;
		r->readback.at[r->readback.n++] = r->next.at;
		r->bytes += r->next.bytes;
		r->next.at = 0;
	}
	return r->readback.n ? STEP_FOUND : step;
}

static void read_back(struct store *s)
{
	struct relocation *r = &s->relocation;
	r->n_moves = 0;
	r->doing = RELOCATION_READS;
	readback_ask(s, &r->readback, FETCH_COPIES);
}

/* ---- appending again ---- */

/* What went while it was read is not copied.  What does not read stays where it is. */
static void copy(struct store *s, log_position at, const struct log_found *f)
{
	struct relocation *r = &s->relocation;
	struct record_target from;
	struct record_publish p;
	if (log_where(s->log, at) || !record_message_decode(f->type, f->body, &from, &p) ||
	    p.n_targets > RECORD_MAX_TARGETS)
		return;
	struct record_target *targets = mem_alloc(p.n_targets * sizeof *targets);
	size_t n = store_targets_left(s, p.packed_targets, targets);
	struct message *m =
		n ? store_message(s, at, f->type, f->body, buf_slice(&r->readback.body)) : NULL;
	if (m) {
		store_copy(s, m, targets, n);
		r->moves[r->n_moves++] = (struct log_move){ at, m->position, n, n * m->body_bytes };
		message_drop(&m);
	}
	mem_free(targets);
}

void relocation_take(struct store *s)
{
	struct relocation *r = &s->relocation;
	for (const struct log_found *f; (f = readback_next(s, &r->readback));)
		if (!f->error)
			copy(s, readback_at(&r->readback), f);
	if (!readback_is_over(&r->readback))
		return;
	if (r->n_moves)
		log_forward(s->log, r->moves, r->n_moves);
	r->after = log_end(s->log);
	r->doing = RELOCATION_WALKS;
}

/* ---- the steps ---- */

static void begin(struct store *s)
{
	struct relocation *r = &s->relocation;
	if (!log_sparse(s->log, &r->extent))
		return;
	r->surveyed = r->extent.from;
	r->doing = RELOCATION_SURVEYS;
}

static void end(struct relocation *r)
{
	summary_free(&r->here);
	r->doing = RELOCATION_RESTS;
}

static void survey(struct store *s)
{
	struct relocation *r = &s->relocation;
	struct slice body, catalog;
	if (!log_holds(s->log, r->surveyed)) {
		end(r);
		return;
	}
	enum log_survey answer = log_survey(s->log, r->surveyed, &body);
	if (answer == LOG_SURVEY_LATER)
		return;
	summary_init(&r->here, false);
	if (answer == LOG_SURVEY_NEVER || !summary_merge(&r->here, body, &catalog)) {
		end(r);
		return;
	}
	r->cursor = r->moved = 0;
	r->queue = NULL;
	r->next.at = 0;
	r->after = 0;
	r->doing = RELOCATION_WALKS;
}

/* A message that goes on behind the part is in the summary of the next one. */
static void walk(struct store *s, log_position durable)
{
	struct relocation *r = &s->relocation;
	if (durable < r->after)
		return;
	enum step step = gather(s);
	if (step == STEP_FOUND)
		read_back(s);
	if (step != STEP_END)
		return;
	bool goes_on = r->here.marks.len && r->surveyed == r->extent.from;
	end(r);
	r->surveyed = r->extent.to;
	r->doing = goes_on ? RELOCATION_SURVEYS : RELOCATION_SHELVES;
}

/* Pages of indexes that lie there too, one at a time. */
static void move_shelves(struct store *s)
{
	struct relocation *r = &s->relocation;
	if (!s->shelf_moves && !shelf_move(s, r->extent.from, r->extent.to))
		r->doing = RELOCATION_RESTS;
}

void relocation_turn(struct store *s, log_position durable)
{
	struct relocation *r = &s->relocation;
	if (r->doing == RELOCATION_RESTS)
		begin(s);
	if (r->doing == RELOCATION_SURVEYS)
		survey(s);
	if (r->doing == RELOCATION_WALKS && !log_holds(s->log, r->extent.from))
		end(r);
	if (r->doing == RELOCATION_WALKS)
		walk(s, durable);
	else if (r->doing == RELOCATION_SHELVES)
		move_shelves(s);
}

bool relocation_is_busy(const struct store *s, log_position durable)
{
	const struct relocation *r = &s->relocation;
	return (r->doing == RELOCATION_WALKS && durable >= r->after) ||
	       (r->doing == RELOCATION_SHELVES && !s->shelf_moves);
}

void relocation_free(struct store *s)
{
	struct relocation *r = &s->relocation;
	readback_free(&r->readback);
	buf_free(&r->superseded);
	summary_free(&r->here);
}
