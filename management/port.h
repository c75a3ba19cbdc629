/* SPDX-License-Identifier: Apache-2.0 */
/* Ports that the broker listens on, as those ask who check that it does. */
#ifndef MANAGEMENT_PORT_H
#define MANAGEMENT_PORT_H

#include "base/slice.h"

struct host;
struct host_port;

/* Who speaks AMQP is not listened to while the broker is to let nobody in. */
bool port_is_open(const struct host *h, const struct host_port *p);

/* One that is open; NULL: there is none.  Protocols have further names: amqps is amqp/ssl. */
const struct host_port *port_find_number(const struct host *h, uint64_t number);
const struct host_port *port_find_protocol(const struct host *h, struct slice protocol);

/* What is spoken there, in words. */
const char *port_purpose(const struct host_port *p);

/* Appends those that are open: as objects in a list of JSON (key NULL: of none), or lines. */
struct buf;
void ports_put_json(const struct host *h, const char *key, struct buf *out);
void ports_put(const struct host *h, struct buf *out);

#endif
