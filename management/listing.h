/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a roster by columns, in pieces. */
#ifndef MANAGEMENT_LISTING_H
#define MANAGEMENT_LISTING_H

#include "broker/roster.h"
#include "management/grid.h"

/* The value of a row; text that is made for it lies in room until the next one. */
typedef struct cell column_value(const struct roster_row *r, struct buf *room);

struct column {
	const char *name;
	column_value *value;
};

enum { LISTING_MAX_COLUMNS = GRID_MAX_COLUMNS };

struct listing {
	struct roster roster;
	const struct column *columns[LISTING_MAX_COLUMNS];
	size_t n;
	struct grid grid;
	bool measuring;              /* boxes: how wide they are to be */
	struct buf room;
};

/* The column of that name in what rosters of the kind are shown by; NULL: there is none. */
const struct column *column_find(enum roster_kind kind, struct slice name);

/* Begins with the columns that were chosen before (columns, n): what belongs to a user, if there is
 * one, else to a virtual host.  Boxes need to know how wide they are: such a listing is walked
 * twice, and while it is measuring it appends nothing.  At the end of that it is begun again. */
void listing_begin(struct listing *l, struct broker *b, struct vhost *v, struct user *u,
                   enum roster_kind kind, enum format format, bool headers, struct buf *out);

/* Appends the next rows; false at the end, which was appended too. */
bool listing_go_on(struct listing *l, struct buf *out);

/* Harmless when it was not begun, if it was zeroed. */
void listing_end(struct listing *l);

#endif
