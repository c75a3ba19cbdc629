/* SPDX-License-Identifier: Apache-2.0 */
/* Publisher confirms of one channel.  Every publish gets the next number; one whose message waits
 * for the log stands in a ring in order of numbers (and so of positions), one that is safe at once
 * is noted beside it, one that a queue refused is a nack in the ring.  At the end of a turn
 * everything below the first still waiting goes out as one ack with multiple, the rest one by
 * one. */
#ifndef BROKER_CONFIRM_H
#define BROKER_CONFIRM_H

#include "base/slice.h"
#include "persistence/log.h"

struct channel;

struct confirm_wait {
	uint64_t tag;
	log_position wait_for;
	uint32_t at_ms;              /* when it was read, on the broker's clock; its lower half */
	bool refused;                /* a nack, which goes out in its turn */
};

struct confirm {
	bool on;
	uint64_t next_tag;           /* of the next publish, from 1 */
	uint64_t acked_below;        /* every tag below has been answered ... */
	uint64_t nacked;             /* ... so many with a nack */
	struct confirm_wait *ring;
	size_t first, count, cap;    /* cap is a power of two or 0 */
	uint64_t *stragglers;        /* safe, not yet acked, above something that waits */
	size_t n_stragglers, cap_stragglers;
	uint64_t newest_safe;        /* the highest tag known to be safe and not yet acked, 0: none */
};

/* The next publish was taken; its ack may go once the log is durable beyond wait_for. */
void confirm_note(struct channel *ch, log_position wait_for);

/* The next publish was refused by a queue: it is nacked once all before it are answered, and the
 * log is durable beyond wait_for. */
void confirm_refuse(struct channel *ch, log_position wait_for);

/* Sends what may be sent now. */
void confirm_flush(struct channel *ch);

void confirm_free(struct confirm *c);

#endif
