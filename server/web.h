/* SPDX-License-Identifier: Apache-2.0 */
/* TCP connections of clients of HTTP, the API and the metrics: what carries the bytes of
 * management/http.h, with TLS or without.  Nobody can make the broker wait: a head has its time,
 * silence its end, an answer is pulled a piece in each turn as the peer takes it, and clients are
 * few. */
#ifndef SERVER_WEB_H
#define SERVER_WEB_H

#include <stdbool.h>

#include "management/http.h"

struct loop;
struct sockaddr_storage;

/* Takes over an accepted, non-blocking descriptor.  When all places are taken the client goes that
 * was heard longest ago and is not being answered, else the new one. */
void web_new(struct loop *l, int fd, const struct sockaddr_storage *peer, enum http_service s,
             bool tls);

/* After a turn of the broker: answers that waited for it go on. */
void webs_turn(struct loop *l);

/* Closes all without ceremony. */
void webs_close(struct loop *l);

#endif
