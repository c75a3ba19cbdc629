/* SPDX-License-Identifier: Apache-2.0 */
/* What all fuzz targets share: the entry point, and a reader that cuts decisions off the input. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "base/die.h"
#include "base/slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* True when the bytes borrowed lie within those given. */
static inline bool fuzz_inside(struct slice part, struct slice whole)
{
	uintptr_t p = (uintptr_t)part.p, w = (uintptr_t)whole.p;
	return part.n == 0 || (p >= w && p - w <= whole.n && part.n <= whole.n - (p - w));
}

/* The next byte, 0 at the end of the input. */
static inline uint8_t fuzz_u8(struct slice *in)
{
	return in->n ? slice_take(in, 1).p[0] : 0;
}

static inline uint16_t fuzz_u16(struct slice *in)
{
	uint16_t high = fuzz_u8(in);
	return (uint16_t)(high << 8 | fuzz_u8(in));
}

/* The next n bytes, or as many as are left. */
static inline struct slice fuzz_bytes(struct slice *in, size_t n)
{
	return in->n ? slice_take(in, n < in->n ? n : in->n) : *in;
}

#endif
