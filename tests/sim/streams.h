/* SPDX-License-Identifier: Apache-2.0 */
/* Streams while the simulator's script runs: one that keeps all, with a queue beside it behind the
 * same exchange, one that keeps so many bytes and one that keeps what is so old, the partitions of
 * a super stream, and one that keeps the latest of each key.  Messages come with confirms and in
 * transactions; one reader copies what it reads into a queue, with its offset in the same
 * transaction, another acks as it goes.  A message that was confirmed or seen stays at its offset
 * until it may be forgotten, and what may stay does; offsets stand where they were answered to
 * stand; a transaction is there or not, in all it touches; what the publisher, who counts, sends
 * again afterwards is there once. */
#ifndef SIM_STREAMS_H
#define SIM_STREAMS_H

#include "tests/sim/world.h"

/* Now and then, before an operation of the script: some are sent, read, copied, forgotten. */
void streams_step(struct world *w);

/* Reads all of them from the front and compares; what is wrong is said in w->why. */
void streams_check(struct world *w);

/* Deletes them. */
void streams_leave(struct world *w);

#endif
