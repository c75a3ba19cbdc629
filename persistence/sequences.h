/* SPDX-License-Identifier: Apache-2.0 */
/* How far publishers have come in queues, as the records of a stretch of the log say it: for each
 * of them what was said last. */
#ifndef PERSISTENCE_SEQUENCES_H
#define PERSISTENCE_SEQUENCES_H

#include "base/map.h"
#include "persistence/log.h"
#include "persistence/record.h"

struct sequence {
	log_position at;             /* of the record that said it */
	uint64_t last;
	struct buf refused;          /* struct record_range, ascending */
	uint32_t queue;
	uint8_t name_n;
	uint8_t key[];               /* the queue's number (u32), and the name */
};

struct sequences {
	struct map by_key;           /* struct sequence */
};

static inline struct slice sequence_name(const struct sequence *q)
{
	return slice_of(q->key + sizeof q->queue, q->name_n);
}

/* Takes in what a record said that lies behind all those before. */
void sequences_note(struct sequences *s, log_position at, const struct record_publisher *r);

/* The record that says it; *out points into it. */
void sequence_record(const struct sequence *q, struct record_publisher *out);

/* Takes it out and frees it. */
void sequences_forget(struct sequences *s, struct sequence *q);

void sequences_free(struct sequences *s);

#endif
