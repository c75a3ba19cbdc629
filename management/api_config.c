/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration over HTTP: what is in force, and that it be read again. */
#include "management/api.h"
#include "management/object.h"

/* Lines of key = value, secrets blanked. */
enum call_state api_config_effective(struct http_response *r, struct buf *out)
{
	struct buf key = { 0 };
	object_open(out, NULL);
	for (struct slice rest = buf_slice(&r->host->settings); rest.n;) {
		struct slice line = slice_cut(&rest, '\n'), value = line;
		struct slice name = slice_cut(&value, ' ');
		slice_take(&value, 2);
		buf_clear(&key);
		buf_append_slice(&key, name);
		buf_u8(&key, 0);
		object_put(out, (const char *)key.p, cell_slice(value));
	}
	object_close(out);
	buf_free(&key);
	return CALL_DONE;
}

enum call_state api_config_reload(struct http_response *r, struct buf *out)
{
	struct host *h = r->host;
	if (!r->begun) {
		h->wish = HOST_RELOADS;
		return CALL_WAITS;
	}
	if (h->trouble.len)
		return http_bad_request(r, out, "%.*s", SLICE_ARG(buf_slice(&h->trouble)));
	object_open(out, NULL);
	object_put(out, "changed", cell_words(buf_slice(&h->reloaded.live)));
	object_put(out, "needs_restart", cell_words(buf_slice(&h->reloaded.start)));
	object_put(out, "first_start_only", cell_words(buf_slice(&h->reloaded.first)));
	object_close(out);
	return CALL_DONE;
}
