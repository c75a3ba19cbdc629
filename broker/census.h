/* SPDX-License-Identifier: Apache-2.0 */
/* What there is in all virtual hosts together, counted over many turns: what comes or goes
 * meanwhile may be counted or not. */
#ifndef BROKER_CENSUS_H
#define BROKER_CENSUS_H

#include "broker/roster.h"
#include "broker/state.h"

struct census {
	struct roster vhosts, queues;
	struct broker_totals totals;
};

/* Begins at nothing. */
void census_begin(struct census *c, struct broker *b);

/* Counts some more; false when all is counted. */
bool census_go_on(struct census *c);

/* Harmless when it was not begun, if it was zeroed. */
void census_end(struct census *c);

#endif
