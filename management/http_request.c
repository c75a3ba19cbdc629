/* SPDX-License-Identifier: Apache-2.0 */
/* http-parser calls back with pieces of the target and of headers, as the bytes happen to be cut.
 * They are gathered in one buffer, and a span says where each lies: the buffer moves as it grows.
 * The parser pauses where the caller has something to decide. */
#include "management/http_request.h"

#include <http_parser.h>
#include <strings.h>

#include "base/die.h"
#include "base/mem.h"

enum header {
#define HTTP_HEADER(field, name) HEADER_##field,
	HTTP_HEADERS(HTTP_HEADER)
#undef HTTP_HEADER
	HEADERS,
	HEADER_NONE,                 /* one that is not kept */
};

static const char *const names[HEADERS] = {
#define HTTP_HEADER(field, name) [HEADER_##field] = name,
	HTTP_HEADERS(HTTP_HEADER)
#undef HTTP_HEADER
};

enum { NAME_MAX_BYTES = 32 };    /* longer than any that is kept */

struct span {
	size_t at, n;
	bool said;
};

struct http_reader {
	http_parser parser;
	struct buf bytes;            /* the target, values of headers */
	struct buf body;
	struct span target, headers[HEADERS];
	char name[NAME_MAX_BYTES];
	size_t name_bytes;
	enum header at;              /* whose value is being read */
	bool in_value, blank, twice, has_head, has_body, whole;
	size_t head_bytes;           /* of the head, so far */
	size_t max_body;
	unsigned status;             /* of what is wrong; 0: nothing is */
	const char *why;
};

/* ---- what is wrong ---- */

/* For a callback to return: the parser ends. */
static int fault(struct http_reader *r, unsigned status, const char *why)
{
	if (!r->status) {
		r->status = status;
		r->why = why;
	}
	return -1;
}

unsigned http_reader_fault(const struct http_reader *r, const char **why)
{
	*why = r->why;
	return r->status;
}

/* ---- callbacks ---- */

static void add(struct http_reader *r, struct span *s, const char *p, size_t n)
{
	if (!s->said)
		*s = (struct span){ .at = r->bytes.len, .said = true };
	buf_append(&r->bytes, p, n);
	s->n += n;
}

static int on_target(http_parser *p, const char *at, size_t n)
{
	struct http_reader *r = p->data;
	add(r, &r->target, at, n);
	return 0;
}

/* A name begins behind a value, or at first. */
static int on_name(http_parser *p, const char *at, size_t n)
{
	struct http_reader *r = p->data;
	r->blank |= memchr(at, ' ', n) != NULL;
	if (r->in_value)
		r->name_bytes = 0;
	r->in_value = false;
	for (size_t i = 0; i < n && r->name_bytes < NAME_MAX_BYTES; i++)
		r->name[r->name_bytes++] = at[i];
	return 0;
}

static enum header find_header(const struct http_reader *r)
{
	for (enum header h = 0; h < HEADERS; h++)
		if (strlen(names[h]) == r->name_bytes &&
		    strncasecmp(names[h], r->name, r->name_bytes) == 0)
			return h;
	return HEADER_NONE;
}

/* What is said behind the body comes too late. */
static int on_value(http_parser *p, const char *at, size_t n)
{
	struct http_reader *r = p->data;
	if (!r->in_value) {
		r->at = r->has_head ? HEADER_NONE : find_header(r);
		r->in_value = true;
		r->twice |= r->at != HEADER_NONE && r->headers[r->at].said;
	}
	if (r->at != HEADER_NONE)
		add(r, &r->headers[r->at], at, n);
	return 0;
}

/* A header that is said twice could mean one thing here and another to who stands between, and so
 * could one with a blank behind its name, which the parser passes over (RFC 9112 section 5.1).
 * What is wrong is said of the whole head, so that it does not matter in which pieces it came. */
