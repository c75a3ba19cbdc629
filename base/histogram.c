/* SPDX-License-Identifier: Apache-2.0 */
#include "base/histogram.h"

#define SCALE(name, ...)                                                           \
	const struct scale scale_##name = {                                            \
		sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t), { __VA_ARGS__ }    \
	};
#include "base/scales.def"
#undef SCALE
