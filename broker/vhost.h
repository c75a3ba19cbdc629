/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual hosts: each with a topology of its own, under a name.  In the log they go by numbers,
 * which are never given twice: so all that is in one can be void with one record, and a new one of
 * the same name has nothing of the old. */
#ifndef BROKER_VHOST_H
#define BROKER_VHOST_H

#include "broker/expulsion.h"
#include "broker/ledger.h"
#include "broker/pace.h"
#include "broker/parameters.h"
#include "broker/policies.h"
#include "broker/policing.h"
#include "broker/quota.h"
#include "exchange/topology.h"
#include "queue/motion.h"

struct broker;
struct recovery;

enum { VHOST_TEXT_MAX = 4096 };  /* bytes of a description, or of all tags */

#define VHOST_PLAIN \
	((struct vhost_about){ .max_connections = LEDGER_NO_LIMIT, \
	                       .max_queues = LEDGER_NO_LIMIT,      \
	                       .max_rate = LEDGER_NO_LIMIT,        \
	                       .max_bytes = LEDGER_NO_LIMIT })

struct vhost {
	struct broker *broker;
	struct slice name;           /* owned; 1 to 255 bytes */
	struct vhost_about about;    /* owned */
	uint8_t number[4];           /* as a map's key */
	struct topology topology;
	bool tracing;                /* the firehose is on (firehose.h) */
	struct parameters parameters;
	struct policies policies;
	struct policing policing;
	struct list grants;          /* what users may do in it, the oldest first ... */
	struct list topic_grants;    /* ... and to which topics */
	uint64_t n_connections;
	struct expulsion expulsion;  /* of its connections, when it goes */
	struct pace pace;            /* of what is published */
	struct quota quota;          /* of what it holds */
	struct motion motion;
	uint64_t received_bytes, sent_bytes;   /* by its connections */
	struct list link;            /* among all of the broker, or among those that are going */
};

/* Before there is any. */
void vhosts_init(struct broker *b);

/* True when there may be no more of them. */
bool vhosts_are_many(const struct broker *b);

/* By name; NULL when there is none. */
struct vhost *vhost_find(const struct broker *b, struct slice name);

/* By its number in the catalog; likewise. */
struct vhost *vhost_numbered(const struct broker *b, uint32_t number);

/* The one that a queue is in. */
struct vhost *vhost_of(const struct queue *q);

/* A new one under a name that is not taken, with what new ones begin with (founding.h).  *wait_for:
 * when it is durable. */
struct vhost *vhost_add(struct broker *b, struct slice name, const struct vhost_about *about,
                        log_position *wait_for);

/* Says something else of it.  Returns the position to wait for. */
log_position vhost_change(struct vhost *v, const struct vhost_about *about);

/* Deletes it: from the position that is returned on nothing of it comes back.  In the turns to come
 * its connections are closed with 320, and then what it takes up is given back. */
log_position vhost_remove(struct vhost *v);

/* Gives back some of what deleted ones take up. */
void vhosts_turn(struct broker *b);

/* Recovery: makes those of the catalog, with all that is in them; at a first start there is one,
 * the default, which begins with nothing before there are users.  0, or -errno and a sentence. */
int vhosts_recover(struct broker *b, struct recovery *r, bool *first_start, struct buf *why);

void vhosts_free(struct broker *b);

/* Walks everything and must()s its invariants. */
void vhosts_check(const struct broker *b);

#endif
