/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual hosts that come and go while the simulator's script runs, each with a queue and a message
 * in it, and now and then a policy, and a user: what was deleted and answered never comes back,
 * what was made or changed and answered stays. */
#ifndef SIM_TENANTS_H
#define SIM_TENANTS_H

#include "tests/sim/world.h"

/* Now and then, before an operation of the script: one comes or goes. */
void tenants_step(struct world *w);

/* Compares what there is with what was promised; what is wrong is said in w->why. */
void tenants_check(struct world *w);

/* All go. */
void tenants_leave(struct world *w);

#endif
