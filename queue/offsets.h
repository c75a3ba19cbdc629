/* SPDX-License-Identifier: Apache-2.0 */
/* How far the readers of a stream have come, by a name that they gave: durable, and part of the
 * transaction in which they acked.  An offset is kept as the number of the first message that is
 * not done with. */
#ifndef QUEUE_OFFSETS_H
#define QUEUE_OFFSETS_H

#include "base/list.h"
#include "base/slice.h"
#include "persistence/ranges.h"

struct queue;
struct store;

/* Key: number of the queue (u32), then the name; value: the number (u64). The other kinds of the
 * catalog are numbered in exchange/topology.h. */
enum { CATALOG_OFFSET = 10 };

enum { OFFSETS_MOST = 10000 };       /* names of one stream */

struct offset {
	struct queue *queue;
	struct list link;            /* on the stream's list */
	struct list moved;           /* on the store's list of those that are to be written */
	uint64_t next;               /* 0: nothing is known yet */
	uint8_t name_n;
	uint8_t name[];
};

/* The offset of that name (1 to 255 bytes); when there is none, a new one: there must be room. */
struct offset *offsets_find(struct queue *q, struct slice name);

/* True when there is none of that name, and there can be no more. */
bool offsets_are_full(const struct queue *q, struct slice name);

/* All below the number is done with.  Nothing when that was known. */
void offset_advance(struct offset *o, uint64_t next);

/* Writes those that have moved; urgently when somebody waits for it. */
void offsets_flush(struct store *s, bool urgent);

/* The stream is deleted, and its offsets with it: the log is told. */
void offsets_forget(struct queue *q);

/* The stream goes: its offsets leave memory, and stay in the log. */
void offsets_end(struct queue *q);

/* Recovery: the catalog and the streams are there, and the log takes appends. */
void offsets_recover(struct store *s);

/* ---- what one reader has done ---- */

/* Messages are handed out in order, but may be acked in any: the offset follows what is acked
 * without a gap.  What is passed over counts as done. */
struct progress {
	struct offset *offset;
	uint64_t given;              /* all below were handed out or passed over; 0: none yet */
	uint64_t below;              /* all below is done */
	struct ranges done;          /* beyond that */
};

/* The message with that number is handed out, after all with lower ones; and is done with. */
void progress_give(struct progress *p, uint64_t seq);
void progress_done(struct progress *p, uint64_t seq);

#endif
