/* SPDX-License-Identifier: Apache-2.0 */
/* Which handler a method and a path lead to, and who may go there. */
#ifndef MANAGEMENT_HTTP_ROUTE_H
#define MANAGEMENT_HTTP_ROUTE_H

#include "management/http_peer.h"
#include "management/http_request.h"
#include "management/piece.h"

struct http_response;

enum { HTTP_PARTS_MAX = 8 };

/* What a route leads to: it appends the next piece of the body (http_response.h). */
typedef enum call_state http_handler(struct http_response *r, struct buf *out);

enum http_audience {
	FOR_ANYBODY,                 /* no credentials are asked for */
	FOR_SCRAPERS,                /* nor here, or of a user with the tag monitoring */
	FOR_USERS,                   /* with one of the four tags */
	FOR_VHOST,                   /* ... who may come into the virtual host that the first star is */
	FOR_VIEW,                    /* ... or have the tag monitoring */
	FOR_POLICY,                  /* as FOR_VHOST, with the tag policymaker */
	FOR_POLICYMAKER,             /* with that tag, wherever */
	FOR_MONITORING,
	FOR_ADMINISTRATOR,
	FOR_ADMINISTRATOR_THERE,     /* ... and the first star is a virtual host that there is */
};

struct http_route {
	enum http_action action;
	const char *path;            /* a star stands for one part, any */
	enum http_audience who;
	http_handler *handle;
};

/* The route of a service to a path that was cut into n parts; what its stars stand for goes to out.
 * NULL with the actions there are for the path, or with 0: it leads nowhere. */
const struct http_route *http_route_find(enum http_service service, enum http_action action,
                                         const struct slice *parts, size_t n,
                                         struct slice out[HTTP_PARTS_MAX], unsigned *allowed);

/* All of them. */
const struct http_route *http_routes(size_t *n);

/* Cuts a path into parts and decodes them into room; false when it makes no sense: too many, or a
 * percent sign without two digits.  An empty last part is none. */
enum { HTTP_PATH_PARTS_MAX = 12 };
bool http_route_cut(struct slice path, struct buf *room,
                    struct slice parts[HTTP_PATH_PARTS_MAX], size_t *n);

/* Appends what is encoded with percent signs, decoded; plus: a plus sign is a blank.  False as
 * above. */
bool http_route_decode(struct slice s, bool plus, struct buf *out);

#define ROUTE(action, path, who, handler) http_handler api_##handler;
#include "management/routes.def"
#include "management/scrapes.def"
#undef ROUTE

#endif
