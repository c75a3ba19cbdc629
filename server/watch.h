/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at what the process uses and what the disk has free, and tells the broker: once a second
 * while there is something going on, and while an alarm lasts. */
#ifndef SERVER_WATCH_H
#define SERVER_WATCH_H

#include <stdint.h>

struct broker;
struct host;

struct watch {
	const char *path;            /* of the log */
	uint64_t next_ms;
};

/* Before a turn of the broker.  h NULL: nobody is told of the process. */
void watch_turn(struct watch *w, struct broker *b, struct host *h, uint64_t now_ms);

/* When it has to be called next at the latest; UINT64_MAX: when there is something to do. */
uint64_t watch_deadline(const struct watch *w, const struct broker *b);

#endif
