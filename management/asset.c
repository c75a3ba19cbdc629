/* SPDX-License-Identifier: Apache-2.0 */
#include "management/asset.h"

#include <stddef.h>

extern const struct asset assets[], assets_end[];

const struct asset *asset_find(struct slice path)
{
	for (const struct asset *a = assets; a < assets_end; a++)
		if (slice_is(path, a->path))
			return a;
	return NULL;
}
