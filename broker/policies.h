/* SPDX-License-Identifier: Apache-2.0 */
/* The policies of a virtual host, and what they amount to for an object: a ruling.  Many objects
 * have the same one; a ruling is never changed, but left when policies change. */
#ifndef BROKER_POLICIES_H
#define BROKER_POLICIES_H

#include "base/map.h"
#include "base/walk.h"
#include "broker/policy.h"
#include "queue/settings.h"

enum { POLICIES_MAX = 1000 };   /* of a kind */

struct ruling {
	struct slice identity;       /* owned; which policies it comes from */
	struct slice policy, operator_policy;   /* owned; the names of the strongest, n == 0: none */
	struct slice definition;     /* owned; an encoded table, the keys in order */
	struct slice origins;        /* owned; for each of the keys, the policy it comes from */
	struct settings settings;    /* for queues */
	struct slice alternate;      /* alternate-exchange; p == NULL: none */
	bool nacks;                  /* unroutable is nack */
	uint64_t generation;         /* of the policies that last led to it */
};

struct policies {
	struct list kinds[POLICY_KINDS];   /* the weakest first: by priority, then by name */
	size_t count[POLICY_KINDS];
	struct list walks;           /* under way over these lists */
	bool merge;                  /* key by key, of all that match */
	uint64_t generation;         /* grows with every change */
	uint64_t next_number;
	struct map rulings;          /* by identity */
	struct pattern_room *room;   /* NULL while there is no policy */
	struct buf matched;          /* scratch */
	uint64_t steps;              /* of patterns, taken so far */
};

void policies_init(struct policies *p);
void policies_free(struct policies *p);

/* NULL when there is none. */
struct policy *policies_find(const struct policies *p, enum policy_kind kind, struct slice name);

/* Takes the policy over, in place of one of the same name. */
void policies_put(struct policies *p, enum policy_kind kind, struct policy **policy);

/* False when there is none of that name. */
bool policies_remove(struct policies *p, enum policy_kind kind, struct slice name);

/* Whether policies are merged key by key. */
void policies_set_merge(struct policies *p, bool merge);

/* What the policies amount to for an object of that name, until they change; NULL: nothing. */
struct ruling *policies_rule(struct policies *p, enum policy_target target, struct slice name);

/* Every object has a ruling of the policies as they are: others are dropped. */
void policies_forget(struct policies *p);

#endif
