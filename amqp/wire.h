/* SPDX-License-Identifier: Apache-2.0 */
/* The primitive types of AMQP 0-9-1 section 4.2 as a pair of cursors.  A reader remembers that
 * something was wrong (bad) and goes on giving zeros, so that a decoder is a straight line that
 * asks once at the end.  A writer writes into room that was reserved before.  Adjacent bits share
 * an octet, lowest first; any other field ends the octet (section 4.2.5.2). */
#ifndef AMQP_WIRE_H
#define AMQP_WIRE_H

#include "base/die.h"
#include "base/endian.h"
#include "base/slice.h"

struct reader {
	const uint8_t *p, *end;
	bool bad;            /* ran over the end, or a table is malformed */
	bool bad_utf8;
	uint8_t bits, bits_left;
};

static inline struct reader reader_of(struct slice s)
{
	return (struct reader){ .p = s.p, .end = s.n ? s.p + s.n : s.p };
}

static inline size_t reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->p);
}

/* The next n bytes, or an empty slice and bad. */
static inline struct slice read_bytes(struct reader *r, size_t n)
{
	r->bits_left = 0;
	if (n > reader_left(r)) {
		r->bad = true;
		r->p = r->end;
		return slice_of(r->p, 0);
	}
	struct slice s = { r->p, n };
	r->p += n;
	return s;
}

static inline uint8_t read_octet(struct reader *r)
{
	struct slice s = read_bytes(r, 1);
	return s.n ? s.p[0] : 0;
}

static inline uint16_t read_short(struct reader *r)
{
	struct slice s = read_bytes(r, 2);
	return s.n ? get_be16(s.p) : 0;
}

static inline uint32_t read_long(struct reader *r)
{
	struct slice s = read_bytes(r, 4);
	return s.n ? get_be32(s.p) : 0;
}

static inline uint64_t read_longlong(struct reader *r)
{
	struct slice s = read_bytes(r, 8);
	return s.n ? get_be64(s.p) : 0;
}

static inline uint64_t read_timestamp(struct reader *r)
{
	return read_longlong(r);
}

static inline bool read_bit(struct reader *r)
{
	if (r->bits_left == 0) {
		r->bits = read_octet(r);
		r->bits_left = 8;
	}
	bool bit = r->bits & 1;
	r->bits >>= 1;
	r->bits_left--;
	return bit;
}

static inline struct slice read_longstr(struct reader *r)
{
	uint32_t n = read_long(r);
	return read_bytes(r, n);
}

/* A short string must be UTF-8; pure ASCII is recognised without a call. */
bool wire_is_utf8(struct slice s);

static inline struct slice read_shortstr(struct reader *r)
{
	uint8_t n = read_octet(r);
	struct slice s = read_bytes(r, n);
	if (!wire_is_utf8(s))
		r->bad_utf8 = true;
	return s;
}

/* A table that table_check accepts. */
struct slice read_table(struct reader *r);

struct writer {
	uint8_t *p;
	uint8_t *bits;       /* the octet that the next bit goes to, NULL: a new one */
	uint8_t n_bits;
};

static inline void write_bytes(struct writer *w, const void *p, size_t n)
{
	w->bits = NULL;
	if (n)
		memcpy(w->p, p, n);
	w->p += n;
}

static inline void write_octet(struct writer *w, uint8_t v)
{
	write_bytes(w, &v, 1);
}

static inline void write_short(struct writer *w, uint16_t v)
{
	put_be16(w->p, v);
	w->bits = NULL;
	w->p += 2;
}

static inline void write_long(struct writer *w, uint32_t v)
{
	put_be32(w->p, v);
	w->bits = NULL;
	w->p += 4;
}

static inline void write_longlong(struct writer *w, uint64_t v)
{
	put_be64(w->p, v);
	w->bits = NULL;
	w->p += 8;
}

static inline void write_timestamp(struct writer *w, uint64_t v)
{
	write_longlong(w, v);
}

static inline void write_bit(struct writer *w, bool v)
{
	if (!w->bits || w->n_bits == 8) {
		w->bits = w->p++;
		*w->bits = 0;
		w->n_bits = 0;
	}
	*w->bits |= (uint8_t)(v << w->n_bits++);
}

static inline void write_shortstr(struct writer *w, struct slice s)
{
	must(s.n <= 255);
	write_octet(w, (uint8_t)s.n);
	write_bytes(w, s.p, s.n);
}

static inline void write_longstr(struct writer *w, struct slice s)
{
	write_long(w, (uint32_t)s.n);
	write_bytes(w, s.p, s.n);
}

static inline void write_table(struct writer *w, struct slice s)
{
	write_longstr(w, s);
}

#endif
