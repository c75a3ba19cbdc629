/* SPDX-License-Identifier: Apache-2.0 */
#include "management/listing.h"

enum {
	PIECE_BYTES = 32 << 10,
	PIECE_ROWS = 500,        /* of names as short as they may be: a fraction of a millisecond */
};

static void put_headers(struct listing *l, struct buf *out)
{
	for (size_t i = 0; i < l->n; i++)
		buf_printf(out, "%s%s", i ? "\t" : "", l->columns[i]->name);
	buf_u8(out, '\n');
}

void listing_begin(struct listing *l, struct broker *b, struct vhost *v, struct user *u,
                   enum roster_kind kind, bool json, bool headers, struct buf *out)
{
	l->json = json;
	if (u)
		roster_begin_of(&l->roster, u, kind);
	else
		roster_begin(&l->roster, b, v, kind);
	if (json)
		buf_printf(out, "[\n");
	else if (headers)
		put_headers(l, out);
}

static struct cell value(struct listing *l, size_t i, const struct roster_row *row)
{
	buf_clear(&l->room);
	return l->columns[i]->value(row, &l->room);
}

static void put_row(struct listing *l, const struct roster_row *row, struct buf *out)
{
	for (size_t i = 0; i < l->n; i++) {
		if (i)
			buf_u8(out, '\t');
		cell_put(out, value(l, i, row));
	}
	buf_u8(out, '\n');
}

static void put_json_row(struct listing *l, const struct roster_row *row, struct buf *out)
{
	buf_printf(out, l->rows ? ",{" : "{");
	for (size_t i = 0; i < l->n; i++) {
		buf_printf(out, "%s\"%s\":", i ? "," : "", l->columns[i]->name);
		cell_put_json(out, value(l, i, row));
	}
	buf_printf(out, "}\n");
}

bool listing_go_on(struct listing *l, struct buf *out)
{
	struct roster_row row;
	roster_go_on(&l->roster);
	for (int rows = 0; rows < PIECE_ROWS && out->len < PIECE_BYTES; rows++) {
		enum roster_answer a = roster_next(&l->roster, &row);
		if (a == ROSTER_NOT_YET)
			return true;
		if (a == ROSTER_END) {
			if (l->json)
				buf_printf(out, "]\n");
			return false;
		}
		if (l->json)
			put_json_row(l, &row, out);
		else
			put_row(l, &row, out);
		l->rows++;
	}
	return true;
}

void listing_end(struct listing *l)
{
	roster_end(&l->roster);
	buf_free(&l->room);
}
