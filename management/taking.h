/* SPDX-License-Identifier: Apache-2.0 */
/* One object of definitions on its way in: what it would change, and the change. */
#ifndef MANAGEMENT_TAKING_H
#define MANAGEMENT_TAKING_H

#include "management/names.h"
#include "persistence/log.h"

struct broker;
struct vhost;

enum taking_verdict {
	TAKING_REFUSED,              /* why says it */
	TAKING_EQUAL,                /* it is there as it is in the file */
	TAKING_CREATES,
	TAKING_CHANGES,
	TAKING_REPLACES,             /* what is there is deleted, and made as in the file */
	TAKING_CONFLICTS,            /* it is there with other properties, and stays: why says it */
};

struct taking {
	struct broker *broker;
	struct slice vhost;          /* all is for that one; p == NULL: each says what it is for */
	struct slice object;         /* a field table */
	bool dry;                    /* nothing is changed */
	bool replaces;               /* queues and exchanges that are otherwise */
	bool force;                  /* ... though messages or consumers are lost */
	struct names *names;         /* of what was taken so far; NULL: nobody asks */
	struct designation what;     /* of this one */
	enum taking_verdict verdict;
	log_position wait_for;
	struct buf *why;             /* the sentence */
};

/* Takes the object in as one of the i-th section, or only says what would become of it; what the
 * designation owns is the caller's. */
void taking_take(struct taking *t, size_t section);

/* The sections in the order in which they are to be taken in; NULL behind the last.  alone: one of
 * them is also where all is for one virtual host. */
const char *taking_section(size_t i, bool *alone);

/* "create", "change", ... */
const char *taking_verdict_name(enum taking_verdict v);

#endif
