/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/report.h"

#include <inttypes.h>
#include <stdio.h>

#include "amqp/table.h"
#include "broker/channel.h"
#include "broker/user.h"
#include "queue/queue.h"

static bool begin(struct broker *b, struct slice vhost)
{
	if (!event_is_wanted(b))
		return false;
	event_begin(b);
	if (vhost.p)
		event_str(b, "vhost", vhost);
	return true;
}

/* As management and log lines name them. */
static void put_pid(struct broker *b, const char *key, const struct connection *c,
                    const struct channel *ch)
{
	char pid[32];
	if (ch)
		snprintf(pid, sizeof pid, "%" PRIu64 ".%u", c->number, ch->number);
	else
		snprintf(pid, sizeof pid, "%" PRIu64, c->number);
	event_str(b, key, slice_str(pid));
}

/* ---- queues ---- */

static void put_queue_type(struct broker *b, const struct queue *q)
{
	const char *type = q->live->stream ? "rabbit_stream_queue"
	                   : q->counts ? "rabbit_quorum_queue"
	                               : "rabbit_classic_queue";
	event_str(b, "type", slice_str(type));
}

static bool begin_queue(struct broker *b, const struct queue *q)
{
	if (!event_is_wanted(b) || !begin(b, vhost_of(q)->name))
		return false;
	event_str(b, "name", queue_name(q));
	put_queue_type(b, q);
	return true;
}

void report_queue_created(struct broker *b, const struct queue *q)
{
	char owner[32] = "";
	if (!begin_queue(b, q))
		return;
	if (q->exclusive)
		snprintf(owner, sizeof owner, "%" PRIu64, q->owner);
	event_bool(b, "durable", q->durable);
	event_bool(b, "auto_delete", q->auto_delete);
	event_bool(b, "exclusive", q->exclusive);
	event_str(b, "owner_pid", slice_str(owner));
	event_table(b, "arguments", queue_arguments(q));
	event_end(b, "queue.created");
}

void report_queue_deleted(struct broker *b, const struct queue *q)
{
	if (begin_queue(b, q))
		event_end(b, "queue.deleted");
}

void report_queue_policy(struct broker *b, const struct queue *q)
{
	const struct ruling *r = q->ruling;
	if (!begin_queue(b, q))
		return;
	if (r) {
		event_str(b, "policy", r->policy);
		event_str(b, "operator_policy", r->operator_policy);
		event_table(b, "definition", r->definition);
	}
	event_end(b, r ? "queue.policy.updated" : "queue.policy.cleared");
}

/* ---- exchanges and bindings ---- */

void report_exchange_created(struct vhost *v, const struct exchange *x)
{
	struct broker *b = v->broker;
	if (!begin(b, v->name))
		return;
	event_str(b, "name", x->name);
	event_str(b, "type", slice_str(exchange_type_name(x)));
	event_bool(b, "durable", x->durable);
	event_bool(b, "auto_delete", x->auto_delete);
	event_bool(b, "internal", x->internal);
	event_table(b, "arguments", x->arguments);
	event_str(b, "policy", x->ruling ? x->ruling->policy : slice_str(""));
	event_end(b, "exchange.created");
}

static void put_binding(struct broker *b, struct slice source, bool to_queue, struct slice to,
                        struct slice key, struct slice arguments)
{
	event_str(b, "source_name", source);
	event_str(b, "source_kind", slice_str("exchange"));
	event_str(b, "destination_name", to);
	event_str(b, "destination_kind", slice_str(to_queue ? "queue" : "exchange"));
	event_str(b, "routing_key", key);
	event_table(b, "arguments", arguments);
}

void report_binding_created(struct vhost *v, const struct binding_spec *spec)
{
	struct broker *b = v->broker;
	if (!begin(b, v->name))
		return;
	put_binding(b, spec->source->name, spec->queue != NULL,
	            spec->queue ? queue_name(spec->queue) : spec->exchange->name, spec->key,
	            spec->arguments);
	event_end(b, "binding.created");
}

