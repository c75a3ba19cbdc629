/* SPDX-License-Identifier: Apache-2.0 */
/* How far publishers that number what they send have come in each queue: what is not beyond that
 * was accepted before (docs/decisions/0017-publishers.md).  A number that the queue refused,
 * because it was full, is still accepted when it comes again. */
#ifndef QUEUE_PUBLISHERS_H
#define QUEUE_PUBLISHERS_H

#include "base/list.h"
#include "persistence/log.h"
#include "persistence/ranges.h"
#include "persistence/sequences.h"

struct queue;
struct store;

enum {
	PUBLISHER_ID_MAX = 255,      /* bytes */
	PUBLISHERS_MOST = 10000,     /* of one queue; who has not published for longest goes first */
	PUBLISHER_REFUSED_MOST = 64, /* stretches of refused numbers; the lowest go first */
};

/* What a message says of itself: headers x-publisher-id and x-publisher-sequence. */
struct sender {
	struct slice id;             /* empty: it is not numbered */
	uint64_t sequence;           /* 0: it asks how far that publisher has come */
};

/* A publisher, as one queue knows it. */
struct publisher {
	struct queue *queue;
	struct list link;            /* among all of the store */
	struct list by_use;          /* among those of the queue: who published last is last */
	struct list on_log;          /* among those of the store that the log knows, in its order */
	log_position at;             /* ... from there on; 0: it does not */
	uint64_t highest;            /* accepted; 0: none */
	uint64_t logged;             /* ... of what is kept */
	struct ranges refused;       /* numbers that were, and not accepted since */
	uint8_t name_n;
	uint8_t name[];
};

static inline struct slice publisher_name(const struct publisher *p)
{
	return slice_of(p->name, p->name_n);
}

/* The publisher as the queue knows it, NULL when it does not; and so that it does. */
struct publisher *publishers_find(const struct queue *q, struct slice id);
struct publisher *publishers_get(struct queue *q, struct slice id);

/* True when the number was accepted. */
bool publisher_has(const struct publisher *p, uint64_t sequence);

/* What was accepted is safe once the log is durable beyond this; 0: nothing is to be waited for. */
log_position publisher_safe(const struct publisher *p);

/* Of what came here, all numbers up to that were accepted. */
uint64_t publisher_complete(const struct publisher *p);

/* The queue takes the message with a number that was not accepted before.  kept: it will be
 * durable, and publisher_logged says where. */
void publisher_accept(struct publisher *p, uint64_t sequence, bool kept);

/* The queue refuses it; kept: it would have been durable, and that it was refused is.  Returns the
 * position to wait for or 0. */
log_position publisher_refuse(struct publisher *p, uint64_t sequence, bool kept);

/* After a message that is kept was accepted: true when its record does not say all that the log is
 * to know, so that publisher_tell has to follow in the same transaction. */
bool publisher_is_to_tell(const struct publisher *p, uint64_t sequence);
void publisher_tell(struct publisher *p);

/* The log knows it from that position on, which is behind all others. */
void publisher_logged(struct publisher *p, log_position at);

/* The queue goes, and what is known of its publishers. */
void publishers_drop(struct queue *q);

/* Writes what is known by way of the log before upto again, of at most max publishers; true when
 * that was all. */
bool publishers_refresh(struct store *s, log_position upto, size_t max);

/* ---- recovery ---- */

struct publishers_found {
	struct sequences sequences;
	size_t most;                 /* when there are more, they are gone through */
};

/* Takes in a RECORD_PUBLISHER.  False when it does not decode. */
bool publishers_read(struct publishers_found *f, const struct log_record *r);

/* The queues are there: hands them what was found, and frees it. */
void publishers_recover(struct store *s, struct publishers_found *f);

/* Walks the structures and must()s their invariants. */
void publishers_check(const struct store *s);

#endif
