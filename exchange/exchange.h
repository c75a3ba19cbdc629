/* SPDX-License-Identifier: Apache-2.0 */
/* An exchange and its bindings.  How a type finds the destinations of a message is behind the
 * vtable exchange_type; everything else (identity of bindings, traversal of exchange-to-exchange
 * bindings, alternates) is the same for all and lives in topology.h. */
#ifndef EXCHANGE_EXCHANGE_H
#define EXCHANGE_EXCHANGE_H

#include "amqp/refusal.h"
#include "base/buf.h"
#include "base/list.h"
#include "base/map.h"
#include "base/slice.h"

struct exchange;
struct dedup;
struct message;
struct motion;
struct queue;

/* What a message is routed by. */
struct route {
	struct slice key;
	struct slice headers;        /* the headers property, an encoded table; may be empty */
	struct slice cc, bcc;        /* encoded arrays of further keys; most messages have none */
	struct slice header;         /* the content header whole, for types that look at properties */
	struct message *message;     /* for a type that remembers it; NULL: it is not to */
	int64_t wall_ms;             /* now, for keys that end */
	bool dead;                   /* a dead letter: its key was accepted when it was published */
};

/* One binding: from its source exchange to a queue or to another exchange. */
struct binding {
	struct list on_source;       /* source->bindings, in order of creation */
	struct list on_destination;  /* queue->bindings or exchange->inbound */
	struct list on_type;         /* free for the exchange type */
	struct exchange *source;
	struct queue *queue;         /* exactly one of these two */
	struct exchange *exchange;
	struct slice key;            /* owned */
	struct slice arguments;      /* owned; encoded table */
	struct slice identity;       /* owned; see binding_identity */
	bool durable;                /* both ends are: kept in the catalog */
	void *match;                 /* free for the exchange type: what it prepared at bind */
};

/* What makes a binding unique among those of its source: the destination's kind and name, the key
 * and the arguments, whose order does not count (client libraries have tables without an order).
 * The bytes are the caller's to mem_free. */
struct slice binding_identity(bool to_queue, struct slice to, struct slice key,
                              struct slice arguments);

/* Where a binding leads: exactly one of these two. */
struct destination {
	struct queue *queue;
	struct exchange *exchange;
};

/* Where routing collects what it finds: in any order, duplicates allowed. */
struct found {
	struct destination *at;
	size_t n, cap;
	uint64_t looked;             /* at so many things, since somebody took note */
};

/* Adds a destination to what was found. */
void found_put(struct found *f, struct destination to);

static inline struct destination binding_to(const struct binding *b)
{
	return (struct destination){ b->queue, b->exchange };
}

/* Adds where a binding leads. */
static inline void found_add(struct found *f, const struct binding *b)
{
	found_put(f, binding_to(b));
}

struct exchange_type {
	const char *name;            /* as in exchange.declare */
	bool one_key;                /* further keys of a message mean nothing to it */
	/* NULL, or why an exchange with these arguments is refused (the sentence in text). A type that
	 * looks at no arguments has no such function. */
	const struct refusal *(*check_exchange)(struct slice arguments, struct buf *text);
	/* The same for a binding; likewise. */
	const struct refusal *(*check)(struct slice key, struct slice arguments, struct buf *text);
	/* A binding came, or goes; NULL for a type that needs nothing but x->bindings. */
	void (*bind)(struct exchange *x, struct binding *b);
	void (*unbind)(struct exchange *x, struct binding *b);
	/* Adds where every binding of x that matches leads. Cost must not grow with unrelated bindings
	 * (headers excepted). */
	void (*route)(struct exchange *x, const struct route *r, struct found *out);
	/* Frees x->state, when no binding is left; NULL for a type that has none. */
	void (*destroy)(struct exchange *x);
};

struct exchange {
	struct list link;            /* among those of its virtual host */
	uint64_t serial;             /* which no other exchange or queue there ever had */
	struct queue *waiting;       /* x-delayed-message: what is delayed; NULL: it delays nothing */
	struct slice name;           /* owned */
	struct slice arguments;      /* owned; encoded table */
	const struct exchange_type *type;
	bool durable, auto_delete, internal;
	bool predeclared;            /* "", amq.*: cannot be deleted */
	struct slice alternate;      /* of its arguments, else of a policy; p == NULL: none */
	bool nacks;                  /* what it takes nowhere is not confirmed, but refused */
	struct ruling *ruling;       /* what policies amount to for it; kept by broker/ */
	struct list bindings;        /* with this exchange as source */
	struct map by_identity;      /* the same, by binding.identity */
	struct list inbound;         /* bindings that end here */
	struct motion *motion;       /* NULL: nothing was ever published to it */
	struct dedup *dedup;         /* what it accepts once; NULL: it accepts all */
	uint64_t route_mark;         /* the last routing that visited it */
	uint64_t published, routed;  /* to it, and from it to queues, since that was gathered */
	bool stirred;                /* its motion stands on the store's list */
	struct list work;            /* on a work list of topology.c: to be visited, or to be removed */
	void *state;                 /* of the type */
};

/* What a policy says: the alternate exchange (p == NULL: none), which the arguments come before and
 * which must stay where it is, and nacks. */
void exchange_set_policy(struct exchange *x, struct slice alternate, bool nacks);

/* The type of an exchange that delays; how it routes is another's business. */
#define EXCHANGE_DELAYED "x-delayed-message"

/* The type as it was declared. */
static inline const char *exchange_type_name(const struct exchange *x)
{
	return x->waiting ? EXCHANGE_DELAYED : x->type->name;
}

/* How an exchange that delays routes, by its argument x-delayed-type; NULL when that names no
 * type. */
const struct exchange_type *exchange_delayed_type(struct slice arguments);

/* The type of that name, or NULL: direct, fanout, topic, headers, x-consistent-hash,
 * x-modulus-hash, x-random, x-local-random, x-message-deduplication,
 * x-recent-history, x-super-stream. */
const struct exchange_type *exchange_type_find(struct slice name);

/* The names of all, EXCHANGE_DELAYED too; returns how many. */
enum { EXCHANGE_TYPES_MAX = 16 };
size_t exchange_type_names(const char *names[EXCHANGE_TYPES_MAX]);

extern const struct exchange_type exchange_direct, exchange_fanout, exchange_topic,
	exchange_headers, exchange_consistent_hash, exchange_modulus_hash, exchange_random,
	exchange_local_random, exchange_once, exchange_history, exchange_super_stream;

#endif
