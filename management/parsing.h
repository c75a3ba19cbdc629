/* SPDX-License-Identifier: Apache-2.0 */
/* A text of JSON on its way to a value that jansson made of it.  A large one would keep everybody
 * waiting: it is read, and what was made of it given up, by another thread, if the carrier has one
 * (server/aside.h).  Without one all is done at once. */
#ifndef MANAGEMENT_PARSING_H
#define MANAGEMENT_PARSING_H

#include "base/buf.h"
#include "base/list.h"

struct json_t;
struct parsing;

enum { PARSING_ASIDE_BYTES = 64 << 10 };   /* shorter ones are not worth the way */

/* Begins to read text, which lies in *bytes: they are taken over, and the text stays valid until
 * parsing_end.  boundary.n > 0: the text is a form of many parts, and the JSON its part "file"
 * (multipart.h).  aside: the list of what another thread is to do, borrowed; NULL: there is
 * none. */
struct parsing *parsing_new(struct list *aside, struct buf *bytes, struct slice text,
                            struct slice boundary);

/* False while it is read. */
bool parsing_is_done(const struct parsing *r);

/* What was read, borrowed; NULL, and a sentence, when it is no JSON or more than may be read
 * (json.h). */
const struct json_t *parsing_root(const struct parsing *r, const char **why);

/* Lets go of it, done or not. */
void parsing_end(struct parsing **r);

/* ---- for who carries the list ---- */

/* In the broker's thread: the next one that is to be done elsewhere; NULL: none. */
struct parsing *parsing_next(struct list *aside);

/* True when it will be done, and not only given up. */
bool parsing_comes_back(const struct parsing *r);

/* In any thread: does it.  False: that was all, and it is gone. */
bool parsing_do(struct parsing *r);

/* In the broker's thread: it was done. */
void parsing_back(struct parsing *r, struct list *aside);

/* Nobody waits for it any more, and no thread is at it. */
void parsing_drop(struct parsing *r);

/* It is on some list by this. */
struct list *parsing_link(struct parsing *r);
struct parsing *parsing_of(struct list *link);

#endif
