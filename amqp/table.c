/* SPDX-License-Identifier: Apache-2.0 */
#include "amqp/table.h"

#include <stdlib.h>

#include "amqp/wire.h"
#include "base/die.h"

/* ---- reading ---- */

static int64_t read_integer(struct reader *r, char letter)
{
	switch (letter) {
	case 'b': return (int8_t)read_octet(r);
	case 'B': return read_octet(r);
	case 's': return (int16_t)read_short(r);
	case 'u': return read_short(r);
	case 'I': return (int32_t)read_long(r);
	case 'i': return read_long(r);
	default: return (int64_t)read_longlong(r);
	}
}

static double read_float(struct reader *r)
{
	uint32_t bits = read_long(r);
	float f;
	memcpy(&f, &bits, sizeof f);
	return f;
}

static double read_double(struct reader *r)
{
	uint64_t bits = read_longlong(r);
	double d;
	memcpy(&d, &bits, sizeof d);
	return d;
}

/* One value with its letter; an unknown letter is bad. */
static void read_field(struct reader *r, struct field *f)
{
	*f = (struct field){ .letter = (char)read_octet(r) };
	switch (f->letter) {
	case 't': f->boolean = read_octet(r) != 0; break;
	case 'b':
	case 'B':
	case 's':
	case 'u':
	case 'I':
	case 'i':
	case 'l':
	case 'L': f->integer = read_integer(r, f->letter); break;
	case 'f': f->real = read_float(r); break;
	case 'd': f->real = read_double(r); break;
	case 'D':
		f->decimal.scale = read_octet(r);
		f->decimal.value = read_long(r);
		break;
	case 'T': f->timestamp = read_timestamp(r); break;
	case 'S':
	case 'x':
	case 'A':
	case 'F': f->bytes = read_longstr(r); break;
	case 'V': break;
	default: r->bad = true;
	}
}

static struct slice read_key(struct reader *r)
{
	uint8_t n = read_octet(r);
	return read_bytes(r, n);
}

bool table_next(struct table_walk *w, struct slice *key, struct field *value)
{
	struct reader r = reader_of(w->rest);
	if (w->rest.n == 0)
		return false;
	*key = read_key(&r);
	read_field(&r, value);
	w->rest = slice_of(r.p, reader_left(&r));
	return !r.bad;
}

bool array_next(struct table_walk *w, struct field *value)
{
	struct reader r = reader_of(w->rest);
	if (w->rest.n == 0)
		return false;
	read_field(&r, value);
	w->rest = slice_of(r.p, reader_left(&r));
	return !r.bad;
}

/* Recursion is bounded by TABLE_MAX_DEPTH; budget counts values down over the whole tree. */
static bool check(struct slice bytes, bool keyed, int depth, int *budget)
{
	struct reader r = reader_of(bytes);
	struct field f;
	if (depth > TABLE_MAX_DEPTH)
		return false;
	while (reader_left(&r)) {
		if (keyed)
			read_key(&r);
		read_field(&r, &f);
		if (r.bad || --*budget < 0)
			return false;
		if ((f.letter == 'F' || f.letter == 'A') &&
		    !check(f.bytes, f.letter == 'F', depth + 1, budget))
			return false;
	}
	return true;
}

bool table_check(struct slice table)
{
	int budget = TABLE_MAX_FIELDS;
	return check(table, true, 1, &budget);
}

bool array_check(struct slice array)
{
	int budget = TABLE_MAX_FIELDS;
	return check(array, false, 1, &budget);
}

bool table_find_slice(struct slice table, struct slice key, struct field *value)
{
	struct table_walk w = table_walk(table);
	struct slice k;
	struct field f;
	bool found = false;
	while (table_next(&w, &k, &f)) {
		if (!slice_eq(k, key))
			continue;
		*value = f;
		found = true;
	}
	return found;
}

bool table_find(struct slice table, const char *key, struct field *value)
{
	return table_find_slice(table, slice_str(key), value);
}

/* ---- comparing ---- */

bool field_is_integer(const struct field *f)
{
	return f->letter && strchr("bBsuIilL", f->letter);
}

static bool is_real(const struct field *f)
{
	return f->letter == 'f' || f->letter == 'd';
}

static bool equal(const struct field *a, const struct field *b, int depth);

static bool arrays_equal(struct slice a, struct slice b, int depth)
{
	struct table_walk wa = table_walk(a), wb = table_walk(b);
	struct field fa, fb;
	for (;;) {
		bool more_a = array_next(&wa, &fa), more_b = array_next(&wb, &fb);
		if (!more_a || !more_b)
			return more_a == more_b;
		if (!equal(&fa, &fb, depth))
			return false;
	}
}

struct pair {
	struct slice key;
	struct field value;
};

/* By key; of equal keys the last is last. */
static int pair_order(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	size_t n = x->key.n < y->key.n ? x->key.n : y->key.n;
	int order = n ? memcmp(x->key.p, y->key.p, n) : 0;
	if (order == 0 && x->key.n != y->key.n)
		order = x->key.n < y->key.n ? -1 : 1;
	return order ? order : x->key.p < y->key.p ? -1 : 1;
}

