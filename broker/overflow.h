/* SPDX-License-Identifier: Apache-2.0 */
/* Queues with a limit to their length (x-max-length, x-max-length-bytes), and what happens beyond
 * it (x-overflow): the oldest messages go, or new ones are refused.  Only ready messages count, and
 * what consumers can take is theirs before anything is dropped or refused. */
#ifndef BROKER_OVERFLOW_H
#define BROKER_OVERFLOW_H

#include "broker/state.h"

struct message;

/* Of the queues in *routed, puts those that refuse the message last, and returns how many there
 * are.  With deliver, consumers are given first what waits for them. */
size_t overflow_part(struct broker *b, const struct message *m, struct route_set *routed,
                     bool deliver);

/* Drops the oldest messages of queues that are too long; what they become may make other queues
 * too long, which are dealt with as well. */
void overflow_trim(struct broker *b);

/* Cheap, for after every frame: the lengths that a client can ask for are within their limits. */
static inline void overflow_run(struct broker *b)
{
	if (!list_empty(&b->overfull))
		overflow_trim(b);
}

#endif
