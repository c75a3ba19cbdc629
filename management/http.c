/* SPDX-License-Identifier: Apache-2.0 */
/* A conversation: a reader while a request comes in, a response while it is answered, nothing in
 * between.  What the peer sends ahead (pipelining, RFC 9112 section 9.3.2) waits. */
#include "management/http.h"

#include "base/die.h"
#include "base/mem.h"
#include "management/http_response.h"
#include "management/visit.h"

struct http {
	struct host *host;
	struct http_peer peer;       /* its name is owned */
	uint64_t now_ms;             /* as last pulled */
	bool last;                   /* no request is answered after this one ... */
	bool over;                   /* ... and nothing more is said */
	bool chunked, headed;        /* of the response: how it goes out, and that it has begun */
	bool whole;                  /* the request is */
	bool refused;                /* its body is not wanted */
	uint64_t body_bytes;         /* of the response, sent so far */
	struct buf ahead;            /* bytes that were not looked at yet */
	struct http_reader *reader;
	struct http_request request;
	struct http_response *response;
};

struct http *http_new(struct host *h, const struct http_peer *peer)
{
	struct http *c = mem_zalloc(sizeof *c);
	c->host = h;
	c->peer = *peer;
	c->peer.name = mem_strdup(peer->name);
	return c;
}

static void end_exchange(struct http *c)
{
	http_response_free(&c->response);
	http_reader_free(&c->reader);
	c->whole = c->headed = c->refused = false;
	c->body_bytes = 0;
	c->over |= c->last;
}

void http_free(struct http **c)
{
	if (!*c)
		return;
	end_exchange(*c);
	buf_free(&(*c)->ahead);
	mem_free((char *)(*c)->peer.name);
	mem_free(*c);
	*c = NULL;
}

static bool is_answering(const struct http *c)
{
	return c->whole || c->refused;
}

bool http_wants_input(const struct http *c)
{
	return !c->over && !is_answering(c) && c->ahead.len < HTTP_INPUT_BYTES;
}

enum http_phase http_phase(const struct http *c)
{
	if (is_answering(c))
		return HTTP_ANSWERS;
	if (c->response)
		return HTTP_READS_BODY;
	return c->reader || c->ahead.len ? HTTP_READS_HEAD : HTTP_RESTS;
}

/* ---- in ---- */

void http_take(struct http *c, struct slice bytes)
{
	must(http_wants_input(c));
	buf_append_slice(&c->ahead, bytes);
}

/* Empty lines ahead of a request are none of it (RFC 9112 section 2.2). */
static void skip_empty_lines(struct slice *in)
{
	while (in->n && (in->p[0] == '\r' || in->p[0] == '\n'))
		slice_take(in, 1);
}

/* The head is whole: who asks is known, and whether the body is wanted; some clients wait to be
 * told that it is (RFC 9110 section 10.1.1). */
static void look_at_head(struct http *c, struct buf *out)
{
	http_reader_get(c->reader, &c->request);
	bool welcome = true;
	c->response = http_response_new(c->host, &c->request, &c->peer, c->now_ms, &welcome);
	if (!c->response->user)
		http_reader_bound(c->reader, HTTP_BODY_OF_STRANGERS_BYTES);
	c->refused = !welcome && c->request.has_body;
	c->last = !c->request.stays || c->refused;
	if (welcome && c->request.has_body && slice_is(c->request.expect, "100-continue"))
		buf_printf(out, "HTTP/1.1 100 Continue\r\n\r\n");
}

static void put_fault(struct http *c, struct buf *out);

/* Goes on reading what there is. */
static void read_on(struct http *c, struct buf *out)
{
	struct slice in = buf_slice(&c->ahead);
	if (!c->reader)
		skip_empty_lines(&in);
	if (!c->reader && in.n)
		c->reader = http_reader_new(c->host->max_body_bytes);
	while (in.n && !is_answering(c) && !c->over) {
		enum http_step step = http_reader_take(c->reader, &in);
		if (step == HTTP_STEP_BAD)
			put_fault(c, out);
		if (step == HTTP_STEP_HEAD)
			look_at_head(c, out);
		if (step == HTTP_STEP_WHOLE) {
			http_reader_get(c->reader, &c->request);
			c->whole = true;
		}
		if (step == HTTP_STEP_MORE)
			break;
	}
	if (in.n == 0)
		buf_free(&c->ahead);
	else
		buf_consume(&c->ahead, c->ahead.len - in.n);
}

/* ---- out ---- */

