/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of virtual hosts and of users, under RabbitMQ's names, as the objects of JSON that they
 * are written as. */
#ifndef MANAGEMENT_LIMITS_H
#define MANAGEMENT_LIMITS_H

#include "base/buf.h"
#include "broker/ledger.h"

/* Takes in the limits of a decoded object (an encoded field table); those it does not name stay. A
 * negative one is none.  False, and why in RabbitMQ's words, when it has others or no numbers. */
bool limits_read_vhost(struct slice table, struct vhost_about *about, struct buf *why);
bool limits_read_user(struct slice table, struct user_about *about, struct buf *why);

/* Lifts one limit by its name, or "all"; false when there is none of that name. */
bool limits_lift_user(struct slice name, struct user_about *about);

/* Appends those that there are, as an object. */
void limits_put_vhost(struct buf *out, const struct vhost_about *about);
void limits_put_user(struct buf *out, const struct user_about *about);

#endif
