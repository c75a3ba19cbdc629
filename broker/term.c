/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/term.h"

#include <inttypes.h>

#include "amqp/notation.h"

static bool is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 0x80)
			return false;
	return true;
}

static void put_quoted(struct buf *out, struct slice s, uint8_t quote)
{
	buf_u8(out, quote);
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		if (c == quote || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c == '\n')
			buf_printf(out, "\\n");
		else if (c < 0x20 || c == 0x7F)
			buf_printf(out, "\\%03o", c);
		else
			buf_u8(out, c);
	}
	buf_u8(out, quote);
}

void term_put_name(struct buf *out, struct slice name)
{
	buf_printf(out, "<<");
	if (name.n)
		put_quoted(out, name, '"');
	buf_printf(out, is_ascii(name) ? ">>" : "/utf8>>");
}

void term_put_text(struct buf *out, struct slice text)
{
	put_quoted(out, text, '"');
}

static bool is_plain_atom(struct slice s)
{
	if (!s.n || s.p[0] < 'a' || s.p[0] > 'z')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '_' || c == '@'))
			return false;
	}
	return true;
}

void term_put_atom(struct buf *out, struct slice name)
{
	if (is_plain_atom(name))
		buf_append_slice(out, name);
	else
		put_quoted(out, name, '\'');
}

static const struct notation map = {
	"#{", ",", "}", "", " => ", "", term_put_name, term_put,
};

static const struct notation list = {
	"[", ",", "]", "{", ",", "}", term_put_name, term_put,
};

void term_put_pairs(struct buf *out, struct slice table)
{
	notation_put_table(out, table, &list);
}

void term_put(struct buf *out, const struct field *f)
{
	switch (f->letter) {
	case 't': buf_printf(out, "%s", f->boolean ? "true" : "false"); break;
	case 'V': buf_printf(out, "null"); break;
	case 'f':
	case 'd': buf_real(out, f->real); break;
	case 'T': buf_printf(out, "%" PRIu64, f->timestamp); break;
	case 'D': buf_printf(out, "{%u,%" PRIu32 "}", f->decimal.scale, f->decimal.value); break;
	case 'A': notation_put_array(out, f->bytes, &list); break;
	case 'F': notation_put_table(out, f->bytes, &map); break;
	case 'S':
	case 'x': term_put_name(out, f->bytes); break;
	default: buf_printf(out, "%" PRIi64, f->integer);
	}
}
