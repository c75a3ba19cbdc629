/* SPDX-License-Identifier: Apache-2.0 */
/* The store: what queues and messages write to the log and how it is read back.  One PUBLISH
 * record holds a message once for all its durable queues; acks are gathered during a turn and
 * written as ranges; parts of the log that no message needs are given up (reclaim.h).  Messages in
 * memory are a cache:
 * beyond the budget those that will be wanted last are left to the log. */
#ifndef QUEUE_STORE_H
#define QUEUE_STORE_H

#include "base/buf.h"
#include "base/heap.h"
#include "base/list.h"
#include "persistence/catalog.h"
#include "persistence/record.h"
#include "queue/dedup.h"
#include "queue/live.h"
#include "queue/publishers.h"
#include "queue/reclaim.h"
#include "queue/relocation.h"
#include "queue/replay.h"
#include "queue/tally.h"

struct message;
struct queue;

/* What a fetch of the log brings: struct log_fetch.kind. */
enum { FETCH_MESSAGES, FETCH_COPIES, FETCH_REPLAY, FETCH_PAGE, FETCH_LEAF, FETCH_PEEK };

struct store {
	struct log *log;             /* NULL: nothing is kept */
	struct catalog catalog;
	uint64_t topology_changes;   /* exchanges, queues and bindings that came or went, kept or not;
	                              * counted by exchange/ */
	uint32_t next_queue_id;
	int64_t clock_offset_ms;     /* the broker's clock minus the wall clock */
	struct list acked;           /* queues with acks gathered in this turn */
	struct buf scratch;
	struct list keys_on_log;     /* pages of dedup caches, in order of the log (dedup.c) ... */
	struct list sweeping;        /* ... and dedup caches with keys that left and are still there */
	struct map publishers;       /* of each queue that has such (publishers.c) ... */
	struct list all_publishers;  /* ... and all of them, oldest first ... */
	struct list publishers_on_log;   /* ... or those that the log knows, in its order */
	struct list publisher_walks;
	struct reclaim reclaim;
	struct relocation relocation;
	struct replay replay;
	struct map queues;           /* those with a number, not deleted, by it */
	struct looks looks;
	enum { TX_NONE, TX_EMPTY, TX_WRITTEN } tx;   /* inside store_begin and store_commit */
	log_position committed_at;   /* of the last COMMIT */

	uint64_t memory_budget;      /* bytes of messages in queues that may stay in memory */
	uint64_t resident;           /* bytes of them that do */
	log_position durable;        /* the log's, as of the last fetch_collect or turn */

	uint32_t page_entries;       /* of an index page; 0: as many as a trail takes */
	struct list long_trails;     /* queues with pages to be shelved (shelf.c) ... */
	struct list shelved;         /* ... and with such that are */
	struct list shelf_loads, buried;
	log_position shelved_to;     /* the next pages go when this is durable */
	bool shelf_moves;            /* a page is on its way to another place */

	unsigned n_streams, n_readers;
	uint64_t stream_keys_most;   /* that one of them compacts by */
	struct list unsurveyed;      /* those whose keys are to be found (compaction.c) ... */
	unsigned n_surveys;          /* ... and so many where they are being found */
	struct list unseen;          /* streams with something that is not visible yet */
	struct list moved_offsets;   /* struct offset, to be written (offsets.c) */
	struct list leaves;          /* pages of indexes on their way to readers (reader.c) */
	struct list peeks;

	bool resting;                /* as little as possible is to stay */
	struct list deep;            /* queues with much in memory */
	struct list fetching;        /* fetches under way (fetch.c) */
	size_t n_fetching;
	uint64_t window_bytes;       /* what the log keeps of stretches that many queues read */
	struct heap to_fetch[2];     /* queues that wait to be read: in this sweep and in the next */
	unsigned sweep;              /* which of them is this one's */
	log_position shared_at;      /* where it was last that something was read for many */
	struct list recalled;        /* fetches of single entries that are done (fetch_recalled) */
	struct list woken;           /* queues that got something: whoever looks takes them off */
	struct list stirred;         /* struct motion, of what moved; kept by broker/ */
	struct tally tally;          /* of queues that clients know of; kept by exchange/ */
};

void store_init(struct store *s, struct log *log, uint64_t memory_budget);

