/* SPDX-License-Identifier: Apache-2.0 */
/* Where records went that were copied forward.  Whoever holds the old position goes on using it:
 * here is said where the record is now, and how many still hold it by the old one.  Sixteen bytes a
 * record, kept apart for each part of the log they were in, and gone when nobody asks any more. */
#ifndef PERSISTENCE_FORWARD_H
#define PERSISTENCE_FORWARD_H

#include <stdbool.h>

#include "persistence/log.h"

struct forwards;

struct forward_table {
	struct forwards **p;         /* ascending */
	size_t n, cap;
	size_t count;                /* records in all */
};

/* Adds n moves, ascending, of records in the extent that begins at base, none of which is in; one
 * that nobody held any more by that position may be in again. */
void forward_add(struct forward_table *t, log_position base, const struct log_move *moves,
                 size_t n);

/* Where the record went; 0: it is not in. */
log_position forward_find(const struct forward_table *t, log_position at);

/* One less holds it by that position. Where the record went; 0: it is not in. */
log_position forward_take(struct forward_table *t, log_position at);

void forward_free(struct forward_table *t);

#endif
