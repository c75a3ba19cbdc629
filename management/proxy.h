/* SPDX-License-Identifier: Apache-2.0 */
/* A client of the broker inside this process, who acts for a user of the HTTP API: it says methods
 * of AMQP and hears the answers.  So what a user may do over HTTP, and what is said of it, is what
 * the user may do as a client. */
#ifndef MANAGEMENT_PROXY_H
#define MANAGEMENT_PROXY_H

#include "amqp/method.h"
#include "amqp/props.h"

struct broker;
struct connection;
struct user;
struct vhost;

enum { PROXY_CHANNEL = 1 };          /* its number */

/* A zeroed one is closed. */
struct proxy {
	struct connection *connection;   /* with one channel, of number 1; NULL: closed */
	struct buf said;                 /* frames that the broker has not taken yet */
	struct buf heard;                /* what it has answered, from at on not yet looked at */
	size_t at;
	struct buf body;                 /* of what was heard last */
};

/* Comes in, and opens the channel.  name: for lists of connections. */
void proxy_open(struct proxy *p, struct broker *b, struct user *u, struct vhost *v,
                const char *name, uint64_t now_ms);

/* What was taken and not acked goes back.  Harmless when it is closed. */
void proxy_close(struct proxy *p, uint64_t now_ms);

/* Says a method. */
void proxy_say(struct proxy *p, const struct method *m, uint64_t now_ms);

/* With content. */
void proxy_publish(struct proxy *p, const struct method *m, const struct props *as,
                   struct slice body, uint64_t now_ms);

/* What the broker says: a method, with its content when it carries one; until the next call. */
struct proxy_word {
	struct method method;
	struct slice header, body;
};

/* The next one.  False: there is none yet, ask again after the next turn of the broker. */
bool proxy_hear(struct proxy *p, struct proxy_word *out, uint64_t now_ms);

#endif
