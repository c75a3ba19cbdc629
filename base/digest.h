/* SPDX-License-Identifier: Apache-2.0 */
/* 128 bits for any number of bytes, the same in every run and on every machine: for what is kept.
 * Two that are equal by chance will not be met; it is no defence against who searches for them. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/slice.h"

struct digest {
	uint8_t bytes[16];
};

/* The digest of the bytes. */
struct digest digest_of(struct slice s);

/* One under a secret, for what is not kept: who does not know it cannot search for two that are
 * equal. */
struct digest digest_keyed(struct slice s, uint64_t secret);

#endif
