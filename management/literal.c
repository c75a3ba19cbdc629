/* SPDX-License-Identifier: Apache-2.0 */
#include "management/literal.h"

#include <inttypes.h>

#include "amqp/wire.h"
#include "base/endian.h"
#include "broker/term.h"

enum tag {
	TAG_VERSION = 131,
	TAG_SMALL_INTEGER = 97,
	TAG_INTEGER = 98,
	TAG_ATOM = 100,              /* of Latin-1, as the next but one */
	TAG_NIL = 106,
	TAG_STRING = 107,
	TAG_LIST = 108,
	TAG_BINARY = 109,
	TAG_SMALL_ATOM = 115,
	TAG_ATOM_UTF8 = 118,
	TAG_SMALL_ATOM_UTF8 = 119,
};

enum { NO_CHARACTER = INT32_MAX };

void literal_free(struct literal *l)
{
	buf_free(&l->text);
}

/* ---- characters ---- */

static bool put_character(struct buf *out, uint32_t c)
{
	if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return false;
	if (c < 0x80) {
		buf_u8(out, (uint8_t)c);
		return true;
	}
	unsigned more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const uint8_t heads[] = { 0, 0xC0, 0xE0, 0xF0 };
	buf_u8(out, (uint8_t)(heads[more] | c >> 6 * more));
	while (more--)
		buf_u8(out, (uint8_t)(0x80 | (c >> 6 * more & 0x3F)));
	return true;
}

/* The text is UTF-8, and not at its end. */
static uint32_t take_character(struct slice *text)
{
	uint8_t head = slice_take(text, 1).p[0];
	unsigned more = head < 0xC0 ? 0 : head < 0xE0 ? 1 : head < 0xF0 ? 2 : 3;
	uint32_t c = more ? head & 0x3FU >> more : head;
	while (more--)
		c = c << 6 | (slice_take(text, 1).p[0] & 0x3F);
	return c;
}

static bool put_latin1(struct buf *out, struct slice bytes)
{
	for (size_t i = 0; i < bytes.n; i++)
		put_character(out, bytes.p[i]);
	return true;
}

/* ---- the notation ---- */

static uint8_t next(const struct slice *in)
{
	return in->n ? in->p[0] : 0;
}

static void skip_blanks(struct slice *in)
{
	while (next(in) == ' ' || next(in) == '\t' || next(in) == '\n')
		slice_take(in, 1);
}

static bool take_word(struct slice *in, const char *word)
{
	bool there = slice_starts(*in, word);
	if (there)
		slice_take(in, strlen(word));
	return there;
}

static int digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* Of the base, with so many digits at most. */
static uint32_t take_number(struct slice *in, int base, unsigned most)
{
	uint32_t v = 0;
	unsigned n = 0;
	for (; n < most && digit(next(in)) < base; n++)
		v = v * (uint32_t)base + (uint32_t)digit(slice_take(in, 1).p[0]);
	return n ? v : NO_CHARACTER;
}

static uint32_t take_hex(struct slice *in)
{
	if (!take_word(in, "{"))
		return take_number(in, 16, 2);
	uint32_t c = take_number(in, 16, 6);
	return take_word(in, "}") ? c : NO_CHARACTER;
}

/* Behind the backslash. */
static uint32_t take_escape(struct slice *in)
{
	static const struct {
		char name;
		uint8_t byte;
	} names[] = {
		{ 'n', '\n' }, { 'r', '\r' }, { 't', '\t' }, { 'v', '\v' }, { 'b', '\b' },
		{ 'f', '\f' }, { 'e', 0x1B }, { 's', ' ' }, { 'd', 0x7F },
	};
	if (in->n == 0)
		return NO_CHARACTER;
	if (digit(next(in)) < 8)
		return take_number(in, 8, 3);
	uint32_t c = take_character(in);
	if (c == 'x')
		return take_hex(in);
	if (c == '^')
		return in->n ? take_character(in) & 0x1F : NO_CHARACTER;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (c == (uint8_t)names[i].name)
			return names[i].byte;
	return c;
}

