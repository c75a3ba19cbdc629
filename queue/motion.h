/* SPDX-License-Identifier: Apache-2.0 */
/* What goes on with something that messages go through: its traffic, the sums that this is a part
 * of, and a place on the list of those that moved lately, so that who gathers traffic or takes
 * samples looks at these alone.  On the way of a message next to nothing is counted
 * (docs/decisions/0020-statistics.md): the traffic is gathered when somebody wants to know. */
#ifndef QUEUE_MOTION_H
#define QUEUE_MOTION_H

#include "base/list.h"
#include "queue/tally.h"
#include "queue/traffic.h"

struct series;

enum motion_kind { MOTION_QUEUE, MOTION_EXCHANGE, MOTION_CHANNEL, MOTION_CONNECTION, MOTION_VHOST,
	               MOTION_BROKER };

enum { MOTION_SUMS = 4 };

struct motion {
	struct list stirred;         /* on a list of those that moved ... */
	bool *flag;                  /* ... which is also said there; NULL: it is not */
	uint64_t seen;               /* of a queue: the number that was next when it was gathered */
	struct traffic traffic;      /* MOTION_COUNT counts ... */
	struct traffic *sums[MOTION_SUMS];   /* ... there, too; NULL: none */
	struct series *series;       /* what it was; kept by broker/ ... */
	uint64_t moved;              /* ... at that step last ... */
	bool sampled;                /* ... once at least */
	uint8_t able;                /* of a queue: per cent of the looks with a consumer able */
	enum motion_kind kind;
	void *of;                    /* what it is the motion of */
};

/* That of a queue, as motion_new makes it. */
struct queue_motion {
	struct motion motion;
	struct tally told;           /* what the queue had when it was gathered */
};

static inline struct tally *motion_told(struct motion *m)
{
	return &list_entry(m, struct queue_motion, motion)->told;
}

void motion_init(struct motion *m, enum motion_kind kind, void *of);

/* Before of is freed. */
void motion_end(struct motion *m);

/* n more of one kind. */
#define MOTION_COUNT(m, name, more)                        \
	do {                                                   \
		uint64_t more_ = (more);                           \
		(m)->traffic.name += more_;                        \
		for (unsigned i_ = 0; i_ < MOTION_SUMS; i_++)      \
			if ((m)->sums[i_])                             \
				(m)->sums[i_]->name += more_;              \
	} while (0)

/* It moves; it has been looked at. */
void motion_stir(struct motion *m, struct list *stirred);
void motion_rest(struct motion *m);

/* One that is made when it is first needed: most things never move. */
struct motion *motion_new(enum motion_kind kind, void *of, bool *flag);
void motion_free(struct motion **m);

#endif
