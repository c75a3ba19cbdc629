/* SPDX-License-Identifier: Apache-2.0 */
/* One line of the log of requests over HTTP, in the form that web servers have in common, with a
 * tab where the time belongs:
 *
 *     127.0.0.1 - guest TAB "GET /api/overview HTTP/1.1" 200 5123
 *
 * The query of the path is not in it, nor a password that stands in one. */
#ifndef MANAGEMENT_VISIT_H
#define MANAGEMENT_VISIT_H

#include "base/buf.h"

struct http_response;

/* Appends it, for an answer whose body had so many bytes. */
void visit_put(struct buf *out, const struct http_response *r, uint64_t bytes);

#endif
