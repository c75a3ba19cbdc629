/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of a queue and when each is due, first in, first out: what is known of each lies in a few
 * bytes, because it is kept as the difference to the one before. */
#ifndef PERSISTENCE_DUES_H
#define PERSISTENCE_DUES_H

#include "base/buf.h"
#include "base/list.h"
#include "persistence/log.h"

struct due {
	int64_t when_ms;         /* at most 2^56 either way */
	uint64_t seq;
	log_position at;         /* a multiple of eight; 0: in memory only, or not said */
	uint64_t body_bytes;
	uint16_t lane;           /* the caller's: where the entry stands */
	bool kept;
};

struct dues {
	struct list blocks;
	uint64_t count;
};

void dues_init(struct dues *d);
void dues_free(struct dues *d);

/* Adds at the back. */
void dues_push(struct dues *d, const struct due *e);

/* Takes the first, or looks at it; false when there is none. */
bool dues_pop(struct dues *d, struct due *out);
bool dues_peek(const struct dues *d, struct due *out);

/* All of from is added at the back of to. */
void dues_join(struct dues *to, struct dues *from);

/* Appends all as bytes, and adds what such bytes say at the back: false, and nothing is added, when
 * they make no sense. */
void dues_write(struct buf *out, const struct dues *d);
bool dues_read(struct dues *d, struct slice bytes);

/* Bytes of memory taken. */
size_t dues_footprint(const struct dues *d);

#endif
