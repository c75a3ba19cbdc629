/* SPDX-License-Identifier: Apache-2.0 */
/* One connection that publishes.  Its messages are encoded once, as a batch that is sent again and
 * again with only sequence numbers (and topic keys) patched.  A body is: publisher u32, sequence
 * u64, filler. */
#ifndef TESTS_BENCH_PUBLISHER_H
#define TESTS_BENCH_PUBLISHER_H

#include "tests/wire/wire.h"

struct publisher {
	struct wire wire;
	uint32_t number;
	uint8_t *batch;
	size_t sent, end;          /* bytes of the batch: written, and to be written */
	uint64_t published, confirmed;
	uint64_t confirmed_below;  /* sequences below this are all confirmed */
	uint8_t *is_confirmed;     /* a ring of flags, for those that are confirmed out of order */
	uint64_t began_us;         /* of a limited rate */
	uint64_t *sent_at_us;      /* a ring of the last publishes; NULL when nobody asks */
};

/* Connects. The queues must be there. */
void publisher_start(struct publisher *p, uint32_t number);

/* It wants to write now. */
bool publisher_is_able(const struct publisher *p);

/* Microseconds until a limited rate lets it go on; 0: now. */
uint64_t publisher_pause_us(const struct publisher *p);

/* What poll says. */
void publisher_write(struct publisher *p);
void publisher_read(struct publisher *p);

/* When that message was handed to the system, or 0 when that is not known any more. */
uint64_t publisher_sent_at_us(const struct publisher *p, uint64_t sequence);

/* Nothing new is published from now on, by anyone. */
void publishers_stop(void);

#endif
