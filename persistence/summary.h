/* SPDX-License-Identifier: Apache-2.0 */
/* The summary of a segment: what its records mean, without headers and bodies, so that a start
 * can read two bytes for a message instead of the message.  It is made from the records as they
 * become durable, lies beside its segment in a file of its own, and is never needed: where it is
 * missing or does not verify, the segment itself is read.
 *
 * A summary says for each queue which messages were put into it (a trail), when they are due if
 * they ever are, which are gone, and how far it had been delivered; which messages were copied
 * forward (RECORD_RELOCATE); holds the catalog's records whole, in order; and says how far
 * publishers have come in queues, each once. */
#ifndef PERSISTENCE_SUMMARY_H
#define PERSISTENCE_SUMMARY_H

#include "base/map.h"
#include "persistence/dues.h"
#include "persistence/ranges.h"
#include "persistence/sequences.h"
#include "persistence/trail.h"

/* A message whose record was appended again: it is here now. */
struct summary_moved {
	uint64_t seq;
	log_position at;
	uint64_t body_bytes;
	uint32_t queue;
	uint32_t expires;
	int64_t due_ms;            /* by the wall clock; SUMMARY_NOT_DUE: never */
};

#define SUMMARY_NOT_DUE INT64_MAX

/* A message weighs what its body does, and so much. */
enum { SUMMARY_EACH = 64 };

/* What it says of one queue. */
struct summary_queue {
	uint8_t key[4];            /* the number, as a map's key */
	uint32_t id;
	struct trail put;          /* messages, in ascending order of numbers */
	struct dues dues;          /* those that are due some time, of those; only numbers and times */
	struct ranges gone;        /* what was put here and is gone is in both */
	struct buf moved;          /* struct summary_moved in order of the log, of whoever squeezes */
	struct ranges moved_gone;  /* of those, and maybe others */
	uint64_t next_seq;         /* above all that were put, moved or are gone */
	uint64_t delivered_below;  /* 0: not said */
	bool expires;              /* some have a time to live of their own */
};

struct summary {
	struct map queues;         /* struct summary_queue by number */
	struct buf moved;          /* struct summary_moved, in order; of whoever does not squeeze */
	uint64_t put_weight;       /* of all messages put or moved, once for each queue */
	struct buf catalog;        /* DEFINE, UNDEFINE and DEDUP records; of whoever squeezes, what was
	                            * said of publishers, too */
	struct sequences publishers;   /* ... of whoever does not */
	struct buf marks;          /* struct chunk_mark of chunks that wait for their message */
	bool in_transaction;       /* a RECORD_BEGIN waits for its end */
	struct buf held;           /* ... and these are the records since */
	bool cut;                  /* what stood before the next record may have been given up */
	bool spoilt;               /* a record did not decode: it says too little */
	bool squeezes;             /* what is gone at the front of a queue is taken out of put: for
	                            * whoever gathers a whole log. It cannot be written any more */
};

void summary_init(struct summary *s, bool squeezes);

/* What is in it is forgotten, except for what waits for its end, chunks and transactions: the next
 * segment goes on where this one ended. */
void summary_clear(struct summary *s);
void summary_free(struct summary *s);

/* What is said of the queue, NULL when nothing is; and a place for what will be. */
struct summary_queue *summary_find(const struct summary *s, uint32_t id);
struct summary_queue *summary_queue(struct summary *s, uint32_t id);

/* Takes in the next record of the log. False when it does not decode: then the summary is spoilt
 * until it is cleared. */
bool summary_add(struct summary *s, const struct log_record *r);

/* Takes what is gone at the front out of put, and forgets ranges that say nothing any more. */
void summary_squeeze(struct summary_queue *q);

/* What is left of the queue's messages is added to left, those of it that are due some time to
 * dues, by the wall clock, and all numbers below next_seq that are not among it, but for some
 * that were never in the log, to gone.  Where a message has moved, but lies at old places too,
 * those positions are appended to superseded.  Of whoever squeezes; the word of the queue is
 * used up. */
void summary_left(struct summary_queue *q, struct trail *left, struct dues *dues,
                  struct ranges *gone, struct buf *superseded);

/* Appends it as bytes; not in the middle of a transaction. */
void summary_write(struct buf *out, const struct summary *s);

/* Takes in what summary_write made of the next stretch of the log, but for the records of the
 * catalog: those are left in *catalog, for summary_next_record.  False when the bytes make no
 * sense; some of them may have been taken in then. */
bool summary_merge(struct summary *s, struct slice bytes, struct slice *catalog);

/* The next segment goes on where the one of these bytes ended: its chunks that wait for their
 * message are taken over. */
void summary_go_on(struct summary *s, struct slice bytes);

/* The catalog's records in what summary_write made; empty when the bytes make no sense. */
struct slice summary_catalog(struct slice bytes);

/* The next catalog record; false at the end, or when what is left is no record. */
bool summary_next_record(struct slice *catalog, struct log_record *out);

#endif
