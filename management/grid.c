/* SPDX-License-Identifier: Apache-2.0 */
#include "management/grid.h"

#include "base/die.h"
#include "base/endian.h"

enum {
	WIDE = 500,              /* wider cells stick out of their boxes */
	HELD_ROWS = 64,          /* that boxes are measured by, when nothing else was said ... */
	HELD_WIDE = 100,         /* ... and how wide they become then */
};

/* ---- boxes ---- */

static void widen(struct grid *g, size_t column, struct slice text, size_t most)
{
	size_t width = format_width(text);
	width = width < most ? width : most;
	g->widths[column] = width > g->widths[column] ? width : g->widths[column];
}

/* As text, valid until the next one. */
static struct slice printed(struct grid *g, struct cell c)
{
	buf_clear(&g->text);
	cell_put(&g->text, c);
	return buf_slice(&g->text);
}

static void put_line(struct grid *g, enum format_line line, struct buf *out)
{
	format_put_line(out, line, g->widths, g->n);
}

static void put_boxed(struct grid *g, size_t column, struct slice text, struct buf *out)
{
	if (column == 0)
		put_line(g, g->rows ? FORMAT_MIDDLE : FORMAT_TOP, out);
	format_put_boxed(out, text, g->widths[column]);
	if (column + 1 < g->n)
		return;
	format_put_edge(out);
	g->rows++;
}

static void put_boxed_headers(struct grid *g, struct buf *out)
{
	for (size_t i = 0; g->headers && i < g->n; i++)
		put_boxed(g, i, slice_str(g->names[i]), out);
}

/* ---- rows that are held back ---- */

static void hold(struct grid *g, struct slice text)
{
	put_le32(buf_reserve(&g->held, 4), (uint32_t)text.n);
	g->held.len += 4;
	buf_append_slice(&g->held, text);
}

static void let_go(struct grid *g, struct buf *out)
{
	struct slice rest = buf_slice(&g->held);
	put_boxed_headers(g, out);
	for (size_t i = 0; rest.n; i = (i + 1) % g->n) {
		size_t n = get_le32(slice_take(&rest, 4).p);
		put_boxed(g, i, slice_take(&rest, n), out);
	}
	g->known = true;
	buf_free(&g->held);
}

static void hold_cell(struct grid *g, struct cell c, struct buf *out)
{
	struct slice text = printed(g, c);
	widen(g, g->at, text, HELD_WIDE);
	hold(g, text);
	g->n_held += g->at + 1 == g->n;
	if (g->n_held == HELD_ROWS)
		let_go(g, out);
}

/* ---- other forms ---- */

static const struct shape {
	const char *open, *open_row, *between_rows, *between, *close_row, *close;
	void (*put_name)(struct buf *out, const char *name);   /* NULL: cells have none */
	void (*put)(struct buf *out, struct cell c);
} shapes[] = {
	[FORMAT_TABLE] = { "", "", "", "\t", "\n", "", NULL, cell_put },
	[FORMAT_CSV] = { "", "", "", ",", "\n", "", NULL, cell_put_csv },
	[FORMAT_JSON] = { "[\n", "{", ",", ",", "}\n", "]\n", format_put_json_name, cell_put_json },
	[FORMAT_JSON_STREAM] = { "", "{", "", ",", "}\n", "", format_put_json_name, cell_put_json },
	[FORMAT_ERLANG] = { "[", "[", ",\n ", ",", "]", "]\n", format_put_atom_name, cell_put_term },
};

static void put_plain(struct grid *g, const struct shape *s, struct cell c, struct buf *out)
{
	if (g->at == 0)
		buf_printf(out, "%s%s", g->rows ? s->between_rows : "", s->open_row);
	else
		buf_printf(out, "%s", s->between);
	if (s->put_name)
		s->put_name(out, g->names[g->at]);
	s->put(out, c);
	if (s->put_name == format_put_atom_name)
		buf_u8(out, '}');
	if (g->at + 1 < g->n)
		return;
	buf_printf(out, "%s", s->close_row);
	g->rows++;
}

/* ---- from outside ---- */

void grid_begin(struct grid *g, enum format f, bool headers, const char *const *names, size_t n,
                struct buf *out)
{
	must(n > 0 && n <= GRID_MAX_COLUMNS);
	g->format = f;
	g->headers = headers;
	g->n = n;
	memcpy(g->names, names, n * sizeof *names);
	if (f == FORMAT_PRETTY) {
		for (size_t i = 0; headers && i < n; i++)
			widen(g, i, slice_str(names[i]), WIDE);
		if (g->known)
			put_boxed_headers(g, out);
		return;
	}
	buf_printf(out, "%s", shapes[f].open);
	if (shapes[f].put_name || !headers)
		return;
	for (size_t i = 0; i < n; i++)
		grid_put(g, cell_text(names[i]), out);
}

void grid_measure(struct grid *g, size_t column, struct cell c)
{
	g->known = true;
	widen(g, column, printed(g, c), WIDE);
}

void grid_put(struct grid *g, struct cell c, struct buf *out)
{
	if (g->format != FORMAT_PRETTY)
		put_plain(g, &shapes[g->format], c, out);
	else if (g->known)
		put_boxed(g, g->at, printed(g, c), out);
	else
		hold_cell(g, c, out);
	g->at = (g->at + 1) % g->n;
}

void grid_put_row(struct grid *g, const struct cell *cells, struct buf *out)
{
	for (size_t i = 0; i < g->n; i++)
		grid_put(g, cells[i], out);
}

void grid_end(struct grid *g, struct buf *out)
{
	if (!g->n)
		return;
	if (g->format != FORMAT_PRETTY) {
		buf_printf(out, "%s", shapes[g->format].close);
		return;
	}
	if (!g->known)
		let_go(g, out);
	if (!g->rows)
		put_line(g, FORMAT_TOP, out);
	put_line(g, FORMAT_BOTTOM, out);
}

void grid_free(struct grid *g)
{
	buf_free(&g->held);
	buf_free(&g->text);
}
