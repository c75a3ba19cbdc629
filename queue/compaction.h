/* SPDX-License-Identifier: Apache-2.0 */
/* Key compaction (docs/decisions/0018): of each key a stream keeps the latest message, and forgets
 * the ones before it a while after that is visible.  One without a body, a tombstone, goes in the
 * end itself. */
#ifndef QUEUE_COMPACTION_H
#define QUEUE_COMPACTION_H

#include "queue/deadlines.h"
#include "queue/latest.h"

struct message;
struct queue;
struct reader;

struct compaction {
	struct queue *queue;
	struct slice header;         /* that has the key, in the queue's arguments; p == NULL: the
	                              * routing key is it */
	uint64_t secret;             /* of the digests of keys */
	int64_t lag_ms, tombstone_ms;
	struct latest latest;
	bool full;                   /* a key had no room: tombstones stay */
	struct list unsurveyed;      /* on the store's list of those whose keys are to be found */
	struct reader *survey;       /* finds them in what there was at the start ... */
	uint64_t survey_end;         /* ... below that number; NULL: it is through, or waits */
	struct ranges noted;         /* numbers that are to go */
	struct ranges leaving;       /* ... those that go next ... */
	uint64_t below;              /* ... once all with lower numbers than this are visible ... */
	int64_t leave_ms;            /* ... and not before */
	struct reader *sweep;        /* finds them in the index of the stream */
	struct deadlines tombstones;
	uint64_t newest;             /* a tombstone that is old enough, but the newest; 0: none is */
};

/* What is wrong with an argument for it (x-compact-key, x-compact-lag, x-tombstone-age), which is a
 * text; NULL: nothing, or it is another one. */
const char *compaction_fault(const char *key, struct slice text);

/* For a new stream; NULL when its arguments do not ask for it. */
struct compaction *compaction_new(struct queue *q);
void compaction_free(struct compaction **c);

/* The message is the newest of the stream now. */
void compaction_note(struct compaction *c, uint64_t seq, const struct message *m);

/* All that the log had at the start is in the stream, and its keys are not known. */
void compaction_begin_survey(struct compaction *c);

/* When to look, on the clock of message.published_ms; QUEUE_NO_DEADLINE: not before something comes
 * to the stream.  Looking does a slice of what there is to do. */
int64_t compaction_deadline(const struct compaction *c);
void compaction_look(struct compaction *c, int64_t now_ms);

#endif
