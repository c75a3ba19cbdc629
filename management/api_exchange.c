/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges over HTTP. */
#include "broker/manage.h"
#include "broker/vhost.h"
#include "management/api.h"

enum call_state api_exchanges(struct http_response *r, struct buf *out)
{
	return api_list(r, out, ROSTER_EXCHANGES, NULL);
}

enum call_state api_exchange(struct http_response *r, struct buf *out)
{
	struct slice name = r->parts[1];
	struct roster_row row = { .broker = r->host->broker,
		                      .vhost = r->vhost,
		                      .exchange = api_exchange_named(r, &name) };
	if (!api_begin_one(r, out, ROSTER_EXCHANGES, row.exchange ? &row : NULL))
		return CALL_DONE;
	if (!http_query(r, "columns").n)   /* of pairs nothing is counted */
		buf_printf(out, ",\"incoming\":[],\"outgoing\":[]");
	buf_u8(out, '}');
	return CALL_DONE;
}

enum call_state api_exchange_declare(struct http_response *r, struct buf *out)
{
	struct slice name = r->parts[1];
	if (!r->begun && !http_read_body(r, out))
		return CALL_DONE;
	if (!r->begun)
		r->count = api_exchange_named(r, &name) != NULL;
	struct slice type = http_text(r, "type");
	struct method m = { .id = METHOD_exchange_declare,
		                .exchange_declare = { .exchange = name,
		                                      .type = type.n ? type : slice_str("direct"),
		                                      .durable = http_flag(r, "durable", false),
		                                      .auto_delete = http_flag(r, "auto_delete", false),
		                                      .internal = http_flag(r, "internal", false),
		                                      .arguments = http_table(r, "arguments") } };
	return api_say(r, out, &m, r->count ? 204 : 201);
}

enum call_state api_exchange_delete(struct http_response *r, struct buf *out)
{
	struct slice name = r->parts[1];
	if (!r->begun && !api_exchange_named(r, &name))
		return http_not_found(r, out);
	struct method m = { .id = METHOD_exchange_delete,
		                .exchange_delete = { .exchange = name,
		                                     .if_unused = api_asks(r, "if-unused") } };
	return api_say(r, out, &m, 204);
}
