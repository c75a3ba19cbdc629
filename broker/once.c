/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/once.h"

#include "amqp/props.h"
#include "queue/queue.h"

static struct slice headers_of(const struct message *m)
{
	return props_headers(message_header(m));
}

static bool has_it(const struct broker *b, struct queue *q, const struct message *m,
                   struct route_set *routed)
{
	struct digest d;
	log_position at = 0;
	if (!q->keyring || !keyring_digest(q->keyring, headers_of(m), &d) ||
	    !keyring_has(q->keyring, &d, (int64_t)broker_wall_ms(b), &at))
		return false;
	routed->repeated = true;
	routed->wait_for = at > routed->wait_for ? at : routed->wait_for;
	return true;
}

void once_part(struct broker *b, const struct message *m, struct route_set *routed)
{
	size_t kept = 0;
	for (size_t i = 0; i < routed->n; i++)
		if (!has_it(b, routed->queues[i], m, routed))
			routed->queues[kept++] = routed->queues[i];
	routed->n = kept;
}

void once_claim(struct broker *b, const struct message *m, struct route_set *routed, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct keyring *k = routed->queues[i]->keyring;
		struct keyring_claim c = { .keyring = k };
		if (!k || !keyring_digest(k, headers_of(m), &c.digest))
			continue;
		c.until_ms = keyring_end(k, headers_of(m), (int64_t)broker_wall_ms(b));
		keyring_claims_add(&routed->claims, c);
	}
}
