/* SPDX-License-Identifier: Apache-2.0 */
/* A client of the HTTP API of a broker inside the test. */
#ifndef SIM_BROWSER_H
#define SIM_BROWSER_H

#include "management/host.h"
#include "management/http.h"
#include "management/livelog.h"
#include "tests/sim/inside.h"

struct browser {
	struct inside *in;
	struct host host;
	struct livelog livelog;
	struct http *http;
	struct buf output;           /* all that came and was not read yet */
	struct buf body;             /* of the last answer, whatever it was carried in */
	struct buf head;             /* ... and its head, with a NUL behind */
	unsigned pulls, pieces;      /* since the last request; with something in them */
	unsigned parsed;             /* bodies that another thread would read */
	bool over;                   /* the connection was ended */
};

/* Loopback, or from elsewhere. */
void browser_open(struct browser *b, struct inside *in, bool loopback);
void browser_close(struct browser *b);

/* Begins anew, elsewhere. */
void browser_visit(struct browser *b, enum http_service service, bool loopback);

/* Sends bytes as they are, and takes what is said until more is wanted; some_at_once: in so large
 * pieces, 0: at once. */
void browser_send(struct browser *b, struct slice bytes, size_t some_at_once);

/* Takes one answer off the output: its status, 0: there is none. */
unsigned browser_read(struct browser *b, bool to_head);

/* Asks as a user ("guest:guest", NULL: as nobody), and reads the answer.  body NULL: none. */
unsigned browser_ask_as(struct browser *b, const char *who, const char *method, const char *target,
                        const char *body);
unsigned browser_ask(struct browser *b, const char *method, const char *target, const char *body);

/* What came since, until there is nothing more to say; the connection stays as it is. */
const char *browser_watch(struct browser *b);

/* The body of the last answer as a string. */
const char *browser_body(struct browser *b);

#endif
