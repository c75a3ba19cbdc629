/* SPDX-License-Identifier: Apache-2.0 */
/* A growing array of bytes with one owner.  A zeroed struct buf is an empty one. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/slice.h"

struct buf {
	uint8_t *p;
	size_t len;   /* bytes in use */
	size_t cap;   /* bytes allocated */
};

/* Room for n more bytes where there is none: for buf_reserve alone. */
void buf_grow(struct buf *b, size_t n);

/* Makes room for n more bytes behind len and returns the place; len is not changed. */
static inline uint8_t *buf_reserve(struct buf *b, size_t n)
{
	if (b->cap - b->len < n)
		buf_grow(b, n);
	return b->p + b->len;
}

/* Appends a copy of the n bytes. */
void buf_append(struct buf *b, const void *p, size_t n);

static inline void buf_append_slice(struct buf *b, struct slice s)
{
	buf_append(b, s.p, s.n);
}

static inline void buf_u8(struct buf *b, uint8_t v)
{
	*buf_reserve(b, 1) = v;
	b->len++;
}

/* Appends printf-formatted text, without a NUL. */
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends the shortest text that reads back as v, which is finite, always with a point: 1.0, 0.1,
 * 1.0e30. */
void buf_real(struct buf *b, double v);

/* Drops the first n bytes and moves the rest to the front. */
void buf_consume(struct buf *b, size_t n);

/* Forgets the contents, keeps the memory. */
static inline void buf_clear(struct buf *b)
{
	b->len = 0;
}

/* Frees the memory; b is an empty buf afterwards. */
void buf_free(struct buf *b);

static inline struct slice buf_slice(const struct buf *b)
{
	return slice_of(b->p, b->len);
}

#endif
