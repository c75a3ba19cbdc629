/* SPDX-License-Identifier: Apache-2.0 */
/* How many messages went which way since something began: a queue, a channel, a virtual host.  A
 * zeroed one is at its beginning. */
#ifndef QUEUE_TRAFFIC_H
#define QUEUE_TRAFFIC_H

#include <stdint.h>

struct traffic {
#define TRAFFIC(name) uint64_t name;
#include "queue/traffic.def"
#undef TRAFFIC
};

/* Handed out, in whatever way. */
static inline uint64_t traffic_deliver_get(const struct traffic *t)
{
	return t->deliver + t->deliver_no_ack + t->get + t->get_no_ack;
}

static inline void traffic_add(struct traffic *t, const struct traffic *more)
{
#define TRAFFIC(name) t->name += more->name;
#include "queue/traffic.def"
#undef TRAFFIC
}

#endif
