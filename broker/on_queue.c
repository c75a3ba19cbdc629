/* SPDX-License-Identifier: Apache-2.0 */
/* Class queue (AMQP 0-9-1 section 1.7). */
#include "amqp/table.h"
#include "broker/arguments.h"
#include "broker/channel.h"
#include "broker/consuming.h"
#include "broker/expiry.h"
#include "broker/names.h"
#include "broker/on.h"
#include "broker/parking.h"
#include "broker/refuse.h"
#include "broker/reply.h"
#include "broker/report.h"
#include "broker/streaming.h"
#include "queue/queue.h"

/* The arguments that RabbitMQ compares when a queue is declared again. */
static const char *const compared[] = {
	"x-expires",
	"x-message-ttl",
	"x-dead-letter-exchange",
	"x-dead-letter-routing-key",
	"x-dead-letter-strategy",
	"x-max-length",
	"x-max-length-bytes",
	"x-max-in-memory-length",
	"x-max-in-memory-bytes",
	"x-max-priority",
	"x-overflow",
	"x-queue-mode",
	"x-queue-version",
	"x-single-active-consumer",
	"x-queue-type",
	"x-delivery-limit",
	"x-consumer-timeout",
	"x-consumer-disconnected-timeout",
	"x-delayed-retry-max",
	"x-delayed-retry-min",
	"x-delayed-retry-type",
	"x-quorum-initial-group-size",
	"x-queue-leader-locator",
	"x-queue-master-locator",
	"x-member-placement-tag",
	"x-group-header",
	"x-compact-key",
	"x-compact-lag",
	"x-tombstone-age",
	"x-retain-ms",
	"x-retain-bytes",
	NULL,
};

static void cancel_consumers(struct queue *q)
{
	for (struct rotation *r = &q->live->rotation; r->count;) {
		struct list *l = list_empty(&r->able) ? r->waiting.next : r->able.next;
		consuming_cancel(list_entry(l, struct consumer, turn));
	}
}

log_position on_queue_remove(struct broker *b, struct queue *q)
{
	struct queue *retained = q->live->retained;
	report_queue_deleted(b, q);
	b->counters.queues_deleted++;
	q->auto_delete = false;   /* it goes for another reason now */
	parking_wake(b, q);
	cancel_consumers(q);
	if (retained)
		cancel_consumers(retained);
	list_remove(&q->on_owner);
	expiry_forget(b, q);
	log_position wait_for = topology_remove_queue(q->topology, q);
	report_departures(b, NULL);
	return wait_for;
}

void on_queue_lapse(struct broker *b, struct queue *q)
{
	const char *actor = b->events.actor;
	b->events.actor = NULL;
	on_queue_remove(b, q);
	b->events.actor = actor;
}

/* ---- declare ---- */

static const struct refusal *check_equivalent(struct channel *ch, const struct queue *q,
                                              const struct queue_declare *m)
{
	struct declared d = { "queue", queue_name(q) };
	const struct refusal *r = arguments_same_flag(ch->vhost, d, "durable", m->durable, q->durable);
	if (!r)
		r = arguments_same_flag(ch->vhost, d, "auto_delete", m->auto_delete, q->auto_delete);
	return r ? r : arguments_equivalent(ch->vhost, d, compared, m->arguments, queue_arguments(q));
}

/* The owner check comes first and is strict: exclusive against not exclusive is a lock too. */
static const struct refusal *check_exclusive(struct channel *ch, const struct queue *q,
                                             const struct queue_declare *m)
{
	if (q->exclusive == m->exclusive)
		return names_check_owner(ch, q);
	return refuse(ch->broker, &RESOURCE_LOCKED,
	              "cannot obtain exclusive access to locked queue '%.*s' in vhost '%.*s'. It could "
	              "be originally declared on another connection or the exclusive property value "
	              "does not match that of the original declaration.",
	              SLICE_ARG(queue_name(q)), SLICE_ARG(ch->vhost->name));
}

