/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

struct digest digest_of(struct slice s)
{
	XXH128_canonical_t c;
	struct digest d;
	XXH128_canonicalFromHash(&c, XXH3_128bits(s.p, s.n));
	memcpy(d.bytes, c.digest, sizeof d.bytes);
	return d;
}
