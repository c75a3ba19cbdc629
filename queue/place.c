/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/place.h"

#include "base/die.h"
#include "queue/queue.h"
#include "queue/store.h"

static bool is_kept(const struct queue *q, const struct message *m)
{
	return (m->persistent || q->live->stream) && queue_is_logged(q);
}

enum { STRETCH = 1024 };

/* What is placed, stretch by stretch: the first record has the keys. */
struct placing {
	struct store *store;
	struct message *message;
	const struct record_target *from;
	struct slice keys;
	log_position keys_at;        /* of the record that has them */
};

/* The keys are in one record. */
static void have_keys(struct placing *p, log_position at)
{
	if (p->keys.n)
		p->keys_at = at;
	p->keys = slice_of(NULL, 0);
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
			wait_for = store_publish(p->store, waits, from, &to, 1, p->keys);
			have_keys(p, wait_for);
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
	struct record_target targets[STRETCH];
	struct message *m = p->message;
	size_t used = 0;
	bool waits = false;
	log_position wait_for = 0;
	for (size_t i = 0; i < n; i++) {
		waits |= queues[i]->waits_in != NULL;
		if (!queues[i]->waits_in && is_kept(queues[i], m))
			targets[used++] = (struct record_target){ queues[i]->id, queues[i]->next_seq };
	}
	if (used)
		wait_for = store_publish(p->store, m, p->from, targets, used, p->keys);
	if (used)
		have_keys(p, wait_for);
	for (size_t i = 0; i < n; i++)
		if (!queues[i]->waits_in)
			queue_push(queues[i], queue_number(queues[i]), m);
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

/* ---- keys ---- */

/* A key is not durable without a message in the log that it stands for. */
static bool is_logged(const struct keyring_claim *c, const struct message *m)
{
	const struct keyring *k = c->keyring;
	return k->id && m->persistent && (!k->queue || is_kept(k->queue, m));
}

static void number_claims(struct keyring_claims *claims, const struct message *m,
                          struct buf *keys)
{
	for (struct keyring_claim *c = claims->p; c < claims->p + claims->n; c++) {
		c->number = c->keyring->queue ? c->keyring->queue->next_seq : c->keyring->next_number;
		if (is_logged(c, m))
			keyring_pack(keys, c->keyring, &c->digest, c->number, c->until_ms);
	}
}

static void accept_claims(const struct keyring_claims *claims, const struct message *m,
                          log_position at)
{
	for (const struct keyring_claim *c = claims->p; c < claims->p + claims->n; c++)
		keyring_add(c->keyring, &c->digest, c->number, c->until_ms, is_logged(c, m) ? at : 0);
}

/* More queues than one record has room for: all records count, or none. */
static log_position place_once(struct placing *p, struct queue *const *queues, size_t n,
                               struct keyring_claims *claims)
{
	struct buf keys = { 0 };
	bool whole = n > STRETCH && p->store->log && p->store->tx == TX_NONE;
	number_claims(claims, p->message, &keys);
	p->keys = buf_slice(&keys);
	if (whole)
		store_begin(p->store);
	log_position wait_for = place_stretches(p, queues, n);
	if (whole)
		wait_for = store_commit(p->store);
	accept_claims(claims, p->message, p->keys_at);
	buf_free(&keys);
	return wait_for;
}

struct placed place_moved(struct store *s, struct message *m, const struct record_target *from,
                          struct queue *const *queues, size_t n, struct keyring_claims *claims)
{
	struct placing p = { .store = s, .message = m, .from = from };
	must(message_is_whole(m));
	if (n && claims && claims->n)
		return (struct placed){ place_once(&p, queues, n, claims), n };
	return (struct placed){ place_stretches(&p, queues, n), n };
}

struct placed place(struct store *s, struct message *m, struct queue *const *queues, size_t n,
                    struct keyring_claims *claims)
{
	return place_moved(s, m, NULL, queues, n, claims);
}
