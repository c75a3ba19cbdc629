/* SPDX-License-Identifier: Apache-2.0 */
/* Field tables and arrays (AMQP 0-9-1 section 4.2.5, with the type letters that RabbitMQ and its
 * clients use: t b B s u I i l L f d D S A T F V x).  A table is kept as the bytes it came in
 * (without the length prefix), so that it leaves as it came; this file reads such bytes in place
 * and writes new ones.  Nested values are limited in depth and in number. */
#ifndef AMQP_TABLE_H
#define AMQP_TABLE_H

#include "base/buf.h"
#include "base/slice.h"

enum {
	TABLE_MAX_DEPTH = 32,     /* tables and arrays within each other */
	TABLE_MAX_FIELDS = 4096,  /* values in all, nested ones counted */
};

/* One value.  letter is the type on the wire; the member that holds it follows from it. */
struct field {
	char letter;
	union {
		bool boolean;        /* t */
		int64_t integer;     /* b B s u I i l L, sign extended (B u i: never negative) */
		uint64_t timestamp;  /* T, seconds since 1970 */
		double real;         /* f d */
		struct {
			uint8_t scale;
			uint32_t value;
		} decimal;           /* D */
		struct slice bytes;  /* S x: the string; F A: the encoded inside */
	};
};

/* Walks a table or an array. */
struct table_walk {
	struct slice rest;
};

static inline struct table_walk table_walk(struct slice table)
{
	return (struct table_walk){ table };
}

/* The next pair of a table, or false at its end.  Only for bytes that table_check accepted. */
bool table_next(struct table_walk *w, struct slice *key, struct field *value);

/* The next element of an array, likewise. */
bool array_next(struct table_walk *w, struct field *value);

/* True when the bytes are one well-formed table (array) within the limits: known letters, all
 * lengths inside, keys of at most 255 bytes, depth and number bounded. */
bool table_check(struct slice table);
bool array_check(struct slice array);

/* The value of a key in a checked table; of equal keys the last counts.  False when absent. */
bool table_find(struct slice table, const char *key, struct field *value);
bool table_find_slice(struct slice table, struct slice key, struct field *value);

/* True for b B s u I i l L. */
bool field_is_integer(const struct field *f);

/* Equal in RabbitMQ's sense for arguments: integers by value whatever their width, floats by
 * value, strings by bytes, tables and arrays by their elements; different kinds are unequal. */
bool field_equal(const struct field *a, const struct field *b);

/* RabbitMQ's name of the type, as its error texts say it: t bool, b byte, B unsignedbyte,
 * s short, u unsignedshort, I signedint, i unsignedint, l and L long, f float, d double,
 * D decimal, S longstr, A array, T timestamp, F table, V void, x binary. */
const char *field_type_name(const struct field *f);

/* Appends one pair to a table being written (to an array: key.p == NULL). */
void table_put(struct buf *out, struct slice key, const struct field *value);
void table_put_str(struct buf *out, const char *key, const char *value);
void table_put_bool(struct buf *out, const char *key, bool value);
void table_put_int(struct buf *out, const char *key, int64_t value);   /* letter I or l by size */
void table_put_table(struct buf *out, const char *key, struct slice table);

#endif
