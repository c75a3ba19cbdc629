/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/history.h"

#include "amqp/props.h"
#include "base/mem.h"
#include "broker/channel.h"
#include "broker/overflow.h"
#include "exchange/history.h"
#include "queue/place.h"
#include "queue/queue.h"

static void find_queues(struct channel *ch, const struct binding_spec *spec, struct message *m)
{
	struct route_set *out = &ch->broker->routed;
	struct route r = { .key = message_key(m),
		               .headers = props_headers(message_header(m)),
		               .header = message_header(m),
		               .message = m,
		               .dead = true };
	route_set_clear(out);
	if (spec->queue)
		route_set_add(out, spec->queue);
	else
		topology_route(&ch->vhost->topology, spec->exchange, &r, out);
}

/* A message of its own: it lies elsewhere in the log, and its time begins anew. */
static log_position give(struct channel *ch, const struct binding_spec *spec,
                         const struct message *old)
{
	struct broker *b = ch->broker;
	struct message *m = message_copy(old, message_exchange(old), message_key(old),
	                                 message_header(old));
	m->died = old->died;
	m->published_ms = (int64_t)b->now_ms;
	find_queues(ch, spec, m);
	size_t n = b->routed.n - overflow_part(b, m, &b->routed, false);
	log_position wait_for = place(&b->store, m, b->routed.queues, n, NULL).wait_for;
	quota_placed(b->routed.queues, n, m->body_bytes);
	for (size_t i = 0; i < n; i++)
		broker_run_queue(b, b->routed.queues[i]);
	message_drop(&m);
	return wait_for;
}

/* Where bindings go round, what is given is remembered again: so what there is comes first. */
static log_position give_all(struct channel *ch, const struct binding_spec *spec)
{
	size_t n = history_count(spec->source);
	struct message **all = mem_alloc(n * sizeof *all);
	log_position last = 0;
	for (size_t i = 0; i < n; i++)
		all[i] = message_ref(history_at(spec->source, i));
	for (size_t i = 0; i < n; i++) {
		log_position at = give(ch, spec, all[i]);
		last = at ? at : last;
		message_drop(&all[i]);
	}
	mem_free(all);
	return last;
}

const struct refusal *history_bind(struct channel *ch, const struct binding_spec *spec,
                                   log_position *wait_for)
{
	bool gives = history_count(spec->source) && !topology_is_bound(spec);
	buf_clear(&ch->broker->text);
	const struct refusal *r =
		topology_bind(&ch->vhost->topology, spec, wait_for, &ch->broker->text);
	log_position last = gives && !r ? give_all(ch, spec) : 0;
	*wait_for = last ? last : *wait_for;
	return r;
}