static void report_departure(struct broker *b, const struct departure *d)
{
	if (!event_is_wanted(b))
		return;
	buf_clear(&b->events.headers);
	event_str(b, "vhost", list_entry(d->topology, struct vhost, topology)->name);
	if (d->of_binding)
		put_binding(b, d->exchange, d->to_queue, d->destination, d->key, d->arguments);
	else
		event_str(b, "name", d->exchange);
	event_end(b, d->of_binding ? "binding.deleted" : "exchange.deleted");
}

void report_departures(struct broker *b, const char *actor)
{
	const char *before = b->events.actor;
	b->events.actor = actor;
	for (struct departure *d; (d = departures_take(&b->events.departures));) {
		report_departure(b, d);
		departure_free(&d);
	}
	b->events.actor = before;
}

/* ---- connections, channels, logins ---- */

static void put_ends(struct connection *c)
{
	static const struct {
		bool own;
		const char *host, *port;
	} ends[] = { { true, "host", "port" }, { false, "peer_host", "peer_port" } };
	for (int i = 0; i < 2; i++) {
		struct slice host;
		uint16_t port;
		if (!connection_address(c, ends[i].own, &host, &port))
			continue;
		event_str(c->broker, ends[i].host, host);
		event_int(c->broker, ends[i].port, port);
	}
}

static bool begin_connection(struct connection *c)
{
	struct broker *b = c->broker;
	if (!c->vhost || !begin(b, c->vhost->name))
		return false;
	event_str(b, "name", slice_str(c->name));
	put_pid(b, "pid", c, NULL);
	event_str(b, "node", slice_str(b->options.cluster_name));
	event_str(b, "user", slice_str(c->user));
	return true;
}

static void put_security(struct connection *c)
{
	static const char *const keys[SECURITY_TEXTS] = {
		[SECURITY_SUBJECT] = "peer_cert_subject",     [SECURITY_ISSUER] = "peer_cert_issuer",
		[SECURITY_VALIDITY] = "peer_cert_validity",   [SECURITY_PROTOCOL] = "ssl_protocol",
		[SECURITY_KEY_EXCHANGE] = "ssl_key_exchange", [SECURITY_CIPHER] = "ssl_cipher",
		[SECURITY_HASH] = "ssl_hash",
	};
	event_bool(c->broker, "ssl", c->by_tls);
	for (enum security_text t = 0; t < SECURITY_TEXTS; t++) {
		const char *text = security_text(c->security, t);
		if (keys[t])
			event_str(c->broker, keys[t], slice_str(text ? text : ""));
	}
}

void report_connection_created(struct connection *c)
{
	struct broker *b = c->broker;
	if (!begin_connection(c))
		return;
	put_ends(c);
	event_str(b, "protocol", slice_str("{0,9,1}"));
	event_str(b, "auth_mechanism", slice_str(c->mechanism ? c->mechanism : ""));
	event_str(b, "type", slice_str("network"));
	event_int(b, "channel_max", c->channel_max);
	event_int(b, "frame_max", c->frame_max);
	event_int(b, "timeout", c->heartbeat_ms / 1000);
	event_int(b, "connected_at",
	          (int64_t)(b->options.wall_ms + c->accepted_ms - b->started_ms));
	put_security(c);
	event_end(b, "connection.created");
}

void report_connection_closed(struct connection *c)
{
	if (begin_connection(c))
		event_end(c->broker, "connection.closed");
}

static bool begin_channel(struct channel *ch)
{
	struct broker *b = ch->broker;
	char name[512];
	if (!begin(b, ch->vhost->name))
		return false;
	snprintf(name, sizeof name, "%s (%u)", ch->connection->name, ch->number);
	event_str(b, "name", slice_str(name));
	put_pid(b, "pid", ch->connection, ch);
	put_pid(b, "connection", ch->connection, NULL);
	event_int(b, "number", ch->number);
	event_str(b, "user", slice_str(ch->connection->user));
	return true;
}

