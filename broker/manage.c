/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/manage.h"

#include <errno.h>

#include "broker/arguments.h"
#include "broker/channel.h"
#include "broker/consuming.h"
#include "broker/expiry.h"
#include "broker/link.h"
#include "broker/on.h"
#include "broker/refuse.h"
#include "broker/report.h"
#include "queue/queue.h"

void manage_now(struct broker *b, uint64_t now_ms)
{
	b->now_ms = now_ms;
	b->events.actor = "rmq-cli";
}

uint64_t manage_purge(struct broker *b, struct queue *q)
{
	uint64_t n = queue_purge(q);
	broker_run_queue(b, q);
	return n;
}

enum replay_outcome manage_replay(struct broker *b, struct queue *q, uint64_t from, uint64_t to,
                                  uint64_t *number)
{
	return broker_is_alarmed(b) ? REPLAY_BLOCKED : replay_begin(q, from + 1, to + 1, number);
}

bool manage_replayed(const struct broker *b, uint64_t number, struct replay_report *out)
{
	return replay_report(&b->store, number, out);
}

log_position manage_pause(struct broker *b, struct queue *q, bool paused)
{
	log_position at = topology_pause(q->topology, q, paused);
	if (queue_is_live(q))
		list_remove(&q->live->runnable);
	broker_run_queue(b, q);
	return at;
}

const char *manage_loses(const struct queue *q)
{
	if (queue_ready(q) || q->live->unacked)
		return "it has messages";
	return q->live->rotation.count ? "it has consumers" : NULL;
}

log_position manage_delete(struct broker *b, struct queue *q)
{
	return on_queue_remove(b, q);
}

bool manage_cancel(struct channel *ch, struct slice tag)
{
	struct consumer *c = map_get(&ch->by_tag, tag);
	if (c)
		consuming_expel(c);
	return c != NULL;
}

bool manage_prefetch(struct channel *ch, uint16_t n)
{
	list_each(it, &ch->consumers)
		if (n == 0 && list_entry(it, struct consumer, on_channel)->reader)
			return false;
	list_each(it, &ch->consumers) {
		struct consumer *c = list_entry(it, struct consumer, on_channel);
		c->window = c->no_ack ? 0 : n;
	}
	ch->prefetch = n;
	channel_wake_consumers(ch);
	return true;
}

/* The sentence of a refusal just made. */
static bool tell(struct broker *b, const struct refusal *r, struct buf *why)
{
	if (r)
		buf_append_slice(why, buf_slice(&b->text));
	return !r;
}

static const struct refusal *reserved(struct vhost *v, const char *what, struct slice name)
{
	if (!slice_starts(name, "amq."))
		return NULL;
	return refuse(v->broker, &ACCESS_REFUSED, "%s name '%.*s' contains reserved prefix 'amq.*'",
	              what, SLICE_ARG(name));
}

bool manage_may_add_queue(struct vhost *v, const struct queue_spec *spec, struct buf *why)
{
	const struct refusal *r = reserved(v, "queue", spec->name);
	return tell(v->broker, r ? r : arguments_check_queue(v, spec), why);
}

bool manage_add_queue(struct vhost *v, const struct queue_spec *spec, log_position *wait_for,
                      struct buf *why)
{
	if (topology_queue(&v->topology, spec->name))
		return true;
	if (!manage_may_add_queue(v, spec, why))
		return false;
	struct queue *q = topology_add_queue(&v->topology, spec, wait_for);
	v->broker->counters.queues_created++;
	policing_queue(v, q);
	report_queue_created(v->broker, q);
	expiry_use(v->broker, q);
	return true;
}

bool manage_may_add_exchange(struct vhost *v, const struct exchange_spec *spec, struct buf *why)
{
	struct broker *b = v->broker;
	const struct refusal *r = reserved(v, "exchange", spec->name);
	if (!r) {
		buf_clear(&b->text);
		r = spec->type->check_exchange ? spec->type->check_exchange(spec->arguments, &b->text)
		                               : NULL;
	}
	return tell(b, r, why);
}

bool manage_add_exchange(struct vhost *v, const struct exchange_spec *spec,
                         log_position *wait_for, struct buf *why)
{
	if (topology_exchange(&v->topology, spec->name))
		return true;
	if (!manage_may_add_exchange(v, spec, why))
		return false;
	struct exchange *x = topology_add_exchange(&v->topology, spec, wait_for);
	policing_exchange(v, x);
	report_exchange_created(v, x);
	return true;
}

log_position manage_delete_exchange(struct vhost *v, struct exchange *x)
{
	log_position at = topology_remove_exchange(&v->topology, x);
	report_departures(v->broker, v->broker->events.actor);
	return at;
}

log_position manage_unbind(struct vhost *v, const struct binding_spec *spec)
{
	log_position at = topology_unbind(&v->topology, spec);
	report_departures(v->broker, v->broker->events.actor);
	return at;
}

bool manage_bind(struct vhost *v, const struct binding_spec *spec, log_position *wait_for,
                 struct buf *why)
{
	uint64_t before = v->topology.n_bindings;
	buf_clear(&v->broker->text);
	const struct refusal *r = topology_bind(&v->topology, spec, wait_for, &v->broker->text);
	if (v->topology.n_bindings != before)
		report_binding_created(v, spec);
	return tell(v->broker, r, why);
}

bool manage_is_durable(const struct broker *b, log_position at)
{
	return broker_is_durable(b, at);
}

int manage_backup(struct broker *b, const char *directory, uint64_t *number)
{
	if (!b->options.log)
		return -ENOTSUP;
	if (b->failed)
		return -b->failed;
	store_flush_acks(&b->store, false);
	return log_backup(b->options.log, directory, number);
}

bool manage_backed_up(const struct broker *b, uint64_t number, struct log_backup *out)
{
	return log_backed_up(b->options.log, number, out);
}

void manage_set_memory_watermark(struct broker *b, uint64_t bytes)
{
	b->alarms.memory_watermark = bytes;
	alarms_look(b);
}

void manage_set_disk_free_limit(struct broker *b, uint64_t bytes)
{
	b->alarms.disk_free_limit = bytes;
	alarms_look(b);
}

static void close_one(struct connection *c, struct slice reason)
{
	const struct refusal *r = refuse(c->broker, &CONNECTION_FORCED, "%.*s", SLICE_ARG(reason));
	if (c->state == CONN_RUNNING)
		connection_refuse(c, r, 0);
	else if (c->state < CONN_RUNNING)
		connection_finish(c);
}

bool manage_close(struct broker *b, uint64_t number, struct slice reason)
{
	struct connection *c = connection_numbered(b, number);
	if (c)
		close_one(c, reason);
	return c != NULL;
}

uint64_t manage_find(const struct broker *b, struct slice name)
{
	list_each(it, &b->connections) {
		const struct connection *c = list_entry(it, struct connection, link);
		if (slice_is(name, c->name))
			return c->number;
	}
	return 0;
}
