/* SPDX-License-Identifier: Apache-2.0 */
#include "management/request.h"

#include "base/endian.h"

static const char magic[4] = "LVR1";

/* False when the lengths do not add up. */
static bool split(struct slice body, struct request *out)
{
	out->n = 0;
	while (body.n >= 4) {
		size_t n = get_le32(slice_take(&body, 4).p);
		if (n > body.n || out->n == REQUEST_MAX_ARGUMENTS)
			return false;
		out->arguments[out->n++] = slice_take(&body, n);
	}
	return body.n == 0 && out->n > 0;
}

enum request_result request_decode(struct slice *in, struct request *out)
{
	size_t seen = in->n < sizeof magic ? in->n : sizeof magic;
	if (seen && memcmp(in->p, magic, seen) != 0)
		return REQUEST_BAD;
	if (in->n < REQUEST_HEAD_BYTES)
		return REQUEST_MORE;
	size_t n = get_le32(in->p + sizeof magic);
	if (n > REQUEST_MAX_BYTES)
		return REQUEST_BAD;
	if (n > in->n - REQUEST_HEAD_BYTES)
		return REQUEST_MORE;
	slice_take(in, REQUEST_HEAD_BYTES);
	return split(slice_take(in, n), out) ? REQUEST_OK : REQUEST_BAD;
}

static void append_le32(struct buf *out, size_t v)
{
	put_le32(buf_reserve(out, 4), (uint32_t)v);
	out->len += 4;
}

/* 0: it is too long. */
static size_t bytes_of(const struct request *r)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n; i++) {
		if (r->arguments[i].n > REQUEST_MAX_BYTES)
			return 0;
		n += 4 + r->arguments[i].n;
	}
	return n <= REQUEST_MAX_BYTES ? n : 0;
}

bool request_fits(const struct request *r)
{
	return r->n > 0 && r->n <= REQUEST_MAX_ARGUMENTS && bytes_of(r) > 0;
}

bool request_encode(struct buf *out, const struct request *r)
{
	if (!request_fits(r))
		return false;
	size_t n = bytes_of(r);
	buf_append(out, magic, sizeof magic);
	append_le32(out, n);
	for (size_t i = 0; i < r->n; i++) {
		append_le32(out, r->arguments[i].n);
		buf_append_slice(out, r->arguments[i]);
	}
	return true;
}

void answer_encode(struct buf *out, const struct answer_piece *p)
{
	bool end = p->kind == ANSWER_END;
	if (!end && p->bytes.n == 0)
		return;
	buf_u8(out, (uint8_t)p->kind);
	append_le32(out, end ? 4 : p->bytes.n);
	if (end)
		append_le32(out, p->code);
	else
		buf_append_slice(out, p->bytes);
}

enum request_result answer_decode(struct slice *in, struct answer_piece *out)
{
	if (in->n < ANSWER_HEAD_BYTES)
		return REQUEST_MORE;
	uint8_t kind = in->p[0];
	size_t n = get_le32(in->p + 1);
	if (kind > ANSWER_PROGRESS || n > ANSWER_MAX_BYTES || (kind == ANSWER_END && n != 4))
		return REQUEST_BAD;
	if (n > in->n - ANSWER_HEAD_BYTES)
		return REQUEST_MORE;
	slice_take(in, ANSWER_HEAD_BYTES);
	*out = (struct answer_piece){ .kind = (enum answer_kind)kind, .bytes = slice_take(in, n) };
	if (kind == ANSWER_END)
		out->code = get_le32(out->bytes.p);
	return REQUEST_OK;
}