void report_channel_created(struct channel *ch)
{
	if (begin_channel(ch))
		event_end(ch->broker, "channel.created");
}

void report_channel_closed(struct channel *ch)
{
	if (begin_channel(ch))
		event_end(ch->broker, "channel.closed");
}

void report_login(struct connection *c, struct slice mechanism, struct slice user, bool ok)
{
	struct broker *b = c->broker;
	if (!begin(b, slice_of(NULL, 0)))
		return;
	event_str(b, "name", user);
	event_str(b, "auth_mechanism", mechanism);
	event_str(b, "connection_name", slice_str(c->name));
	event_str(b, "connection_type", slice_str("network"));
	event_str(b, "protocol", slice_str("{0,9,1}"));
	put_ends(c);
	event_end(b, ok ? "user.authentication.success" : "user.authentication.failure");
}

/* ---- users and what they may do ---- */

static bool begin_user(const struct user *u)
{
	if (!begin(u->broker, slice_of(NULL, 0)))
		return false;
	event_str(u->broker, "name", u->name);
	return true;
}

void report_user_created(const struct user *u)
{
	if (begin_user(u))
		event_end(u->broker, "user.created");
}

void report_user_deleted(const struct user *u)
{
	if (begin_user(u))
		event_end(u->broker, "user.deleted");
}

void report_user_password(const struct user *u, bool cleared)
{
	if (begin_user(u))
		event_end(u->broker, cleared ? "user.password.cleared" : "user.password.changed");
}

void report_user_tags(const struct user *u)
{
	struct buf tags = { 0 };
	if (!begin_user(u))
		return;
	for (struct slice rest = u->about.tags; rest.n;) {
		struct field tag = { .letter = 'S', .bytes = slice_cut(&rest, ',') };
		table_put(&tags, slice_of(NULL, 0), &tag);
	}
	event_field(u->broker, "tags", &(struct field){ .letter = 'A', .bytes = buf_slice(&tags) });
	event_end(u->broker, "user.tags.set");
	buf_free(&tags);
}

static void put_limits(struct broker *b, struct slice limits)
{
	struct table_walk w = table_walk(limits);
	struct slice key;
	struct field f;
	event_str(b, "name", slice_str("limits"));
	while (table_next(&w, &key, &f))
		table_put(&b->events.headers, key, &f);
}

void report_vhost_limits(const struct vhost *v, struct slice limits)
{
	if (!begin(v->broker, v->name))
		return;
	put_limits(v->broker, limits);
	event_end(v->broker, limits.p ? "vhost.limits.set" : "vhost.limits.cleared");
}

void report_user_limits(const struct user *u, struct slice limits)
{
	if (!begin(u->broker, slice_of(NULL, 0)))
		return;
	event_str(u->broker, "username", u->name);
	put_limits(u->broker, limits);
	event_end(u->broker, "user.limits.set");
}

static bool begin_grant(const struct grant *g)
{
	struct broker *b = g->user->broker;
	if (!begin(b, g->vhost->name))
		return false;
	event_str(b, "user", g->user->name);
	if (g->exchange.p)
		event_str(b, "exchange", g->exchange);
	return true;
}

void report_grant_created(const struct grant *g)
{
	struct broker *b = g->user->broker;
	if (!begin_grant(g))
		return;
	if (!g->exchange.p)
		event_str(b, "configure", g->texts[RIGHT_CONFIGURE]);
	event_str(b, "write", g->texts[RIGHT_WRITE]);
	event_str(b, "read", g->texts[RIGHT_READ]);
	event_end(b, g->exchange.p ? "topic.permission.created" : "permission.created");
}

void report_grant_deleted(const struct grant *g)
{
	if (begin_grant(g))
		event_end(g->user->broker,
		          g->exchange.p ? "topic.permission.deleted" : "permission.deleted");
}

/* ---- consumers ---- */

