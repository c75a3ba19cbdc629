/* SPDX-License-Identifier: Apache-2.0 */
/* A connection as its driver sees it.  The driver owns the transport, cuts frames out of its
 * bytes (amqp/frame.h) and hands them in; everything the peer is to be sent lies in the outbox.
 *
 *   connection_new -> connection_header (once 8 bytes are there) -> connection_frames* and
 *   connection_bad_frame -> connection_lost (the transport is gone, whoever ended it)
 *
 * After connection_lost the pointer belongs to the broker, which frees it at the end of the
 * turn. */
#ifndef BROKER_CONNECTION_H
#define BROKER_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "amqp/frame.h"
#include "base/slice.h"

struct broker;
struct connection;
struct outbox;
struct security;

/* What the driver knows of the peer; strings are copied. */
struct peer {
	const char *name;       /* "127.0.0.1:50324 -> 127.0.0.1:5672", for logs and listings */
	bool loopback;          /* the peer's address is 127/8 or ::1, or a path */
	bool by_tls;
};

/* A new connection; owner is handed back by connection_owner. */
struct connection *connection_new(struct broker *b, const struct peer *peer, void *owner,
                                  uint64_t now_ms);
void *connection_owner(const struct connection *c);

/* A proxy has said for whom it stands, who is the peer from now on.  Before the protocol
 * header. */
void connection_introduced(struct connection *c, const struct peer *peer);

/* True until the login was taken, and after it was refused. */
bool connection_is_stranger(const struct connection *c);

/* True until the 8 bytes of the protocol header have been handed to connection_header. */
bool connection_wants_header(const struct connection *c);
void connection_header(struct connection *c, struct slice eight_bytes, uint64_t now_ms);

/* Both sides know each other, by TLS; *s is taken over.  Before the protocol header. */
void connection_secured(struct connection *c, struct security **s);

/* As the peer was introduced, for log lines. */
const char *connection_name(const struct connection *c);

/* So many bytes came at once, for the statistics. */
void connection_received(struct connection *c, size_t n);

/* Bytes have come that are no whole header or frame yet: a sign of life all the same. */
void connection_heard(struct connection *c, uint64_t now_ms);

/* The largest payload that frame_next may accept now. */
uint32_t connection_max_payload(const struct connection *c);

/* How many frames may be cut before handing them in: one while limits may still change. */
size_t connection_batch_max(const struct connection *c);

/* Handles the frames in order; payloads are borrowed for the call.  Returns how many were taken:
 * the rest, when they cost too much for now, are to be handed in again behind the next turn of the
 * broker, once connection_wants_input, and nothing before them. */
size_t connection_frames(struct connection *c, const struct frame *frames, size_t n,
                         uint64_t now_ms);

/* frame_next answered one of its errors: refuses the connection with the matching close. */
void connection_bad_frame(struct connection *c, enum frame_result result,
                          const struct frame *frame, uint64_t now_ms);

/* The transport is gone.  Unacked messages go back, exclusive queues go away. */
void connection_lost(struct connection *c, uint64_t now_ms);

/* What is to be written to the peer; the driver takes bytes off its front (broker/outbox.h). */
struct outbox *connection_outbox(struct connection *c);

/* n bytes of the outbox were written; consumers that waited for that may go on. */
void connection_sent(struct connection *c, size_t n);

enum connection_wish {
	CONNECTION_GOES_ON,
	CONNECTION_WANTS_FLUSH_AND_CLOSE,   /* write the outbox, then close, then connection_lost */
	CONNECTION_WANTS_DROP,              /* close at once, then connection_lost */
};

/* What the driver has to do with the transport. */
enum connection_wish connection_wish(const struct connection *c);

/* False while the peer's input is to be left in the socket (back-pressure). */
bool connection_wants_input(const struct connection *c);

/* Asked before each read; true when it is to be left for a later turn: this connection has put more
 * into queues than turns have handed out since, to consumers who could take it. */
bool connection_yields(struct connection *c);

#endif
