/* SPDX-License-Identifier: Apache-2.0 */
/* Queues that retain their messages while the simulator's script runs: one keeps all, one so many
 * bytes, one what is so old; messages are sent to them, taken from them, put back by replays,
 * moved by hand between them and a queue that retains nothing, and, in two scripts of three,
 * deleted by hand one by one, wherever they stand.  What was done last before the power went is
 * there in part only where it may be: of what was sent, taken or moved the first ones, of a replay
 * and a delete all or nothing, in queues and in what they retain alike. */
#ifndef SIM_RETAINED_H
#define SIM_RETAINED_H

#include "tests/sim/world.h"

/* Now and then, before an operation of the script. */
void retained_step(struct world *w);

/* The broker has started again: what was not persistent is gone. */
void retained_forget(struct world *w);

/* Reads and takes all that is there, and compares; what is wrong is said in w->why. */
void retained_check(struct world *w);

/* Deletes the queues. */
void retained_leave(struct world *w);

#endif
