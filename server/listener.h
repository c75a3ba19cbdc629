/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets. */
#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

#include <ev.h>

#include "base/buf.h"

struct loop;

struct listener {
	ev_io io;
	struct loop *loop;
	bool tls;
	int fd;              /* -1: the end of the array */
	int spare_fd;        /* given up for a moment to turn a caller away when descriptors run out */
};

/* Opens what the configuration names. where gets "0.0.0.0:5672, [::]:5672" for the ready line.
 * False and a sentence in why. */
bool listeners_open(struct loop *l, struct buf *where, struct buf *why);

void listeners_close(struct loop *l);

#endif
