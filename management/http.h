/* SPDX-License-Identifier: Apache-2.0 */
/* One client of the HTTP API: bytes in, bytes out, whatever carries them.  Requests are answered
 * one after the other, in their order; while one is answered no bytes are taken.
 *
 * The carrier's loop: hand in bytes while http_wants_input; pull until it is told to read, to wait,
 * or to hang up, and pull on only when the peer has taken what came before. */
#ifndef MANAGEMENT_HTTP_H
#define MANAGEMENT_HTTP_H

#include "base/buf.h"
#include "management/http_peer.h"

struct host;
struct http;

/* The host is borrowed.  Between requests it is all that a client takes. */
struct http *http_new(struct host *h, const struct http_peer *peer);
void http_free(struct http **c);

/* True while bytes may be handed in: at most HTTP_INPUT_BYTES at once. */
bool http_wants_input(const struct http *c);
enum { HTTP_INPUT_BYTES = 64 << 10 };
void http_take(struct http *c, struct slice bytes);

enum http_phase {
	HTTP_RESTS,                  /* no request has begun */
	HTTP_READS_HEAD,
	HTTP_READS_BODY,
	HTTP_ANSWERS,
};

/* For the patience of the carrier. */
enum http_phase http_phase(const struct http *c);

enum http_state {
	HTTP_READ,                   /* send out, then read */
	HTTP_MORE,                   /* send out, then pull again */
	HTTP_WAIT,                   /* send out; pull again after the next turn of the broker */
	HTTP_OVER,                   /* send out, then hang up */
};

/* Appends what is to be sent next, at time now_ms. */
enum http_state http_pull(struct http *c, uint64_t now_ms, struct buf *out);

#endif