/* The log must be closed. */
void store_free(struct store *s);

/* What a message is accepted under, as its record says it. */
struct store_under {
	struct slice keys;           /* packed */
	struct sender sender;
};

/* Logs a whole message for n targets (queue_is_logged ones, numbered), and with it the removal of
 * the entry it comes from (NULL: it was published) and what it is accepted under (NULL: nothing).
 * Retains the record once for each target.  Returns the position of the record, after which all of
 * it is safe. */
log_position store_publish(struct store *s, struct message *m, const struct record_target *from,
                           const struct record_target *targets, size_t n,
                           const struct store_under *under);

/* Logs keys alone (packed, see persistence/record.h), or how far a publisher has come.  Returns the
 * position of the record. */
log_position store_keys(struct store *s, struct slice packed_keys);
log_position store_publisher(struct store *s, const struct record_publisher *r);

/* Logs a whole message again, for the n targets that are left of its record; what is retained is
 * the caller's business.  Its position is m->position then. */
void store_copy(struct store *s, struct message *m, const struct record_target *targets, size_t n);

/* Writes a message that is not kept to the log, so that its memory can be given back. */
void store_spill(struct store *s, struct message *m);

/* The message that a record holds, with one reference; chunks is what the records before it held of
 * its body.  NULL when the record makes no sense. */
struct message *store_message(const struct store *s, log_position at, uint8_t type,
                              struct slice record, struct slice chunks);

/* Entries of the queue are gone, of which one at least was kept: gathers the ack. */
void store_ack(struct store *s, struct queue *q, struct record_range gone);

/* Writes the gathered acks of all queues, urgently when somebody waits for them (acks of a
 * transaction are waited for).  Returns the position of the last record written, 0 when there was
 * none. */
log_position store_flush_acks(struct store *s, bool urgent);

/* A transaction: what is written between the two counts as a whole or not at all, however large it
 * is.  Nothing else may be written between.  Returns the position to wait for, 0 when nothing of it
 * had to be written. */
void store_begin(struct store *s);
log_position store_commit(struct store *s);

/* Sets an entry of the catalog, inside a transaction as part of it; urgently when somebody waits
 * for it. */
void store_define(struct store *s, uint8_t kind, struct slice key, struct slice value,
                  bool urgent);

/* The queue is there, with its number: what the log says of it counts. */
void store_know_queue(struct store *s, struct queue *q);
struct queue *store_queue(const struct store *s, uint32_t id);

/* Whether the queue with that number has an entry with that one that is not gone; and those of the
 * targets of a record, packed, of which that is true: out has room for all.  Returns how many. */
bool store_has(const struct store *s, uint32_t id, uint64_t seq);
size_t store_targets_left(const struct store *s, struct slice packed_targets,
                          struct record_target *out);

/* The queue is deleted: gathered acks are dropped. */
void store_forget_queue(struct store *s, struct queue *q);

/* Something has come to the queue. */
void store_wake(struct store *s, struct queue *q);

/* End of a turn: writes gathered acks, trims what can be trimmed, lets go of messages beyond the
 * memory budget; durable is the log's. */
void store_turn(struct store *s, log_position durable);

/* True when store_turn has more to do and waits for nothing. */
bool store_is_busy(const struct store *s, log_position durable);

/* A quiet moment: what can go cold does so in the turns to come. */
void store_rest(struct store *s);

/* Recovery.  store_scan reads the whole log; afterwards the catalog is filled and the messages
 * wait, by queue id, to be claimed: store_claim moves those of q into it (q->id set), and
 * store_claim_keys the keys of an exchange's dedup cache (its id set).  store_scan_end drops what
 * nobody claimed. 0, or -errno with a sentence.  reading (NULL: nobody) is told now and then how
 * far the log was read. */
struct recovery;
int store_scan(struct store *s, void reading(uint64_t at), struct recovery **out,
               struct buf *why);
void store_claim(struct store *s, struct recovery *r, struct queue *q);
void store_claim_keys(struct store *s, struct recovery *r, struct dedup *k);
void store_scan_end(struct store *s, struct recovery **r);

/* At a clean stop: how far each queue had been delivered. */
void store_note_delivered(struct store *s, const struct queue *q);

#endif
