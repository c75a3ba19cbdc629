/* SPDX-License-Identifier: Apache-2.0 */
/* Cells as terms of Erlang, with the types that RabbitMQ's terms have. */
#include <inttypes.h>

#include "amqp/notation.h"
#include "broker/term.h"
#include "management/cell.h"

static void put_typed(struct buf *out, const struct field *f);

static const struct notation table = {
	"[", ",", "]", "{", ",", "}", term_put_name, put_typed,
};

static void put_element(struct buf *out, const struct field *f)
{
	buf_u8(out, '{');
	put_typed(out, f);
	buf_u8(out, '}');
}

static const struct notation array = {
	"[", ",", "]", "", "", "", term_put_name, put_element,
};

/* A value of a field table, behind its type. */
static void put_typed(struct buf *out, const struct field *f)
{
	buf_printf(out, "%s,", field_type_name(f));
	if (f->letter == 'F')
		notation_put_table(out, f->bytes, &table);
	else if (f->letter == 'A')
		notation_put_array(out, f->bytes, &array);
	else if (f->letter == 'V')
		buf_printf(out, "undefined");
	else
		term_put(out, f);
}

static void put_words(struct buf *out, struct slice words)
{
	buf_u8(out, '[');
	for (bool more = false; words.n; more = true) {
		if (more)
			buf_u8(out, ',');
		term_put_atom(out, slice_cut(&words, ','));
	}
	buf_u8(out, ']');
}

void cell_put_term(struct buf *out, struct cell c)
{
	switch (c.kind) {
	case CELL_ABSENT:
	case CELL_EMPTY: buf_printf(out, "''"); break;
	case CELL_JSON:
	case CELL_TEXT: term_put_name(out, c.text); break;
	case CELL_ATOM: term_put_atom(out, c.text); break;
	case CELL_NUMBER: buf_printf(out, "%" PRIu64, c.number); break;
	case CELL_BOOLEAN: buf_printf(out, "%s", c.boolean ? "true" : "false"); break;
	case CELL_INTEGER: buf_printf(out, "%" PRIi64, c.integer); break;
	case CELL_TABLE: notation_put_table(out, c.table, &table); break;
	case CELL_PAIRS: term_put_pairs(out, c.table); break;
	case CELL_FIELD: term_put(out, c.field); break;
	case CELL_WORDS: put_words(out, c.text); break;
	}
}
