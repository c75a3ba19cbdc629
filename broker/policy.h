/* SPDX-License-Identifier: Apache-2.0 */
/* One policy: a pattern of names, what of that name it is for, and a definition, an encoded field
 * table whose keys are in order.  Which of several counts is not its business (policies.h). */
#ifndef BROKER_POLICY_H
#define BROKER_POLICY_H

#include "base/buf.h"
#include "base/list.h"
#include "base/pattern.h"

enum policy_kind {
	POLICY_USER,
	POLICY_OPERATOR,             /* the operator's, over those of users */
	POLICY_KINDS,
};

/* What a policy can be for; each is a bit. */
enum policy_target {
	POLICY_EXCHANGES = 1,
	POLICY_CLASSIC = 2,
	POLICY_QUORUM = 4,
	POLICY_STREAMS = 8,
};

enum {
	POLICY_NAME_MAX = 255,
	POLICY_DEFINITION_MAX = 32 << 10,   /* bytes of the table */
};

struct policy_spec {
	struct slice name, pattern;
	struct slice apply_to;       /* "all", "exchanges", "queues", "classic_queues", ... */
	struct slice definition;
	int64_t priority;
};

struct policy {
	struct list link;            /* among those of its kind; kept by policies.c */
	uint64_t number;             /* no two have had the same; likewise */
	struct slice name, pattern, definition;   /* owned */
	int64_t priority;
	unsigned targets;            /* bits of policy_target */
	unsigned useless;            /* to these: it has a key that they have no use for */
	struct pattern *compiled;    /* NULL: it does not compile any more, and matches nothing */
	bool gave_up;                /* on some name; said once */
};

/* The caller's, to be freed; the strings are copied.  NULL when the spec is none: why says in
 * RabbitMQ's words all that is wrong, a line for each. */
struct policy *policy_new(const struct policy_spec *spec, enum policy_kind kind, struct buf *why);

/* As policy_new, for one that was taken once: a pattern that does not compile any more matches
 * nothing, and why says so. */
struct policy *policy_recall(const struct policy_spec *spec, enum policy_kind kind,
                             struct buf *why);
void policy_free(struct policy **p);

/* Whether it is for a target of that name. room: to search in. */
bool policy_matches(struct policy *p, struct pattern_room *room, enum policy_target target,
                    struct slice name);

/* How apply_to is written. */
const char *policy_apply_to(const struct policy *p);

/* The i-th key that there is, in order of their names; NULL behind the last. */
const char *policy_key(size_t i);

#endif
