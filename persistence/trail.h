/* SPDX-License-Identifier: Apache-2.0 */
/* A trail: where the log has the messages of one queue, first in, first out.  Of each is known
 * its number, where its record is, how large its body is and whether the log must be told of its
 * end: two bytes for most, because numbers, positions and sizes are kept as differences.  A
 * trail lies in pages of up to 4,096 entries, which can be written out and taken in whole.  When
 * messages were placed is known of whole pages: the time of the last.
 *
 * Of a long trail the pages in the middle need not be in memory: they are shelved, one after the
 * other, somewhere that the caller knows by a position, and come back in the same order.
 *
 * Entries can be taken from anywhere, also from pages that are shelved: their numbers are noted,
 * and they are passed over when they are met.  Of who promises to take only what is in (exact), it
 * is noted only until a page is half empty: then that is made anew. */
#ifndef PERSISTENCE_TRAIL_H
#define PERSISTENCE_TRAIL_H

#include "base/buf.h"
#include "base/list.h"
#include "persistence/log.h"
#include "persistence/ranges.h"

struct trail_entry {
	uint64_t seq;
	log_position at;         /* a multiple of eight */
	uint64_t body_bytes;
	bool kept;               /* its end must be logged; false: a record that recovery ignores */
	uint64_t wall_ms;        /* when it was placed; once pushed, when the last of its page was.
	                          * 0: it is not known */
};

struct trail_shelf;

struct trail {
	struct list pages;       /* in memory, from the front */
	struct trail_shelf *shelves;   /* then [shelved_at, shelved_end), those that are shelved */
	size_t shelved_at, shelved_end, shelves_cap;
	struct list rest;        /* and behind those, in memory again; empty when there are none */
	struct ranges taken;     /* numbers from the middle that are in no more */
	uint64_t count;
	uint64_t body_bytes;     /* of all that are in */
	uint32_t page_entries;   /* of a page; as trail_init says, or smaller */
	bool coming;             /* the caller's: the first shelved one is on its way */
	bool exact;              /* the caller's: it takes only what is in; then pages of which most was
	                          * taken are made small, and what that was is forgotten */
};

void trail_init(struct trail *t);

/* Frees the memory; what the entries retain is the caller's business. */
void trail_free(struct trail *t);

/* Adds at the back; seq is above all that are in.  Within a page times do not fall. */
void trail_push(struct trail *t, struct trail_entry e);

/* Takes the first entry; false when there is none.  It must not be shelved. */
bool trail_pop(struct trail *t, struct trail_entry *out);

/* The first entry, which must not be shelved, left in place; a number that none in the trail is
 * below, and one that none is above.  False when there is none. */
bool trail_peek(const struct trail *t, struct trail_entry *out);
bool trail_first(const struct trail *t, uint64_t *seq);
bool trail_last(const struct trail *t, uint64_t *seq);

/* A page that was shelved and need not come back. */
struct trail_emptied {
	log_position at;         /* 0: none */
	uint64_t bytes;
};

/* Takes the entry with that number, whose body is as large, out of the trail; false when it was
 * popped or taken before.  A number between those that were pushed, but was not, must have been
 * noted in taken.  Where it empties a page that is shelved, *emptied says which. */
bool trail_take(struct trail *t, uint64_t seq, uint64_t body_bytes, struct trail_emptied *emptied);

/* Whether it could be taken. */
bool trail_has(const struct trail *t, uint64_t seq);

/* All of from is added at the back of to, in no time; its numbers are above those of to.  Nothing
 * of from is shelved, unless to is empty. */
void trail_join(struct trail *to, struct trail *from);

/* Appends the whole trail as bytes (nothing of it may have been popped or taken). */
void trail_write(struct buf *out, const struct trail *t);

/* Takes a trail off the front of the bytes, as trail_write made them, and adds it at the back.
 * False when they make no sense: then nothing was added. */
bool trail_read(struct trail *t, struct slice *in);

/* ---- shelves ---- */

/* The bytes of the next page that can be shelved; false when there is none: pages at the front and
 * the last stay.  trail_shelve then says where they were put, and frees them. */
bool trail_shelvable(const struct trail *t, struct slice *out);
void trail_shelve(struct trail *t, log_position at);

/* Where the first shelved page is, when it should come back because few are before it; 0 when not.
 * trail_unshelve takes its bytes; false, and nothing changes, when they are not of that page. */
log_position trail_wants(const struct trail *t);
bool trail_unshelve(struct trail *t, struct slice bytes);

/* The first position in [from, to) that a page was put at, 0: none; and a new one for that page. */
log_position trail_find_shelf(const struct trail *t, log_position from, log_position to);
void trail_move_shelf(struct trail *t, log_position at, log_position to);

/* True when some are shelved. */
static inline bool trail_has_shelves(const struct trail *t)
{
	return t->shelved_at != t->shelved_end;
}

/* The first shelved page will not come back: its entries are out. Returns how many there were. */
uint64_t trail_lose_page(struct trail *t);

/* True when the first entry is there, and not shelved. */
bool trail_is_ready(const struct trail *t);

/* A walk over what is in, page by page, while nothing is shelved: start with a zeroed walk. */
struct trail_walk {
	const struct list *page;
	uint32_t n, at;
	uint64_t seq, position, size;
};

/* The next page: how many entries it has left, their bodies, and bounds of their positions; false
 * at the end.  None may have been taken from the middle. */
bool trail_next_page(const struct trail *t, struct trail_walk *w, uint64_t *n, uint64_t *bytes,
                     log_position *low, log_position *high);

/* The next entry of that page; false at its end. */
bool trail_next(struct trail_walk *w, struct trail_entry *out);

/* ---- reading, which takes nothing ---- */

/* A copy of a page of a trail. One that is all zero is empty. */
struct trail_leaf {
	uint8_t *bytes;          /* owned; the encoded entries; NULL: they are still to be taken */
	uint32_t end;
	uint64_t first, last;    /* numbers of its entries */
	struct trail_walk begin, walk;
};

enum trail_where {
	TRAIL_NOWHERE,           /* all numbers are lower */
	TRAIL_HERE,
	TRAIL_SHELVED,           /* in the record at that position: trail_leaf_take takes its bytes */
};

/* Makes the leaf the one that has the first entry with that number or a higher one, which is then
 * still to come, maybe behind others.  One that is the right one already is only wound back. */
enum trail_where trail_seek(const struct trail *t, uint64_t seq, struct trail_leaf *leaf,
                            log_position *at);

/* Raises *low and lowers *high to the bounds of what is to be read to find the first entry that
 * was placed at that time or later: all below *low were placed earlier.  Where it is known of every
 * page when, these are bounds of one page, or *low is above all numbers. */
void trail_since(const struct trail *t, uint64_t wall_ms, uint64_t *low, uint64_t *high);

/* Takes the bytes of the page that was shelved; false when they make no sense. */
bool trail_leaf_take(struct trail_leaf *l, struct slice bytes);

/* The next entry, also of those that were taken from the middle of the trail; false at the end. */
bool trail_leaf_next(struct trail_leaf *l, struct trail_entry *out);

void trail_leaf_free(struct trail_leaf *l);

/* When most was taken of the shelved page that the leaf is a copy of (exact), it becomes one of
 * what is left, whose bytes are appended.  They have to be put elsewhere (trail_move_shelf); *old
 * says where it is now, and how large it was.  False: nothing changed. */
bool trail_thin_shelf(struct trail *t, const struct trail_leaf *leaf, struct buf *out,
                      struct trail_emptied *old);

/* Bytes of memory taken. */
size_t trail_footprint(const struct trail *t);

#endif
