/* SPDX-License-Identifier: Apache-2.0 */
/* A replay as it is asked for and told of, over the door or HTTP (queue/replay.h). */
#ifndef MANAGEMENT_REPLAYING_H
#define MANAGEMENT_REPLAYING_H

#include "base/buf.h"
#include "queue/replay.h"

struct queue;

/* An offset of what is retained: a number, first, or last.  False when it is none of these. */
bool replaying_read(struct slice text, const struct queue *retained, uint64_t *out);

/* Why it was not begun, or has ended without effect; a sentence without its end.  retained is NULL
 * when the queue is gone. */
void replaying_explain(struct buf *out, enum replay_outcome why, const struct queue *q,
                       const struct queue *retained);

/* True when it makes sense to try the same once more later. */
bool replaying_is_busy(enum replay_outcome why);

#endif
