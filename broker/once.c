/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/once.h"

#include "amqp/props.h"
#include "queue/place.h"
#include "queue/queue.h"

static struct slice headers_of(const struct message *m)
{
	return props_headers(message_header(m));
}

static bool has_key(const struct broker *b, const struct queue *q, const struct message *m,
                    log_position *at)
{
	struct digest d;
	return q->dedup && dedup_digest(q->dedup, headers_of(m), &d) &&
	       dedup_has(q->dedup, &d, (int64_t)broker_wall_ms(b), at);
}

static bool has_number(const struct queue *q, const struct sender *sender, log_position *at)
{
	const struct publisher *p = sender->id.n ? publishers_find(q, sender->id) : NULL;
	if (!p || !publisher_has(p, sender->sequence))
		return false;
	*at = publisher_safe(p);
	return true;
}

void once_part(struct broker *b, const struct message *m, const struct sender *sender,
               struct route_set *routed)
{
	size_t kept = 0;
	for (size_t i = 0; i < routed->n; i++) {
		struct queue *q = routed->queues[i];
		log_position at = 0;
		if (!has_number(q, sender, &at) && !has_key(b, q, m, &at)) {
			routed->queues[kept++] = q;
			continue;
		}
		routed->repeated = true;
		routed->wait_for = log_later(routed->wait_for, at);
	}
	routed->n = kept;
}

static void claim_key(struct broker *b, const struct message *m, struct queue *q,
                      struct claims *claims)
{
	struct key_claim c = { .dedup = q->dedup };
	if (!c.dedup || !dedup_digest(c.dedup, headers_of(m), &c.digest))
		return;
	c.until_ms = dedup_end(c.dedup, headers_of(m), (int64_t)broker_wall_ms(b));
	claims_add_key(claims, c);
}

void once_claim(struct broker *b, const struct message *m, const struct sender *sender,
                struct route_set *routed, size_t n)
{
	for (size_t i = 0; i < n; i++)
		claim_key(b, m, routed->queues[i], &routed->claims);
	if (sender->id.n == 0)
		return;
	routed->claims.sequence = sender->sequence;
	for (size_t i = 0; i < n; i++)
		claims_add_publisher(&routed->claims, publishers_get(routed->queues[i], sender->id));
	for (size_t i = n; i < routed->n; i++) {
		struct publisher *p = publishers_get(routed->queues[i], sender->id);
		log_position at =
			publisher_refuse(p, sender->sequence, place_is_kept(routed->queues[i], m));
		routed->wait_for = log_later(routed->wait_for, at);
	}
}

struct once_progress once_progress(const struct route_set *routed, struct slice publisher)
{
	struct once_progress all = { .complete = UINT64_MAX };
	for (size_t i = 0; i < routed->n; i++) {
		const struct publisher *p = publishers_find(routed->queues[i], publisher);
		if (!p)
			continue;
		uint64_t complete = publisher_complete(p);
		all.highest = p->highest > all.highest ? p->highest : all.highest;
		all.complete = complete < all.complete ? complete : all.complete;
		all.at = log_later(all.at, publisher_safe(p));
	}
	if (all.complete == UINT64_MAX)
		all.complete = 0;
	return all;
}
