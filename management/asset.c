/* SPDX-License-Identifier: Apache-2.0 */
#include "management/asset.h"

#include <stddef.h>

extern const struct asset assets[];
extern const uint64_t assets_n;

const struct asset *asset_find(struct slice path)
{
	for (uint64_t i = 0; i < assets_n; i++)
		if (slice_is(path, assets[i].path))
			return &assets[i];
	return NULL;
}
