/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a routing key or of a pattern, which dots separate, taken from either end.  The
 * empty key has no words; `a..b` has three, the middle one empty, and `a.` has two. */
#ifndef EXCHANGE_WORDS_H
#define EXCHANGE_WORDS_H

#include "base/slice.h"

struct words {
	struct slice rest;
	bool more;                   /* one at least; rest may be empty then too */
};

static inline struct words words_of(struct slice key)
{
	return (struct words){ key, key.n > 0 };
}

/* Takes the first; false when there is none. */
static inline bool words_next(struct words *w, struct slice *word)
{
	if (!w->more)
		return false;
	const uint8_t *dot = memchr(w->rest.p, '.', w->rest.n);
	*word = slice_take(&w->rest, dot ? (size_t)(dot - w->rest.p) : w->rest.n);
	w->more = dot != NULL;
	if (dot)
		slice_take(&w->rest, 1);
	return true;
}

/* Takes the last; likewise. */
static inline bool words_last(struct words *w, struct slice *word)
{
	if (!w->more)
		return false;
	const uint8_t *dot = memrchr(w->rest.p, '.', w->rest.n);
	size_t before = dot ? (size_t)(dot - w->rest.p) : 0, from = dot ? before + 1 : 0;
	*word = slice_of(w->rest.p + from, w->rest.n - from);
	w->rest.n = before;
	w->more = dot != NULL;
	return true;
}

static inline bool word_is_star(struct slice word)
{
	return word.n == 1 && word.p[0] == '*';
}

static inline bool word_is_hash(struct slice word)
{
	return word.n == 1 && word.p[0] == '#';
}

#endif
