/* SPDX-License-Identifier: Apache-2.0 */
/* Message groups (x-group-header; docs/decisions/0007-dispatch.md): messages with the same key are
 * handed out in order, and to one holder while any of them is unacked.  A key is known while
 * something of it is out or was set aside because the holder cannot take it.
 *
 * What is set aside is ready as before for whoever counts, purges or cuts the queue. */
#ifndef QUEUE_GROUPS_H
#define QUEUE_GROUPS_H

#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "queue/lane.h"

struct consumer;
struct queue;

struct group {
	uint64_t hash;               /* of the key: what shares it is one group */
	struct consumer *holder;     /* has what is out; NULL: nothing is, or it was fetched */
	uint32_t n_out;              /* unacked */
	uint32_t n_aside, cap_aside;
	struct entry *aside;         /* a binary min-heap by number */
	struct list turn;            /* something aside can go: with the holder, or the free ones */
	struct heap_node oldest;     /* has something aside: by the lowest number of it */
};

struct groups {
	struct slice header;         /* whose value is the key; lies in the queue's arguments */
	struct map by_hash;
	struct list free;            /* keys that nobody holds, with something aside: in turn */
	struct heap oldest;
	uint64_t taken_below;        /* all fresh entries below were taken from the lane once */
};

/* Of a queue with a group header; NULL without. */
struct groups *groups_new(struct slice arguments);

/* Nothing may be out or aside. */
void groups_free(struct groups *gs);

enum offered {
	OFFER_ENTRY,
	OFFER_NONE,                  /* nothing that it could be given, or too much is aside */
	OFFER_LATER,                 /* on its way from the log: the queue will stand on woken */
};

/* The next entry to be looked at for the consumer whose turn it is (NULL: for a basic.get), and its
 * group, NULL when it has none.  It counts as unacked, as with queue_take, and is then handed out
 * or set aside. */
enum offered groups_offer(struct queue *q, struct consumer *c, struct entry *e, struct group **g);

/* True when something of the group is out. */
static inline bool group_is_held(const struct group *g)
{
	return g->n_out > 0;
}

/* The entry is handed out, unacked, to the consumer that holds its group or holds it now (NULL: by
 * basic.get, which only takes what nobody holds). */
void groups_hold(struct queue *q, struct group *g, struct consumer *c);

/* It was handed out without acks: nobody holds anything for it. */
void groups_pass(struct queue *q, struct group *g);

/* It cannot be handed out now. */
void groups_set_aside(struct queue *q, struct group *g, struct entry e);

/* Of what groups_hold counted, one is acked or on its way back to the queue. */
void groups_release(struct queue *q, struct group *g);

/* The consumer leaves: what it holds it goes on holding until it is released. */
void groups_leave(struct consumer *c);

/* The lowest number that is aside; UINT64_MAX when nothing is. And its message, NULL. */
uint64_t groups_oldest(const struct groups *gs);
struct message *groups_oldest_message(const struct groups *gs);

/* Whether the entry with that number is aside; and takes it, as queue_take does, if it is. There
 * are few: they are looked through. */
bool groups_have(const struct groups *gs, uint64_t seq);
bool groups_take(struct queue *q, uint64_t seq, struct entry *out);

/* Takes that entry, as queue_take does; there is one. */
void groups_take_oldest(struct queue *q, struct entry *out);

/* Each entry that is aside, in no order: start with a zeroed walk, false at the end. */
struct groups_walk {
	size_t group, entry;
};

bool groups_next(const struct groups *gs, struct groups_walk *w, struct entry *out);

/* Hands each entry that is aside to queue_drop. */
void groups_drop(struct queue *q, bool acked);

/* Counts what is aside, and must()s invariants. */
void groups_check(const struct queue *q, uint64_t *n, uint64_t *bytes);

#endif
