/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to one request: a handler that a route leads to (routes.def), and what it needs from
 * one call to the next.  This is the seam between HTTP and what is served over it.
 *
 * A handler is called until it returns CALL_DONE, and appends a piece of the body each time: short,
 * so that a long list is never there whole.  CALL_WAITS: call again after the next turn of the
 * broker.  Until the first byte of the body it may set the status, the type and further headers.
 * The user, if the route asks for one, is looked up before each call: one who is deleted meanwhile
 * gets no further piece. */
#ifndef MANAGEMENT_HTTP_RESPONSE_H
#define MANAGEMENT_HTTP_RESPONSE_H

#include "amqp/table.h"
#include "management/host.h"
#include "management/http_request.h"
#include "management/http_route.h"
#include "management/piece.h"
#include "management/proxy.h"
#include "management/rows.h"
#include "management/stats.h"
#include "persistence/log.h"

struct http_peer;
struct parsing;

struct http_response {
	struct host *host;
	uint64_t now_ms;

	/* what is asked, and by whom */
	const struct http_peer *peer;            /* borrowed */
	const struct http_request *request;      /* borrowed; whole when a handler is called */
	const struct http_route *route;
	struct slice parts[HTTP_PARTS_MAX];      /* what the stars of the route stand for, decoded */
	struct buf path;                         /* ... where they lie */
	size_t prefix_bytes;                     /* of the path of the request, the service's */
	struct slice user_name;                  /* owned; n == 0: the route asks for nobody */
	struct user *user;
	struct vhost *vhost;                     /* the first part, where the route asks for one */
	bool in_vhost;

	/* what is answered */
	bool begun;                              /* the handler was called before */
	bool cut;                                /* it will not be whole: who asked is gone */
	unsigned status;
	const char *type;                        /* of the body; NULL: there is no body */
	struct buf headers;                      /* further ones, each a line with its end */

	/* what many handlers need, each zeroed at first */
	struct parsing *parsing;                 /* of a large body, or of one of many parts */
	struct buf body_room, query_room, room;
	struct field body;
	struct rows rows;
	struct stats_spans spans;
	struct proxy proxy;                      /* a client that does it as the user */
	log_position wait_for;                   /* of what was changed */
	uint64_t count;
	uint64_t told_ms;                        /* when something was told last (http_is_quiet) */

	/* what one keeps from one pull to the next (http_keep) */
	void *kept;
	void (*end)(void *kept);
};

/* The answer to a request whose head is whole, which stays where it is.  Who may not, or asks for
 * what is not there, has the answer already: not *welcome then, and the body is not wanted. */
struct http_response *http_response_new(struct host *h, const struct http_request *request,
                                        const struct http_peer *peer, uint64_t now_ms,
                                        bool *welcome);
void http_response_free(struct http_response **r);

/* Calls the handler. */
enum call_state http_response_pull(struct http_response *r, uint64_t now_ms, struct buf *out);

/* For an answer that has no end of its own, with what this piece tells: nothing was told for so
 * long that a sign is due.  Without one who waits, or who stands between, takes it for dead; and
 * that the peer is gone shows where something is sent. */
bool http_is_quiet(struct http_response *r, const struct buf *out);

/* ---- for handlers ---- */

/* What the handler keeps from one pull to the next: n bytes, zeroed before the first one.  end,
 * which may be NULL, is called with it when the response goes. */
void *http_keep(struct http_response *r, size_t n, void end(void *kept));

/* A status without a body: 204, or 201. */
enum call_state http_status(struct http_response *r, unsigned status);

/* Says by which tag, without quotes, what is asked for is known as it is now.  True when the client
 * has it already: it is answered with 304 then (RFC 9110 section 13.1.2). */
bool http_is_known(struct http_response *r, struct slice tag);

/* RabbitMQ's objects of JSON: {"error":"bad_request","reason":"..."}. */
enum call_state http_refuse(struct http_response *r, struct buf *out, unsigned status,
                            const char *error, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
enum call_state http_bad_request(struct http_response *r, struct buf *out, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
enum call_state http_not_found(struct http_response *r, struct buf *out);

/* The body as a value of JSON in r->body; an absent one is an empty object.  False when it is none,
 * or no object, which was said then. */
bool http_read_body(struct http_response *r, struct buf *out);

/* A key of that object; slices with p == NULL: it is not there or of another kind.  Flags and
 * numbers may be written as texts. */
struct slice http_text(const struct http_response *r, const char *key);
struct slice http_table(const struct http_response *r, const char *key);
bool http_flag(const struct http_response *r, const char *key, bool otherwise);
bool http_number(const struct http_response *r, const char *key, int64_t *out);

/* A key of the query, decoded; p == NULL: it is not there.  Valid until the next one. */
struct slice http_query(struct http_response *r, const char *key);

/* The same of a form, appended to out, which is cleared first; false: it is not there. */
bool http_form_find(struct slice form, const char *key, struct buf *out);

/* For a key that may come more than once: what is left to look at is the query at first. */
struct slice http_query_next(struct http_response *r, const char *key, struct slice *rest);

/* Waits until what was changed is durable and in effect; then it is the status. */
enum call_state http_durably(struct http_response *r, unsigned status);

/* The user with that password; else NULL, and the refusal goes to out.  Who has failed to give it
 * some times is told to come back later, and it is not looked at (attempts.h). */
struct login;
struct user *http_log_in(struct http_response *r, const struct login *login, struct buf *out);

#endif
