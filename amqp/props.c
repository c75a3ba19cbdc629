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

/* Only content-type and content-encoding come before them. */
struct slice props_headers(struct slice payload)
{
	const uint8_t *at = payload.p + PROPS_LIST_AT;
	uint16_t flags = get_be16(payload.p + PROPS_FLAGS_AT);
	if (!(flags & PROP_headers))
		return slice_of(NULL, 0);
	if (flags & PROP_content_type)
		at += 1 + *at;
	if (flags & PROP_content_encoding)
		at += 1 + *at;
	return slice_of(at + 4, get_be32(at));
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