static void add(struct channel *ch, const struct queue_spec *spec, struct queue **out,
                log_position *wait_for)
{
	*out = topology_add_queue(&ch->vhost->topology, spec, wait_for);
	policing_queue(ch->vhost, *out);
	report_queue_created(ch->broker, *out);
	ch->broker->counters.queues_created++;
	if (spec->exclusive)
		list_push(&ch->connection->exclusive_queues, &(*out)->on_owner);
}

static const struct refusal *check_room(struct channel *ch, struct slice name)
{
	const struct vhost *v = ch->vhost;
	uint64_t most = ch->broker->options.cluster_queue_limit;
	if (ledger_is_reached(v->about.max_queues, v->topology.queues.count))
		return refuse(ch->broker, &PRECONDITION_FAILED,
		              "cannot declare queue '%.*s': queue limit in vhost '%.*s' (%lld) is reached",
		              SLICE_ARG(name), SLICE_ARG(v->name), (long long)v->about.max_queues);
	if (most && ch->broker->totals.queues >= most)
		return refuse(ch->broker, &PRECONDITION_FAILED,
		              "cannot declare queue '%.*s': queue limit in cluster (%llu) is reached",
		              SLICE_ARG(name), (unsigned long long)most);
	return NULL;
}

static const struct refusal *declare_new(struct channel *ch, struct slice name, bool generated,
                                         const struct queue_declare *m, struct queue **out,
                                         log_position *wait_for)
{
	struct queue_spec spec = { .name = name,
		                       .arguments = m->arguments,
		                       .durable = m->durable,
		                       .auto_delete = m->auto_delete,
		                       .exclusive = m->exclusive,
		                       .owner = m->exclusive ? ch->connection->number : 0 };
	const char *type = generated ? arguments_lasting_type(m->arguments) : NULL;
	if (type)
		return refuse(ch->broker, &PRECONDITION_FAILED,
		              "Cannot declare a server-named queue for type rabbit_%s_queue", type);
	const struct refusal *r = arguments_check_queue(ch->vhost, &spec);
	if (!r)
		r = check_room(ch, name);
	if (!r)
		r = rights_check_onward(ch, THING_QUEUE, name, m->arguments, "x-dead-letter-exchange");
	if (!r)
		add(ch, &spec, out, wait_for);
	return r;
}

static const struct refusal *declare(struct channel *ch, struct slice name, bool generated,
                                     const struct queue_declare *m, struct queue **out,
                                     log_position *wait_for)
{
	struct broker *b = ch->broker;
	const struct refusal *r = m->passive
	                              ? rights_check_any(ch, THING_QUEUE, name)
	                              : rights_check(ch, RIGHT_CONFIGURE, THING_QUEUE, name, 0);
	if (r)
		return r;
	*out = topology_queue(&ch->vhost->topology, name);
	if (m->passive)
		return *out ? names_check_owner(ch, *out) : names_no_queue(ch->vhost, name);
	if (*out) {
		r = check_exclusive(ch, *out, m);
		return r ? r : check_equivalent(ch, *out, m);
	}
	if (!generated && slice_starts(name, "amq."))
		return refuse(b, &ACCESS_REFUSED, "queue name '%.*s' contains reserved prefix 'amq.*'",
		              SLICE_ARG(name));
	return declare_new(ch, name, generated, m, out, wait_for);
}

static void send_declare_ok(struct channel *ch, const struct queue *q, log_position wait_for)
{
	struct method ok = { .id = METHOD_queue_declare_ok,
		                 .queue_declare_ok = { .queue = queue_name(q),
		                                       .message_count = (uint32_t)queue_ready(q),
		                                       .consumer_count = q->live->rotation.count } };
	channel_send_when(ch, &ok, wait_for);
}

