/* SPDX-License-Identifier: Apache-2.0 */
/* What a channel has been sent and not yet acknowledged, by delivery tag.  Tags ascend by one, so
 * a delivery is found by arithmetic: pages of 64 tags in a ring of pages; a page is freed when
 * nothing in it is outstanding.  Every operation on one tag is O(1). */
#ifndef QUEUE_UNACKED_H
#define QUEUE_UNACKED_H

#include "queue/lane.h"

struct consumer;
struct group;
struct queue;

struct delivery {
	struct entry entry;
	struct queue *queue;         /* NULL: the entry went back, the client does not know yet */
	struct consumer *consumer;   /* NULL for basic.get */
	struct group *group;         /* of the queue's groups; NULL: none */
	bool held;                   /* acked inside a transaction that is not committed yet */
	uint32_t since_ms;           /* when it was handed out: the low bits of the broker's clock */
};

struct unacked {
	struct unacked_page **pages; /* a ring of cap pages, NULL where nothing is outstanding */
	size_t cap, first;           /* first: index of the page that holds base */
	size_t span;                 /* pages from first to the last used */
	uint64_t base;               /* tag of the first slot of the first page; a multiple of 64 */
	uint64_t count;              /* outstanding */
};

void unacked_init(struct unacked *u);

/* Frees the memory; nothing may be outstanding. */
void unacked_free(struct unacked *u);

/* Notes a delivery under a tag above all earlier ones. Owns the entry until it is taken. */
void unacked_put(struct unacked *u, uint64_t tag, struct delivery d);

/* True when the tag is outstanding. */
bool unacked_has(const struct unacked *u, uint64_t tag);

/* The outstanding delivery itself, or NULL; valid until the next change. */
struct delivery *unacked_get(const struct unacked *u, uint64_t tag);

/* The lowest outstanding tag above the given one, 0 when there is none. */
uint64_t unacked_after(const struct unacked *u, uint64_t tag);

/* Takes one out; false when the tag is not outstanding. */
bool unacked_take(struct unacked *u, uint64_t tag, struct delivery *out);

/* Takes out the lowest outstanding tag; false when there is none. */
bool unacked_take_first(struct unacked *u, uint64_t *tag, struct delivery *out);

/* The lowest outstanding tag, 0 when there is none. */
uint64_t unacked_first(const struct unacked *u);

#endif
