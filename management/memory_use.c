/* SPDX-License-Identifier: Apache-2.0 */
#include "management/memory_use.h"

#include "base/slab.h"
#include "broker/state.h"
#include "management/host.h"

struct memory_use memory_use_of(const struct host *h, uint64_t total)
{
	struct memory_use m = { .binary = h->broker->store.resident,
		                    .code = h->code_bytes,
		                    .small = slab_bytes() };
	uint64_t known = m.binary + m.code + m.small;
	m.total = total > known ? total : known;
	m.rest = m.total - known;
	return m;
}
