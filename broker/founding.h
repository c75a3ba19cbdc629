/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration gives new virtual hosts to begin with, as RabbitMQ does: of the limits
 * the first whose pattern is found in the name; operator policies and users, all whose pattern is.
 * A user who is there already keeps password and tags, and gets the rights. */
#ifndef BROKER_FOUNDING_H
#define BROKER_FOUNDING_H

#include <stdbool.h>

#include "base/buf.h"
#include "persistence/log.h"

struct broker;
struct vhost;
struct vhost_about;

enum founding {
	FOUNDING_LIMITS,
	FOUNDING_POLICIES,           /* of the operator */
	FOUNDING_USERS,
	FOUNDINGS,
};

/* May the entries of a kind (base/entries.h) have this one, "NAME.FIELD"?  False and a sentence in
 * why, which shows no password. */
bool founding_check(enum founding kind, struct slice entry, struct slice value, struct buf *why);

/* Sets the limits that a virtual host of that name has from the beginning. */
void founding_limit(struct broker *b, struct slice vhost, struct vhost_about *about);

/* Gives a new one its policies and users.  The position to wait for; 0: there was nothing. */
log_position founding_apply(struct vhost *v);

#endif
