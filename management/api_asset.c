/* SPDX-License-Identifier: Apache-2.0 */
/* The web UI. */
#include "management/api.h"
#include "management/asset.h"

static const struct asset *find(const struct http_response *r)
{
	struct slice path = r->request->path;
	slice_take(&path, r->prefix_bytes);
	while (path.n && path.p[0] == '/')
		slice_take(&path, 1);
	return asset_find(path.n ? path : slice_str("index.html"));
}

enum call_state api_asset(struct http_response *r, struct buf *out)
{
	const struct asset *a = find(r);
	if (!a)
		return http_not_found(r, out);
	buf_printf(&r->headers, "content-encoding: gzip\r\n");
	if (http_is_known(r, slice_str(a->tag)))
		return CALL_DONE;
	r->type = a->type;
	buf_append(out, a->bytes, a->n);
	return CALL_DONE;
}
