/* SPDX-License-Identifier: Apache-2.0 */
/* One connection that consumes its share of the queues and checks what comes: the messages of each
 * publisher in order and once, all of them where it has a queue to itself, tags ascending. */
#ifndef TESTS_BENCH_CONSUMER_H
#define TESTS_BENCH_CONSUMER_H

#include "tests/wire/wire.h"

struct publisher;

struct consumer {
	struct wire wire;
	uint32_t number;
	const struct publisher *publishers;
	uint64_t delivered, settled, last_tag;
	uint64_t before;           /* of those, before the window */
	uint64_t sequences;        /* the sum of all sequence numbers seen */
	uint32_t queue;            /* of the delivery whose body is awaited */
	uint64_t *next;            /* [queue][publisher]: the least sequence that may come */
};

/* Connects and consumes. The queues must be there. */
void consumer_start(struct consumer *c, uint32_t number, const struct publisher *publishers);

bool consumer_is_able(const struct consumer *c);

/* What poll says. */
void consumer_read(struct consumer *c);
void consumer_write(struct consumer *c);

#endif
