/* SPDX-License-Identifier: Apache-2.0 */
#include "management/cell.h"

#include <inttypes.h>
#include <math.h>

#include "amqp/notation.h"

/* ---- as text ---- */

static void put_text(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\')
			buf_append(out, "\\\\", 2);
		else if (s.p[i] < 0x20 || s.p[i] == 0x7F)
			buf_printf(out, "\\%03o", s.p[i]);
		else
			buf_u8(out, s.p[i]);
	}
}

static void put_quoted(struct buf *out, struct slice s)
{
	buf_u8(out, '"');
	put_text(out, s);
	buf_u8(out, '"');
}

static void put_real(struct buf *out, double v)
{
	if (isfinite(v))
		buf_real(out, v);
	else
		buf_printf(out, "%f", v);
}

static void put_number_field(struct buf *out, const struct field *f)
{
	if (f->letter == 'f' || f->letter == 'd')
		put_real(out, f->real);
	else if (f->letter == 'T')
		buf_printf(out, "%" PRIu64, f->timestamp);
	else if (f->letter == 'D')
		buf_printf(out, "{%u,%" PRIu32 "}", f->decimal.scale, f->decimal.value);
	else
		buf_printf(out, "%" PRIi64, f->integer);
}

static void put_field(struct buf *out, const struct field *f);

static const struct notation plain = {
	"[", ",", "]", "{", ",", "}", put_quoted, put_field,
};

static void put_field(struct buf *out, const struct field *f)
{
	switch (f->letter) {
	case 't': buf_printf(out, "%s", f->boolean ? "true" : "false"); break;
	case 'S':
	case 'x': put_quoted(out, f->bytes); break;
	case 'F': notation_put_table(out, f->bytes, &plain); break;
	case 'A': notation_put_array(out, f->bytes, &plain); break;
	case 'V': buf_printf(out, "undefined"); break;
	default: put_number_field(out, f);
	}
}

static void put_words(struct buf *out, struct slice words, const char *between,
                      void put(struct buf *, struct slice))
{
	buf_u8(out, '[');
	for (bool more = false; words.n; more = true) {
		if (more)
			buf_printf(out, "%s", between);
		put(out, slice_cut(&words, ','));
	}
	buf_u8(out, ']');
}

/* Strings without quotes, as rabbitmqctl has them here. */
static void put_bare(struct buf *out, const struct field *f)
{
	if (f->letter == 'S')
		put_text(out, f->bytes);
	else
		put_field(out, f);
}

static const struct notation pairs = {
	"[", ", ", "]", "{<<", ">>, ", "}", put_quoted, put_bare,
};

void cell_put(struct buf *out, struct cell c)
{
	switch (c.kind) {
	case CELL_ABSENT:
	case CELL_EMPTY: break;
	case CELL_JSON:
	case CELL_ATOM:
	case CELL_TEXT: put_text(out, c.text); break;
	case CELL_NUMBER: buf_printf(out, "%" PRIu64, c.number); break;
	case CELL_BOOLEAN: buf_printf(out, "%s", c.boolean ? "true" : "false"); break;
	case CELL_INTEGER: buf_printf(out, "%" PRIi64, c.integer); break;
	case CELL_TABLE: notation_put_table(out, c.table, &plain); break;
	case CELL_PAIRS: notation_put_table(out, c.table, &pairs); break;
	case CELL_FIELD: put_field(out, c.field); break;
	case CELL_WORDS: put_words(out, c.text, ", ", put_text); break;
	}
}

/* ---- as CSV ---- */

static bool needs_quotes(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == ',' || s.p[i] == '"')
			return true;
	return false;
}

/* Control bytes are escaped as in a table: there is no end of a line inside a cell. */
void cell_put_csv(struct buf *out, struct cell c)
{
	struct buf text = { 0 };
	cell_put(&text, c);
	struct slice s = buf_slice(&text);
	bool quoted = needs_quotes(s);
	if (quoted)
		buf_u8(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			buf_u8(out, '"');
		buf_u8(out, s.p[i]);
	}
	if (quoted)
		buf_u8(out, '"');
	buf_free(&text);
}

/* ---- as JSON ---- */

/* Bytes of the character of UTF-8 that s begins with (RFC 3629); 0: it begins with none. */
static size_t character(struct slice s)
{
	uint8_t c = s.p[0];
	size_t n = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
	if (n > s.n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s.p[i] & 0xC0) != 0x80)
			return 0;
	bool longer = (c == 0xE0 && s.p[1] < 0xA0) || (c == 0xF0 && s.p[1] < 0x90);
	bool beyond = (c == 0xED && s.p[1] > 0x9F) || (c == 0xF4 && s.p[1] > 0x8F);
	return longer || beyond ? 0 : n;
}

static void put_json_text(struct buf *out, struct slice s)
{
	buf_u8(out, '"');
	while (s.n) {
		size_t n = character(s);
		uint8_t c = s.p[0];
		if (n == 0 || c < 0x20 || c == 0x7F)
			buf_printf(out, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else
			buf_append(out, s.p, n);
		slice_take(&s, n ? n : 1);
	}
	buf_u8(out, '"');
}

static void put_json_number(struct buf *out, const struct field *f)
{
	if (f->letter == 'D')
		buf_printf(out, "%" PRIu32 "e-%u", f->decimal.value, f->decimal.scale);
	else if ((f->letter == 'f' || f->letter == 'd') && !isfinite(f->real))
		buf_printf(out, "null");
	else
		put_number_field(out, f);
}

static void put_json_field(struct buf *out, const struct field *f);

static const struct notation json_object = {
	"{", ",", "}", "", ":", "", put_json_text, put_json_field,
};

static const struct notation json_list = {
	"[", ",", "]", "[", ",", "]", put_json_text, put_json_field,
};

static void put_json_field(struct buf *out, const struct field *f)
{
	switch (f->letter) {
	case 't': buf_printf(out, "%s", f->boolean ? "true" : "false"); break;
	case 'S':
	case 'x': put_json_text(out, f->bytes); break;
	case 'F': notation_put_table(out, f->bytes, &json_object); break;
	case 'A': notation_put_array(out, f->bytes, &json_list); break;
	case 'V': buf_printf(out, "null"); break;
	default: put_json_number(out, f);
	}
}

void cell_put_json(struct buf *out, struct cell c)
{
	switch (c.kind) {
	case CELL_ABSENT:
	case CELL_EMPTY: buf_printf(out, "\"\""); break;
	case CELL_ATOM:
	case CELL_TEXT: put_json_text(out, c.text); break;
	case CELL_TABLE: notation_put_table(out, c.table, &json_object); break;
	case CELL_PAIRS: notation_put_table(out, c.table, &json_list); break;
	case CELL_FIELD: put_json_field(out, c.field); break;
	case CELL_WORDS: put_words(out, c.text, ",", put_json_text); break;
	case CELL_JSON: buf_append_slice(out, c.text); break;
	default: cell_put(out, c);
	}
}

void cell_put_value(struct buf *out, struct cell c)
{
	if (c.kind == CELL_EMPTY)
		buf_printf(out, "null");
	else
		cell_put_json(out, c.kind == CELL_PAIRS ? cell_table(c.table) : c);
}
