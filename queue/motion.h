/* SPDX-License-Identifier: Apache-2.0 */
/* What goes on with something that messages go through: its traffic, and a place on the list of
 * those that moved lately, so that who takes samples looks at these alone. */
#ifndef QUEUE_MOTION_H
#define QUEUE_MOTION_H

#include "base/list.h"
#include "queue/traffic.h"

enum motion_kind { MOTION_QUEUE, MOTION_EXCHANGE, MOTION_CHANNEL, MOTION_CONNECTION, MOTION_VHOST,
	               MOTION_BROKER };

struct motion {
	struct traffic traffic;
	struct list stirred;         /* on the store's list of those that moved */
	enum motion_kind kind;
	void *of;                    /* what it is the motion of */
};

void motion_init(struct motion *m, enum motion_kind kind, void *of);

/* Before of is freed. */
void motion_end(struct motion *m);

/* It moves. */
static inline void motion_stir(struct motion *m, struct list *stirred)
{
	if (!list_linked(&m->stirred))
		list_push(stirred, &m->stirred);
}

/* One that is made when it is first needed: most things never move. */
struct motion *motion_new(enum motion_kind kind, void *of);
void motion_free(struct motion **m);

#endif