static const char *reason_of(unsigned status)
{
	static const struct {
		unsigned status;
		const char *reason;
	} reasons[] = {
		{ 200, "OK" }, { 201, "Created" }, { 204, "No Content" }, { 304, "Not Modified" },
		{ 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" },
		{ 404, "Not Found" }, { 405, "Method Not Allowed" }, { 412, "Precondition Failed" },
		{ 413, "Content Too Large" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" }, { 500, "Internal Server Error" },
		{ 501, "Not Implemented" }, { 503, "Service Unavailable" },
		{ 505, "HTTP Version Not Supported" },
	};
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

static void put_status(struct buf *out, unsigned status, bool closes)
{
	buf_printf(out, "HTTP/1.1 %u %s\r\nserver: Leveret\r\n", status, reason_of(status));
	if (closes)
		buf_printf(out, "connection: close\r\n");
}

/* What was sent is no request: nobody knows where the next one would begin. */
static void put_fault(struct http *c, struct buf *out)
{
	const char *why;
	struct buf body = { 0 };
	unsigned status = http_reader_fault(c->reader, &why);
	buf_printf(&body, "{\"error\":\"bad_request\",\"reason\":\"%s\"}", why);
	put_status(out, status, true);
	buf_printf(out, "content-type: application/json\r\ncontent-length: %zu\r\n\r\n", body.len);
	buf_append_slice(out, buf_slice(&body));
	buf_free(&body);
	c->last = true;
	end_exchange(c);
}

/* RFC 9110: these have no body, whatever is said of it. */
static bool is_bodiless(unsigned status)
{
	return status == 204 || status == 304;
}

/* all: body is the whole of it. */
static void put_head(struct http *c, const struct buf *body, bool all, struct buf *out)
{
	const struct http_response *r = c->response;
	c->headed = true;
	c->chunked = !all && !c->request.is_old;
	c->last |= !all && c->request.is_old;
	put_status(out, r->status, c->last);
	buf_printf(out, "cache-control: no-cache\r\nvary: accept, accept-encoding, origin\r\n"
	                "content-security-policy: default-src 'self'; base-uri 'none'; "
	                "form-action 'none'; frame-ancestors 'none'\r\n"
	                "referrer-policy: no-referrer\r\nx-content-type-options: nosniff\r\n");
	buf_append_slice(out, buf_slice(&r->headers));
	if (r->type && !is_bodiless(r->status))
		buf_printf(out, "content-type: %s\r\n", r->type);
	if (c->chunked)
		buf_printf(out, "transfer-encoding: chunked\r\n");
	else if (all && !is_bodiless(r->status))
		buf_printf(out, "content-length: %zu\r\n", body->len);
	buf_printf(out, "\r\n");
}

static void put_piece(struct http *c, const struct buf *body, bool end, struct buf *out)
{
	if (c->request.action == HTTP_ACTION_HEAD || is_bodiless(c->response->status))
		return;
	c->body_bytes += body->len;
	if (c->chunked && body->len)
		buf_printf(out, "%zx\r\n", body->len);
	if (body->len)
		buf_append_slice(out, buf_slice(body));
	if (c->chunked && body->len)
		buf_printf(out, "\r\n");
	if (c->chunked && end)
		buf_printf(out, "0\r\n\r\n");
}

/* After HEAD the body is not made. */
static bool is_enough(const struct http *c)
{
	return c->headed && c->request.action == HTTP_ACTION_HEAD;
}

static enum http_state answer(struct http *c, struct buf *out)
{
	struct buf body = { 0 };
	enum call_state state = http_response_pull(c->response, c->now_ms, &body);
	bool cut = c->response->cut;
	if (!c->headed && (body.len || state == CALL_DONE))
		put_head(c, &body, state == CALL_DONE, out);
	if (c->headed)
		put_piece(c, &body, state == CALL_DONE && !cut, out);
	buf_free(&body);
	c->last |= cut;
	if (state == CALL_DONE || is_enough(c)) {
		if (c->host->visits)
			visit_put(c->host->visits, c->response, c->body_bytes);
		end_exchange(c);
		return c->over ? HTTP_OVER : HTTP_MORE;
	}
	return state == CALL_WAITS ? HTTP_WAIT : HTTP_MORE;
}

enum http_state http_pull(struct http *c, uint64_t now_ms, struct buf *out)
{
	c->now_ms = now_ms;
	if (!is_answering(c))
		read_on(c, out);
	if (is_answering(c))
		return answer(c, out);
	return c->over ? HTTP_OVER : HTTP_READ;
}
