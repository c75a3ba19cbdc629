/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a size limit (u16), a step (u8), then the stream.  The frames must be the same whether
 * the stream comes at once or step by step, and written again they must be the bytes they came
 * from. */
#include "amqp/frame.h"
#include "tests/fuzz/fuzz.h"

/* All frames of the stream written again, and what ended it. */
struct heard {
	struct buf again;
	enum frame_result end;
};

static void hear(struct heard *h, struct slice *in, uint32_t max)
{
	struct frame f;
	size_t need = 0;
	struct slice before = *in;
	while ((h->end = frame_next(in, max, &f, &need)) == FRAME_OK) {
		must(before.n - in->n == f.payload.n + FRAME_OVERHEAD_BYTES);
		must(fuzz_inside(f.payload, before) && (max == 0 || f.payload.n <= max));
		frame_write(&h->again, f.type, f.channel, f.payload);
		before = *in;
	}
	must(in->p == before.p && in->n == before.n);
	must(h->end != FRAME_MORE || need > in->n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	uint32_t max = fuzz_u16(&in);
	size_t step = fuzz_u8(&in) + 1u;
	struct heard whole = { .end = FRAME_MORE }, parts = { .end = FRAME_MORE };
	struct slice stream = in, rest = in;
	struct buf kept = { 0 };

	hear(&whole, &rest, max);
	while (in.n && parts.end == FRAME_MORE) {
		buf_append_slice(&kept, fuzz_bytes(&in, step));
		struct slice now = buf_slice(&kept);
		hear(&parts, &now, max);
		buf_consume(&kept, kept.len - now.n);
	}

	must(whole.end == parts.end);
	must(slice_eq(buf_slice(&whole.again), buf_slice(&parts.again)));
	must(whole.again.len == stream.n - rest.n);
	must(slice_eq(buf_slice(&whole.again), slice_of(stream.p, stream.n - rest.n)));
	buf_free(&kept);
	buf_free(&whole.again);
	buf_free(&parts.again);
	return 0;
}
