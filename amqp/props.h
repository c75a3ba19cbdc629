/* SPDX-License-Identifier: Apache-2.0 */
/* The payload of a content header frame (AMQP 0-9-1 section 4.2.6.1): class u16, weight u16,
 * body size u64, property flags u16, property list.  The broker keeps that payload whole and
 * forwards it byte for byte; this file checks it and finds the properties in it. */
#ifndef AMQP_PROPS_H
#define AMQP_PROPS_H

#include "base/buf.h"
#include "base/slice.h"

/* PROP(bit, name, type): the fourteen properties of class basic, highest flag bit first; types
 * are shortstr, table, octet, timestamp.  See props.def. */
enum prop {
#define PROP(bit, name, type) PROP_##name = 1u << bit,
#include "amqp/props.def"
#undef PROP
};

struct props {
	uint16_t class_id;
	uint16_t weight;
	uint64_t body_bytes;
	uint16_t flags;           /* enum prop bits that are present */
	struct slice content_type, content_encoding, headers;
	uint8_t delivery_mode;    /* 2 = persistent; 0 when absent */
	uint8_t priority;         /* 0 when absent */
	struct slice correlation_id, reply_to, expiration, message_id;
	uint64_t timestamp;
	struct slice type, user_id, app_id, cluster_id;
};

enum {
	PROPS_FIXED_BYTES = 14,   /* class, weight, body size, flags */
	PROPS_FLAGS_AT = 12,
	PROPS_LIST_AT = 14,
};

/* Reads a header payload; slices borrow from it.  False when it is malformed: too short, a flag
 * whose value is cut, bytes left over, the continuation bit, a bad table in headers.  Class and
 * weight are not judged here. */
bool props_decode(struct slice payload, struct props *out);

/* One property of a payload that props_decode has taken before, without another look at the rest;
 * p == NULL when it is not there. */
struct slice props_headers(struct slice payload);
struct slice props_expiration(struct slice payload);
struct slice props_user_id(struct slice payload);

/* Writes a header payload from the fields that flags names. */
void props_encode(struct buf *out, const struct props *in);

#endif
