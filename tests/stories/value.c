/* SPDX-License-Identifier: Apache-2.0 */
/* The values that a story writes down: numbers, bytes, field tables. */
#include <ctype.h>
#include <stdlib.h>

#include "amqp/table.h"
#include "base/endian.h"
#include "script.h"

bool value_number(const char *v, uint64_t *out)
{
	char *end;
	if (!strcmp(v, "true") || !strcmp(v, "false")) {
		*out = *v == 't';
		return true;
	}
	*out = strtoull(v, &end, 0);
	return end != v && !*end;
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at;
	return c && (at = strchr(digits, tolower((unsigned char)c))) ? (int)(at - digits) : -1;
}

static bool escape(const char **p, struct buf *out)
{
	static const char from[] = "0nrt\\\"", to[] = "\0\n\r\t\\\"";
	char c = *(*p)++;
	const char *at;
	if (c == 'x' && hex_digit((*p)[0]) >= 0 && hex_digit((*p)[1]) >= 0) {
		buf_u8(out, (uint8_t)(hex_digit((*p)[0]) << 4 | hex_digit((*p)[1])));
		*p += 2;
		return true;
	}
	if (!c || !(at = strchr(from, c)))
		return false;
	buf_u8(out, (uint8_t)to[at - from]);
	return true;
}

static bool quoted(const char **p, struct buf *out)
{
	for ((*p)++; **p != '"';) {
		if (!**p)
			return false;
		if (**p == '\\') {
			(*p)++;
			if (!escape(p, out))
				return false;
		} else {
			buf_u8(out, (uint8_t) * (*p)++);
		}
	}
	(*p)++;
	return true;
}

static bool hex(const char **p, struct buf *out)
{
	for (; isxdigit((unsigned char)**p); *p += 2) {
		if (!isxdigit((unsigned char)(*p)[1]))
			return false;
		buf_u8(out, (uint8_t)(hex_digit((*p)[0]) << 4 | hex_digit((*p)[1])));
	}
	return true;
}

/* Tables under an empty key, one in the other. */
static void nested(unsigned long depth, struct buf *out)
{
	for (; depth > 0; depth--) {
		uint8_t size[4];
		put_be32(size, (uint32_t)(6 * (depth - 1)));
		buf_append(out, "\0F", 2);
		buf_append(out, size, 4);
	}
}

static bool term(const char **p, struct buf *out)
{
	char *end;
	if (**p == '"')
		return quoted(p, out);
	if (!strncmp(*p, "hex:", 4)) {
		*p += 4;
		return hex(p, out);
	}
	if (!strncmp(*p, "nested:", 7)) {
		nested(strtoul(*p + 7, &end, 10), out);
		*p = end;
		return true;
	}
	size_t n = strcspn(*p, "+");
	buf_append(out, *p, n);
	bool ok = **p != '$';
	*p += n;
	return ok;
}

static void repeat(struct buf *out, size_t from, unsigned long times)
{
	size_t n = out->len - from;
	if (times == 0)
		out->len = from;
	uint8_t *to = times ? buf_reserve(out, (times - 1) * n) : NULL;
	for (unsigned long i = 1; i < times; i++, to += n) {
		memcpy(to, out->p + from, n);
		out->len += n;
	}
}

bool value_bytes(const char *v, struct buf *out)
{
	for (;; v++) {
		char *after;
		size_t from = out->len;
		unsigned long times = strtoul(v, &after, 10);
		if (after == v || *after != '*')
			times = 1;
		else
			v = after + 1;
		if (!term(&v, out))
			return false;
		if (times != 1)
			repeat(out, from, times);
		if (*v != '+')
			return !*v;
	}
}

/* ---- tables ---- */

static void spaces(const char **p)
{
	while (isspace((unsigned char)**p) || **p == ',')
		(*p)++;
}

static bool inside(const char **p, bool array, struct buf *out);

static bool integer(const char **p, int64_t *out)
{
	char *end;
	*out = **p == '-' ? strtoll(*p, &end, 0) : (int64_t)strtoull(*p, &end, 0);
	bool ok = end != *p;
	*p = end;
	return ok;
}

static bool decimal(const char **p, struct field *f)
{
	int64_t scale, value;
	if (!integer(p, &scale) || *(*p)++ != '/' || !integer(p, &value))
		return false;
	f->decimal.scale = (uint8_t)scale;
	f->decimal.value = (uint32_t)value;
	return true;
}

static bool payload(const char **p, struct field *f, struct buf *room)
{
	char *end;
	bool ok = true;
	switch (f->letter) {
	case 't':
		f->boolean = **p == 't';
		*p += strspn(*p, "truefals");
		return true;
	case 'b':
	case 'B':
	case 's':
	case 'u':
	case 'I':
	case 'i':
	case 'l':
	case 'L': return integer(p, &f->integer);
	case 'T':
		ok = integer(p, &f->integer);
		f->timestamp = (uint64_t)f->integer;
		return ok;
	case 'f':
	case 'd':
		f->real = strtod(*p, &end);
		ok = end != *p;
		*p = end;
		return ok;
	case 'D': return decimal(p, f);
	case 'V': return true;
	case 'S':
	case 'x': ok = quoted(p, room); break;
	case 'F':
	case 'A':
		ok = *(*p)++ == (f->letter == 'F' ? '{' : '[') && inside(p, f->letter == 'A', room);
		break;
	default: return false;
	}
	f->bytes = slice_of(room->p, room->len);
	return ok;
}

static char letter_of(const char *p)
{
	if (!strncmp(p, "true", 4) || !strncmp(p, "false", 5))
		return 't';
	if (isdigit((unsigned char)*p) || *p == '-')
		return 'I';
	return *p == '"' ? 'S' : *p == '{' ? 'F' : *p == '[' ? 'A' : 0;
}

static bool one_value(const char **p, struct slice key, struct buf *out)
{
	struct buf room = { 0 };
	struct field f = { .letter = letter_of(*p) };
	if (!f.letter) {
		f.letter = *(*p)++;
		spaces(p);
	}
	bool ok = payload(p, &f, &room);
	if (ok)
		table_put(out, key, &f);
	buf_free(&room);
	return ok;
}

static bool one_key(const char **p, struct buf *out)
{
	if (**p == '"') {
		if (!quoted(p, out))
			return false;
	} else {
		size_t n = strcspn(*p, ": \t");
		buf_append(out, *p, n);
		*p += n;
	}
	spaces(p);
	return *(*p)++ == ':';
}

/* After the opening bracket, to behind the closing one. */
static bool inside(const char **p, bool array, struct buf *out)
{
	struct buf key = { 0 };
	bool ok = true;
	for (spaces(p); ok && **p != (array ? ']' : '}'); spaces(p)) {
		buf_clear(&key);
		ok = **p && (array || one_key(p, &key));
		spaces(p);
		struct slice name =
			array ? slice_of(NULL, 0) : slice_of(key.len ? (void *)key.p : "", key.len);
		ok = ok && one_value(p, name, out);
	}
	buf_free(&key);
	(*p)++;
	return ok;
}

bool value_table(const char *v, struct buf *out)
{
	if (*v != '{')
		return value_bytes(v, out);
	v++;
	return inside(&v, false, out) && !*v;
}
