/* SPDX-License-Identifier: Apache-2.0 */
/* What makes a queue a stream (docs/decisions/0015): its messages stay when they have been read,
 * and go when there are more than may be kept.  Its index is the cold stretch of the queue's lane;
 * here is what comes to that: the newest messages in memory, and how far readers may see. */
#ifndef QUEUE_STREAM_H
#define QUEUE_STREAM_H

#include "base/map.h"
#include "queue/row.h"

struct compaction;
struct queue;
struct reader;
struct store;
struct trail_entry;

enum { STREAM_MARKS = 8 };

struct stream {
	struct queue *queue;
	struct row recent;           /* the newest entries, with their messages */
	uint64_t recent_bytes;       /* of memory that those take */
	unsigned n_readers;
	unsigned n_reads;            /* fetches of theirs under way */
	struct list stretches;       /* struct stretch: what those share ... */
	uint64_t stretch_bytes;      /* ... and what it takes of memory, but for what is coming */
	uint64_t visible;            /* what has a lower number is durable: readers may see it */
	struct stream_mark {
		uint64_t below;          /* such numbers are durable ... */
		log_position at;         /* ... when the log is so far */
	} marks[STREAM_MARKS];       /* of turns that are not durable yet, in order */
	unsigned n_marks;
	struct map offsets;          /* struct offset by name (offsets.h) ... */
	struct list all_offsets;     /* ... and all of them */
	struct reader *keeper;       /* finds out how old the first one is; NULL: it need not */
	uint64_t front;              /* the number of which that is known; 0: of none ... */
	int64_t front_ms;            /* ... when it was placed */
	struct compaction *compaction;   /* x-compact-key; NULL: all messages stay */
	bool hidden;                 /* no name leads to it: it is what a queue retains (retention.h) */
	bool awaited;                /* somebody waits for something else to be durable */
	struct list unseen;          /* on the store's list of streams with something not visible yet */
};

/* Whether the arguments (x-queue-type) make the queue one. */
bool stream_is_asked_for(struct slice arguments);

/* For a new queue. */
struct stream *stream_new(struct queue *q);

/* The queue goes.  The memory stays, to be freed with the queue's. */
void stream_end(struct stream *st);

/* How much memory its newest messages may take, and as much what its readers share. */
uint64_t stream_share(const struct store *s);

/* A message that is in the log already; takes a reference of its own. */
void stream_push(struct queue *q, uint64_t seq, struct message *m);

/* All that the log had at the start is there. */
void stream_restored(struct queue *q);

/* The number of the first message that there is, or of the next one there will be. */
uint64_t stream_first(const struct queue *q);

/* Whether the message with that number, which there was, is gone. */
bool stream_has_lost(const struct queue *q, uint64_t seq);

/* True when more is kept than may be; the newest message always is. */
bool stream_is_over(const struct queue *q);

/* Forgets the oldest of what is too much, *n messages at most, which it counts down.  What it needs
 * of the index may have to come back first: then the queue will stand on the store's list woken. */
void stream_trim(struct queue *q, uint64_t *n);

/* When the first message is too old, or keys are to be compacted, on the clock of
 * message.published_ms; QUEUE_NO_DEADLINE when it may get as old as it likes, or that is not known.
 * stream_look finds it out, and compacts a little of what is due; where that takes reading, the
 * queue will stand on the list woken. */
int64_t stream_deadline(const struct queue *q);
void stream_look(struct queue *q, int64_t now_ms);

/* Forgets what is too old by then, n messages at most. */
void stream_forget_old(struct queue *q, int64_t now_ms, unsigned n);

/* The message, of which the entry was taken out of the index, is gone; what readers have in memory
 * stays theirs. */
void stream_drop(struct queue *q, const struct trail_entry *t);

/* A message was handed out: it counts as unacked until queue_credit says that it does not. */
void stream_lend(struct queue *q);

/* Somebody waits until the log is durable further: then the queue will stand on the list woken. */
void stream_await(struct queue *q);

/* End of a turn, all is appended: what was pushed will be visible when so much is durable. */
void streams_mark(struct store *s);

/* The log is durable further than before: streams of which more is visible stand on the store's
 * list woken. */
void streams_show(struct store *s);

#endif
