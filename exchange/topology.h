/* SPDX-License-Identifier: Apache-2.0 */
/* The topology of one virtual host: its exchanges, its queues by name, the bindings between them,
 * and the routing of a message through them.  Keeps the catalog (and so the log) in step for what
 * is durable, and cascades: a queue that goes takes its bindings along, an auto-delete exchange
 * whose last binding goes follows.  Answers on the wire and access are not its business. */
#ifndef EXCHANGE_TOPOLOGY_H
#define EXCHANGE_TOPOLOGY_H

#include "base/order.h"
#include "base/walk.h"
#include "exchange/exchange.h"
#include "persistence/log.h"
#include "queue/claims.h"
#include "queue/tally.h"

struct catalog;
struct departures;
struct queue;
struct recovery;
struct store;

/* Kinds of catalog entries. */
enum catalog_kind {
	CATALOG_EXCHANGE = 1,
	CATALOG_QUEUE = 2,
	CATALOG_BINDING = 3,
	CATALOG_VHOST = 4,        /* broker/vhost.c */
	CATALOG_USER = 5,         /* broker/user.c */
	CATALOG_POLICY = 6,
	CATALOG_PERMISSION = 7,
	CATALOG_PARAMETER = 8,
	CATALOG_TOPIC_PERMISSION = 9,   /* 10: queue/offsets.h */
};

/* How many there are in many topologies together, and what is in their queues (as topology.tally
 * is), so that nobody has to look at each of them. */
struct topology_totals {
	uint64_t exchanges, queues, bindings;
	struct tally messages;
};

struct topology {
	struct store *store;
	struct topology_totals *totals;   /* that it has a part in; NULL: none */
	struct departures *departures;   /* where what goes is noted; NULL: nowhere */
	uint32_t vhost;              /* number of the virtual host in catalog keys */
	struct map exchanges;        /* by name */
	struct exchange *nameless;   /* the default exchange, which most publishes name */
	struct map queues;           /* by name */
	struct order all_exchanges;  /* the same in the order of the names */
	struct order all_queues;
	struct list walks;           /* under way over these, and over bindings of one end */
	uint64_t n_bindings;
	struct tally tally;          /* what is in its queues, as of when each was counted last */
	uint64_t next_serial;        /* for the next exchange or queue */
	uint64_t mark;               /* number of the latest routing */
	struct found found;          /* scratch of routing */
	struct list visit;           /* work list: exchanges to be visited or removed */
	struct route_steps *steps;   /* of a routing that is traced; NULL: it is not */
};

/* A topology with the predeclared exchanges: "" (direct), amq.direct, amq.fanout, amq.topic,
 * amq.headers, amq.match (headers), amq.rabbitmq.trace (topic, internal); all durable, none of
 * them in the catalog. */
void topology_init(struct topology *t, struct store *s, uint32_t vhost);
void topology_free(struct topology *t);

/* Another of them, before there are exchanges of clients. */
void topology_predeclare(struct topology *t, const char *name, const struct exchange_type *type,
                         bool internal);

/* From now on what is in it is a part of the totals; and no more, whatever becomes of it. */
void topology_join(struct topology *t, struct topology_totals *totals);
void topology_leave(struct topology *t);

/* Without queues: deletes an exchange and its bindings.  False when there are only the predeclared
 * ones, which have lost their bindings now. */
bool topology_clear(struct topology *t);

struct exchange_spec {
	struct slice name, arguments;
	const struct exchange_type *type;   /* how it routes */
	bool durable, auto_delete, internal;
	bool delays;                 /* it was declared as EXCHANGE_DELAYED */
};

/* By name; NULL when there is none. */
struct exchange *topology_exchange(const struct topology *t, struct slice name);
struct queue *topology_queue(const struct topology *t, struct slice name);

/* Creates an exchange that does not exist yet. *wait_for: when its declaration is durable (0: it
 * is not logged). */
struct exchange *topology_add_exchange(struct topology *t, const struct exchange_spec *spec,
                                       log_position *wait_for);

/* Deletes an exchange (not a predeclared one) and every binding from and to it, and whatever
 * auto-delete exchange thereby lost its last binding.  Returns the position to wait for or 0. */
