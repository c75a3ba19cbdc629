/* SPDX-License-Identifier: Apache-2.0 */
/* What there is, one after the other, for management/: virtual hosts, users and what they may do,
 * queues, exchanges, bindings, connections, channels, consumers, publishers, policies.  A roster
 * may be read in pieces over many turns: what is there all the time is met once, what comes or goes
 * meanwhile may be met or not. */
#ifndef BROKER_ROSTER_H
#define BROKER_ROSTER_H

#include <stdint.h>

#include "base/walk.h"
#include "exchange/exchange.h"

struct broker;
struct grant;
struct stats_spans;
struct user;
struct vhost;

enum roster_kind {
	ROSTER_VHOSTS,               /* by name, as are queues and exchanges in each */
	ROSTER_VHOST_LIMITS,         /* virtual hosts that have limits, of all or one */
	ROSTER_USERS,
	ROSTER_USER_LIMITS,          /* users, likewise */
	ROSTER_PERMISSIONS,          /* in a virtual host */
	ROSTER_USER_PERMISSIONS,
	ROSTER_TOPIC_PERMISSIONS,    /* in a virtual host */
	ROSTER_USER_TOPIC_PERMISSIONS,
	ROSTER_QUEUES,
	ROSTER_STREAMS,              /* and queues that retain what was acked */
	ROSTER_EXCHANGES,
	ROSTER_BINDINGS,             /* those of queues to the default exchange first */
	ROSTER_CONNECTIONS,
	ROSTER_CHANNELS,
	ROSTER_CONSUMERS,
	ROSTER_DELIVERIES,           /* the same, by what they were handed */
	ROSTER_PUBLISHERS,           /* those that number, once for each queue that knows them */
	ROSTER_POLICIES,             /* the weakest first */
	ROSTER_OPERATOR_POLICIES,
	ROSTER_PARAMETERS,           /* policies of the operator; others; with neither: its limits */
	ROSTER_GLOBAL_PARAMETERS,
};

/* What it is; of the others only those that lead to it are set. */
struct roster_row {
	const struct broker *broker;
	const struct vhost *vhost;       /* of what is in one */
	const struct user *user;
	const struct grant *grant;
	const struct queue *queue;
	const struct exchange *exchange;
	const struct binding *binding;   /* NULL with a queue: to the default exchange by its name */
	const struct connection *connection;
	const struct channel *channel;
	const struct consumer *consumer;
	const struct publisher *publisher;
	const struct policy *policy;
	const struct parameter *parameter;
	const struct stats_spans *spans;   /* how management/ shows it */
};

struct roster {
	struct broker *broker;
	struct vhost *vhost;
	struct user *user;
	enum roster_kind kind;
	struct walk outer, inner;
	const struct connection *connection;   /* whose channels it is at */
	size_t channel;
	struct exchange *source;     /* whose bindings it is of ... */
	struct queue *to_queue;      /* ... or whose that end there ... */
	struct exchange *to_exchange;
	bool told;                   /* the last of parameters, or the first that end at a queue */
	unsigned looks;              /* so many things may be looked at yet */
};

/* What is not wanted, or has nothing of the kind, is passed over. */
enum { ROSTER_LOOKS = 4000 };

enum roster_answer { ROSTER_END, ROSTER_ROW, ROSTER_NOT_YET };

/* Whether things of the kind belong to a virtual host each, and are met there. */
bool roster_lies_in_vhosts(enum roster_kind kind);

/* At the first one; of those that belong to a virtual host at the first of that. */
void roster_begin(struct roster *r, struct broker *b, struct vhost *v, enum roster_kind kind);

/* At the first one that belongs to a user. */
void roster_begin_of(struct roster *r, struct user *u, enum roster_kind kind);

/* At the first binding that begins at the exchange, or that ends at the queue or the exchange. */
void roster_begin_from(struct roster *r, struct vhost *v, struct exchange *source);
void roster_begin_to(struct roster *r, struct vhost *v, struct destination to);

/* How many of them a virtual host has; of queues and exchanges. */
uint64_t roster_count(const struct vhost *v, enum roster_kind kind);

/* Right after it was begun in a virtual host: passes over so many of these. */
void roster_pass(struct roster *r, uint64_t n);

/* Before each piece: as many things as in a piece may be looked at. */
void roster_go_on(struct roster *r);

/* The next one, valid until anything changes.  ROSTER_NOT_YET: enough was looked at, it is the turn
 * of others. */
enum roster_answer roster_next(struct roster *r, struct roster_row *out);

/* Harmless when it was not begun, if it was zeroed. */
void roster_end(struct roster *r);

#endif
