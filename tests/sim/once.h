/* SPDX-License-Identifier: Apache-2.0 */
/* Messages with deduplication keys while the simulator's script runs.  Afterwards all that may not
 * have arrived is sent again, as a publisher would: then each has been taken in exactly once. */
#ifndef SIM_ONCE_H
#define SIM_ONCE_H

#include "tests/sim/world.h"

/* Now and then, before an operation of the script: some are sent, some again, some are taken. */
void once_step(struct world *w);

/* Sends again, and counts; what is wrong is said in w->why. */
void once_check(struct world *w);

/* Takes all that is there. */
void once_leave(struct world *w);

#endif
