/* SPDX-License-Identifier: Apache-2.0 */
/* place_stretch is all that most messages take: it names the queues that keep the message, writes
 * one record for all of them (store_publish), and pushes an entry into each (queue_push).  What is
 * around it is for very many queues, for exchanges that delay, and for what a message claims. */
#include "queue/place.h"

#include "base/die.h"
#include "queue/claims.h"
#include "queue/queue.h"
#include "queue/store.h"

static bool is_kept(const struct queue *q, const struct message *m)
{
	return (m->persistent || q->live->stream) && queue_is_logged(q);
}

/* Where the queue retains the message (retention.h); NULL: nowhere. */
static struct queue *retainer(const struct queue *q, const struct message *m)
{
	return m->persistent ? q->live->retained : NULL;
}

/* At the back of the queue, and of what it retains. */
static void push(struct queue *q, struct message *m)
{
	struct queue *retained = retainer(q, m);
	queue_push(q, queue_number(q), m);
	if (retained)
		queue_push(retained, queue_number(retained), m);
}

/* Who of the two keeps it. Returns how many. */
static size_t name_targets(struct record_target *out, const struct queue *q,
                           const struct message *m)
{
	const struct queue *retained = retainer(q, m);
	size_t n = 0;
	if (is_kept(q, m))
		out[n++] = (struct record_target){ q->id, q->next_seq };
	if (retained && queue_is_logged(retained))
		out[n++] = (struct record_target){ retained->id, retained->next_seq };
	return n;
}

enum { STRETCH = 1024 };

/* What is placed, stretch by stretch. */
struct placing {
	struct store *store;
	struct message *message;
	const struct record_target *from;
	struct store_under *under;   /* of the next record, NULL: nothing; the first has the keys */
	log_position first_at;       /* ... of that one; 0: nothing was written */
};

static inline log_position write(struct placing *p, struct message *m,
                                 const struct record_target *from,
                                 const struct record_target *targets, size_t n)
{
	log_position at = store_publish(p->store, m, from, targets, n, p->under);
	if (p->under)
		p->under->keys = slice_of(NULL, 0);
	if (!p->first_at)
		p->first_at = at;
	return at;
}

/* Those that delay it have a record each, which says when it is due there. */
static log_position place_waiting(struct placing *p, struct queue *const *queues, size_t n,
                                  log_position wait_for)
{
	const struct message *m = p->message;
	const struct record_target *from = wait_for ? NULL : p->from;
	for (size_t i = 0; i < n; i++) {
		struct queue *q = queues[i];
		struct record_target to = { q->id, q->next_seq };
		if (!q->waits_in)
			continue;
		struct message *waits =
			message_copy(m, message_exchange(m), message_key(m), message_header(m));
		waits->delayed = true;
		waits->died = m->died;
		if (is_kept(q, m)) {
			wait_for = write(p, waits, from, &to, 1);
			from = NULL;
		}
		queue_push(q, queue_number(q), waits);
		message_drop(&waits);
	}
	return wait_for;
}

/* One record for those of the queues that keep the message; each stretch has one of its own, which
 * its entries retain. */
static inline log_position place_stretch(struct placing *p, struct queue *const *queues, size_t n)
{
	struct record_target targets[2 * STRETCH];
	struct message *m = p->message;
	size_t used = 0;
	bool waits = false;
	log_position wait_for = 0;
	for (size_t i = 0; i < n; i++) {
		waits |= queues[i]->waits_in != NULL;
		if (!queues[i]->waits_in)
			used += name_targets(&targets[used], queues[i], m);
	}
	if (used)
		wait_for = write(p, m, p->from, targets, used);
	for (size_t i = 0; i < n; i++)
		if (!queues[i]->waits_in)
			push(queues[i], m);
	return waits ? place_waiting(p, queues, n, wait_for) : wait_for;
}

