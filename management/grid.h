/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a list, put in the form that was asked for: the same for all that list. */
#ifndef MANAGEMENT_GRID_H
#define MANAGEMENT_GRID_H

#include "management/format.h"

enum { GRID_MAX_COLUMNS = 64 };

/* Zeroed it is none, and can be ended and freed. */
struct grid {
	enum format format;
	bool headers;
	const char *names[GRID_MAX_COLUMNS];   /* of the columns, borrowed */
	size_t n, at;                /* the cell that comes next in its row */
	uint64_t rows;
	size_t widths[GRID_MAX_COLUMNS];   /* of boxes */
	bool known;                  /* ... which are known: what comes is put at once */
	struct buf held;             /* cells that came before, each as text behind its length (u32) */
	uint64_t n_held;             /* rows of them */
	struct buf text;
};

/* Begins with columns of these names, and appends what is above the rows. */
void grid_begin(struct grid *g, enum format f, bool headers, const char *const *names, size_t n,
                struct buf *out);

/* For boxes, before it begins: the column is as wide as that, at least.  Without any such call the
 * first rows are held back until enough are there to tell. */
void grid_measure(struct grid *g, size_t column, struct cell c);

/* Appends the next cell, and with the last one of a row its end. */
void grid_put(struct grid *g, struct cell c, struct buf *out);

/* A whole row. */
void grid_put_row(struct grid *g, const struct cell *cells, struct buf *out);

/* Appends what was held back, and what is below the rows. */
void grid_end(struct grid *g, struct buf *out);

void grid_free(struct grid *g);

#endif
