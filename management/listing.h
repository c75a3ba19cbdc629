/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a roster by columns, in pieces. */
#ifndef MANAGEMENT_LISTING_H
#define MANAGEMENT_LISTING_H

#include "broker/roster.h"
#include "management/cell.h"

/* The value of a row; text that is made for it lies in room until the next one. */
typedef struct cell column_value(const struct roster_row *r, struct buf *room);

struct column {
	const char *name;
	column_value *value;
};

enum { LISTING_MAX_COLUMNS = 64 };

struct listing {
	struct roster roster;
	const struct column *columns[LISTING_MAX_COLUMNS];
	size_t n;
	bool json;
	uint64_t rows;
	struct buf room;
};

/* The column of that name in what rosters of the kind are shown by; NULL: there is none. */
const struct column *column_find(enum roster_kind kind, struct slice name);

/* Begins with the columns that were chosen before (columns, n): what belongs to a user, if there is
 * one, else to a virtual host. */
void listing_begin(struct listing *l, struct broker *b, struct vhost *v, struct user *u,
                   enum roster_kind kind, bool json, bool headers, struct buf *out);

/* Appends the next rows; false at the end, which was appended too. */
bool listing_go_on(struct listing *l, struct buf *out);

/* Harmless when it was not begun, if it was zeroed. */
void listing_end(struct listing *l);

#endif
