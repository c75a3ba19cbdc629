/* SPDX-License-Identifier: Apache-2.0 */
/* What there is in a queue, or in many queues together, so that nobody has to look at each of
 * them.  Nothing is added up on the way of a message: a sum follows what a queue has when that is
 * gathered (queue/motion.h). */
#ifndef QUEUE_TALLY_H
#define QUEUE_TALLY_H

#include <stdint.h>

struct tally {
#define TALLY(name) uint64_t name;
#include "queue/tally.def"
#undef TALLY
};

/* All messages, and the bytes of their bodies. */
static inline uint64_t tally_messages(const struct tally *t)
{
	return t->ready + t->unacked + t->held;
}

static inline uint64_t tally_bytes(const struct tally *t)
{
	return t->ready_bytes + t->unacked_bytes + t->held_bytes;
}

/* A part of the sum was that before, and is this now. */
static inline void tally_follow(struct tally *sum, const struct tally *before,
                                const struct tally *now)
{
#define TALLY(name) sum->name += now->name - before->name;
#include "queue/tally.def"
#undef TALLY
}

#endif
