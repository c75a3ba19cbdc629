/* SPDX-License-Identifier: Apache-2.0 */
/* A client of few words for the load generators and the kill harness: frames over one loopback
 * socket.  The set-up is a blocking conversation, the rest is up to poll(2). */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include <sys/types.h>

#include "amqp/frame.h"
#include "amqp/method.h"
#include "base/buf.h"

struct wire {
	int fd;              /* -1: not connected */
	struct buf in;       /* bytes not yet walked */
	struct buf out;      /* being sent, from sent on */
	size_t sent;
	struct ssl_st *ssl;  /* NULL: in the clear */
	bool unblocked;
	char why[128];       /* what went wrong, when something did */
};

/* From here on connections are made with TLS. Nobody looks at the broker's certificate; with resume
 * all of them are one client's, who comes back with the last ticket it got. */
void wire_use_tls(bool resume);

/* Connects to the loopback port, logs in as guest and opens channel 1. False with why. */
bool wire_open(struct wire *w, uint16_t port);
void wire_close(struct wire *w);

/* Sends a method on channel 1 and waits for the answer (0: for none).  False with why, also when
 * the broker closes the channel or the connection instead. */
bool wire_call(struct wire *w, const struct method *m, uint32_t answer);

/* Waits until so many whole frames are there, for a socket that blocks, and leaves them in w->in:
 * wire_done with *rest drops them.  False with why. */
bool wire_await(struct wire *w, struct frame *out, int n, struct slice *rest);

/* From here on the socket does not block. */
void wire_unblock(struct wire *w);

/* As send(2), through TLS where that is used. */
ssize_t wire_send(struct wire *w, const void *p, size_t n);

/* Reads what is there. False when the peer is gone. */
bool wire_read(struct wire *w);

/* Writes what the socket takes of out. False when the peer is gone. */
bool wire_write(struct wire *w);

/* The next whole frame; false when there is none. wire_done then drops what was walked. */
bool wire_next(struct slice *rest, struct frame *out);
void wire_done(struct wire *w, struct slice rest);

/* Microseconds of a clock that never goes back. */
uint64_t wire_now_us(void);

#endif