/* As RabbitMQ does: whoever asks learns whether the one who waits for answers is still there. */
static const struct refusal *declare_reply(struct channel *ch, const struct queue_declare *m)
{
	struct method ok = { .id = METHOD_queue_declare_ok,
		                 .queue_declare_ok = { .queue = m->queue, .consumer_count = 1 } };
	if (!reply_is_pseudo_queue(m->queue) && !reply_exists(ch->broker, m->queue))
		return names_no_queue(ch->vhost, m->queue);
	if (!m->no_wait)
		channel_send(ch, &ok);
	return NULL;
}

/* The virtual host's type of queues, or else the broker's, is for those that say none and that can
 * be of it, whose name is one that stays.  Where there are as many arguments as there may be, one
 * more would make them unreadable at the next start. */
static struct slice with_type(struct channel *ch, bool generated, const struct queue_declare *m,
                              struct buf *room)
{
	struct slice type = ch->vhost->about.queue_type;
	struct field f;
	if (type.n == 0)
		type = slice_str(ch->broker->options.queue_type);
	bool lasts = m->durable && !m->exclusive && !m->auto_delete && !generated;
	if (type.n == 0 || (!lasts && !slice_is(type, "classic")) ||
	    table_find(m->arguments, "x-queue-type", &f))
		return m->arguments;
	buf_append_slice(room, m->arguments);
	f = (struct field){ .letter = 'S', .bytes = type };
	table_put(room, slice_str("x-queue-type"), &f);
	return table_check(buf_slice(room)) ? buf_slice(room) : m->arguments;
}

static const struct refusal *declare_typed(struct channel *ch, struct slice name, bool generated,
                                           const struct queue_declare *m, struct queue **out,
                                           log_position *wait_for)
{
	struct buf room = { 0 };
	struct queue_declare typed = *m;
	typed.arguments = with_type(ch, generated, m, &room);
	const struct refusal *r = declare(ch, name, generated, &typed, out, wait_for);
	buf_free(&room);
	return r;
}

const struct refusal *on_queue_declare(struct channel *ch, const struct queue_declare *m)
{
	char room[NAMES_MAX];
	struct slice name;
	struct queue *q;
	log_position wait_for = 0;
	if (reply_is_pseudo_queue(m->queue) || reply_is_name(m->queue))
		return declare_reply(ch, m);
	const struct refusal *r = names_clean(ch->broker, m->queue, room, &name);
	if (r)
		return r;
	bool generated = name.n == 0 && !m->passive;
	if (generated)
		name = names_generate(ch->broker, "amq.gen-", room);
	else if (name.n == 0 && ch->last_queue.len)
		name = buf_slice(&ch->last_queue);
	r = declare_typed(ch, name, generated, m, &q, &wait_for);
	if (r)
		return r;
	ch->broker->counters.queues_declared += !m->passive;
	expiry_use(ch->broker, q);
	struct slice own = queue_name(q);
	if (!slice_eq(own, buf_slice(&ch->last_queue))) {
		buf_clear(&ch->last_queue);
		buf_append_slice(&ch->last_queue, own);
	}
	if (!m->no_wait)
		send_declare_ok(ch, q, wait_for);
	return NULL;
}

/* ---- bind ---- */

/* An empty queue name is the queue declared last; an empty key with it means the queue's name. */
static const struct refusal *find_ends(struct channel *ch, struct slice queue,
                                       struct slice exchange, struct binding_spec *out)
{
	const struct refusal *r = NULL;
	if (queue.n || ch->last_queue.len)
		r = names_not_the_default(ch->broker, exchange);
	if (!r)
		r = names_queue(ch, queue, RIGHT_WRITE, &out->queue);
	if (r)
		return r;
	if (queue.n == 0 && out->key.n == 0)
		out->key = queue_name(out->queue);
	r = names_exchange(ch, exchange, RIGHT_READ, &out->source);
	return r ? r : rights_check_topic(ch, RIGHT_READ, out->source, out->key);
}

