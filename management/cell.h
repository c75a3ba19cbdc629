/* SPDX-License-Identifier: Apache-2.0 */
/* One value of a listing, and how it is put: as rabbitmqctl puts it in a table, or as JSON. */
#ifndef MANAGEMENT_CELL_H
#define MANAGEMENT_CELL_H

#include "base/buf.h"

struct field;

struct cell {
	enum { CELL_EMPTY, CELL_TEXT, CELL_ATOM, CELL_NUMBER, CELL_BOOLEAN, CELL_TABLE, CELL_PAIRS,
		   CELL_WORDS, CELL_INTEGER, CELL_FIELD, CELL_JSON, CELL_ABSENT } kind;
	union {
		struct slice text;       /* borrowed; words are separated by commas */
		uint64_t number;
		int64_t integer;
		bool boolean;
		struct slice table;      /* an encoded field table; borrowed */
		const struct field *field;   /* borrowed */
	};
};

static inline struct cell cell_empty(void)
{
	return (struct cell){ .kind = CELL_EMPTY };
}

static inline struct cell cell_slice(struct slice s)
{
	return (struct cell){ .kind = CELL_TEXT, .text = s };
}

static inline struct cell cell_text(const char *s)
{
	return cell_slice(slice_str(s));
}

/* A word out of a few, as states and types are: text, but where Erlang is asked for. */
static inline struct cell cell_atom(const char *s)
{
	return (struct cell){ .kind = CELL_ATOM, .text = slice_str(s) };
}

static inline struct cell cell_number(uint64_t n)
{
	return (struct cell){ .kind = CELL_NUMBER, .number = n };
}

static inline struct cell cell_boolean(bool b)
{
	return (struct cell){ .kind = CELL_BOOLEAN, .boolean = b };
}

static inline struct cell cell_table(struct slice table)
{
	return (struct cell){ .kind = CELL_TABLE, .table = table };
}

/* The same, shown as a list of pairs: as rabbitmqctl shows the definition of a policy. */
static inline struct cell cell_pairs(struct slice table)
{
	return (struct cell){ .kind = CELL_PAIRS, .table = table };
}

static inline struct cell cell_integer(int64_t n)
{
	return (struct cell){ .kind = CELL_INTEGER, .integer = n };
}

static inline struct cell cell_field(const struct field *f)
{
	return (struct cell){ .kind = CELL_FIELD, .field = f };
}

static inline struct cell cell_words(struct slice words)
{
	return (struct cell){ .kind = CELL_WORDS, .text = words };
}

/* Not even null: a row does not have it. */
static inline struct cell cell_absent(void)
{
	return (struct cell){ .kind = CELL_ABSENT };
}

/* What is JSON already. */
static inline struct cell cell_json(struct slice text)
{
	return (struct cell){ .kind = CELL_JSON, .text = text };
}

/* In a column: control bytes as three octal digits behind a backslash, a backslash as two. */
void cell_put(struct buf *out, struct cell c);

/* The same for CSV: in quotes where it has to be. */
void cell_put_csv(struct buf *out, struct cell c);

/* As a term of Erlang. */
void cell_put_term(struct buf *out, struct cell c);

/* Bytes that are no UTF-8 are taken for Latin-1. */
void cell_put_json(struct buf *out, struct cell c);

/* The same as the HTTP API has it: an empty one is null, and pairs are an object. */
void cell_put_value(struct buf *out, struct cell c);

#endif
