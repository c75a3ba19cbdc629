/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/reclaim.h"

#include <string.h>

#include "base/die.h"
#include "base/mem.h"
#include "persistence/summary.h"
#include "queue/store.h"

enum {
	RANGES_AT_ONCE = 1024,
	ENTRIES_A_TURN = 1000,   /* of the catalog: about a millisecond */
	PAGES_A_TURN = 256,      /* of dedup caches: likewise */
	PUBLISHERS_A_TURN = 1000,
	STEPS_A_TURN = 16,
};

/* ---- holes ---- */

/* The first hole that ends at or behind the position. */
static size_t find_hole(const struct reclaim *r, log_position at)
{
	size_t i = 0;
	while (i < r->n_holes && r->holes[i].to < at)
		i++;
	return i;
}

static void insert_hole(struct reclaim *r, size_t i, struct log_extent hole)
{
	if (r->n_holes == r->cap_holes) {
		r->cap_holes = r->cap_holes ? 2 * r->cap_holes : 8;
		r->holes = mem_realloc(r->holes, r->cap_holes * sizeof *r->holes);
	}
	memmove(r->holes + i + 1, r->holes + i, (r->n_holes - i) * sizeof *r->holes);
	r->holes[i] = hole;
	r->n_holes++;
}

static void remove_hole(struct store *s, size_t i)
{
	struct reclaim *r = &s->reclaim;
	catalog_remove_hole(&s->catalog, r->holes[i].from);
	r->n_holes--;
	memmove(r->holes + i, r->holes + i + 1, (r->n_holes - i) * sizeof *r->holes);
}

/* The extent becomes a hole, one with those it touches. Returns where that begins. */
static log_position add_hole(struct store *s, struct log_extent e)
{
	struct reclaim *r = &s->reclaim;
	size_t i = find_hole(r, e.from);
	if (i == r->n_holes || r->holes[i].from > e.from)
		insert_hole(r, i, (struct log_extent){ e.from, e.to, 0 });
	struct log_extent *hole = &r->holes[i];
	if (hole->to < e.to)
		hole->to = e.to;
	bool joins = i + 1 < r->n_holes && r->holes[i + 1].from <= hole->to;
	if (joins && r->holes[i + 1].to > hole->to)
		hole->to = r->holes[i + 1].to;
	catalog_put_hole(&s->catalog, hole->from, hole->to);
	if (joins)
		remove_hole(s, i + 1);
	return r->holes[i].from;
}

/* Holes that the front of the log has passed. */
static void forget_holes(struct store *s, log_position start)
{
	while (s->reclaim.n_holes && s->reclaim.holes[0].to <= start)
		remove_hole(s, 0);
}

void reclaim_recover(struct store *s)
{
	struct reclaim *r = &s->reclaim;
	const void *cursor = NULL;
	struct record_define d;
	while (catalog_next(&s->catalog, &cursor, &d.kind, &d.key, &d.value)) {
		struct log_extent hole = { 0 };
		if (catalog_hole_decode(&d, &hole.from, &hole.to))
			insert_hole(r, find_hole(r, hole.from), hole);
	}
}

/* ---- acks that outlive their segment ---- */

static void append_acks(struct store *s, const struct summary_queue *q)
{
	struct record_range ranges[RANGES_AT_ONCE];
	struct ranges_walk w = { 0 };
	size_t n = 0;
	do {
		for (n = 0; n < RANGES_AT_ONCE && ranges_next(&q->gone, &w, &ranges[n]);)
			n++;
		if (n == 0)
			return;
		buf_clear(&s->scratch);
		record_ack_encode(&s->scratch, q->id, ranges, n);
		struct slice part = buf_slice(&s->scratch);
		log_append(s->log, RECORD_ACK, false, &part, 1);
	} while (n == RANGES_AT_ONCE);
}

/* False when the summary does not read. */
static bool carry_acks(struct store *s, struct slice body)
{
	struct summary here;
	struct slice catalog;
	size_t cursor = 0;
	summary_init(&here, false);
	bool ok = summary_merge(&here, body, &catalog);
	for (const struct summary_queue *q; ok && (q = map_next(&here.queues, &cursor));)
		if (q->gone.n && store_queue(s, q->id))
			append_acks(s, q);
	summary_free(&here);
	return ok;
}

/* ---- the steps ---- */

static void begin(struct store *s)
{
	struct reclaim *r = &s->reclaim;
	if (log_oldest(s->log, &r->extent) && r->extent.live == 0) {
		forget_holes(s, r->extent.to);
		r->middle = false;
		r->hole = 0;
		r->doing = RECLAIM_REFRESHES;
	} else if (log_hollow(s->log, &r->extent)) {
		r->middle = true;
		r->doing = RECLAIM_SURVEYS;
	}
}

static void survey(struct store *s)
{
	struct reclaim *r = &s->reclaim;
	struct slice body;
	enum log_survey answer = log_survey(s->log, r->extent.from, &body);
	if (answer == LOG_SURVEY_LATER)
		return;
	if (answer == LOG_SURVEY_NEVER || !carry_acks(s, body)) {
		r->doing = RECLAIM_NOTHING;
		return;
	}
	r->hole = add_hole(s, r->extent);
	r->doing = RECLAIM_REFRESHES;
}

static void refresh(struct store *s)
{
	struct reclaim *r = &s->reclaim;
	if (!catalog_refresh(&s->catalog, r->hole, r->extent.to, ENTRIES_A_TURN) ||
	    !dedups_refresh(s, r->extent.to, PAGES_A_TURN) ||
	    !publishers_refresh(s, r->extent.to, PUBLISHERS_A_TURN))
		return;
	r->after = log_end(s->log);
	r->doing = RECLAIM_WAITS;
}

static void end(struct store *s)
{
	struct reclaim *r = &s->reclaim;
	if (r->middle)
		must(log_drop(s->log, r->extent.from));
	else
		log_trim(s->log, r->extent.to);
	r->doing = RECLAIM_NOTHING;
}

/* One step further; false when it has to wait for the log, or when nothing can be given up. */
static bool step(struct store *s, log_position durable)
{
	struct reclaim *r = &s->reclaim;
	switch (r->doing) {
	case RECLAIM_NOTHING: begin(s); return r->doing != RECLAIM_NOTHING;
	case RECLAIM_SURVEYS: survey(s); return r->doing != RECLAIM_SURVEYS;
	case RECLAIM_REFRESHES: refresh(s); return r->doing != RECLAIM_REFRESHES;
	case RECLAIM_WAITS: break;
	}
	if (durable < r->after)
		return false;
	end(s);
	return true;
}

/* What has to wait is woken by the log.  Where nothing had to be appended the next part follows at
 * once. */
void reclaim_turn(struct store *s, log_position durable)
{
	struct reclaim *r = &s->reclaim;
	r->more = true;
	for (int steps = 0; r->more && steps < STEPS_A_TURN; steps++)
		r->more = step(s, durable);
}

bool reclaim_spares(const struct store *s, log_position at)
{
	const struct reclaim *r = &s->reclaim;
	if (r->doing != RECLAIM_NOTHING && r->extent.from <= at && at < r->extent.to)
		return false;
	return log_holds(s->log, at);
}

void reclaim_free(struct store *s)
{
	mem_free(s->reclaim.holes);
}
