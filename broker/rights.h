/* SPDX-License-Identifier: Apache-2.0 */
/* May this connection do that?  Each method needs one or two of three rights to what it names:
 *
 *   declare, delete     configure                      (passive: any of the three)
 *   ... with a dead-letter or alternate exchange        read it, write to that exchange
 *   bind, unbind        write to the destination, read the source; of a topic exchange: the key too
 *   publish             write to the exchange; of a topic exchange: every key too
 *   consume, get, purge read the queue
 *
 * A right is a pattern that is found in the name.  What was allowed is remembered by the channel
 * until rights change anywhere: then broker.rights counts on, and everything is asked again. */
#ifndef BROKER_RIGHTS_H
#define BROKER_RIGHTS_H

#include "amqp/refusal.h"
#include "base/slice.h"
#include "base/walk.h"
#include "broker/ledger.h"

struct broker;
struct channel;
struct exchange;

enum { RIGHTS_KNOWN = 8 };

/* What is known to be allowed: serial numbers of exchanges and queues, with the right beside. */
struct rights_known {
	uint64_t when;               /* broker.rights of then */
	uint64_t allowed[RIGHTS_KNOWN];
};

/* What stands for a right to something among those that are known; not 0. */
static inline uint64_t rights_mark(enum right right, uint64_t serial)
{
	return serial * RIGHTS + (uint64_t)right;
}

enum thing { THING_QUEUE, THING_EXCHANGE };

/* 403 unless the user of the channel has the right to what has this name.  serial, if it is there
 * and has one (0: not), makes the answer be remembered. */
const struct refusal *rights_check(struct channel *ch, enum right right, enum thing thing,
                                   struct slice name, uint64_t serial);

/* 403 unless the user has some right to it: for who only asks whether it is there. */
const struct refusal *rights_check_any(struct channel *ch, enum thing thing, struct slice name);

/* 403 unless the key may be used with that exchange, if it is a topic exchange. */
const struct refusal *rights_check_topic(struct channel *ch, enum right right,
                                         const struct exchange *x, struct slice key);

/* 403 unless a queue or exchange of that name may be declared: it, and the exchange that an
 * argument names where messages go on to. */
const struct refusal *rights_check_onward(struct channel *ch, enum thing thing, struct slice name,
                                          struct slice arguments, const char *argument);

/* Consumers are looked at again after a change, some in each turn. */
struct rights_review {
	struct walk walk;
	bool again;                  /* something else has changed meanwhile */
};

/* Somebody may do something else than before (and broker.rights has counted on): consumers who may
 * not read any more will be cancelled. */
void rights_changed(struct broker *b);

/* Goes on with that; and true when it is done. */
void rights_turn(struct broker *b);
bool rights_are_reviewed(const struct broker *b);

#endif