static int on_head(http_parser *p)
{
	struct http_reader *r = p->data;
	bool counted = p->flags & F_CONTENTLENGTH;
	if (p->http_major != 1)
		return fault(r, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
	if (r->blank)
		return fault(r, 400, "there is a blank in the name of a header");
	if (r->twice)
		return fault(r, 400, "a header is said twice");
	if (p->http_minor > 0 && !r->headers[HEADER_host].said)
		return fault(r, 400, "there is no header Host");
	if (counted && p->content_length > r->max_body)
		return fault(r, 413, "Exceeded HTTP request body size limit");
	r->has_head = true;
	r->has_body = (p->flags & F_CHUNKED) || (counted && p->content_length > 0);
	http_parser_pause(p, 1);
	return 0;
}

static int on_body(http_parser *p, const char *at, size_t n)
{
	struct http_reader *r = p->data;
	if (n > r->max_body - r->body.len)
		return fault(r, 413, "Exceeded HTTP request body size limit");
	buf_append(&r->body, at, n);
	return 0;
}

static int on_whole(http_parser *p)
{
	struct http_reader *r = p->data;
	r->whole = true;
	http_parser_pause(p, 1);
	return 0;
}

/* ---- reading ---- */

struct http_reader *http_reader_new(size_t max_body)
{
	struct http_reader *r = mem_zalloc(sizeof *r);
	http_parser_init(&r->parser, HTTP_REQUEST);
	r->parser.data = r;
	r->in_value = true;
	r->max_body = max_body;
	return r;
}

void http_reader_bound(struct http_reader *r, size_t max_body)
{
	r->max_body = max_body < r->max_body ? max_body : r->max_body;
}

void http_reader_free(struct http_reader **r)
{
	if (*r) {
		buf_free(&(*r)->bytes);
		buf_free(&(*r)->body);
	}
	mem_free(*r);
	*r = NULL;
}

enum http_step http_reader_take(struct http_reader *r, struct slice *in)
{
	static const http_parser_settings settings = {
		.on_url = on_target,
		.on_header_field = on_name,
		.on_header_value = on_value,
		.on_headers_complete = on_head,
		.on_body = on_body,
		.on_message_complete = on_whole,
	};
	bool had_head = r->has_head;
	size_t room = HTTP_HEAD_MAX_BYTES - r->head_bytes;
	size_t n = !had_head && in->n > room ? room : in->n;
	size_t taken = http_parser_execute(&r->parser, &settings, (const char *)in->p, n);
	slice_take(in, taken);
	r->head_bytes += had_head ? 0 : taken;
	if (!r->has_head && r->head_bytes == HTTP_HEAD_MAX_BYTES)
		fault(r, 431, "the head of the request is too long");
	enum http_errno error = HTTP_PARSER_ERRNO(&r->parser);
	if (error != HPE_OK && error != HPE_PAUSED)
		fault(r, error == HPE_HEADER_OVERFLOW ? 431 : 400, http_errno_description(error));
	if (r->status)
		return HTTP_STEP_BAD;
	http_parser_pause(&r->parser, 0);
	if (r->whole)
		return HTTP_STEP_WHOLE;
	return r->has_head && !had_head ? HTTP_STEP_HEAD : HTTP_STEP_MORE;
}

/* ---- what was read ---- */

static struct slice slice_at(const struct http_reader *r, struct span s)
{
	return s.said ? slice_of(s.n ? r->bytes.p + s.at : (const uint8_t *)"", s.n)
	              : slice_of(NULL, 0);
}

static const struct {
	enum http_action action;
	enum http_method method;
} actions[] = {
	{ HTTP_ACTION_HEAD, HTTP_HEAD }, { HTTP_ACTION_GET, HTTP_GET },
	{ HTTP_ACTION_POST, HTTP_POST }, { HTTP_ACTION_PUT, HTTP_PUT },
	{ HTTP_ACTION_DELETE, HTTP_DELETE }, { HTTP_ACTION_OPTIONS, HTTP_OPTIONS },
};

static enum http_action action_of(const http_parser *p)
{
	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		if (actions[i].method == p->method)
			return actions[i].action;
	return HTTP_ACTION_OTHER;
}

const char *http_action_name(enum http_action action)
{
	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		if (actions[i].action == action)
			return http_method_str(actions[i].method);
	return "-";
}

void http_reader_get(struct http_reader *r, struct http_request *out)
{
	struct slice target = slice_at(r, r->target);
	const http_parser *p = &r->parser;
	*out = (struct http_request){
		.action = action_of(p),
		.path = slice_cut(&target, '?'),
		.body = buf_slice(&r->body),
		.body_room = &r->body,
		.has_body = r->has_body,
		.is_old = p->http_minor == 0,
		.stays = p->http_minor > 0 && http_should_keep_alive(p) && p->method != HTTP_CONNECT,
	};
	out->query = target;
#define HTTP_HEADER(field, name) out->field = slice_at(r, r->headers[HEADER_##field]);
	HTTP_HEADERS(HTTP_HEADER)
#undef HTTP_HEADER
}
