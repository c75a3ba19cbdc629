/* SPDX-License-Identifier: Apache-2.0 */
/* A consumer as its queue sees it, and the rotation in which consumers take turns: strictly round
 * robin among those of equal priority that can take a message now, the highest priority first.
 * A consumer that cannot (window full, connection congested) waits outside until it is woken.  One
 * for which messages were set aside (queue/groups.h) has its turn as soon as it is able.
 * In a rotation of a single active consumer (x-single-active-consumer) there are no turns. */
#ifndef QUEUE_CONSUMER_H
#define QUEUE_CONSUMER_H

#include "base/list.h"
#include "base/slice.h"

struct progress;
struct queue;
struct reader;
struct channel;   /* broker/channel.h; only carried here */

struct consumer {
	struct list turn;           /* in the rotation: among the able or the waiting */
	struct list favoured;       /* ... and among the favoured */
	struct list aside;          /* groups it holds of which something was set aside */
	struct list on_channel;
	struct list link;           /* among those of the broker */
	struct queue *queue;
	struct channel *channel;
	struct reader *reader;      /* of a stream: its place; NULL: it is no stream */
	struct slice tag;           /* owned */
	struct slice arguments;     /* owned */
	bool no_ack;
	bool exclusive;
	bool able;                  /* stands among those that may be served */
	struct progress *progress;  /* ... what it has done, when that is kept; NULL: it is not */
	bool filters;               /* of a stream: only some of the messages are for it */
	bool cancelled;             /* off the rotation; freed when nothing of it is unacked */
	int32_t priority;
	uint32_t window;            /* prefetch count of its own; 0: no limit */
	uint32_t unacked;           /* deliveries that count against the window */
	uint32_t delivered, acked;  /* since that was gathered ... */
	uint64_t all_delivered, all_acked;   /* ... and until then ... */
	uint64_t redelivered;       /* ... of all of them */
	uint64_t patience_ms;       /* that a delivery may stay unacked; 0: for ever */
	uint64_t reviewed;          /* when its right to read was looked at; kept by broker/ */
};

struct rotation {
	struct list able;           /* by falling priority, within one in order of turns */
	struct list waiting;
	struct list favoured;       /* able, and something was set aside for them */
	uint32_t count;
	bool single;                /* one at a time: the active one is served, the others stand by */
	struct consumer *active;    /* with single: the one, until it leaves; NULL: there is none */
};

void rotation_init(struct rotation *r, bool single);

/* Adds a consumer at the end of its priority, able. */
void rotation_add(struct rotation *r, struct consumer *c);

/* Takes a consumer out, wherever it stands.  After the active one the highest priority comes, of
 * these the oldest. */
void rotation_remove(struct rotation *r, struct consumer *c);

/* The consumer whose turn it is, or NULL when none is able. */
struct consumer *rotation_first(const struct rotation *r);

/* The consumer was served: it goes to the end of its priority. */
void rotation_served(struct rotation *r, struct consumer *c);

/* The consumer cannot take more; rotation_wake brings it back at the end of its priority. */
void rotation_wait(struct rotation *r, struct consumer *c);
void rotation_wake(struct rotation *r, struct consumer *c);

/* Something was set aside for the consumer, or nothing is any more. */
void rotation_favour(struct rotation *r, struct consumer *c);

#endif
