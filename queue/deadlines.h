/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines: entries of a queue in order of when they are due; of those due at the same time, in
 * the order in which they were added.  One index serves every kind of deadline: a message's own
 * time to live, a delay, a retry.  It takes a few bytes an entry, so that a million may wait for
 * a year.
 *
 * Entries are never looked up in it: one that left its queue otherwise stays until it is due,
 * and whoever takes it finds that nothing is there.  Where many are stale they are swept out. */
#ifndef QUEUE_DEADLINES_H
#define QUEUE_DEADLINES_H

#include "persistence/dues.h"

struct deadlines_bucket;

struct deadlines {
	struct deadlines_bucket *buckets;   /* in order of time */
	uint32_t n, cap;
	uint64_t reached;            /* nothing that is in is due before */
	bool spreads;                /* the first of the widest is being told apart */
	uint64_t count;
	uint64_t sweep_at;           /* entries: so many are worth a look */
	bool sweeps;                 /* ... and buckets with lower keys had one ... */
	uint32_t sweep_key;
	uint64_t unswept;            /* ... of that one, so many were not; 0: it was not begun */
	struct dues swept;           /* ... and these stay, before what is in it */
};

void deadlines_init(struct deadlines *d);
void deadlines_free(struct deadlines *d);

/* Adds one; one that is due before what was taken last is due then. */
void deadlines_add(struct deadlines *d, const struct due *e);

#define DEADLINES_NONE INT64_MAX

/* When the first is due, or a time before that at which there is something to do;
 * DEADLINES_NONE: never. */
int64_t deadlines_next(const struct deadlines *d);

/* Takes the first, if it is due by now.  False when none is, or when it takes another call to find
 * out: deadlines_next is not later than now then. */
bool deadlines_take(struct deadlines *d, int64_t now_ms, struct due *out);

/* True when so many are in that some may be stale. */
static inline bool deadlines_are_many(const struct deadlines *d)
{
	return d->sweeps || d->count >= d->sweep_at;
}

/* Takes out some that do not live any more, if twice as many are in as can live: while
 * deadlines_are_many each call looks at a few more. */
void deadlines_sweep(struct deadlines *d, uint64_t can_live,
                     bool (*lives)(const void *owner, const struct due *e), const void *owner);

/* Bytes of memory taken. */
size_t deadlines_footprint(const struct deadlines *d);

#endif
