/* SPDX-License-Identifier: Apache-2.0 */
/* Catalog entries of virtual hosts, users and their rights as bytes.  Packed as base/pack.h says;
 * every value begins with the format's version.  Decoding trusts nothing; what it finds is borrowed
 * from the entry. */
#ifndef BROKER_LEDGER_H
#define BROKER_LEDGER_H

#include "broker/password.h"

enum { LEDGER_NO_LIMIT = -1 };

/* True when there are so many that no more are allowed. */
static inline bool ledger_is_reached(int64_t limit, uint64_t count)
{
	return limit != LEDGER_NO_LIMIT && count >= (uint64_t)limit;
}

/* What is said of a virtual host. */
struct vhost_about {
	struct slice description;
	struct slice tags;           /* separated by commas */
	struct slice queue_type;     /* the type of queues that are declared without one; or empty */
	int64_t max_connections;     /* LEDGER_NO_LIMIT: any number */
	int64_t max_queues;
	int64_t max_rate;            /* messages published a second */
	int64_t max_bytes;           /* of messages in queues */
	bool is_protected;           /* from deletion */
};

/* What is said of a user. */
struct user_about {
	struct password password;
	struct slice tags;           /* separated by commas */
	int64_t max_connections;     /* LEDGER_NO_LIMIT: any number */
	int64_t max_channels;
	int64_t max_rate;            /* messages published a second */
};

static inline void ledger_vhost_lift(struct vhost_about *a)
{
	a->max_connections = a->max_queues = a->max_rate = a->max_bytes = LEDGER_NO_LIMIT;
}

static inline bool ledger_vhost_is_limited(const struct vhost_about *a)
{
	return a->max_connections != LEDGER_NO_LIMIT || a->max_queues != LEDGER_NO_LIMIT ||
	       a->max_rate != LEDGER_NO_LIMIT || a->max_bytes != LEDGER_NO_LIMIT;
}

static inline bool ledger_user_is_limited(const struct user_about *a)
{
	return a->max_connections != LEDGER_NO_LIMIT || a->max_channels != LEDGER_NO_LIMIT ||
	       a->max_rate != LEDGER_NO_LIMIT;
}

enum right { RIGHT_CONFIGURE, RIGHT_WRITE, RIGHT_READ, RIGHTS };

/* Whose rights, and where; of rights to topics in which exchange. */
struct grant_key {
	uint32_t vhost;
	struct slice user;
	struct slice exchange;       /* p == NULL: not to topics */
};

/* A virtual host's key is its number alone; that of number 0 stands for the largest one given. */
void ledger_vhost_value(struct buf *out, struct slice name, const struct vhost_about *a);
bool ledger_vhost_decode(struct slice value, struct slice *name, struct vhost_about *out);

/* A user's key is the name alone. */
void ledger_user_value(struct buf *out, const struct user_about *a);
bool ledger_user_decode(struct slice value, struct user_about *out);

void ledger_grant_key(struct buf *out, const struct grant_key *k);
bool ledger_grant_key_decode(struct slice key, bool to_topics, struct grant_key *out);

/* Three patterns; those of rights to topics have an empty first one. */
void ledger_grant_value(struct buf *out, const struct slice patterns[RIGHTS]);
bool ledger_grant_decode(struct slice value, struct slice patterns[RIGHTS]);

#endif
