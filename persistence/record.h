/* SPDX-License-Identifier: Apache-2.0 */
/* What the records of the write-ahead log hold, as bytes.  Queues are numbers here, names and
 * headers are bytes: this file knows nothing of AMQP.  Integers are LEB128 varints. */
#ifndef PERSISTENCE_RECORD_H
#define PERSISTENCE_RECORD_H

#include "base/buf.h"
#include "base/slice.h"

enum record_type {
	RECORD_PUBLISH = 1,     /* one message into one or more queues */
	RECORD_CHUNK = 2,       /* a piece of the body of the message that follows the run */
	RECORD_ACK = 3,         /* messages of one queue that are gone */
	RECORD_MOVE = 4,        /* removed from one queue and put into others in one step */
	RECORD_DEFINE = 5,      /* a catalog entry is set */
	RECORD_UNDEFINE = 6,    /* a catalog entry is removed */
	RECORD_DELIVERED = 7,   /* at a clean stop: how far a queue had been delivered */
	RECORD_COMMIT = 8,      /* all since RECORD_BEGIN counts; it may say more one day */
	RECORD_DEDUP = 9,       /* keys that an exchange or a queue accepted */
	RECORD_RELOCATE = 10,   /* a message copied forward, for the queues that still have it */
	RECORD_SPILL = 11,      /* a message that is not kept: recovery ignores it */
	RECORD_BEGIN = 12,      /* what follows counts only with its RECORD_COMMIT */
	RECORD_ABORT = 13,      /* a start found a RECORD_BEGIN without: what followed it is void */
	RECORD_PAGE = 14,       /* a page of a queue's index that left memory: recovery ignores it */
	RECORD_ONCE = 15,       /* a publish or a move, and the keys that it was accepted under */
	RECORD_PUBLISHER = 16,  /* how far a publisher has come in a queue */
	RECORD_SUMMARY = 255,   /* never in the log: what a scan gives for a whole segment */
};

struct record_target {
	uint32_t queue;
	uint64_t seq;
};

enum { RECORD_MAX_TARGETS = 16384 };   /* of one RECORD_PUBLISH; more targets take more records */

struct record_publish {
	const struct record_target *targets;   /* for encoding; decoding: see record_target_next */
	size_t n_targets;
	struct slice exchange, key, header;
	uint64_t wall_ms;          /* when it was published, by the wall clock */
	bool expires;              /* has a time to live of its own */
	bool timed;                /* its entries are due ... */
	uint64_t due_ms;           /* ... so long after wall_ms */
	bool died;                 /* had been dead-lettered (of a RECORD_RELOCATE) */
	bool delayed;              /* waits in an exchange */
	struct slice publisher;    /* who numbers what it sends (of a RECORD_PUBLISH); else empty ... */
	uint64_t sequence;         /* ... and the number, never 0: so far it has come in the targets,
	                            * and none was refused, unless a RECORD_PUBLISHER follows */
	uint64_t body_bytes;       /* of the whole body */
	uint32_t chunks;           /* RECORD_CHUNKs right before this one with the body; 0: inline */
	struct slice body;         /* decoding only: the inline body */
	struct slice packed_targets;   /* decoding only */
};

/* Appends everything but the inline body, which the caller gives to log_append as further parts. */
void record_publish_encode(struct buf *out, const struct record_publish *r);
bool record_publish_decode(struct slice body, struct record_publish *out);

/* A RECORD_MOVE is the entry that goes (queue 0: one that was never logged) and a publish. */
void record_move_encode(struct buf *out, const struct record_target *from,
                        const struct record_publish *r);
bool record_move_decode(struct slice body, struct record_target *from,
                        struct record_publish *out);

/* True for records that hold a message. */
static inline bool record_is_message(uint8_t type)
{
	return type == RECORD_PUBLISH || type == RECORD_MOVE || type == RECORD_RELOCATE ||
	       type == RECORD_SPILL || type == RECORD_ONCE;
}

/* The message of such a record; from is only said by a RECORD_MOVE, which may be in a RECORD_ONCE.
 * False for others. */
bool record_message_decode(uint8_t type, struct slice body, struct record_target *from,
                           struct record_publish *out);

/* Walks r->packed_targets; false at the end. */
bool record_target_next(struct slice *packed, struct record_target *out);

/* Numbers as ascending ranges. */
struct record_range {
	uint64_t first, count;
};

/* Such as a record holds them, to be walked. */
struct record_ranges {
	struct slice packed;     /* not yet walked */
	uint64_t at;             /* end of the range walked last */
};

/* The next of ranges that were checked when their record was decoded; false at the end. */
bool record_range_next(struct record_ranges *r, struct record_range *out);

void record_ack_encode(struct buf *out, uint32_t queue, const struct record_range *ranges,
                       size_t n);

struct record_ack {
	uint32_t queue;
	struct record_ranges gone;
};

bool record_ack_decode(struct slice body, struct record_ack *out);

/* How far a publisher has come in a queue: all that there is to say of it. */
struct record_publisher {
	uint32_t queue;
	struct slice name;           /* 1 to 255 bytes */
	uint64_t sequence;           /* the highest that was accepted; 0: none */
	const struct record_range *refused;   /* which were, and not accepted since; for encoding */
	size_t n_refused;
	struct record_ranges packed_refused;  /* decoding only */
};

void record_publisher_encode(struct buf *out, const struct record_publisher *r);
bool record_publisher_decode(struct slice body, struct record_publisher *out);

/* A catalog entry: kind and key name it, value is what it holds (empty for RECORD_UNDEFINE). */
struct record_define {
	uint8_t kind;
	struct slice key, value;
};

void record_define_encode(struct buf *out, const struct record_define *r);
bool record_define_decode(struct slice body, struct record_define *out);

struct record_delivered {
	uint32_t queue;
	uint64_t below;          /* every sequence number below this had been delivered once */
};

void record_delivered_encode(struct buf *out, const struct record_delivered *r);
bool record_delivered_decode(struct slice body, struct record_delivered *out);

/* A key that a dedup cache accepted.  It is 16 bytes; the rest is for the floor above. */
struct record_key {
	uint32_t dedup;
	uint8_t digest[16];
	uint64_t number;
	uint64_t until_ms;       /* 0: it has no end */
};

/* A RECORD_DEDUP is keys one behind the other. */
void record_key_encode(struct buf *out, const struct record_key *k);
bool record_keys_check(struct slice packed);

/* Walks keys that record_keys_check accepted; false at the end. */
bool record_key_next(struct slice *packed, struct record_key *out);

/* A RECORD_ONCE is a publish or a move, and the keys that it was accepted under: its body is the
 * keys and the type, and then the other record. */
void record_once_encode(struct buf *out, struct slice packed_keys, uint8_t type);

/* When it is a RECORD_ONCE, *type and *body become those of the record in it, and *packed_keys its
 * keys; else those are empty.  False when it does not decode. */
bool record_unwrap(uint8_t *type, struct slice *body, struct slice *packed_keys);

#endif
