/* SPDX-License-Identifier: Apache-2.0 */
/* Users: a name, a password or none, tags, limits; and what they may do in which virtual host
 * (rights.h asks).  Every change holds from its return on for everybody, also for who is connected,
 * and returns the position to wait for before it is told. */
#ifndef BROKER_USER_H
#define BROKER_USER_H

#include "base/list.h"
#include "base/pattern.h"
#include "broker/expulsion.h"
#include "broker/ledger.h"
#include "broker/pace.h"
#include "persistence/log.h"

struct broker;
struct vhost;

enum { USER_TAGS_MAX = 1024 };   /* bytes of all tags */

struct user {
	struct broker *broker;
	struct slice name;           /* owned; 1 to 255 bytes */
	struct user_about about;     /* owned */
	bool impersonator;           /* may publish in the name of others */
	uint64_t n_connections;      /* open */
	uint64_t n_channels;
	struct pace pace;            /* of what it publishes */
	struct list grants;          /* what it may do, the oldest first ... */
	struct list topic_grants;    /* ... and to which topics */
	struct list link;            /* among all of the broker, the oldest first; or the deleted */
	struct expulsion expulsion;  /* of its connections, when it goes */
};

/* What a user may do in a virtual host, or with the topics of an exchange there. */
struct grant {
	struct user *user;
	struct vhost *vhost;
	struct slice exchange;       /* lies in the key; p == NULL: it is not about topics */
	struct slice key;            /* owned; as in the catalog */
	struct slice texts[RIGHTS];  /* owned; an empty one allows what has an empty name */
	struct pattern *patterns[RIGHTS];   /* of topics the names are in it; NULL for an empty text, or
	                                     * one that does not compile any more: it finds nothing */
	bool gave_up;                /* on some name; said once */
	uint64_t when;               /* broker.rights since which it is what it is */
	struct list on_user, on_vhost;
};

#define USER_PLAIN \
	((struct user_about){ .max_connections = LEDGER_NO_LIMIT, \
	                      .max_channels = LEDGER_NO_LIMIT,    \
	                      .max_rate = LEDGER_NO_LIMIT })

/* By name; NULL when there is none. */
struct user *user_find(const struct broker *b, struct slice name);

/* True when one of the tags is this. */
bool user_has_tag(const struct user *u, const char *tag);

/* A new one under a name that is not taken.  *wait_for: when it is durable. */
struct user *user_add(struct broker *b, struct slice name, const struct user_about *about,
                      log_position *wait_for);

/* Says something else of it. */
log_position user_change(struct user *u, const struct user_about *about);

/* A hash of the text (at least one byte) with fresh salt, as options.hashing has it. */
void user_hash(struct broker *b, struct password *out, struct slice text);

/* Deletes it and what it may do; its connections are closed with 320 in the turns to come. */
log_position user_remove(struct user *u);

/* Closes some of those. */
void users_turn(struct broker *b);

/* The grant of a user in a virtual host (exchange.p == NULL), or to topics; NULL: none. */
struct grant *grant_find(const struct user *u, const struct vhost *v, struct slice exchange);

/* Grants, in place of what was granted before.  False, and nothing changes, when a text is no
 * pattern: fault says why. */
bool grant_set(struct user *u, struct vhost *v, struct slice exchange,
               const struct slice texts[RIGHTS], struct pattern_fault *fault,
               log_position *wait_for);

/* Takes it back. */
log_position grant_remove(struct grant *g);

/* The virtual host goes, and its number with it: what was granted there is void. */
void grants_forget(struct vhost *v);

/* Recovery, after that of virtual hosts: makes those of the catalog.  At a first start there is
 * one, the default, who may do everything in the default virtual host.  0, or -errno and a
 * sentence. */
int users_recover(struct broker *b, bool first_start, struct buf *why);

void users_free(struct broker *b);

/* Walks everything and must()s its invariants. */
void users_check(const struct broker *b);

#endif
