/* SPDX-License-Identifier: Apache-2.0 */
#include "management/listing.h"

enum {
	PIECE_BYTES = 32 << 10,
	PIECE_ROWS = 500,        /* of names as short as they may be: a fraction of a millisecond */
	BOX_MOST = 500,          /* wider cells stick out of their boxes */
};

/* ---- boxes ---- */

/* As text, valid until the next one. */
static struct slice printed(struct listing *l, struct cell c)
{
	buf_clear(&l->text);
	cell_put(&l->text, c);
	return buf_slice(&l->text);
}

static void measure(struct listing *l, size_t i, struct cell c)
{
	size_t width = format_width(printed(l, c));
	width = width < BOX_MOST ? width : BOX_MOST;
	l->widths[i] = width > l->widths[i] ? width : l->widths[i];
}

static void put_line(struct listing *l, enum format_line line, struct buf *out)
{
	format_put_line(out, line, l->widths, l->n);
}

/* ---- headers ---- */

static void put_headers(struct listing *l, struct buf *out)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->format == FORMAT_PRETTY)
			format_put_boxed(out, slice_str(l->columns[i]->name), l->widths[i]);
		else
			buf_printf(out, "%s%s", !i ? "" : l->format == FORMAT_CSV ? "," : "\t",
			           l->columns[i]->name);
	}
	if (l->format == FORMAT_PRETTY)
		format_put_edge(out);
	else
		buf_u8(out, '\n');
}

/* What is above the first row. */
static void put_head(struct listing *l, bool headers, struct buf *out)
{
	if (l->format == FORMAT_JSON)
		buf_printf(out, "[\n");
	if (format_is_json(l->format))
		return;
	if (l->format == FORMAT_PRETTY)
		put_line(l, FORMAT_TOP, out);
	if (headers)
		put_headers(l, out);
	l->rows += headers;
}

void listing_begin(struct listing *l, struct broker *b, struct vhost *v, struct user *u,
                   enum roster_kind kind, enum format format, bool headers, struct buf *out)
{
	l->measuring = format == FORMAT_PRETTY && !l->measuring;
	l->format = format;
	if (u)
		roster_begin_of(&l->roster, u, kind);
	else
		roster_begin(&l->roster, b, v, kind);
	for (size_t i = 0; l->measuring && headers && i < l->n; i++)
		measure(l, i, cell_text(l->columns[i]->name));
	if (!l->measuring)
		put_head(l, headers, out);
}

/* ---- rows ---- */

static struct cell value(struct listing *l, size_t i, const struct roster_row *row)
{
	buf_clear(&l->room);
	return l->columns[i]->value(row, &l->room);
}

static void put_row(struct listing *l, const struct roster_row *row, struct buf *out)
{
	for (size_t i = 0; i < l->n; i++) {
		if (i)
			buf_u8(out, l->format == FORMAT_CSV ? ',' : '\t');
		format_put_cell(out, l->format, value(l, i, row));
	}
	buf_u8(out, '\n');
}

static void put_json_row(struct listing *l, const struct roster_row *row, struct buf *out)
{
	buf_printf(out, l->rows && l->format == FORMAT_JSON ? ",{" : "{");
	for (size_t i = 0; i < l->n; i++) {
		buf_printf(out, "%s\"%s\":", i ? "," : "", l->columns[i]->name);
		cell_put_json(out, value(l, i, row));
	}
	buf_printf(out, "}\n");
}

static void put_boxed_row(struct listing *l, const struct roster_row *row, struct buf *out)
{
	if (l->rows)
		put_line(l, FORMAT_MIDDLE, out);
	for (size_t i = 0; i < l->n; i++)
		format_put_boxed(out, printed(l, value(l, i, row)), l->widths[i]);
	format_put_edge(out);
}

static void take_row(struct listing *l, const struct roster_row *row, struct buf *out)
{
	if (l->measuring) {
		for (size_t i = 0; i < l->n; i++)
			measure(l, i, value(l, i, row));
		return;
	}
	if (l->format == FORMAT_PRETTY)
		put_boxed_row(l, row, out);
	else if (format_is_json(l->format))
		put_json_row(l, row, out);
	else
		put_row(l, row, out);
	l->rows++;
}

static void put_foot(struct listing *l, struct buf *out)
{
	if (l->format == FORMAT_JSON)
		buf_printf(out, "]\n");
	if (l->format == FORMAT_PRETTY)
		put_line(l, FORMAT_BOTTOM, out);
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
			put_foot(l, out);
		return false;
	}
	return true;
}

void listing_end(struct listing *l)
{
	roster_end(&l->roster);
	buf_free(&l->room);
	buf_free(&l->text);
}
