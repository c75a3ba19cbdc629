/* SPDX-License-Identifier: Apache-2.0 */
/* Values one behind the other as bytes, little endian, strings with their length (u32) ahead: what
 * keys and values of catalog entries are made of.  Unpacking trusts nothing: each function is false
 * when what it wants is not there, and takes it off the front of *in else. */
#ifndef BASE_PACK_H
#define BASE_PACK_H

#include "base/buf.h"
#include "base/endian.h"

/* Each appends its value. */
static inline void pack_u32(struct buf *out, uint32_t v)
{
	put_le32(buf_reserve(out, 4), v);
	out->len += 4;
}

static inline void pack_u64(struct buf *out, uint64_t v)
{
	put_le64(buf_reserve(out, 8), v);
	out->len += 8;
}

static inline void pack_string(struct buf *out, struct slice s)
{
	pack_u32(out, (uint32_t)s.n);
	buf_append_slice(out, s);
}

/* Each takes a value of its kind. */
static inline bool unpack_u8(struct slice *in, uint8_t *v)
{
	if (in->n < 1)
		return false;
	*v = slice_take(in, 1).p[0];
	return true;
}

static inline bool unpack_u32(struct slice *in, uint32_t *v)
{
	if (in->n < 4)
		return false;
	*v = get_le32(slice_take(in, 4).p);
	return true;
}

static inline bool unpack_u64(struct slice *in, uint64_t *v)
{
	if (in->n < 8)
		return false;
	*v = get_le64(slice_take(in, 8).p);
	return true;
}

/* The string is borrowed. */
static inline bool unpack_string(struct slice *in, struct slice *out)
{
	uint32_t n;
	if (!unpack_u32(in, &n) || n > in->n)
		return false;
	*out = slice_take(in, n);
	return true;
}

/* A name of AMQP: a short string. */
static inline bool unpack_name(struct slice *in, struct slice *out)
{
	return unpack_string(in, out) && out->n <= 255;
}

#endif
