/* SPDX-License-Identifier: Apache-2.0 */
/* What an exchange of type x-recent-history remembers: the last messages that were published to it,
 * for bindings to come.  It is kept in memory only. */
#ifndef EXCHANGE_HISTORY_H
#define EXCHANGE_HISTORY_H

#include <stddef.h>

struct exchange;
struct message;

enum {
	HISTORY_USUAL = 20,          /* messages, when x-recent-history-length is not said */
	HISTORY_MOST = 1000,
	HISTORY_BYTES = 16 << 20,    /* of headers and bodies, but for the last message */
};

/* How many messages it remembers; 0 for an exchange of another type. */
size_t history_count(const struct exchange *x);

/* The ith of them, the oldest first. */
struct message *history_at(const struct exchange *x, size_t i);

#endif