log_position topology_remove_exchange(struct topology *t, struct exchange *x);

/* What has changed in one of its queues since that was counted last counts now, here and among all
 * that the store has.  False: nothing has. */
bool topology_count(struct topology *t, struct queue *q);

struct queue_spec;

/* Creates a queue that does not exist yet. Durable and not exclusive: it gets an id from the store
 * and a catalog entry. */
struct queue *topology_add_queue(struct topology *t, const struct queue_spec *spec,
                                 log_position *wait_for);

/* The queue hands out no messages, or does so again.  Returns the position to wait for or 0. */
log_position topology_pause(struct topology *t, struct queue *q, bool paused);

/* Takes a queue out with its bindings (cascading as above) and queue_deletes it. Its consumers
 * must be off. Returns the position to wait for or 0. */
log_position topology_remove_queue(struct topology *t, struct queue *q);

/* One end of a binding: a queue or an exchange. */
struct binding_spec {
	struct exchange *source;
	struct queue *queue;
	struct exchange *exchange;
	struct slice key, arguments;
};

/* Binds; an equal binding that exists is left as it is.  Refused when the source's type refuses
 * the arguments (sentence in text).  *wait_for as above. */
const struct refusal *topology_bind(struct topology *t, const struct binding_spec *spec,
                                    log_position *wait_for, struct buf *text);

/* Whether there is a binding that equals the spec. */
bool topology_is_bound(const struct binding_spec *spec);

/* Unbinds what equals the spec, if it exists; an auto-delete source that thereby lost its last
 * binding is deleted.  Returns the position to wait for or 0. */
log_position topology_unbind(struct topology *t, const struct binding_spec *spec);

/* The queues that a message published to x goes to, each once. */
struct route_set {
	struct queue **queues;
	size_t n, cap;
	bool keyed;                  /* a queue among them has a dedup cache, or the message a number */
	bool repeated;               /* an exchange on the way had accepted the key before ... */
	log_position wait_for;       /* ... and that is safe then */
	struct claims claims;        /* keys of the exchanges that accept it now */
};

/* Fills *out (n reset first; memory reused between calls): all queues reached from x through
 * matching bindings and exchange-to-exchange bindings, each exchange visited once; an exchange
 * that matched no binding at all hands the message to its alternate exchange, if that exists;
 * one that had accepted the message's key before leads nowhere.  From the default exchange the
 * queue named by the key is reached (AMQP 0-9-1 section 3.1.3.1).  An exchange that delays the
 * message (queue/delay.h) is reached like a queue: by what waits in it. */
void topology_route(struct topology *t, struct exchange *x, const struct route *r,
                    struct route_set *out);

/* The way of a message: from an exchange to another or to a queue. */
struct route_step {
	struct exchange *from;
	struct destination to;
	enum { STEP_BOUND, STEP_OTHERWISE, STEP_DELAYED } why;   /* alternate exchange; it waits */
};

enum { ROUTE_STEPS_MOST = 1000 };

struct route_steps {
	struct route_step *at;       /* each once, in the order they are gone; owned by the caller */
	size_t n, cap;
	bool cut;                    /* there are more */
};

/* The same, and how it gets there. */
void topology_trace(struct topology *t, struct exchange *x, const struct route *r,
                    struct route_set *out, struct route_steps *steps);

/* Adds a queue that is not in it. */
void route_set_add(struct route_set *s, struct queue *q);

/* Nothing is in it; its memory stays for the next routing. */
void route_set_clear(struct route_set *s);
void route_set_free(struct route_set *s);

/* The topology of a virtual host by its number; NULL: there is none. */
typedef struct topology *topology_of(void *arg, uint32_t vhost);

/* Recovery: builds everything from the catalog entries, each where it belongs, and lets each queue
 * claim its messages. Entries that make no sense any more (a binding without its ends, what was in
 * a virtual host that is gone) are removed. */
void topology_recover(struct store *s, struct recovery *r, topology_of *of, void *arg);

/* Walks everything and must()s its invariants. */
void topology_check(const struct topology *t);

#endif
