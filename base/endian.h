/* SPDX-License-Identifier: Apache-2.0 */
/* Fixed-width integers as bytes: big endian for the wire, little endian for the disk. */
#ifndef BASE_ENDIAN_H
#define BASE_ENDIAN_H

#include <stdint.h>
#include <string.h>

#define ENDIAN_PAIR(bits) \
	static inline uint##bits##_t get_be##bits(const void *p) \
	{ \
		uint##bits##_t v; \
		memcpy(&v, p, sizeof v); \
		return __builtin_bswap##bits(v); \
	} \
	static inline void put_be##bits(void *p, uint##bits##_t v) \
	{ \
		v = __builtin_bswap##bits(v); \
		memcpy(p, &v, sizeof v); \
	} \
	static inline uint##bits##_t get_le##bits(const void *p) \
	{ \
		uint##bits##_t v; \
		memcpy(&v, p, sizeof v); \
		return v; \
	} \
	static inline void put_le##bits(void *p, uint##bits##_t v) \
	{ \
		memcpy(p, &v, sizeof v); \
	}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a big-endian port needs its own pairs");

ENDIAN_PAIR(16)
ENDIAN_PAIR(32)
ENDIAN_PAIR(64)

#undef ENDIAN_PAIR

#endif
