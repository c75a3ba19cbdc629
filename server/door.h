/* SPDX-License-Identifier: Apache-2.0 */
/* The door for who administers the broker: a Unix socket in the data directory, through which verbs
 * are called (management/call.h).  Its mode is 0600, and who calls must be the owner of the process
 * or root.  Nobody can make the broker wait: a request has its length and its time, an answer is
 * pulled as the peer takes it, and callers are few. */
#ifndef SERVER_DOOR_H
#define SERVER_DOOR_H

#include <stdbool.h>

struct door;
struct host;
struct loop;

/* Opens the door of the loop; the data directory is ours (its lock is held), so what is left of an
 * earlier one is removed.  The host is borrowed.  0 or -errno. */
int door_open(struct loop *l, struct host *h);

/* After a turn: callers that waited for it go on.  True when some did. */
bool door_turn(struct door *d);

/* Nobody comes in any more and nothing more is said.  Who has asked for the stop is left to the
 * end of the process, which is the answer. NULL is allowed. */
void door_close(struct door **d);

#endif
