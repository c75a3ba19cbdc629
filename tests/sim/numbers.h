/* SPDX-License-Identifier: Apache-2.0 */
/* Messages with a publisher's numbers while the simulator's script runs, to a queue and to one that
 * is full now and then and refuses them.  Afterwards what was confirmed is there, and all is sent
 * again, as a publisher would: then each has been in each queue exactly once. */
#ifndef SIM_NUMBERS_H
#define SIM_NUMBERS_H

#include "tests/sim/world.h"

/* Now and then, before an operation of the script: some are sent, some again, some are taken. */
void numbers_step(struct world *w);

/* Counts, sends again, and counts; what is wrong is said in w->why. */
void numbers_check(struct world *w);

/* Takes all that is there. */
void numbers_leave(struct world *w);

#endif
