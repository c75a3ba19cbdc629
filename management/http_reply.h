/* SPDX-License-Identifier: Apache-2.0 */
/* A response of HTTP/1.1 (RFC 9112) whose body is the answer to a verb that was called from afar,
 * read from bytes as they come. */
#ifndef MANAGEMENT_HTTP_REPLY_H
#define MANAGEMENT_HTTP_REPLY_H

#include "base/buf.h"

enum { HTTP_REPLY_HEAD_MAX_BYTES = 64 << 10, HTTP_REPLY_REFUSAL_MAX_BYTES = 4096 };

struct http_reply;

/* For one response. */
struct http_reply *http_reply_new(void);
void http_reply_free(struct http_reply **r);

/* Takes in what has come, and appends what it holds of the answer.  False when nothing more of an
 * answer will come: it is over, it is a refusal that is whole, or it is no response. */
bool http_reply_take(struct http_reply *r, struct slice in, struct buf *out);

/* Then: appends a sentence that says why, without control bytes; the exit code. */
int http_reply_explain(const struct http_reply *r, struct buf *why);

#endif
