/* SPDX-License-Identifier: Apache-2.0 */
/* Who reads a stream: a place in it, and what was read ahead from there.  Takes nothing away: any
 * number of readers stand anywhere.  What is not visible yet is not read; what is forgotten before
 * it was read is passed over. */
#ifndef QUEUE_READER_H
#define QUEUE_READER_H

#include "persistence/trail.h"
#include "queue/row.h"

struct fetch;
struct queue;
struct store;

struct reader {
	struct queue *queue;
	uint64_t next;               /* the number that is handed out next, or a higher one */
	uint64_t to_read;            /* ... that is read from the log next */
	unsigned most;               /* messages read in one go */
	int64_t since_ms;            /* begins with what was placed then or later ... */
	uint64_t low, high;          /* ... which is looked for between these; high 0: no more */
	uint64_t until;              /* ... and is passed over below this when it is older */
	struct trail_leaf leaf;      /* of the index, where to_read is */
	struct trail_entry entry;    /* ... that one, when there is one */
	bool has_entry;
	struct row ahead;            /* read, and not handed out yet ... */
	size_t few;                  /* ... of which so few are left that more are read */
	bool behind;                 /* what was handed out last had been read, not kept in memory */
	struct fetch *fetch;         /* under way, for ahead; NULL: none is */
	struct leaf_load *load;      /* a page of the index under way; NULL: none is */
};

/* A reader of a queue that is a stream, at the first number that is not below. */
struct reader *reader_new(struct queue *q, uint64_t from);

/* As reader_new, at the first message that was placed at that time or later, on the clock of
 * message.published_ms; where that is none of those that are visible now, at the next. */
struct reader *reader_new_since(struct queue *q, int64_t since_ms);

void reader_free(struct reader **r);

/* What it has read is in ahead. */
void reader_took(struct reader *r);

enum reader_answer {
	READER_ENTRY,
	READER_LATER,                /* on its way: the queue will stand on the store's list woken */
	READER_END,                  /* there is no more */
};

/* The next message, with a reference for the caller; nothing of the entry has to be settled. */
enum reader_answer reader_next(struct reader *r, struct entry *out);

/* The first entry of the index with that number or a higher one, visible or not; no message is
 * read.  Numbers asked for ascend. */
enum reader_answer reader_find(struct reader *r, uint64_t seq, struct trail_entry *out);

/* Something it has asked for is on its way: it is no use to ask again before the queue stands on
 * the list woken. */
bool reader_waits(const struct reader *r);

/* For fetch.c: the entry to be read next, false when it is not known or need not be read; and it
 * is being read. */
bool reader_peek(struct reader *r, struct trail_entry *out);
void reader_pass(struct reader *r);

/* A page of the index is back. */
void reader_take_leaf(struct leaf_load *load);

/* The log is closed. */
void readers_end(struct store *s);

#endif
