/* SPDX-License-Identifier: Apache-2.0 */
#include "management/http_reply.h"

#include <http_parser.h>

#include "base/mem.h"
#include "management/request.h"

struct http_reply {
	http_parser parser;
	size_t head_bytes;
	bool has_head, is_over, is_broken;
	struct buf *out;             /* of the call under way */
	struct buf refusal;          /* the body, where the status is no success */
};

static int on_head(http_parser *p)
{
	struct http_reply *r = p->data;
	r->has_head = p->status_code >= 200;
	return 0;
}

static int on_body(http_parser *p, const char *at, size_t n)
{
	struct http_reply *r = p->data;
	if (p->status_code == 200)
		buf_append(r->out, at, n);
	else if (n <= HTTP_REPLY_REFUSAL_MAX_BYTES - r->refusal.len)
		buf_append(&r->refusal, at, n);
	return 0;
}

/* What only says that another one follows (RFC 9110 section 15.2) is not the end; what follows the
 * end is not looked at. */
static int on_whole(http_parser *p)
{
	struct http_reply *r = p->data;
	r->is_over = r->has_head;
	http_parser_pause(p, r->is_over);
	return 0;
}

struct http_reply *http_reply_new(void)
{
	struct http_reply *r = mem_zalloc(sizeof *r);
	http_parser_init(&r->parser, HTTP_RESPONSE);
	r->parser.data = r;
	return r;
}

void http_reply_free(struct http_reply **r)
{
	if (!*r)
		return;
	buf_free(&(*r)->refusal);
	mem_free(*r);
	*r = NULL;
}

bool http_reply_take(struct http_reply *r, struct slice in, struct buf *out)
{
	static const http_parser_settings settings = {
		.on_headers_complete = on_head, .on_body = on_body, .on_message_complete = on_whole,
	};
	if (r->is_over || r->is_broken)
		return false;
	r->out = out;
	size_t before = out->len;
	size_t n = http_parser_execute(&r->parser, &settings, (const char *)in.p, in.n);
	if (!r->has_head)
		r->head_bytes += in.n;
	r->is_broken = (n != in.n && !r->is_over) || r->parser.upgrade ||
	               r->head_bytes > HTTP_REPLY_HEAD_MAX_BYTES;
	return out->len > before || !(r->is_over || r->is_broken);
}

/* The reason that the HTTP API gives in JSON; all of the body when it gives none. */
static struct slice reason_in(struct slice body)
{
	static const char key[] = "\"reason\":\"";
	const uint8_t *at = body.n ? memmem(body.p, body.n, key, sizeof key - 1) : NULL;
	if (!at)
		return body;
	struct slice rest = body;
	slice_take(&rest, (size_t)(at - body.p) + sizeof key - 1);
	for (size_t i = 0; i < rest.n; i++) {
		if (rest.p[i] == '\\')
			i++;
		else if (rest.p[i] == '"')
			return slice_of(rest.p, i);
	}
	return body;
}

int http_reply_explain(const struct http_reply *r, struct buf *why)
{
	unsigned status = r->parser.status_code;
	struct slice reason = reason_in(buf_slice(&r->refusal));
	if (r->is_broken)
		buf_printf(why, "what answers there does not speak HTTP/1.1");
	else if (status == 200)
		buf_printf(why, "the answer ended before its end");
	else if (status == 404)
		buf_printf(why, "what answers there has no verbs: it is no Leveret, or an older one");
	else if (!reason.n)
		buf_printf(why, "%s (%u)", status == 401 ? "a login is needed" : "it refuses", status);
	else
		for (size_t i = 0; i < reason.n; i++)
			buf_u8(why, reason.p[i] < 0x20 || reason.p[i] == 0x7F ? '?' : reason.p[i]);
	return status == 400 && !r->is_broken ? CALL_EXIT_DATA : CALL_EXIT_UNAVAILABLE;
}
