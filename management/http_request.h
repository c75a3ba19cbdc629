/* SPDX-License-Identifier: Apache-2.0 */
/* A request of HTTP/1.0 or 1.1 (RFC 9112), read from bytes as they come.  Only the headers that
 * somebody asks for are kept; all of them count against the limit. */
#ifndef MANAGEMENT_HTTP_REQUEST_H
#define MANAGEMENT_HTTP_REQUEST_H

#include "base/buf.h"

enum {
	HTTP_HEAD_MAX_BYTES = 16 << 10,
	HTTP_BODY_MAX_BYTES = 10000000,   /* as with RabbitMQ, unless the configuration says more */
	HTTP_BODY_OF_STRANGERS_BYTES = 4096,   /* of who has not said who it is */
};

/* What is to be done; each is a bit, in the order in which they are listed for clients. */
enum http_action {
	HTTP_ACTION_HEAD = 1,
	HTTP_ACTION_GET = 2,
	HTTP_ACTION_POST = 4,
	HTTP_ACTION_PUT = 8,
	HTTP_ACTION_DELETE = 16,
	HTTP_ACTION_OPTIONS = 32,
	HTTP_ACTION_OTHER = 64,      /* nothing that is done here */
};

/* "GET" ...; "-" of others. */
const char *http_action_name(enum http_action action);

/* HTTP_HEADER(field, name): the headers that are kept, in small letters. */
#define HTTP_HEADERS(HTTP_HEADER)                   \
	HTTP_HEADER(host, "host")                       \
	HTTP_HEADER(authorization, "authorization")     \
	HTTP_HEADER(content_type, "content-type")       \
	HTTP_HEADER(expect, "expect")                   \
	HTTP_HEADER(if_none_match, "if-none-match")     \
	HTTP_HEADER(origin, "origin")                   \
	HTTP_HEADER(wanted_headers, "access-control-request-headers") \
	HTTP_HEADER(reason, "x-reason")                 \
	HTTP_HEADER(vhost, "x-vhost")

/* Slices are borrowed from the reader until it goes on; one that was not said has p == NULL. */
struct http_request {
	enum http_action action;
	struct slice path, query;    /* as they came, percent signs and all */
#define HTTP_HEADER(field, name) struct slice field;
	HTTP_HEADERS(HTTP_HEADER)
#undef HTTP_HEADER
	struct slice body;
	struct buf *body_room;       /* what it lies in: may be taken over */
	bool has_body;               /* one comes behind the head */
	bool is_old;                 /* HTTP/1.0: knows no chunks */
	bool stays;                  /* another request may follow */
};

struct http_reader;

/* For one request.  A longer body than that is refused. */
struct http_reader *http_reader_new(size_t max_body);
void http_reader_free(struct http_reader **r);

enum http_step {
	HTTP_STEP_MORE,              /* all was taken, and more has to come */
	HTTP_STEP_HEAD,              /* the head is whole: said once, before the body is read */
	HTTP_STEP_WHOLE,             /* what is left belongs to the next request */
	HTTP_STEP_BAD,               /* it is none, or too long; see http_reader_fault */
};

/* Takes bytes off the front of *in.  After HTTP_STEP_WHOLE and HTTP_STEP_BAD it is not called
 * again. */
enum http_step http_reader_take(struct http_reader *r, struct slice *in);

/* After HTTP_STEP_HEAD: a body that is longer than that is refused. */
void http_reader_bound(struct http_reader *r, size_t max_body);

/* What was read so far: from HTTP_STEP_HEAD on the head, from HTTP_STEP_WHOLE on the body. */
void http_reader_get(struct http_reader *r, struct http_request *out);

/* The status that says what is wrong, and the sentence. */
unsigned http_reader_fault(const struct http_reader *r, const char **why);

#endif
