/* SPDX-License-Identifier: Apache-2.0 */
/* What there is in a queue, or in many queues together, so that nobody has to look at each of
 * them.  Nothing is added up on the way of a message: a sum follows what a queue has when that is
 * gathered (queue/motion.h). */
#ifndef QUEUE_TALLY_H
#define QUEUE_TALLY_H

#include <stdint.h>

struct queue;

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

/* So many messages, and the bytes of their bodies. */
struct portion {
	uint64_t n, bytes;
};

static inline void portion_add(struct portion *p, uint64_t n, uint64_t bytes)
{
	p->n += n;
	p->bytes += bytes;
}

/* What a queue has now. */
struct tally tally_of(const struct queue *q);

/* Of that, what others call unacked: what is with clients, or comes back when it is time to try it
 * again.  In a stream nothing is: what its readers have is in it all the same. */
struct portion tally_unacked(const struct queue *q);

/* All of it: what is ready, unacked, or a dead letter that nobody took (live.dead). */
struct portion tally_all(const struct queue *q);

/* What of a queue is in memory: of what is ready, of what is unacked, of all; and what is not.  Of
 * a stream it makes no sense. */
struct portion tally_ready_ram(const struct queue *q);
struct portion tally_unacked_ram(const struct queue *q);
struct portion tally_ram(const struct queue *q);
struct portion tally_paged_out(const struct queue *q);

#endif
