/* SPDX-License-Identifier: Apache-2.0 */
/* What is there and not in a file of definitions, on its way out. */
#ifndef MANAGEMENT_REMOVAL_H
#define MANAGEMENT_REMOVAL_H

#include "broker/roster.h"
#include "management/names.h"
#include "persistence/log.h"

struct removal {
	struct broker *broker;
	struct slice actor;          /* the user who asks, who stays; p == NULL: none */
	bool dry;                    /* nothing is removed in the end */
	bool force;                  /* queues go with their messages */
	bool has_queues;             /* those of virtual hosts were looked at before */
	struct names kept;           /* virtual hosts in which something stays */
	log_position wait_for;
};

/* Says what the object in the row is called (identity is the caller's to mem_free); false for what
 * is in no definitions: what is exclusive or predeclared, and default bindings. */
bool removal_designate(const struct roster_row *row, const char *section,
                       struct designation *out);

/* NULL, or why it stays. */
const char *removal_objection(struct removal *r, const struct roster_row *row,
                              const struct designation *d);

/* Removes it; the row and the designation are void then. */
void removal_remove(struct removal *r, const struct roster_row *row, const struct designation *d);

/* Frees what it remembers. */
void removal_end(struct removal *r);

#endif
