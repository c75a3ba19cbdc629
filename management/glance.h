/* SPDX-License-Identifier: Apache-2.0 */
/* Queues that are looked at again and again (rank_queues): how fast they move between two looks,
 * how deep they were, and a picture of that for a terminal.  Time and bytes come from outside. */
#ifndef MANAGEMENT_GLANCE_H
#define MANAGEMENT_GLANCE_H

#include "base/buf.h"

enum { GLANCE_DEPTHS = 20, GLANCE_MAX = 2000 };

enum glance_order { GLANCE_MESSAGES, GLANCE_RATE, GLANCE_UNACKED, GLANCE_BYTES };

struct glance_row {
	struct slice key;            /* owned: the virtual host, a tab, the name */
	uint64_t messages, unacked, bytes, consumers, in, out;
	double in_rate, out_rate;    /* a second, since the look before */
	uint64_t depths[GLANCE_DEPTHS];   /* the latest last ... */
	unsigned n_depths;           /* ... so many */
	uint64_t look;               /* at which it was seen */
};

/* A zeroed one has seen nothing. */
struct glance {
	struct glance_row *rows;
	size_t n, cap;
	struct glance_row all;       /* of all together; its key says how many */
	uint64_t look, at_ms;        /* the last one */
	enum glance_order order;
};

/* The order that a letter or a word stands for: m, r, u, b; false: there is none. */
bool glance_find_order(struct slice name, enum glance_order *out);

/* What rank_queues has to sort by for it. */
const char *glance_sort(enum glance_order o);

/* Takes in what rank_queues put out, without headers. False when it makes no sense. */
bool glance_take(struct glance *g, struct slice rows, uint64_t now_ms);

/* Puts what was seen at the last look into the order. */
void glance_arrange(struct glance *g);

/* Appends the first of them, for a terminal so many columns wide. */
void glance_print(const struct glance *g, size_t most, size_t width, bool color, struct buf *out);

void glance_free(struct glance *g);

#endif
