/* SPDX-License-Identifier: Apache-2.0 */
/* A new binding gets what its exchange remembers (x-recent-history). */
#ifndef BROKER_HISTORY_H
#define BROKER_HISTORY_H

#include "amqp/refusal.h"
#include "exchange/topology.h"

struct channel;

/* As topology_bind.  When the binding is new, what its source remembers goes to where it leads,
 * the oldest first, and *wait_for is when that is durable too. */
const struct refusal *history_bind(struct channel *ch, const struct binding_spec *spec,
                                   log_position *wait_for);

#endif
