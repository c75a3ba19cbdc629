/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of a queue as somebody looks at them: in the order of numbers, whether ready or unacked,
 * perhaps only those that have a text somewhere.  Nothing changes by it.  It goes over as many
 * turns as it takes, and ends when the queue does. */
#ifndef BROKER_BROWSE_H
#define BROKER_BROWSE_H

#include "broker/holdings.h"
#include "queue/peek.h"

struct broker;
struct queue;

enum {
	BROWSE_MOST = 1000,          /* messages in one answer, or numbers asked for */
	BROWSE_SCANNED = 100000,     /* messages that are looked through for them ... */
	BROWSE_BYTES = 256 << 20,    /* ... and bytes of those ... */
	BROWSE_TEXT_BYTES = 256,     /* ... for a text as long ... */
	BROWSE_BODY_BYTES = 1 << 20, /* ... in as much of each body */
};

/* Where a text is looked for. */
enum browse_where {
	BROWSE_ANYWHERE, BROWSE_KEY, BROWSE_PROPERTIES, BROWSE_HEADERS, BROWSE_PAYLOAD,
	BROWSE_WHERES,
};

struct browse_spec {
	uint64_t from, below;        /* numbers */
	const uint64_t *numbers;     /* ascending, copied: only those; NULL: all */
	size_t n_numbers;
	struct slice text;           /* copied; p == NULL: any message will do */
	enum browse_where where;
	bool unacked;                /* those too, BROWSE_MOST at most */
	bool history;                /* of what the queue retains (queue/retention.h) */
	int64_t since_ms;            /* what lies before the first that was placed then or later is
	                              * passed over, on the clock of message.published_ms; 0: nothing */
};

struct browsed {
	struct peeked seen;
	bool unacked;
};

/* Zeroed it is none. */
struct browse {
	struct broker *broker;
	uint32_t vhost;
	uint64_t serial;             /* of the queue ... */
	struct slice name;           /* ... owned, as are the next two */
	struct slice text;
	uint64_t *numbers;
	enum browse_where where;
	bool history;
	int64_t since_ms;
	struct peek *peek;
	bool pending;                /* what it gave is in next */
	struct browsed next;
	struct holdings holdings;    /* while unacked ones are gathered ... */
	uint64_t from;
	struct browsed *unacked;     /* ... with references ... */
	size_t n, at;                /* ... of which those before at were given */
	struct message *given;
	uint64_t scanned, bytes;
	uint64_t to_look, to_read;   /* in this piece: messages, bytes */
	bool cut;                    /* it ended because it had looked through as much as it may */
};

/* Begins to look at a queue, or a stream. */
void browse_begin(struct browse *w, struct broker *b, struct queue *q,
                  const struct browse_spec *spec);

/* Harmless when it was not begun. */
void browse_end(struct browse *w);

/* Before each piece. */
void browse_go_on(struct browse *w);

/* The queue, or what it retains; NULL: it is gone. */
struct queue *browse_queue(const struct browse *w);

enum browse_answer {
	BROWSE_ITEM,
	BROWSE_LATER,                /* it is the turn of others ... */
	BROWSE_WAITS,                /* ... and before one ends there is no more */
	BROWSE_END,
};

/* The next one, whose message is valid until the next call. */
enum browse_answer browse_next(struct browse *w, struct browsed *out);

#endif
