/* SPDX-License-Identifier: Apache-2.0 */
/* A backup in the simulator: what the world believed when it was asked for, and the disk it goes
 * to.  The script goes on meanwhile.  When the backup is whole a broker is started on it and
 * compared with those beliefs; one that was cut off must not open. */
#ifndef SIM_SHADOW_H
#define SIM_SHADOW_H

#include "tests/sim/world.h"

/* Begins, goes on with or ends a backup of the world; why of the world says what is wrong with one.
 * Called before each operation of the script. */
void shadow_step(struct world *w);

/* The broker or the power is gone: so is a backup that was under way. */
void shadow_free(struct world *w);

#endif
