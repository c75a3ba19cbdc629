/* SPDX-License-Identifier: Apache-2.0 */
/* A slice borrows bytes: it is valid until the function it was passed to returns, and is never
 * stored.  Whoever wants to keep the bytes copies them. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const uint8_t *p;
	size_t n;
};

static inline struct slice slice_of(const void *p, size_t n)
{
	return (struct slice){ .p = p, .n = n };
}

static inline struct slice slice_str(const char *s)
{
	return slice_of(s, strlen(s));
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* By bytes, as memcmp says it; of two that begin alike the shorter is first. */
static inline int slice_order(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int diff = n ? memcmp(a.p, b.p, n) : 0;
	return diff ? diff : a.n < b.n ? -1 : a.n > b.n;
}

static inline bool slice_is(struct slice a, const char *s)
{
	return slice_eq(a, slice_str(s));
}

static inline bool slice_starts(struct slice a, const char *prefix)
{
	size_t n = strlen(prefix);
	return a.n >= n && memcmp(a.p, prefix, n) == 0;
}

/* The first n bytes are cut off the front of *s and returned; n must not exceed s->n. */
static inline struct slice slice_take(struct slice *s, size_t n)
{
	struct slice head = { s->p, n };
	s->p = n ? s->p + n : s->p;   /* NULL has no offset, not even of nothing */
	s->n -= n;
	return head;
}

/* What stands before the next c is cut off the front of *s and returned, and that c is dropped; all
 * of *s when there is none. */
static inline struct slice slice_cut(struct slice *s, char c)
{
	const uint8_t *at = s->n ? memchr(s->p, c, s->n) : NULL;
	struct slice head = slice_take(s, at ? (size_t)(at - s->p) : s->n);
	if (at)
		slice_take(s, 1);
	return head;
}

/* True when one of the words of the list, which c separates, is this. */
static inline bool slice_has_word(struct slice list, char c, struct slice word)
{
	while (list.n)
		if (slice_eq(slice_cut(&list, c), word))
			return true;
	return false;
}

static inline bool byte_is_control(uint8_t c)
{
	return c < 0x20 || c == 0x7F;
}

/* The first control byte; -1: there is none. */
static inline int slice_control_byte(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (byte_is_control(s.p[i]))
			return s.p[i];
	return -1;
}

/* For printf("%.*s"): a slice as precision and pointer. */
#define SLICE_ARG(s) (int)(s).n, (const char *)(s).p

#endif
