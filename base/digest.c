/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static struct digest canonical(XXH128_hash_t hash)
{
	XXH128_canonical_t c;
	struct digest d;
	XXH128_canonicalFromHash(&c, hash);
	memcpy(d.bytes, c.digest, sizeof d.bytes);
	return d;
}

struct digest digest_of(struct slice s)
{
	return canonical(XXH3_128bits(s.p, s.n));
}

struct digest digest_keyed(struct slice s, uint64_t secret)
{
	return canonical(XXH3_128bits_withSeed(s.p, s.n, secret));
}
