/* SPDX-License-Identifier: Apache-2.0 */
/* The way back of cold entries: read from the log a stretch at a time, ahead of the consumers.
 * Completions are collected once a turn; queues that got something are named in an out-list. */
#ifndef QUEUE_FETCH_H
#define QUEUE_FETCH_H

#include <stdbool.h>

#include "queue/entry.h"

struct fetch;
struct lane;
struct queue;
struct reader;
struct store;

void fetch_init(struct store *s);

/* The queue is being consumed: begins to read back what will be wanted soon.  Nothing happens when
 * enough is in memory or on its way. */
void fetch_ahead(struct queue *q);

/* Takes in what the log, which is durable up to there, has read.  Queues whose front is in memory
 * again stand on store.woken. */
void fetch_collect(struct store *s, log_position durable);

/* Begins what had to wait for its turn: where many queues are read, they are in order of the log,
 * so that one reading serves those that lie side by side. */
void fetch_feed(struct store *s);

/* The queue goes. */
void fetch_leave(struct queue *q);

/* What is on its way to the lane of the queue is no longer wanted: each entry is handed to
 * queue_drop (acked: the log is to be told of its end).  Who forgets all lanes sets n_fetches. */
void fetch_forget(struct queue *q, struct lane *l, bool acked);

/* Whether the entry with that number is on its way to the lane; and takes it: *out, which most
 * often has no message yet, is the caller's, and does not come. */
bool fetch_loads(const struct lane *l, uint64_t seq);
bool fetch_take(struct lane *l, uint64_t seq, struct entry *out);

/* The bodies of what is being read for the lane. */
uint64_t fetch_loading_bytes(const struct lane *l);

/* The first of those that has that number or a higher one, left in place; false when there is
 * none. */
bool fetch_from(const struct lane *l, uint64_t seq, struct entry *out, uint64_t *body_bytes);

/* An entry that counts as unacked and has no message is to be read back; one that has its message
 * waits for those of its queue that were recalled before.  why: RECALL_ ... */
void fetch_recall(struct queue *q, struct entry e, uint64_t body_bytes, unsigned why);

/* Why an entry was recalled; to the last a note is added. */
enum { RECALL_DUE, RECALL_RETRY, RECALL_HELD };

/* What was recalled to be tried again is no longer wanted: each entry is handed to queue_give_up.
 * Returns how many there were. */
uint64_t fetch_forget_retries(struct queue *q);

struct recalled {
	struct queue *queue;
	struct entry entry;
	uint64_t body_bytes;
	unsigned why;
};

/* The next one that is back: without a message when it could not be read. False when there is
 * none. */
bool fetch_recalled(struct store *s, struct recalled *out);

/* Reads what the reader wants next, at most so many; there is one at least.  What comes back is put
 * into reader.ahead, and reader_took is told; unless nobody waits any more. */
struct fetch *fetch_read(struct reader *r, size_t most);
void fetch_unread(struct fetch *f);

/* The broker ends: the queues, which are deleted, give up what was recalled. */
void fetch_abandon(struct store *s);

/* The log is closed: nothing comes back any more. */
void fetch_end(struct store *s);

#endif
