/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C (Castagnoli, reflected, polynomial 0x82F63B78), as in RFC 3720 appendix B.4. */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of n bytes continued from crc; start with 0. crc32c(crc32c(0,a),b) equals the
 * checksum of a followed by b.  Uses the processor's instruction where there is one. */
uint32_t crc32c(uint32_t crc, const void *p, size_t n);

/* The same by table, for processors without the instruction and as a test oracle. */
uint32_t crc32c_table(uint32_t crc, const void *p, size_t n);

#endif