static bool take_quoted(struct slice *in, uint8_t quote, struct buf *out)
{
	slice_take(in, 1);
	while (in->n && next(in) != quote) {
		uint32_t c = take_character(in);
		if (!put_character(out, c == '\\' ? take_escape(in) : c))
			return false;
	}
	return in->n && slice_take(in, 1).n;
}

static bool is_of_atom(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '@';
}

static bool take_atom(struct slice *in, struct buf *out)
{
	if (next(in) == '\'')
		return take_quoted(in, '\'', out);
	if (next(in) < 'a' || next(in) > 'z')
		return false;
	while (is_of_atom(next(in)))
		buf_u8(out, slice_take(in, 1).p[0]);
	return true;
}

/* A character is a byte, unless it is said that they are UTF-8. */
static bool take_text(struct slice *in, struct buf *out)
{
	struct buf text = { 0 };
	bool ok = take_quoted(in, '"', &text);
	struct slice rest = buf_slice(&text);
	bool utf8 = take_word(in, "/utf8");
	if (ok && utf8)
		buf_append_slice(out, rest);
	while (ok && !utf8 && rest.n) {
		uint32_t c = take_character(&rest);
		ok = c <= 0xFF;
		buf_u8(out, (uint8_t)c);
	}
	buf_free(&text);
	return ok;
}

static bool take_bytes(struct slice *in, struct buf *out)
{
	do {
		skip_blanks(in);
		uint32_t v = take_number(in, 10, 3);
		if (v > 0xFF)
			return false;
		buf_u8(out, (uint8_t)v);
		skip_blanks(in);
	} while (take_word(in, ","));
	return true;
}

static bool take_binary(struct slice *in, struct buf *out)
{
	skip_blanks(in);
	if (take_word(in, ">>"))
		return true;
	bool ok = next(in) == '"' ? take_text(in, out) : take_bytes(in, out);
	skip_blanks(in);
	return ok && take_word(in, ">>");
}

static bool is_short(const struct literal *l)
{
	return l->text.len <= (l->kind == LITERAL_ATOM ? LITERAL_ATOM_MAX_BYTES : LITERAL_MAX_BYTES);
}

bool literal_read(struct literal *out, struct slice notation)
{
	struct slice in = notation;
	bool ok = wire_is_utf8(in);
	skip_blanks(&in);
	if (take_word(&in, "<<")) {
		out->kind = LITERAL_BINARY;
		ok = ok && take_binary(&in, &out->text);
	} else if (next(&in) == '"') {
		out->kind = LITERAL_STRING;
		ok = ok && take_quoted(&in, '"', &out->text);
	} else {
		out->kind = LITERAL_ATOM;
		ok = ok && take_atom(&in, &out->text);
	}
	skip_blanks(&in);
	return ok && in.n == 0 && is_short(out);
}

void literal_put(struct buf *out, const struct literal *l)
{
	struct slice text = buf_slice(&l->text);
	if (l->kind == LITERAL_ATOM) {
		term_put_atom(out, text);
	} else if (l->kind == LITERAL_STRING) {
		term_put_text(out, text);
	} else if (wire_is_utf8(text)) {
		term_put_name(out, text);
	} else {
		for (size_t i = 0; i < text.n; i++)
			buf_printf(out, "%s%u", i ? "," : "<<", text.p[i]);
		buf_printf(out, ">>");
	}
}

/* ---- as bytes ---- */

static void append_be16(struct buf *out, size_t v)
{
	put_be16(buf_reserve(out, 2), (uint16_t)v);
	out->len += 2;
}

static void append_be32(struct buf *out, size_t v)
{
	put_be32(buf_reserve(out, 4), (uint32_t)v);
	out->len += 4;
}

