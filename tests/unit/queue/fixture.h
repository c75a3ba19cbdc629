/* SPDX-License-Identifier: Apache-2.0 */
/* Messages and queues for the tests of this folder: each message carries a number in its body, by
 * which a test knows it again. */
#ifndef UNIT_QUEUE_FIXTURE_H
#define UNIT_QUEUE_FIXTURE_H

#include <check.h>
#include <stdio.h>

#include "amqp/props.h"
#include "base/mem.h"
#include "queue/message.h"
#include "queue/queue.h"
#include "queue/store.h"

/* A message with one reference, its body complete; expiration may be NULL. */
static inline struct message *letter_to(const char *key, uint64_t number, bool persistent,
                                        const char *expiration)
{
	struct buf header = { 0 };
	struct props p = { .class_id = 60, .body_bytes = sizeof number, .flags = PROP_delivery_mode,
		               .delivery_mode = persistent ? 2 : 1 };
	if (expiration) {
		p.flags |= PROP_expiration;
		p.expiration = slice_str(expiration);
	}
	props_encode(&header, &p);
	struct message *m = message_new(slice_str("x"), slice_str(key), buf_slice(&header),
	                                sizeof number, persistent);
	m->expires = expiration != NULL;
	message_add_body(m, slice_of(&number, sizeof number));
	buf_free(&header);
	return m;
}

static inline struct message *letter(uint64_t number)
{
	return letter_to("k", number, false, NULL);
}

static inline uint64_t number_of(const struct message *m)
{
	uint64_t number;
	struct slice body;
	struct message_walk w = { 0 };
	ck_assert(message_next_stretch(m, &w, &body));
	ck_assert_uint_eq(body.n, sizeof number);
	memcpy(&number, body.p, sizeof number);
	return number;
}

/* A queue in a store; id 0: not logged. */
static inline struct queue *queue_in(struct store *s, uint32_t id, struct slice arguments)
{
	struct queue_spec spec = { .name = slice_str("q"), .arguments = arguments, .id = id,
		                       .durable = id != 0 };
	return queue_new(s, &spec);
}

/* Puts a new message at the back; the queue holds the only reference. */
static inline void put(struct queue *q, uint64_t number)
{
	struct message *m = letter(number);
	queue_push(q, queue_number(q), m);
	message_drop(&m);
}

/* A generator of the test's own, so that a failure comes back. */
struct dice {
	uint64_t state;
};

static inline unsigned dice_roll(struct dice *d, unsigned sides)
{
	d->state = d->state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(d->state >> 33) % sides;
}

#endif
