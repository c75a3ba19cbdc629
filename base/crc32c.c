/* SPDX-License-Identifier: Apache-2.0 */
/* Three ways at once on long stretches: the processor's crc32 instruction takes three cycles but
 * one can start every cycle, so three streams are summed side by side and then folded together
 * with tables that advance a checksum over a fixed number of zero bytes. */
#include "base/crc32c.h"

#include <stdbool.h>
#include <string.h>

#define POLYNOMIAL 0x82F63B78u

enum { STRETCH = 1024 };   /* bytes of each of the three streams */

static uint32_t bytes[256];              /* crc of one byte */
static uint32_t skip[4][256];            /* advances a crc over STRETCH zero bytes */
static bool hardware;

static uint32_t over_zeros(uint32_t crc, size_t n)
{
	while (n--)
		crc = crc >> 8 ^ bytes[crc & 0xFF];
	return crc;
}

/* Before main, so that no thread ever sees the tables half made. */
__attribute__((constructor)) static void prepare(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
		bytes[i] = crc;
	}
	for (uint32_t i = 0; i < 256; i++)
		for (int byte = 0; byte < 4; byte++)
			skip[byte][i] = over_zeros(i << 8 * byte, STRETCH);
#if defined(__x86_64__)
	hardware = __builtin_cpu_supports("sse4.2");
#endif
}

static uint32_t advance(uint32_t crc)
{
	return skip[0][crc & 0xFF] ^ skip[1][crc >> 8 & 0xFF] ^ skip[2][crc >> 16 & 0xFF] ^
	       skip[3][crc >> 24];
}

uint32_t crc32c_table(uint32_t crc, const void *p, size_t n)
{
	const uint8_t *b = p;
	crc = ~crc;
	for (size_t i = 0; i < n; i++)
		crc = crc >> 8 ^ bytes[(crc ^ b[i]) & 0xFF];
	return ~crc;
}

#if defined(__x86_64__)
static inline uint64_t load(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

__attribute__((target("sse4.2"))) static uint32_t by_hardware(uint32_t crc, const uint8_t *p,
                                                              size_t n)
{
	uint64_t a = (uint32_t)~crc;
	for (; n >= 3 * STRETCH; p += 3 * STRETCH, n -= 3 * STRETCH) {
		uint64_t b = 0, c = 0;
		for (size_t i = 0; i < STRETCH; i += 8) {
			a = __builtin_ia32_crc32di(a, load(p + i));
			b = __builtin_ia32_crc32di(b, load(p + STRETCH + i));
			c = __builtin_ia32_crc32di(c, load(p + 2 * STRETCH + i));
		}
		a = advance(advance((uint32_t)a) ^ (uint32_t)b) ^ (uint32_t)c;
	}
	for (; n >= 8; p += 8, n -= 8)
		a = __builtin_ia32_crc32di(a, load(p));
	for (; n; p++, n--)
		a = __builtin_ia32_crc32qi((uint32_t)a, *p);
	return ~(uint32_t)a;
}
#else
static uint32_t by_hardware(uint32_t crc, const uint8_t *p, size_t n)
{
	return crc32c_table(crc, p, n);
}
#endif

uint32_t crc32c(uint32_t crc, const void *p, size_t n)
{
	return hardware ? by_hardware(crc, p, n) : crc32c_table(crc, p, n);
}
