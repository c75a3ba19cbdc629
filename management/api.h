/* SPDX-License-Identifier: Apache-2.0 */
/* What the handlers of the HTTP API (api_*.c) share. */
#ifndef MANAGEMENT_API_H
#define MANAGEMENT_API_H

#include "management/http_response.h"
#include "management/http_route.h"
#include "management/http_user.h"

/* A list of all rows of a kind that the user sees, as the query asks for it: columns, sort, pages,
 * names.  prepare, which may be NULL, narrows it down before the first piece (rows_match). */
enum call_state api_list(struct http_response *r, struct buf *out, enum roster_kind kind,
                         void prepare(struct http_response *r));

/* One row alone; its parts beyond what leads to it may be missing.  row NULL: 404. */
enum call_state api_one(struct http_response *r, struct buf *out, enum roster_kind kind,
                        const struct roster_row *row);

/* The same without the end of the object: further pairs may follow.  False: it was answered. */
bool api_begin_one(struct http_response *r, struct buf *out, enum roster_kind kind,
                   const struct roster_row *row);

/* Such a pair: a key with further rows, which rows_match narrows down and rows_go_on puts. */
void api_begin_rows(struct http_response *r, struct buf *out, const char *key,
                    enum roster_kind kind);

/* The queue or exchange of that name in the virtual host of the route; NULL: there is none.  Some
 * clients write a plus sign for a blank. */
struct queue *api_queue_named(struct http_response *r, struct slice *name);
struct exchange *api_exchange_named(struct http_response *r, struct slice *name);

/* The first part of the path names this node. */
bool api_is_here(const struct http_response *r);

/* Takes in the body of the request as definitions have it (definitions_take), with the parts of the
 * path under these keys (NULL at the end), whatever it has there; then 204 if it was there, or
 * 201. */
enum call_state api_take(struct http_response *r, struct buf *out, const char *section,
                         const char *const *keys, bool was_there);

/* False, which was said then: one of the keys (NULL at the end) is not in the body. */
bool api_has_keys(struct http_response *r, struct buf *out, const char *const *keys);

/* PUT {"value": ...} of the limit that the second part of the path names, and DELETE of it: set is
 * called once with an object that has it, if what it belongs to is there, and sets it, or says what
 * is wrong with it. */
enum call_state api_limit(struct http_response *r, struct buf *out, bool is_there,
                          void set(struct http_response *r, struct slice limits,
                                   struct buf *wrong));

/* Says the method as the user, once, and waits for the answer: then the status, or what the broker
 * refuses. */
enum call_state api_say(struct http_response *r, struct buf *out, const struct method *m,
                        unsigned status);

/* For an answer that is more than that: false while there is none, and when it is a refusal, which
 * was put out then: *state says which. */
bool api_hear(struct http_response *r, struct buf *out, struct proxy_word *word,
              enum call_state *state);

/* Of a search for messages: "search" and "field", in the body or the query.  False, which was said
 * then: it makes no sense. */
struct browse_spec;
bool api_read_search(struct http_response *r, struct buf *out, struct browse_spec *spec);

/* A number of the body; what is not there stays.  False, which was said then: it is none, or not
 * from least to most. */
bool api_read_number(struct http_response *r, struct buf *out, const char *key, uint64_t least,
                     uint64_t most, uint64_t *n);

/* The channel of the proxy, which is opened; NULL while it is not, or when that is refused: *state
 * says which. */
struct channel;
struct channel *api_client(struct http_response *r, struct buf *out, enum call_state *state);

/* What the broker refuses, just now. */
struct refusal;
enum call_state api_refuse(struct http_response *r, struct buf *out, const struct refusal *why);

/* Opens the proxy of the response. */
void api_open(struct http_response *r);

/* The samples that the query asks for, into r->spans; false when it asks for what there is not,
 * which was said then. */
bool api_spans(struct http_response *r, struct buf *out);

/* A boolean of the query. */
bool api_asks(struct http_response *r, const char *key);

/* Appends a part of a path, encoded. */
void api_put_part(struct buf *out, struct slice s);

#endif
