/* SPDX-License-Identifier: Apache-2.0 */
/* One accepted TCP connection: bytes in, cut to frames and handed to the broker; bytes out of the
 * connection's outbox, gathered.  An idle socket owns no buffer. */
#ifndef SERVER_SOCKET_H
#define SERVER_SOCKET_H

#include <stdbool.h>

struct loop;
struct sockaddr_storage;
struct socket;

/* Takes over an accepted, non-blocking descriptor. */
void socket_new(struct loop *l, int fd, const struct sockaddr_storage *peer, bool tls);

/* Before a turn: those that bring much are read, in the order of the line, until they have had
 * together what a turn allows. */
void sockets_read(struct loop *l);

/* The broker has something for this socket: output, an end, or a change of reading. */
void socket_serve(struct socket *s);

/* Closes all without ceremony. */
void sockets_close(struct loop *l);

#endif
