/* SPDX-License-Identifier: Apache-2.0 */
/* The outside of a broker: a socket to a port of the loopback interface.  What a story needs of it
 * that a transport inside the process gives by itself: an answer is waited for, and before another
 * client speaks what this one sent has been read. */
#ifndef STORIES_OUTSIDE_H
#define STORIES_OUTSIDE_H

#include "base/buf.h"
#include "script.h"

enum {
	PATIENCE_MS = 4500, /* for what must come */
	QUIET_MS = 30,      /* for what must not */
	EARLY_MS = 300,     /* what must not have come by some time is looked for that much earlier */
	MOMENT_MS = 100,    /* moments so close together only the fake clock tells apart */
};

/* A connected socket, or -1. */
int outside_dial(uint16_t port);

/* Sends, byte by byte when split (the first 4,096 of them).  A peer that is gone takes nothing. */
void outside_feed(int fd, struct slice bytes, bool split);

/* Appends what comes within that time, and returns once something did. False: the peer hung up. */
bool outside_take(int fd, struct buf *out, int wait_ms);

/* Waits until the broker has read all that was sent. */
void outside_settle(int fd, uint16_t port);

void outside_sleep(uint64_t ms);

/* Whether the lines can be played without the broker's inside and within ten seconds. */
bool outside_can_play(const struct script *s, int from, int to);

/* Whether the lines wait for a clock and leave nothing on the broker that others would meet. */
bool outside_is_apart(const struct script *s, int from, int to);

/* ---- what scenes leave behind ---- */

/* Notes the name of a queue or exchange that is being declared, and deletes all of them. */
struct litter {
	struct buf names; /* 'q' or 'x', length, bytes */
};

void litter_note(struct litter *l, char what, struct slice name);
void litter_sweep(struct litter *l, uint16_t port);

#endif
