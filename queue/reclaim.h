/* SPDX-License-Identifier: Apache-2.0 */
/* Disk space given back: the oldest part of the log goes when no message lies in it, and so does
 * one in the middle, so that a queue that nobody reads does not keep what others are done with.
 *
 * The catalog entries of what goes are appended again, and from the middle also its acks, because
 * the messages they are of may lie in older parts that stay; a hole is said in the catalog.
 * Nothing is given up before all that was appended until then is durable.  It is done a slice a
 * turn: a hundred thousand queues do not make others wait. */
#ifndef QUEUE_RECLAIM_H
#define QUEUE_RECLAIM_H

#include "persistence/log.h"

struct store;

struct reclaim {
	enum { RECLAIM_NOTHING, RECLAIM_SURVEYS, RECLAIM_REFRESHES, RECLAIM_WAITS } doing;
	bool middle;                 /* not the oldest */
	struct log_extent extent;    /* what is to be given up ... */
	log_position hole;           /* where the hole begins that it will be in; 0: at the front */
	log_position after;          /* ... once the log is durable up to here */
	bool more;                   /* the turn ended before there was something to wait for */
	struct log_extent *holes;    /* ascending and apart */
	size_t n_holes, cap_holes;
};

/* Recovery: the holes that the catalog says. */
void reclaim_recover(struct store *s);

/* Once a turn: begins, goes on with or ends giving up one part. */
void reclaim_turn(struct store *s, log_position durable);

/* False when the record at the position has been given up or is on its way out: then nobody may
 * come to retain it, for the catalog does as if it were gone. */
bool reclaim_spares(const struct store *s, log_position at);

void reclaim_free(struct store *s);

#endif