const struct refusal *on_queue_bind(struct channel *ch, const struct queue_bind *m)
{
	struct binding_spec spec = { .key = m->routing_key, .arguments = m->arguments };
	log_position wait_for = 0;
	const struct refusal *r = find_ends(ch, m->queue, m->exchange, &spec);
	if (!r)
		r = on_bind(ch, &spec, &wait_for);
	if (r)
		return r;
	struct method ok = { .id = METHOD_queue_bind_ok };
	if (!m->no_wait)
		channel_send_when(ch, &ok, wait_for);
	return NULL;
}

/* What is not bound is as good as unbound, whatever of it is missing, or another's. */
static bool is_unbound(struct channel *ch, const struct queue_unbind *m,
                       const struct refusal *r, struct binding_spec *spec)
{
	if (r == &NOT_FOUND)
		return m->queue.n || ch->last_queue.len;
	return r == &RESOURCE_LOCKED && (names_exchange(ch, m->exchange, RIGHT_READ, &spec->source) ||
	                                 !topology_is_bound(spec));
}

const struct refusal *on_queue_unbind(struct channel *ch, const struct queue_unbind *m)
{
	struct binding_spec spec = { .key = m->routing_key, .arguments = m->arguments };
	log_position wait_for = 0;
	const struct refusal *r = find_ends(ch, m->queue, m->exchange, &spec);
	if (!r)
		wait_for = topology_unbind(&ch->vhost->topology, &spec);
	else if (!is_unbound(ch, m, r, &spec))
		return r;
	report_departures(ch->broker, ch->broker->events.actor);
	struct method ok = { .id = METHOD_queue_unbind_ok };
	channel_send_when(ch, &ok, wait_for);
	return NULL;
}

/* ---- purge, delete ---- */

const struct refusal *on_queue_purge(struct channel *ch, const struct queue_purge *m)
{
	struct queue *q;
	const struct refusal *r = names_queue(ch, m->queue, RIGHT_READ, &q);
	if (!r && q->live->stream)
		r = streaming_refuse(ch, q, "queue.purge");
	if (r)
		return r;
	struct method ok = { .id = METHOD_queue_purge_ok,
		                 .queue_purge_ok = { .message_count = (uint32_t)queue_purge(q) } };
	if (!m->no_wait)
		channel_send(ch, &ok);
	return NULL;
}

static const struct refusal *check_delete(struct channel *ch, const struct queue *q,
                                          const struct queue_delete *m)
{
	if (m->if_unused && q->live->rotation.count)
		return refuse(ch->broker, &PRECONDITION_FAILED, "queue '%.*s' in vhost '%.*s' in use",
		              SLICE_ARG(queue_name(q)), SLICE_ARG(ch->vhost->name));
	if (m->if_empty && queue_ready(q))
		return refuse(ch->broker, &PRECONDITION_FAILED, "queue '%.*s' in vhost '%.*s' not empty",
		              SLICE_ARG(queue_name(q)), SLICE_ARG(ch->vhost->name));
	return NULL;
}

/* What does not exist is as good as deleted. */
const struct refusal *on_queue_delete(struct channel *ch, const struct queue_delete *m)
{
	struct method ok = { .id = METHOD_queue_delete_ok };
	struct queue *q;
	log_position wait_for = 0;
	const struct refusal *r = names_queue(ch, m->queue, RIGHT_CONFIGURE, &q);
	bool missing = r == &NOT_FOUND && (m->queue.n || ch->last_queue.len);
	if (!r)
		r = check_delete(ch, q, m);
	if (r && !missing)
		return r;
	if (!missing) {
		ok.queue_delete_ok.message_count = (uint32_t)queue_ready(q);
		wait_for = on_queue_remove(ch->broker, q);
	}
	if (!m->no_wait)
		channel_send_when(ch, &ok, wait_for);
	return NULL;
}