/* Sorted, of equal keys the last. */
static struct pair *pairs_of(struct slice table, struct buf *room, size_t *n)
{
	struct pair p;
	for (struct table_walk w = table_walk(table); table_next(&w, &p.key, &p.value);)
		buf_append(room, &p, sizeof p);
	struct pair *all = (struct pair *)(void *)room->p;
	size_t many = room->len / sizeof p;
	if (many > 1)
		qsort(all, many, sizeof p, pair_order);
	*n = 0;
	for (size_t i = 0; i < many; i++)
		if (i + 1 == many || !slice_eq(all[i].key, all[i + 1].key))
			all[(*n)++] = all[i];
	return all;
}

/* The order of pairs does not matter. */
static bool tables_equal(struct slice a, struct slice b, int depth)
{
	struct buf room_a = { 0 }, room_b = { 0 };
	size_t n, m;
	const struct pair *x = pairs_of(a, &room_a, &n), *y = pairs_of(b, &room_b, &m);
	bool same = n == m;
	for (size_t i = 0; same && i < n; i++)
		same = slice_eq(x[i].key, y[i].key) && equal(&x[i].value, &y[i].value, depth);
	buf_free(&room_a);
	buf_free(&room_b);
	return same;
}

static bool equal(const struct field *a, const struct field *b, int depth)
{
	if (depth > TABLE_MAX_DEPTH)
		return false;
	if (field_is_integer(a) && field_is_integer(b))
		return a->integer == b->integer;
	if (is_real(a) && is_real(b))
		return a->real == b->real;
	if (a->letter != b->letter)
		return false;
	switch (a->letter) {
	case 't': return a->boolean == b->boolean;
	case 'T': return a->timestamp == b->timestamp;
	case 'D':
		return a->decimal.scale == b->decimal.scale && a->decimal.value == b->decimal.value;
	case 'S':
	case 'x': return slice_eq(a->bytes, b->bytes);
	case 'A': return arrays_equal(a->bytes, b->bytes, depth + 1);
	case 'F': return tables_equal(a->bytes, b->bytes, depth + 1);
	default: return true;   /* V */
	}
}

bool field_equal(const struct field *a, const struct field *b)
{
	return equal(a, b, 0);   /* a field that holds a table stands outside of it */
}

const char *field_type_name(const struct field *f)
{
	static const struct {
		char letter;
		const char *name;
	} names[] = {
		{ 't', "bool" },          { 'b', "byte" },      { 'B', "unsignedbyte" },
		{ 's', "short" },         { 'u', "unsignedshort" }, { 'I', "signedint" },
		{ 'i', "unsignedint" },   { 'l', "long" },      { 'L', "long" },
		{ 'f', "float" },         { 'd', "double" },    { 'D', "decimal" },
		{ 'S', "longstr" },       { 'A', "array" },     { 'T', "timestamp" },
		{ 'F', "table" },         { 'V', "void" },      { 'x', "binary" },
	};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].letter == f->letter)
			return names[i].name;
	must_not_happen("table_check lets no other letter through");
}

/* ---- writing ---- */

static void write_float(struct writer *w, double value)
{
	float f = (float)value;
	uint32_t bits;
	memcpy(&bits, &f, sizeof bits);
	write_long(w, bits);
}

static void write_double(struct writer *w, double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof bits);
	write_longlong(w, bits);
}

static void write_field(struct writer *w, const struct field *f)
{
	write_octet(w, (uint8_t)f->letter);
	switch (f->letter) {
	case 't': write_octet(w, f->boolean); break;
	case 'b':
	case 'B': write_octet(w, (uint8_t)f->integer); break;
	case 's':
	case 'u': write_short(w, (uint16_t)f->integer); break;
	case 'I':
	case 'i': write_long(w, (uint32_t)f->integer); break;
	case 'l':
	case 'L': write_longlong(w, (uint64_t)f->integer); break;
	case 'f': write_float(w, f->real); break;
	case 'd': write_double(w, f->real); break;
	case 'D':
		write_octet(w, f->decimal.scale);
		write_long(w, f->decimal.value);
		break;
	case 'T': write_timestamp(w, f->timestamp); break;
	case 'S':
	case 'x':
	case 'A':
	case 'F': write_longstr(w, f->bytes); break;
	default: must(f->letter == 'V');
	}
}

void table_put(struct buf *out, struct slice key, const struct field *value)
{
	bool sized = strchr("SxAF", value->letter) != NULL;
	struct writer w = { .p = buf_reserve(out, key.n + 16 + (sized ? value->bytes.n : 0)) };
	if (key.p)
		write_shortstr(&w, key);
	write_field(&w, value);
	out->len = (size_t)(w.p - out->p);
}

void table_put_str(struct buf *out, const char *key, const char *value)
{
	struct field f = { .letter = 'S', .bytes = slice_str(value) };
	table_put(out, slice_str(key), &f);
}

void table_put_bool(struct buf *out, const char *key, bool value)
{
	struct field f = { .letter = 't', .boolean = value };
	table_put(out, slice_str(key), &f);
}

void table_put_int(struct buf *out, const char *key, int64_t value)
{
	bool fits = value >= INT32_MIN && value <= INT32_MAX;
	struct field f = { .letter = fits ? 'I' : 'l', .integer = value };
	table_put(out, slice_str(key), &f);
}

void table_put_table(struct buf *out, const char *key, struct slice table)
{
	struct field f = { .letter = 'F', .bytes = table };
	table_put(out, slice_str(key), &f);
}
