/* SPDX-License-Identifier: Apache-2.0 */
#include "management/format.h"

#include "base/die.h"
#include "broker/term.h"

bool format_find(struct slice name, enum format *out)
{
	static const struct {
		const char *name;
		enum format format;
	} formats[] = {
		{ "table", FORMAT_TABLE },
		{ "tsv", FORMAT_TABLE },
		{ "pretty_table", FORMAT_PRETTY },
		{ "csv", FORMAT_CSV },
		{ "json", FORMAT_JSON },
		{ "json_stream", FORMAT_JSON_STREAM },
		{ "erlang", FORMAT_ERLANG },
	};
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		if (!slice_is(name, formats[i].name))
			continue;
		*out = formats[i].format;
		return true;
	}
	return false;
}

void format_put_json_name(struct buf *out, const char *name)
{
	buf_printf(out, "\"%s\":", name);
}

void format_put_atom_name(struct buf *out, const char *name)
{
	buf_u8(out, '{');
	term_put_atom(out, slice_str(name));
	buf_u8(out, ',');
}

size_t format_width(struct slice text)
{
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++)
		n += (text.p[i] & 0xC0) != 0x80;
	return n;
}

struct slice format_cut(struct slice text, size_t width)
{
	size_t i = 0;
	for (size_t shown = 0; i < text.n; i++) {
		shown += (text.p[i] & 0xC0) != 0x80;
		if (shown > width)
			break;
	}
	return slice_of(text.p, i);
}

/* ---- boxes ---- */

void format_put_line(struct buf *out, enum format_line line, const size_t *widths, size_t n)
{
	static const struct {
		const char *left, *between, *right;
	} corners[] = {
		[FORMAT_TOP] = { "┌", "┬", "┐" },
		[FORMAT_MIDDLE] = { "├", "┼", "┤" },
		[FORMAT_BOTTOM] = { "└", "┴", "┘" },
	};
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "%s", i ? corners[line].between : corners[line].left);
		for (size_t k = 0; k < widths[i] + 2; k++)
			buf_printf(out, "─");
	}
	buf_printf(out, "%s\n", corners[line].right);
}

void format_put_boxed(struct buf *out, struct slice text, size_t width)
{
	size_t n = format_width(text);
	buf_printf(out, "│ ");
	buf_append_slice(out, text);
	buf_printf(out, "%*s", n < width ? (int)(width - n) + 1 : 1, "");
}

void format_put_edge(struct buf *out)
{
	buf_printf(out, "│\n");
}
