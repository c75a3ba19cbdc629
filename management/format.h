/* SPDX-License-Identifier: Apache-2.0 */
/* The forms that rows of cells are put in: those of rabbitmqctl's --formatter. */
#ifndef MANAGEMENT_FORMAT_H
#define MANAGEMENT_FORMAT_H

#include "management/cell.h"

enum format {
	FORMAT_TABLE,                /* tabs between cells */
	FORMAT_PRETTY,               /* in boxes */
	FORMAT_CSV,                  /* RFC 4180, but for the ends of lines */
	FORMAT_JSON,                 /* one array of objects */
	FORMAT_JSON_STREAM,          /* an object on each line */
	FORMAT_ERLANG,               /* a list of lists of pairs, as a term */
};

/* The form of that name; false: there is none. */
bool format_find(struct slice name, enum format *out);

static inline bool format_is_json(enum format f)
{
	return f == FORMAT_JSON || f == FORMAT_JSON_STREAM;
}

/* What stands ahead of a cell in an object: "name":  And in a pair, which is still to be closed:
 * {name, */
void format_put_json_name(struct buf *out, const char *name);
void format_put_atom_name(struct buf *out, const char *name);

/* Columns on a terminal that a cell of a table takes up: characters of UTF-8. */
size_t format_width(struct slice text);

/* As much of it, from its beginning, as is so wide at most. */
struct slice format_cut(struct slice text, size_t width);

/* ---- boxes ---- */

enum format_line { FORMAT_TOP, FORMAT_MIDDLE, FORMAT_BOTTOM };

/* A line between rows, for n columns of these widths. */
void format_put_line(struct buf *out, enum format_line line, const size_t *widths, size_t n);

/* One cell with what is to its left, and with blanks up to the width; behind the last one the line
 * is closed by format_put_edge. */
void format_put_boxed(struct buf *out, struct slice text, size_t width);
void format_put_edge(struct buf *out);

#endif
