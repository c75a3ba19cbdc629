/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the web UI (management/ui), compressed with gzip, as they lie in the program
 * (tools/assets.sh). */
#ifndef MANAGEMENT_ASSET_H
#define MANAGEMENT_ASSET_H

#include "base/slice.h"

struct asset {
	const char *path, *type;     /* like "pages/queue.js", and its media type */
	const char *tag;             /* of these bytes */
	const uint8_t *bytes;
	size_t n;
};

/* NULL: there is no such file. */
const struct asset *asset_find(struct slice path);

#endif
