/* SPDX-License-Identifier: Apache-2.0 */
/* A dedup cache: the deduplication keys that an exchange or a queue has accepted
 * (docs/decisions/0008-deduplication.md).  Of an exchange they are the last so many, each for its
 * time; of a queue those of the entries that are in it.  Keys stand in order of their numbers, in
 * pages; what is durable of them is appended to the log again before its part of it goes. */
#ifndef QUEUE_DEDUP_H
#define QUEUE_DEDUP_H

#include "base/digest.h"
#include "base/list.h"
#include "base/map.h"
#include "persistence/log.h"
#include "persistence/ranges.h"
#include "persistence/record.h"

struct dedup_page;
struct message;
struct queue;
struct store;
struct summary;

enum {
	DEDUP_MOST = 1000000,        /* the largest x-cache-size */
	DEDUP_USUAL = 128,           /* of an exchange that does not say it */
};

#define DEDUP_NO_END INT64_MAX

struct dedup {
	struct store *store;
	struct queue *queue;         /* whose entries the keys stand for; NULL: of an exchange */
	uint32_t id;                 /* its number in the log; 0: nothing of it is logged */
	struct slice header;         /* that holds the key; lies in the arguments */
	uint64_t most;               /* keys */
	int64_t ttl_ms;              /* -1: keys have no end */
	uint64_t next_number;
	uint64_t count;
	struct dedup_page **pages;     /* the oldest first: [at, at + n_pages) are there */
	size_t at, n_pages, cap;
	struct map by_digest;
	struct ranges dead;          /* numbers of keys that left, and are still here */
	struct list sweeping;        /* on the store's list of dedup caches with such */
};

/* True when the arguments ask for deduplication. */
bool dedup_is_asked_for(struct slice arguments);

/* NULL, or why they make no sense: what stands in the way of a dedup cache of an exchange. */
const char *dedup_fault(struct slice arguments, bool size_is_optional);

/* An empty dedup cache by such arguments, in which its slices lie; q: the queue that it is of. */
struct dedup *dedup_new(struct store *s, struct slice arguments, struct queue *q);
void dedup_free(struct dedup *k);

/* True when keys of something durable are to be durable as well. */
bool dedup_is_kept(struct slice arguments);

/* The key of a message with such headers; false when it has none. */
bool dedup_digest(const struct dedup *k, struct slice headers, struct digest *out);

/* True when the key was accepted and has not ended.  *at: it is safe once the log is durable beyond
 * (0: there is nothing to wait for). */
bool dedup_has(const struct dedup *k, const struct digest *d, int64_t wall_ms,
                 log_position *at);

/* Accepts a key.  number: ascending; of a queue that of the entry.  until_ms: by the wall clock.
 * at: of its record, 0: it is not in the log. */
void dedup_add(struct dedup *k, const struct digest *d, uint64_t number, int64_t until_ms,
                 log_position at);

/* When a key that is accepted now ends, by the wall clock. */
int64_t dedup_end(const struct dedup *k, struct slice headers, int64_t wall_ms);

/* The entry with that number has left the queue; its message, NULL when it is not at hand. */
void dedup_drop(struct dedup *k, uint64_t number, const struct message *m);

/* All entries from that number on have left: their keys count no more.  Where they are very many
 * what they take up is given back in turns to come. */
void dedup_cut(struct dedup *k, uint64_t from);

/* Once a turn: gives some of that back. */
void dedups_sweep(struct store *s);

/* Appends the pages of all dedup caches with keys in the log before upto again, at most max of
 * them; true when there are no more. */
bool dedups_refresh(struct store *s, log_position upto, size_t max);

/* ---- recovery ---- */

/* What records say, by the number of the dedup cache. */
struct dedups_found {
	struct map by_id;
};

/* Takes in a RECORD_DEDUP; all: what was gathered of the log up to there.  False when it does not
 * decode. */
bool dedups_find(struct dedups_found *f, const struct summary *all,
                 const struct log_record *r);

/* Hands its keys to a dedup cache (id set); of a queue, after it has its entries, those that stand
 * for one. */
void dedups_claim(struct dedups_found *f, struct dedup *k);

/* All have claimed theirs.  Returns the largest number of a dedup cache that was found. */
uint32_t dedups_found_end(struct store *s, struct dedups_found *f);

/* Appends a key as records hold it. */
void dedup_pack(struct buf *out, const struct dedup *k, const struct digest *d,
                  uint64_t number, int64_t until_ms);

/* Walks the structures and must()s their invariants. */
void dedup_check(const struct dedup *k);

#endif
