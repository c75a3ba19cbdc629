/* SPDX-License-Identifier: Apache-2.0 */
/* A row: entries in memory, in ascending order of their numbers.  They are added at the back
 * and taken from the front in no time; finding one, adding one at its place and taking one from the
 * middle cost a binary search.  An empty row owns nothing. */
#ifndef QUEUE_ROW_H
#define QUEUE_ROW_H

#include "queue/entry.h"

struct row_page;

struct row {
	union {
		struct row_page *one; /* the only page, when cap is 0 and n is 1 */
		struct row_page **pages;
	};
	uint32_t at, n, cap;          /* pages [at, at + n) are there */
	uint64_t count;               /* entries */
};

/* A row without entries. */
static inline void row_init(struct row *s)
{
	*s = (struct row){ 0 };
}

/* Adds at the back: e.seq is above all that are in. */
void row_push(struct row *s, struct entry e);

/* Adds at its place; no entry with that number is in. */
void row_put(struct row *s, struct entry e);

/* Takes the first; false when there is none. */
bool row_pop(struct row *s, struct entry *out);

/* Takes the one with that number; false when it is not in. */
bool row_take(struct row *s, uint64_t seq, struct entry *out);

/* The first and the last, left in place, NULL when there is none; the one with that number, and
 * the first that has it or a higher one.  Valid until the next change. */
const struct entry *row_first(const struct row *s);
const struct entry *row_last(const struct row *s);
struct entry *row_find(const struct row *s, uint64_t seq);
struct entry *row_from(const struct row *s, uint64_t seq);

/* What is behind the first `keep` pages (one at least) becomes the row *rest, which is empty. */
void row_cut(struct row *s, uint32_t keep, struct row *rest);

/* The entries of the first page, when no more will be added to it; NULL when there is none.
 * row_drop_page then takes them all, the references are the caller's. */
struct entry *row_full_page(struct row *s, size_t *n);
void row_drop_page(struct row *s);

/* The next of all entries, in order; start with a zeroed walk, false at the end. */
struct row_walk {
	uint32_t page, at;
};

bool row_next(const struct row *s, struct row_walk *w, struct entry *out);

#endif
