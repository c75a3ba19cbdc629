/* SPDX-License-Identifier: Apache-2.0 */
/* What there is in all virtual hosts together, counted over many turns: what comes or goes
 * meanwhile may be counted or not.  Virtual hosts are told how many messages they have. */
#ifndef BROKER_CENSUS_H
#define BROKER_CENSUS_H

#include <stdbool.h>

#include "broker/roster.h"

/* What there is in all virtual hosts together. */
struct broker_totals {
	uint64_t exchanges, queues, bindings, consumers, ready, unacked;
};

struct census {
	struct roster vhosts, queues;
	uint64_t ready, unacked;     /* of the virtual host that it is at */
	struct broker_totals totals;
};

/* Begins at nothing. */
void census_begin(struct census *c, struct broker *b);

/* Counts some more; false when all is counted. */
bool census_go_on(struct census *c);

/* Harmless when it was not begun, if it was zeroed. */
void census_end(struct census *c);

#endif
