/* SPDX-License-Identifier: Apache-2.0 */
#include "management/listing.h"
#include "management/piece.h"

enum {
	PIECE_ROWS = 500,        /* of names as short as they may be: a fraction of a millisecond */
};

void listing_begin(struct listing *l, struct broker *b, struct vhost *v, struct user *u,
                   enum roster_kind kind, enum format format, bool headers, struct buf *out)
{
	const char *names[LISTING_MAX_COLUMNS];
	l->measuring = format == FORMAT_PRETTY && !l->measuring;
	if (u)
		roster_begin_of(&l->roster, u, kind);
	else
		roster_begin(&l->roster, b, v, kind);
	for (size_t i = 0; i < l->n; i++)
		names[i] = l->columns[i]->name;
	if (!l->measuring)
		grid_begin(&l->grid, format, headers, names, l->n, out);
}

static struct cell value(struct listing *l, size_t i, const struct roster_row *row)
{
	buf_clear(&l->room);
	return l->columns[i]->value(row, &l->room);
}

static void take_row(struct listing *l, const struct roster_row *row, struct buf *out)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->measuring)
			grid_measure(&l->grid, i, value(l, i, row));
		else
			grid_put(&l->grid, value(l, i, row), out);
}

bool listing_go_on(struct listing *l, struct buf *out)
{
	struct roster_row row;
	roster_go_on(&l->roster);
	for (int rows = 0; rows < PIECE_ROWS && out->len < PIECE_BYTES; rows++) {
		enum roster_answer a = roster_next(&l->roster, &row);
		if (a == ROSTER_NOT_YET)
			return true;
		if (a == ROSTER_ROW) {
			take_row(l, &row, out);
			continue;
		}
		if (l->measuring)
			roster_end(&l->roster);
		else
			grid_end(&l->grid, out);
		return false;
	}
	return true;
}

void listing_end(struct listing *l)
{
	roster_end(&l->roster);
	buf_free(&l->room);
	grid_free(&l->grid);
}
