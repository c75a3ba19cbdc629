/* SPDX-License-Identifier: Apache-2.0 */
/* Of each key the number of its latest message.  Keys are digests; nothing is taken out: what is in
 * the set of numbers that are gone goes when room is needed.  An entry takes 24 bytes, and of the
 * slots between six and eight of ten are in use.  A table without entries owns nothing. */
#ifndef QUEUE_LATEST_H
#define QUEUE_LATEST_H

#include "base/digest.h"
#include "persistence/ranges.h"

struct latest_slot;

/* One of many tables, so that none takes long to be made anew. */
struct latest_part {
	struct latest_slot *slots;
	uint32_t n, cap;
};

enum { LATEST_PARTS = 64 };

struct latest {
	const struct ranges *gone;   /* numbers of messages that are */
	uint64_t most;               /* keys */
	uint64_t count;              /* keys, also such whose message is gone */
	uint64_t refused;            /* so often there was no room ... */
	struct latest_part parts[LATEST_PARTS];
};

void latest_init(struct latest *l, uint64_t most, const struct ranges *gone);
void latest_free(struct latest *l);

/* Notes a number, which is not 0, under the key.  *other: the lower one of it and the one that was
 * there; 0: there was none, or its message was gone.  False when there is no room for the key. */
bool latest_put(struct latest *l, const struct digest *key, uint64_t number, uint64_t *other);

/* Bytes of memory taken. */
size_t latest_footprint(const struct latest *l);

#endif