static inline log_position place_stretches(struct placing *p, struct queue *const *queues, size_t n)
{
	log_position last = 0;
	for (size_t at = 0; at < n; at += STRETCH) {
		size_t left = n - at;
		log_position wait_for =
			place_stretch(p, queues + at, left < STRETCH ? left : STRETCH);
		last = wait_for ? wait_for : last;
	}
	return last;
}

/* ---- claims ---- */

/* A key is not durable without a message in the log that it stands for. */
static bool is_logged(const struct key_claim *c, const struct message *m)
{
	const struct dedup *k = c->dedup;
	return k->id && m->persistent && (!k->queue || is_kept(k->queue, m));
}

static void number_keys(const struct claims *c, const struct message *m, struct buf *keys)
{
	for (size_t i = 0; i < c->n_keys; i++) {
		struct key_claim *k = &c->keys[i];
		k->number = k->dedup->queue ? k->dedup->queue->next_seq : k->dedup->next_number;
		if (is_logged(k, m))
			dedup_pack(keys, k->dedup, &k->digest, k->number, k->until_ms);
	}
}

static void accept_keys(const struct claims *c, const struct message *m, log_position at)
{
	for (size_t i = 0; i < c->n_keys; i++) {
		const struct key_claim *k = &c->keys[i];
		dedup_add(k->dedup, &k->digest, k->number, k->until_ms, is_logged(k, m) ? at : 0);
	}
}

bool place_is_kept(const struct queue *q, const struct message *m)
{
	return q->store->log && is_kept(q, m);
}

/* True when more is to be said of them than the message's records do. */
static bool accept_number(const struct claims *c, const struct message *m)
{
	bool more = false;
	for (size_t i = 0; i < c->n_publishers; i++) {
		bool kept = place_is_kept(c->publishers[i]->queue, m);
		publisher_accept(c->publishers[i], c->sequence, kept);
		more |= kept && publisher_is_to_tell(c->publishers[i], c->sequence);
	}
	return more;
}

static void log_number(const struct claims *c, const struct message *m, log_position at)
{
	for (size_t i = 0; i < c->n_publishers; i++) {
		struct publisher *p = c->publishers[i];
		if (!place_is_kept(p->queue, m))
			continue;
		publisher_logged(p, at);
		if (publisher_is_to_tell(p, c->sequence))
			publisher_tell(p);
	}
}

/* Where it takes several records, all of them count, or none. */
static log_position place_claiming(struct placing *p, struct queue *const *queues, size_t n,
                                   struct claims *c)
{
	struct store *s = p->store;
	struct buf keys = { 0 };
	number_keys(c, p->message, &keys);
	bool more = accept_number(c, p->message);
	bool whole = (more || n > STRETCH) && s->log && s->tx == TX_NONE;
	struct store_under under = { .keys = buf_slice(&keys) };
	if (c->n_publishers)
		under.sender = (struct sender){ publisher_name(c->publishers[0]), c->sequence };
	p->under = &under;
	if (whole)
		store_begin(s);
	log_position wait_for = place_stretches(p, queues, n);
	accept_keys(c, p->message, p->first_at);
	log_number(c, p->message, p->first_at);
	if (whole)
		wait_for = store_commit(s);
	p->under = NULL;
	buf_free(&keys);
	return wait_for;
}

static inline struct placed place_all(struct placing p, struct queue *const *queues, size_t n,
                                      struct claims *claims)
{
	must(message_is_whole(p.message));
	log_position wait_for = n && claims && claims->n_keys + claims->n_publishers
	                            ? place_claiming(&p, queues, n, claims)
	                            : place_stretches(&p, queues, n);
	return (struct placed){ wait_for, n };
}

struct placed place_moved(struct store *s, struct message *m, const struct record_target *from,
                          struct queue *const *queues, size_t n)
{
	return place_all((struct placing){ .store = s, .message = m, .from = from }, queues, n, NULL);
}

struct placed place(struct store *s, struct message *m, struct queue *const *queues, size_t n,
                    struct claims *claims)
{
	return place_all((struct placing){ .store = s, .message = m }, queues, n, claims);
}
