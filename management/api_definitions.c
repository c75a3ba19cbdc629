/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions over HTTP, of all or of one virtual host. */
#include "broker/manage.h"
#include "broker/vhost.h"
#include "management/api.h"
#include "management/definitions.h"
#include "management/multipart.h"
#include "management/parsing.h"

static bool is_plain(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] < 0x21 || name.p[i] > 0x7E || name.p[i] == '"' || name.p[i] == '\\')
			return false;
	return name.n > 0;
}

static void end(void *kept)
{
	definitions_end(kept);
}

static void begin(struct http_response *r, struct definitions *d)
{
	struct slice name = http_query(r, "download");
	d->broker = r->host->broker;
	d->vhost = r->in_vhost ? r->parts[0] : slice_of(NULL, 0);
	if (is_plain(name))
		buf_printf(&r->headers, "content-disposition: attachment; filename=%.*s\r\n",
		           SLICE_ARG(name));
}

enum call_state api_definitions(struct http_response *r, struct buf *out)
{
	struct definitions *d = http_keep(r, sizeof *d, end);
	if (!r->begun) {
		begin(r, d);
		definitions_tag(d, &r->room);
		if (http_is_known(r, buf_slice(&r->room)))
			return CALL_DONE;
	}
	return definitions_export(d, out) ? CALL_MORE : CALL_DONE;
}

/* False, and why in r->room. */
static bool begin_import(struct http_response *r, struct definitions *d)
{
	begin(r, d);
	d->dry_run = api_asks(r, "dry_run");
	d->reconcile = api_asks(r, "reconcile");
	d->force = api_asks(r, "force");
	d->actor = r->user_name;
	d->notes = DEFINITIONS_ARRAY;
	buf_clear(&r->room);
	if (!r->parsing)
		r->parsing = parsing_new(NULL, r->request->body_room, r->request->body,
		                         multipart_boundary(r->request->content_type));
	return definitions_begin(d, r->parsing, &r->room);
}

/* An object: {"changes":[...],"create":1,...}. */
static enum call_state report(struct http_response *r, struct definitions *d, struct buf *out)
{
	if (!r->begun)
		buf_printf(out, "{\"dry_run\":%s,\"changes\":[", d->dry_run ? "true" : "false");
	if (!r->count && definitions_import(d, out, &r->room))
		return CALL_MORE;
	r->count = 1;
	if (!manage_is_durable(r->host->broker, d->wait_for))
		return CALL_WAITS;
	buf_printf(out, "],");
	definitions_sum(d, out);
	buf_u8(out, '}');
	return CALL_DONE;
}

/* What could not be taken in is said, and the rest is there. */
enum call_state api_definitions_take(struct http_response *r, struct buf *out)
{
	struct definitions *d = http_keep(r, sizeof *d, end);
	if (!r->begun && !begin_import(r, d))
		return http_bad_request(r, out, "%.*s", SLICE_ARG(buf_slice(&r->room)));
	if (d->dry_run || d->reconcile)
		return report(r, d, out);
	if (!r->count && definitions_import(d, out, &r->room))
		return CALL_MORE;
	r->count = 1;
	if (d->failures)
		return http_bad_request(r, out, "%.*s", SLICE_ARG(buf_slice(&r->room)));
	r->wait_for = d->wait_for;
	return http_durably(r, 204);
}