static bool begin_consumer(const struct consumer *c)
{
	struct channel *ch = c->channel;
	if (!begin(ch->broker, ch->vhost->name))
		return false;
	event_str(ch->broker, "consumer_tag", c->tag);
	event_str(ch->broker, "queue", queue_name(c->queue));
	put_pid(ch->broker, "channel", ch->connection, ch);
	return true;
}

void report_consumer_created(const struct consumer *c)
{
	struct broker *b = c->channel->broker;
	if (!begin_consumer(c))
		return;
	event_bool(b, "ack_required", !c->no_ack);
	event_bool(b, "exclusive", c->exclusive);
	event_int(b, "prefetch_count", c->window);
	event_table(b, "arguments", c->arguments);
	event_end(b, "consumer.created");
}

void report_consumer_deleted(const struct consumer *c)
{
	if (begin_consumer(c))
		event_end(c->channel->broker, "consumer.deleted");
}

/* ---- policies and parameters ---- */

static void put_policy(struct broker *b, const struct policy *p)
{
	event_str(b, "pattern", p->pattern);
	event_table(b, "definition", p->definition);
	event_int(b, "priority", p->priority);
	event_str(b, "apply-to", slice_str(policy_apply_to(p)));
}

static bool begin_policy(struct vhost *v, enum policy_kind kind, struct slice name)
{
	if (!begin(v->broker, v->name))
		return false;
	if (kind == POLICY_OPERATOR)
		event_str(v->broker, "component", slice_str("operator_policy"));
	event_str(v->broker, "name", name);
	return true;
}

void report_policy_set(struct vhost *v, enum policy_kind kind, const struct policy *p)
{
	if (!begin_policy(v, kind, p->name))
		return;
	put_policy(v->broker, p);
	event_end(v->broker, kind == POLICY_OPERATOR ? "parameter.set" : "policy.set");
}

void report_policy_cleared(struct vhost *v, enum policy_kind kind, struct slice name)
{
	if (begin_policy(v, kind, name))
		event_end(v->broker, kind == POLICY_OPERATOR ? "parameter.cleared" : "policy.cleared");
}

static bool begin_parameter(struct broker *b, const struct vhost *v, struct slice component,
                            struct slice name)
{
	if (!begin(b, v ? v->name : slice_of(NULL, 0)))
		return false;
	event_str(b, "component", v ? component : slice_str("global"));
	event_str(b, "name", name);
	return true;
}

void report_parameter_set(struct broker *b, const struct vhost *v, struct slice component,
                          struct slice name, struct slice value)
{
	struct table_walk w = table_walk(value);
	struct field f;
	if (!begin_parameter(b, v, component, name))
		return;
	if (array_next(&w, &f))
		event_field(b, "value", &f);
	event_end(b, "parameter.set");
}

void report_parameter_cleared(struct broker *b, const struct vhost *v, struct slice component,
                              struct slice name)
{
	if (begin_parameter(b, v, component, name))
		event_end(b, "parameter.cleared");
}

/* ---- virtual hosts, alarms ---- */

void report_vhost_created(struct vhost *v)
{
	struct broker *b = v->broker;
	if (!begin(b, slice_of(NULL, 0)))
		return;
	event_str(b, "name", v->name);
	event_str(b, "description", v->about.description);
	event_str(b, "tags", v->about.tags);
	event_str(b, "default_queue_type", v->about.queue_type);
	event_end(b, "vhost.created");
}

void report_vhost_deleted(struct vhost *v)
{
	if (!begin(v->broker, slice_of(NULL, 0)))
		return;
	event_str(v->broker, "name", v->name);
	event_end(v->broker, "vhost.deleted");
}

void report_alarm(struct broker *b, const char *source, bool set)
{
	if (!begin(b, slice_of(NULL, 0)))
		return;
	event_str(b, "source", slice_str(source));
	event_str(b, "node", slice_str(b->options.cluster_name));
	event_end(b, set ? "alarm.set" : "alarm.cleared");
}
