/* SPDX-License-Identifier: Apache-2.0 */
/* A lane: the ready entries of a queue in order.  An entry is a number, a message, and where the
 * log has it.  Fresh entries stand in ascending order in four parts:
 *
 *   head     hot: their messages are in memory; the next entry comes from here
 *   loading  on their way back from the log, with the fetches of queue/fetch.h
 *   cold     in the log only (persistence/trail.h)
 *   tail     hot again: the newest
 *
 * A lane that never grew deep has a head and nothing else.  Returned entries lie in a row
 * beside them, and the next entry is the lower of both fronts: so a returned message is back at its
 * original position at the cost of a search, and unacked messages cost the lane nothing.
 * Numbers ascend but may have gaps. */
#ifndef QUEUE_LANE_H
#define QUEUE_LANE_H

#include "base/list.h"
#include "persistence/trail.h"
#include "queue/row.h"

struct lane {
	struct row head, tail;
	struct list loading;          /* struct fetch, in order */
	struct trail cold;
	uint64_t n_loading;
	uint64_t loading_seq;         /* of the first entry that is loading */
	struct row returned;
};

void lane_init(struct lane *l);

/* Frees the memory of an empty lane. */
void lane_free(struct lane *l);

static inline uint64_t lane_count(const struct lane *l)
{
	return l->head.count + l->n_loading + l->cold.count + l->tail.count + l->returned.count;
}

/* Adds at the back; e.seq is above all that were pushed before. Takes over the reference. */
void lane_push(struct lane *l, struct entry e);

/* Puts an entry back at its place. Takes over the reference. */
void lane_return(struct lane *l, struct entry e);

/* Takes the first entry.  False when there is none, or when it is not in memory: lane_is_cold.  A
 * fresh entry says redelivered = false. */
bool lane_pop(struct lane *l, struct entry *out);

/* True when the first entry has to come back from the log. */
bool lane_is_cold(const struct lane *l);

/* The first entry, left in place; NULL message when there is none in memory. */
struct entry lane_peek(const struct lane *l);

/* The first cold entry becomes one that is loading; false when there is none. */
bool lane_load(struct lane *l, struct trail_entry *out);

/* The first n that were loading are not any more: those that are back were given to lane_push_head
 * before.  still: the number of the first that is loading now, 0 when none is. */
void lane_push_head(struct lane *l, struct entry e);
void lane_loaded(struct lane *l, uint64_t n, uint64_t still);

/* Takes one of the entries that were returned; false when there is none. */
bool lane_pop_returned(struct lane *l, struct entry *out);

/* The numbers of the first and the last fresh entry; false when there is none. */
bool lane_range(const struct lane *l, uint64_t *first, uint64_t *last);

/* Takes the one with that number, if it is in memory; false when it is not.  One that is not kept
 * may have been named by two positions: its number is not taken for a cold one later. */
bool lane_take(struct lane *l, uint64_t seq, struct entry *out);

/* Whether it is in, in memory or cold. */
bool lane_has(const struct lane *l, uint64_t seq);

/* The same for one that is cold (trail_take); and one that was loading is not any more. */
bool lane_take_cold(struct lane *l, uint64_t seq, uint64_t body_bytes,
                    struct trail_emptied *emptied);
void lane_take_loading(struct lane *l);

/* The hot entries are the caller's now, in two rows.  Nothing is loading or cold. */
void lane_detach(struct lane *l, struct row *head, struct row *tail);

/* True when so much is hot that looking for what could go cold makes sense. */
bool lane_is_deep(const struct lane *l);

/* The hot entries that could go cold next, the oldest of the newest: the caller may fill in at and
 * kept, and then lane_cool takes them all.  NULL when there is nothing worth it. */
struct entry *lane_coolable(struct lane *l, size_t *n);

/* Makes what lane_coolable named cold: every one has a position. Drops the references. */
void lane_cool(struct lane *l);

/* Walks all ready entries that are in memory, in no particular order: start with a zeroed walk. */
struct lane_walk {
	struct row_walk at;
	int part;
};

bool lane_next(const struct lane *l, struct lane_walk *w, struct entry *out);

#endif
