/* SPDX-License-Identifier: Apache-2.0 */
/* What a queue has while it is used: messages, ready and unacked, consumers, a lease, and its
 * places on the lists of queues with something to do.  It is there while there is any of that;
 * queues at rest share one that is empty, so that who reads need not ask.  That one is constant:
 * whoever writes calls live_begin before (docs/decisions/0012-small-queues.md). */
#ifndef QUEUE_LIVE_H
#define QUEUE_LIVE_H

#include "base/heap.h"
#include "base/list.h"
#include "queue/consumer.h"
#include "queue/deadlines.h"
#include "queue/groups.h"
#include "queue/lane.h"
#include "queue/stream.h"
#include "queue/tally.h"

struct queue;
struct store;

struct live {
	struct lane lane;             /* of a priority queue: what was not told apart yet */
	struct lane *levels;          /* of a priority queue: for each priority, the lowest first */
	unsigned n_levels;            /* x-max-priority and one; 0: it is none */
	bool expires;                 /* has held messages that are due at a time of their own */
	struct groups *groups;        /* x-group-header; NULL: none */
	struct stream *stream;        /* x-queue-type is stream, which is always live; NULL: none */
	struct queue *retained;       /* what it retains (retention.h), likewise; NULL: nothing */
	uint64_t aside;               /* entries that wait there for their key */
	uint64_t redelivered_below;   /* entries below had been delivered before a restart */
	uint64_t delivered_below;     /* every fresh entry below has been handed out once */
	uint64_t unacked;             /* not ready; and bytes of bodies: changed by the functions below
	                               * alone */
	uint64_t ready_bytes, unacked_bytes;
	struct portion ready_kept, unacked_kept;   /* of these, what the log keeps */
	struct portion unacked_away;  /* ... and what is in the log only; kept by lifetime.c, fetch.c */
	struct rotation rotation;     /* its consumers */
	struct consumer *exclusive_consumer;
	struct list runnable;         /* on the broker's list of queues with something to deliver */
	struct list overfull;         /* ... of queues that may be over their limits */

	uint32_t n_fetches;           /* under way, and how many entries the last one took */
	uint32_t fetch_unit;
	struct list deep;             /* on the store's list of queues that could go cold */
	struct heap_node to_fetch;    /* ... in one of its heaps of those that wait to read back ... */
	unsigned to_fetch_in;         /* ... in that one ... */
	uint32_t n_recalls;           /* fetches of single entries, and those that are back ... */
	struct list recalls;          /* ... in order (fetch_recall) */
	log_position to_fetch_at;     /* ... from there on; 0: not known */
	struct list woken;            /* ... whose front is in memory again */
	struct list parked;           /* channels that wait for the front; kept by broker/ */

	struct row later;             /* entries that come back when it is time to try them again; they
	                               * count as unacked, and may be in the log only */
	struct row held;              /* dead letters that nobody took; so they may */
	struct portion dead;          /* those, and while they are tried again: part of unacked here,
	                               * but of nothing that others call so (tally_unacked) ... */
	struct portion dead_away;     /* ... of these, what is in the log only */
	struct deadlines deadlines;   /* of messages that have one of their own, and of those aside */
	struct ranges plucked;        /* numbers taken out by hand, which those may still name */
	int64_t used_ms;              /* when it was last used, for its lease; kept by broker/ */
	int64_t deadline_ms;          /* by which it stands in the broker's heap of deadlines */
	struct heap *deadline_in;     /* ... that one */
	struct heap_node deadline;

	struct list long_trail;       /* on the store's list of queues whose index is long */
	struct list shelved;          /* ... is partly in the log only */
	struct list acks_link;        /* ... with acks to log */
	struct record_range *acks;    /* ranges acked in this turn */
	uint32_t n_acks, cap_acks;

	struct queue *queue;
	struct list link;             /* among those of the store */
	uint64_t seen;                /* its next_seq when it was last looked at; 0: it was not */
};

/* The empty one of all queues at rest. */
extern const struct live live_none;

/* Of a priority queue: where messages of that priority stand; what is above the highest stands
 * with that. */
static inline struct lane *live_level(const struct live *l, const struct message *m)
{
	return &l->levels[m->priority < l->n_levels ? m->priority : l->n_levels - 1];
}

/* An entry, whose body is as large, becomes ready, or is it no more; and likewise unacked.  The
 * queue was stirred before, so that those who sum up what queues have look at it. */
static inline void live_add_ready(struct live *l, const struct entry *e, uint64_t bytes)
{
	l->ready_bytes += bytes;
	if (e->kept)
		portion_add(&l->ready_kept, 1, bytes);
}

static inline void live_remove_ready(struct live *l, const struct entry *e, uint64_t bytes)
{
	l->ready_bytes -= bytes;
	if (e->kept)
		portion_add(&l->ready_kept, UINT64_MAX, -bytes);
}

/* n of them at once, of which nobody knows any more whether the log keeps them: those are thought
 * to go first. */
void live_remove_some_ready(struct live *l, uint64_t n, uint64_t bytes);

static inline void live_add_unacked(struct live *l, const struct entry *e, uint64_t bytes)
{
	l->unacked++;
	l->unacked_bytes += bytes;
	if (e->kept)
		portion_add(&l->unacked_kept, 1, bytes);
}

static inline void live_remove_unacked(struct live *l, const struct entry *e, uint64_t bytes)
{
	l->unacked--;
	l->unacked_bytes -= bytes;
	if (e->kept)
		portion_add(&l->unacked_kept, UINT64_MAX, -bytes);
}

/* The queue begins to have something; one that has goes on. */
void live_begin(struct queue *q);

/* A live queue goes: off the lists that it is on, but that with acks. */
void live_leave(struct queue *q);

/* The queue has nothing any more. */
void live_end(struct queue *q);

/* Looks at those that are live, in rounds. */
struct looks {
	struct list all;              /* those not looked at in this round first */
	size_t n, left;               /* so many are not */
	uint64_t next_ms;             /* when the next round is due ... */
	bool again;                   /* ... if it may find something that this one could not */
	bool hurry, hurries;          /* the next round, this round spares nobody */
};

/* What queues at rest do not need is given back, by a thousand looks in a turn.  A round begins a
 * second after the last one, or later where there are many, and spares who had a message since. */
void live_turn(struct store *s, uint64_t now_ms);

/* A quiet moment: the next round begins at once, and spares nobody who is at rest. */
void live_rest(struct store *s);

/* When live_turn is to be called again; UINT64_MAX: not before something happens. */
uint64_t live_deadline(const struct store *s, uint64_t now_ms);

#endif