/* As Erlang does: as bytes if all characters are such, else as a list of numbers. */
static void pack_string(struct buf *out, struct slice text)
{
	size_t n = 0;
	uint32_t largest = 0;
	for (struct slice rest = text; rest.n; n++) {
		uint32_t c = take_character(&rest);
		largest = c > largest ? c : largest;
	}
	bool bytes = largest <= 0xFF;
	if (n && bytes) {
		buf_u8(out, TAG_STRING);
		append_be16(out, n);
	} else if (n) {
		buf_u8(out, TAG_LIST);
		append_be32(out, n);
	}
	while (text.n) {
		uint32_t c = take_character(&text);
		if (!bytes)
			buf_u8(out, c <= 0xFF ? TAG_SMALL_INTEGER : TAG_INTEGER);
		if (c <= 0xFF)
			buf_u8(out, (uint8_t)c);
		else
			append_be32(out, c);
	}
	if (!n || !bytes)
		buf_u8(out, TAG_NIL);
}

void literal_pack(struct buf *out, const struct literal *l)
{
	struct slice text = buf_slice(&l->text);
	buf_u8(out, TAG_VERSION);
	if (l->kind == LITERAL_STRING) {
		pack_string(out, text);
		return;
	}
	if (l->kind == LITERAL_ATOM) {
		buf_u8(out, TAG_SMALL_ATOM_UTF8);
		buf_u8(out, (uint8_t)text.n);
	} else {
		buf_u8(out, TAG_BINARY);
		append_be32(out, text.n);
	}
	buf_append_slice(out, text);
}

/* A length of so many bytes, and then all that is left, which has to be as long. */
static bool take_rest(struct slice *in, size_t width, struct slice *out)
{
	size_t n = 0;
	if (in->n < width)
		return false;
	while (width--)
		n = n << 8 | slice_take(in, 1).p[0];
	*out = slice_take(in, in->n);
	return out->n == n;
}

static bool unpack_list(struct slice in, struct buf *out)
{
	if (in.n < 4)
		return false;
	for (uint32_t n = get_be32(slice_take(&in, 4).p); n; n--) {
		size_t width = next(&in) == TAG_SMALL_INTEGER ? 1 : 4;
		if ((next(&in) != TAG_SMALL_INTEGER && next(&in) != TAG_INTEGER) || in.n < 1 + width)
			return false;
		const uint8_t *p = slice_take(&in, 1 + width).p + 1;
		if (!put_character(out, width == 1 ? *p : get_be32(p)))
			return false;
	}
	return in.n == 1 && in.p[0] == TAG_NIL;
}

static bool put_utf8(struct buf *out, struct slice text)
{
	buf_append_slice(out, text);
	return wire_is_utf8(text);
}

static bool put_bytes(struct buf *out, struct slice bytes)
{
	buf_append_slice(out, bytes);
	return true;
}

/* Bytes behind a length. */
static const struct shape {
	uint8_t tag;
	enum literal_kind kind;
	size_t width;                /* of the length */
	bool (*put)(struct buf *out, struct slice s);
} shapes[] = {
	{ TAG_BINARY, LITERAL_BINARY, 4, put_bytes },
	{ TAG_STRING, LITERAL_STRING, 2, put_latin1 },
	{ TAG_ATOM, LITERAL_ATOM, 2, put_latin1 },
	{ TAG_SMALL_ATOM, LITERAL_ATOM, 1, put_latin1 },
	{ TAG_ATOM_UTF8, LITERAL_ATOM, 2, put_utf8 },
	{ TAG_SMALL_ATOM_UTF8, LITERAL_ATOM, 1, put_utf8 },
};

bool literal_unpack(struct literal *out, struct slice bytes)
{
	struct slice body;
	if (bytes.n < 2 || slice_take(&bytes, 1).p[0] != TAG_VERSION)
		return false;
	uint8_t tag = slice_take(&bytes, 1).p[0];
	out->kind = LITERAL_STRING;
	if (tag == TAG_NIL)
		return bytes.n == 0;
	if (tag == TAG_LIST)
		return unpack_list(bytes, &out->text) && is_short(out);
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		if (tag != shapes[i].tag)
			continue;
		out->kind = shapes[i].kind;
		return take_rest(&bytes, shapes[i].width, &body) && shapes[i].put(&out->text, body) &&
		       is_short(out);
	}
	return false;
}
