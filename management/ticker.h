/* SPDX-License-Identifier: Apache-2.0 */
/* A ticker: what goes on with the broker and with some queues, told each second as server-sent
 * events.  The first event of a topic has all its numbers, the next ones those that changed, each
 * the time at which they were so (timestamp); when none did there is none. */
#ifndef MANAGEMENT_TICKER_H
#define MANAGEMENT_TICKER_H

#include "base/buf.h"
#include "broker/sampling.h"

struct broker;
struct user;

enum {
	TICKER_TOPICS_MAX = 16,      /* of one ticker */
	TICKERS_MAX = 32,            /* at a time */
	TICKER_MS = 1000,
};

struct ticker;

/* topics: "overview,queue:VHOST/NAME", with names in which commas, slashes and percent signs are
 * encoded with percent signs.  *open counts those that there are.  NULL, and why. */
struct ticker *ticker_new(struct slice topics, unsigned *open, struct buf *why);
void ticker_free(struct ticker **t);

/* Appends what has changed, if a second has gone by, as far as the user may see it. */
void ticker_tell(struct ticker *t, struct broker *b, const struct user *u, uint64_t now_ms,
                 struct buf *out);

#endif
