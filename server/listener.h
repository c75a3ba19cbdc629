/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets. */
#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

#include <ev.h>

#include "base/buf.h"
#include "management/http.h"

struct loop;

struct listener {
	ev_io io;
	struct loop *loop;
	bool web;            /* for HTTP, that service, else for AMQP */
	enum http_service service;
	bool tls;
	int fd;              /* -1: the end of the array */
	int spare_fd;        /* given up for a moment to turn a caller away when descriptors run out */
	char address[108];   /* of a host, or a path */
	uint16_t port;
};

/* Opens what the configuration names. where gets "0.0.0.0:5672, [::]:5672" for the ready line.
 * False and a sentence in why. */
bool listeners_open(struct loop *l, struct buf *where, struct buf *why);

/* The options of sockets, as they are in the configuration now, for who comes from now on. */
void listeners_set_options(struct loop *l);

/* Those alone that speak AMQP. */
void listeners_close(struct loop *l);

/* Likewise for a service over HTTP; where nothing is said of any listener, on its standard port,
 * and then it is not a fault when that is taken. */
bool listeners_open_web(struct loop *l, enum http_service s, struct buf *where, struct buf *why);
void listeners_close_web(struct loop *l);

/* What both listen on, as management is told; the caller's to mem_free. */
struct host_port *listeners_ports(const struct loop *l, size_t *n);

#endif
