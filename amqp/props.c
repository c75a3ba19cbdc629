/* SPDX-License-Identifier: Apache-2.0 */
#include "amqp/props.h"

#include "amqp/wire.h"
#include "base/endian.h"

enum { KNOWN_FLAGS = 0xFFFC };   /* bit 0 says that more flags follow: nothing defines them */

bool props_decode(struct slice payload, struct props *out)
{
	struct reader r = reader_of(payload);
	*out = (struct props){ .class_id = read_short(&r) };
	out->weight = read_short(&r);
	out->body_bytes = read_longlong(&r);
	out->flags = read_short(&r);
	if (out->flags & ~KNOWN_FLAGS)
		return false;
#define PROP(bit, name, type) \
	if (out->flags & PROP_##name) \
		out->name = read_##type(&r);
#include "amqp/props.def"
#undef PROP
	return !r.bad && !r.bad_utf8 && reader_left(&r) == 0;
}

static size_t shortstr_bytes(const uint8_t *at)
{
	return 1 + (size_t)*at;
}

static size_t table_bytes(const uint8_t *at)
{
	return 4 + (size_t)get_be32(at);
}

static size_t octet_bytes(const uint8_t *at)
{
	(void)at;
	return 1;
}

static size_t timestamp_bytes(const uint8_t *at)
{
	(void)at;
	return 8;
}

/* Where the value of a property is, behind those that come before; NULL: it is not there. */
static inline const uint8_t *find(struct slice payload, enum prop wanted)
{
	const uint8_t *at = payload.p + PROPS_LIST_AT;
	uint16_t flags = get_be16(payload.p + PROPS_FLAGS_AT);
	if (!(flags & wanted))
		return NULL;
#define PROP(bit, name, type) \
	if (wanted < PROP_##name && (flags & PROP_##name)) \
		at += type##_bytes(at);
#include "amqp/props.def"
#undef PROP
	return at;
}

struct slice props_headers(struct slice payload)
{
	const uint8_t *at = find(payload, PROP_headers);
	return at ? slice_of(at + 4, get_be32(at)) : slice_of(NULL, 0);
}

struct slice props_expiration(struct slice payload)
{
	const uint8_t *at = find(payload, PROP_expiration);
	return at ? slice_of(at + 1, *at) : slice_of(NULL, 0);
}

struct slice props_user_id(struct slice payload)
{
	const uint8_t *at = find(payload, PROP_user_id);
	return at ? slice_of(at + 1, *at) : slice_of(NULL, 0);
}

void props_encode(struct buf *out, const struct props *in)
{
	size_t room = PROPS_FIXED_BYTES + 14 * 9 + in->content_type.n + in->content_encoding.n +
	              in->headers.n + in->correlation_id.n + in->reply_to.n + in->expiration.n +
	              in->message_id.n + in->type.n + in->user_id.n + in->app_id.n +
	              in->cluster_id.n;
	struct writer w = { .p = buf_reserve(out, room) };
	write_short(&w, in->class_id);
	write_short(&w, in->weight);
	write_longlong(&w, in->body_bytes);
	write_short(&w, in->flags);
#define PROP(bit, name, type) \
	if (in->flags & PROP_##name) \
		write_##type(&w, in->name);
#include "amqp/props.def"
#undef PROP
	out->len = (size_t)(w.p - out->p);
}
