/* SPDX-License-Identifier: Apache-2.0 */
/* The best of many texts by their keys: those that come first when all are in order.  Texts come
 * one by one, and what is not among the best so far is let go of.  Keys are compared as bytes;
 * of two that are alike the one that came first is first. */
#ifndef MANAGEMENT_RANKING_H
#define MANAGEMENT_RANKING_H

#include "base/slice.h"

struct ranked;

/* What all rankings may take up together: there is memory for a few long lists, not for one of each
 * client. */
enum { RANKINGS_MAX_BYTES = 128 << 20 };

/* A zeroed one with its limits set, and together, is empty. */
struct ranking {
	size_t most;                 /* texts to be kept */
	size_t most_bytes;           /* that they may take up, with their keys */
	size_t *together;            /* what this one and others take up now; borrowed */
	bool reverse;                /* the last in order are the best, and come first */
	struct ranked **all;         /* a heap, the worst at its root; then in order from n on */
	size_t n, cap, sorted;
	size_t bytes;
	uint64_t came;
};

/* False: a text of that key would not be kept. */
bool ranking_admits(const struct ranking *r, struct slice key);

enum ranking_answer {
	RANKING_KEPT,
	RANKING_TOO_LONG,            /* it would take up more bytes than it may */
	RANKING_BUSY,                /* all of them together would: others may end soon */
};

/* Keeps a copy of a text whose key is admitted, and lets go of the worst if there are more than
 * may be; or it is not kept. */
enum ranking_answer ranking_add(struct ranking *r, struct slice key, struct slice text);

/* When all have come: puts some more of them in order, a fraction of a millisecond's work.  True:
 * all are. */
bool ranking_sort(struct ranking *r);

/* Then: how many there are, and the i-th. */
size_t ranking_count(const struct ranking *r);
struct slice ranking_get(const struct ranking *r, size_t i);

/* What it took up is there for others. */
void ranking_free(struct ranking *r);

#endif
