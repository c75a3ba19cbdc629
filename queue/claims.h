/* SPDX-License-Identifier: Apache-2.0 */
/* What a message claims as soon as a queue takes it: keys, each in a dedup cache, and its number in
 * each of its queues.  They become durable with it, or not at all. */
#ifndef QUEUE_CLAIMS_H
#define QUEUE_CLAIMS_H

#include "base/digest.h"
#include "queue/publishers.h"

struct dedup;

struct key_claim {
	struct dedup *dedup;
	struct digest digest;
	int64_t until_ms;
	uint64_t number;             /* filled in when it is placed */
};

struct claims {
	struct key_claim *keys;
	size_t n_keys, cap_keys;
	struct publisher **publishers;   /* who numbers it, as each of its queues knows it; or none */
	size_t n_publishers, cap_publishers;
	uint64_t sequence;           /* ... the number */
};

/* Adds a key; or the publisher as the next of the queues knows it. */
void claims_add_key(struct claims *c, struct key_claim key);
void claims_add_publisher(struct claims *c, struct publisher *p);

/* Nothing is claimed; the memory is used again. */
static inline void claims_clear(struct claims *c)
{
	c->n_keys = c->n_publishers = 0;
}

void claims_free(struct claims *c);

#endif
