/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts to log in: how many succeeded and failed, by protocol, and by who tried from where.
 * Who has failed some times waits before the next try: what a failure costs runs off with time.
 *
 * They are told apart by address and name together: whoever shares an address with a client that
 * has a wrong password, behind a proxy or on one machine, is not made to wait for it. */
#ifndef BROKER_ATTEMPTS_H
#define BROKER_ATTEMPTS_H

#include "base/list.h"
#include "base/map.h"

enum attempt_protocol { ATTEMPT_AMQP, ATTEMPT_HTTP, ATTEMPT_PROTOCOLS };

enum {
	ATTEMPTS_SOURCES_MAX = 1000,     /* who tried longest ago is forgotten for another one */
	ATTEMPTS_NAME_MAX = 255,         /* bytes of it by which a user is known */
	ATTEMPTS_COST_MS = 5000,         /* of a failure ... */
	ATTEMPTS_CREDIT_MS = 15000,      /* ... so much of which nobody waits for */
};

/* Zeroed but for the list there were none. */
struct attempts {
	struct attempt_count {
		uint64_t succeeded, failed;
	} totals[ATTEMPT_PROTOCOLS];
	struct map sources;
	struct list latest;           /* the same, who tried longest ago first */
};

/* Who tried from where.  All but the link is for reading. */
struct attempt_source {
	struct list link;
	enum attempt_protocol protocol;
	struct slice key;             /* owned; the next two lie in it */
	struct slice address, user;
	struct attempt_count count;
	uint64_t owed_until_ms;       /* by then all that failures cost has run off */
};

void attempts_init(struct attempts *a);
void attempts_free(struct attempts *a);

/* Forgets all counts; what failures cost stays. */
void attempts_reset(struct attempts *a);

/* It was tried, at that time. */
void attempts_note(struct attempts *a, enum attempt_protocol protocol, struct slice address,
                   struct slice user, bool succeeded, uint64_t now_ms);

/* Milliseconds until the password of who asks may be looked at; 0: now. */
uint64_t attempts_wait_ms(const struct attempts *a, enum attempt_protocol protocol,
                          struct slice address, struct slice user, uint64_t now_ms);

/* RabbitMQ's name of the protocol. */
const char *attempts_protocol(enum attempt_protocol protocol);

#endif
