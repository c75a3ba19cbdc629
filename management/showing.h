/* SPDX-License-Identifier: Apache-2.0 */
/* A message as the HTTP API and leveretctl show it: pairs of an object of JSON that is open. */
#ifndef MANAGEMENT_SHOWING_H
#define MANAGEMENT_SHOWING_H

#include "base/buf.h"

struct browsed;
struct message;
struct props;
struct store;

/* Its properties as an object, of the payload of its content header. */
void showing_put_props(struct buf *out, struct slice header);

/* The other way: from an object with their names; what is of another kind is left out. */
void showing_read_props(struct slice table, struct props *out);

/* "payload" and "payload_encoding": as text where it is some, and base64 is not asked for. */
void showing_put_payload(struct buf *out, struct slice body, bool base64);

/* The first bytes of its body, most of them, to a buffer that is cleared before. */
struct slice showing_body(const struct message *m, uint64_t most, struct buf *room);

struct showing {
	uint64_t truncate;           /* so many bytes of the payload are shown */
	bool base64;                 /* ... in that, text or not */
};

/* All that is known of one: where it was published, its age and its size, properties and payload,
 * which room is for. */
void showing_put(struct buf *out, const struct store *s, const struct browsed *b,
                 const struct showing *how, int64_t now_ms, struct buf *room);

#endif
