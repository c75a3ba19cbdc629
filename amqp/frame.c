/* SPDX-License-Identifier: Apache-2.0 */
#include "amqp/frame.h"

#include "base/die.h"
#include "base/endian.h"

static bool is_known(uint8_t type)
{
	return type == FRAME_METHOD || type == FRAME_HEADER || type == FRAME_BODY ||
	       type == FRAME_HEARTBEAT;
}

static enum frame_result more(size_t *need, size_t n)
{
	if (need)
		*need = n;
	return FRAME_MORE;
}

enum frame_result frame_next(struct slice *in, uint32_t max_payload, struct frame *out,
                             size_t *need)
{
	if (in->n < FRAME_HEAD_BYTES)
		return more(need, FRAME_HEAD_BYTES);
	uint32_t n = get_be32(in->p + 3);
	*out = (struct frame){ .type = in->p[0],
		                   .channel = get_be16(in->p + 1),
		                   .payload = slice_of(in->p + FRAME_HEAD_BYTES, n) };
	if (!is_known(out->type))
		return FRAME_BAD_TYPE;
	if (max_payload && n > max_payload)
		return FRAME_TOO_LARGE;
	if (in->n - FRAME_HEAD_BYTES < (size_t)n + 1)
		return more(need, (size_t)n + FRAME_OVERHEAD_BYTES);
	if (out->payload.p[n] != FRAME_END)
		return FRAME_BAD_END;
	slice_take(in, (size_t)n + FRAME_OVERHEAD_BYTES);
	return FRAME_OK;
}

size_t frame_begin(struct buf *out, uint8_t type, uint16_t channel)
{
	size_t mark = out->len;
	uint8_t *p = buf_reserve(out, FRAME_HEAD_BYTES);
	p[0] = type;
	put_be16(p + 1, channel);
	out->len += FRAME_HEAD_BYTES;
	return mark;
}

void frame_end(struct buf *out, size_t mark)
{
	size_t n = out->len - mark - FRAME_HEAD_BYTES;
	must(n <= UINT32_MAX);
	put_be32(out->p + mark + 3, (uint32_t)n);
	buf_u8(out, FRAME_END);
}

void frame_write(struct buf *out, uint8_t type, uint16_t channel, struct slice payload)
{
	must(payload.n <= UINT32_MAX);
	uint8_t *p = buf_reserve(out, payload.n + FRAME_OVERHEAD_BYTES);
	p[0] = type;
	put_be16(p + 1, channel);
	put_be32(p + 3, (uint32_t)payload.n);
	if (payload.n)
		memcpy(p + FRAME_HEAD_BYTES, payload.p, payload.n);
	p[FRAME_HEAD_BYTES + payload.n] = FRAME_END;
	out->len += payload.n + FRAME_OVERHEAD_BYTES;
}
