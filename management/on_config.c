/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs about the configuration. */
#include "management/call.h"
#include "management/verbs.h"

enum call_state verb_environment(struct call *c, struct buf *out)
{
	call_banner(c, out, "Application environment of the broker in %s ...", c->host->data_dir);
	buf_append_slice(out, buf_slice(&c->host->settings));
	return CALL_DONE;
}

static void tell(struct buf *out, const char *what, const struct buf *names)
{
	if (names->len)
		buf_printf(out, "%s: %.*s\n", what, SLICE_ARG(buf_slice(names)));
}

enum call_state verb_reload_config(struct call *c, struct buf *out)
{
	struct host *h = c->host;
	if (!c->begun) {
		call_banner(c, out, "Reading the configuration of the broker in %s again ...",
		            h->data_dir);
		h->wish = HOST_RELOADS;
		return CALL_WAITS;
	}
	if (h->trouble.len)
		return call_fail(c, CALL_EXIT_DATA, "%.*s", SLICE_ARG(buf_slice(&h->trouble)));
	tell(out, "changed", &h->reloaded.live);
	tell(out, "wait for the next start", &h->reloaded.start);
	tell(out, "count at a first start only", &h->reloaded.first);
	return CALL_DONE;
}
