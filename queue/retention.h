/* SPDX-License-Identifier: Apache-2.0 */
/* What a queue retains (docs/decisions/0016-retention.md): each persistent message that is put into
 * it is put into a second queue as well, in the same record of the log.  That one is a stream of
 * which clients see nothing but what they read: it does not know who takes what from the queue, and
 * keeps what is not too old and not too much.  The queue owns it, and both go together. */
#ifndef QUEUE_RETENTION_H
#define QUEUE_RETENTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct queue;

/* Whether the arguments have x-retain-ms or x-retain-bytes. */
bool retention_is_asked_for(struct slice arguments);

/* The queue, which is new, retains from now on, by its arguments; id: the number in the log of what
 * is retained, 0: nothing is logged. */
void retention_begin(struct queue *q, uint32_t id);

/* Whether the queue is what another one retains. */
bool retention_is(const struct queue *q);

/* How much it retains: by its arguments and the definition of a policy (retain-ms, retain-bytes;
 * encoded, empty: none), the smaller number of each.  True when that is another than before. */
bool retention_limit(struct queue *q, struct slice definition);

#endif
