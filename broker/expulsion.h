/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that are to be closed: all of them, or those of a virtual host or a user, a few at a
 * time.  Those that came after it was begun stay. */
#ifndef BROKER_EXPULSION_H
#define BROKER_EXPULSION_H

#include <stdint.h>

#include "base/slice.h"
#include "base/walk.h"

struct broker;
struct user;
struct vhost;

struct expulsion {
	struct broker *broker;       /* NULL: it is not under way */
	struct walk walk;
	uint64_t below;              /* numbers of those that were there */
	const struct vhost *vhost;   /* NULL: of any */
	const struct user *user;     /* likewise */
	bool goes;                   /* the virtual host or user does: nothing of it may stay */
	uint64_t closed;
};

/* Those that are in the virtual host, or belong to the user. */
void expulsion_begin(struct expulsion *e, struct broker *b, const struct vhost *v,
                     const struct user *u);

/* Closes some more with 320 and the reason.  False when there are none left: it has ended. */
bool expulsion_go_on(struct expulsion *e, struct slice reason);

/* Harmless when it is not under way, if it was zeroed. */
void expulsion_end(struct expulsion *e);

#endif
