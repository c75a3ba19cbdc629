/* SPDX-License-Identifier: Apache-2.0 */
/* What can be told of each kind of thing, under the names that rabbitmqctl has for it.  Only what
 * is known is offered: there is no column that always says the same for want of a better answer. */
#include <inttypes.h>

#include "amqp/table.h"
#include "base/die.h"
#include "broker/channel.h"
#include "broker/client_properties.h"
#include "broker/user.h"
#include "management/json.h"
#include "management/limits.h"
#include "management/listing.h"
#include "queue/queue.h"

/* A value of a column: row and room are at hand, and what they lead to. */
#define VALUE(name) static struct cell name(const struct roster_row *r, struct buf *room)
#define UNUSED (void)r, (void)room

static struct cell printed(const struct buf *room)
{
	return cell_slice(buf_slice(room));
}

/* ---- virtual hosts ---- */

#define VHOST_VALUE(name, expression)       \
	VALUE(vhost_##name)                     \
	{                                       \
		const struct vhost *v = r->vhost;   \
		(void)room;                         \
		return expression;                  \
	}

VHOST_VALUE(name, cell_slice(v->name))
VHOST_VALUE(description, cell_slice(v->about.description))
VHOST_VALUE(protected, cell_boolean(v->about.is_protected))
VHOST_VALUE(tracing, cell_boolean(v->tracing))
VHOST_VALUE(tags, cell_words(v->about.tags))
VHOST_VALUE(queue_type, v->about.queue_type.n ? cell_slice(v->about.queue_type)
                                              : cell_text("classic"))

/* There is one node. */
VALUE(vhost_state)
{
	table_put_str(room, r->broker->options.cluster_name, "running");
	return cell_table(buf_slice(room));
}

static const struct column vhost_columns[] = {
	{ "name", vhost_name },
	{ "description", vhost_description },
	{ "tags", vhost_tags },
	{ "default_queue_type", vhost_queue_type },
	{ "tracing", vhost_tracing },
	{ "protected_from_deletion", vhost_protected },
	{ "cluster_state", vhost_state },
};

VALUE(vhost_limits)
{
	limits_put_vhost(room, &r->vhost->about);
	return printed(room);
}

static const struct column vhost_limit_columns[] = {
	{ "vhost", vhost_name },
	{ "limits", vhost_limits },
};

/* ---- users and what they may do ---- */

VALUE(user_name)
{
	(void)room;
	return cell_slice(r->user->name);
}

VALUE(user_tags)
{
	(void)room;
	return cell_words(r->user->about.tags);
}

static const struct column user_columns[] = {
	{ "user", user_name },
	{ "tags", user_tags },
};

VALUE(user_limits)
{
	limits_put_user(room, &r->user->about);
	return printed(room);
}

static const struct column user_limit_columns[] = {
	{ "user", user_name },
	{ "limits", user_limits },
};

#define GRANT_VALUE(name, expression)   \
	VALUE(grant_##name)                 \
	{                                   \
		const struct grant *g = r->grant; \
		(void)room;                     \
		return expression;              \
	}

GRANT_VALUE(user, cell_slice(g->user->name))
GRANT_VALUE(vhost, cell_slice(g->vhost->name))
GRANT_VALUE(exchange, cell_slice(g->exchange))
GRANT_VALUE(configure, cell_slice(g->texts[RIGHT_CONFIGURE]))
GRANT_VALUE(write, cell_slice(g->texts[RIGHT_WRITE]))
GRANT_VALUE(read, cell_slice(g->texts[RIGHT_READ]))

static const struct column permission_columns[] = {
	{ "user", grant_user },
	{ "vhost", grant_vhost },
	{ "configure", grant_configure },
	{ "write", grant_write },
	{ "read", grant_read },
};

static const struct column topic_permission_columns[] = {
	{ "user", grant_user },
	{ "vhost", grant_vhost },
	{ "exchange", grant_exchange },
	{ "write", grant_write },
	{ "read", grant_read },
};

/* ---- queues ---- */

static struct cell cell_tag(const struct consumer *c)
{
	return c ? cell_slice(c->tag) : cell_empty();
}

/* A stream's readers have their messages in common, and its messages are in the log. */
static struct cell cell_of_queue(const struct queue *q, uint64_t n)
{
	return q->live->stream ? cell_absent() : cell_number(n);
}

#define QUEUE_VALUE(name, expression)   \
	VALUE(queue_##name)                 \
	{                                   \
		const struct queue *q = r->queue; \
		(void)room;                     \
		return expression;              \
	}

QUEUE_VALUE(name_cell, cell_slice(queue_name(q)))
QUEUE_VALUE(durable, cell_boolean(q->durable))
QUEUE_VALUE(auto_delete, cell_boolean(q->auto_delete))
QUEUE_VALUE(exclusive, cell_boolean(q->exclusive))
QUEUE_VALUE(owner, q->exclusive ? cell_number(q->owner) : cell_empty())
QUEUE_VALUE(arguments_cell, cell_table(queue_arguments(q)))
QUEUE_VALUE(ready_count, cell_number(queue_ready(q)))
QUEUE_VALUE(unacked_count, cell_number(tally_unacked(q).n))
QUEUE_VALUE(all_count, cell_number(tally_all(q).n))
QUEUE_VALUE(ready_bytes, cell_number(q->live->ready_bytes))
QUEUE_VALUE(unacked_bytes, cell_of_queue(q, tally_unacked(q).bytes))
QUEUE_VALUE(bytes, cell_number(tally_all(q).bytes))
QUEUE_VALUE(persistent, cell_of_queue(q, tally_of(q).persistent))
QUEUE_VALUE(persistent_bytes, cell_of_queue(q, tally_of(q).persistent_bytes))
QUEUE_VALUE(ready_ram_count, cell_of_queue(q, tally_ready_ram(q).n))
QUEUE_VALUE(unacked_ram_count, cell_of_queue(q, tally_unacked_ram(q).n))
QUEUE_VALUE(ram_count, cell_of_queue(q, tally_ram(q).n))
QUEUE_VALUE(ram_bytes, cell_of_queue(q, tally_ram(q).bytes))
QUEUE_VALUE(paged_out_count, cell_of_queue(q, tally_paged_out(q).n))
QUEUE_VALUE(paged_out_bytes, cell_of_queue(q, tally_paged_out(q).bytes))
QUEUE_VALUE(held, cell_number(q->live->dead.n))
QUEUE_VALUE(held_bytes, cell_number(q->live->dead.bytes))

/* What it retains; nothing where that is not asked for. */
static struct cell cell_retained(const struct queue *q, uint64_t of(const struct queue *))
{
	return q->live->retained ? cell_number(of(q->live->retained)) : cell_empty();
}

static uint64_t bytes_in(const struct queue *q)
{
	return q->live->ready_bytes;
}

static uint64_t first_offset(const struct queue *q)
{
	return stream_first(q) - 1;
}

static uint64_t next_offset(const struct queue *q)
{
	return q->next_seq - 1;
}

QUEUE_VALUE(retained, cell_retained(q, queue_ready))
QUEUE_VALUE(retained_bytes, cell_retained(q, bytes_in))
QUEUE_VALUE(first_retained, cell_retained(q, first_offset))
QUEUE_VALUE(next_retained, cell_retained(q, next_offset))
QUEUE_VALUE(consumers, cell_number(q->live->rotation.count))
QUEUE_VALUE(active, cell_tag(q->live->rotation.active))
QUEUE_VALUE(holder, cell_tag(q->live->exclusive_consumer))

/* What policies amount to for a queue or exchange; nothing where there is none. */
static const struct ruling *ruling_of(const struct ruling *r)
{
	static const struct ruling none = { 0 };
	return r ? r : &none;
}

QUEUE_VALUE(policy, cell_slice(ruling_of(q->ruling)->policy))
QUEUE_VALUE(operator_policy, cell_slice(ruling_of(q->ruling)->operator_policy))
QUEUE_VALUE(definition, cell_pairs(ruling_of(q->ruling)->definition))
QUEUE_VALUE(origins, cell_pairs(ruling_of(q->ruling)->origins))

QUEUE_VALUE(state, cell_atom(q->paused ? "paused" : "running"))

VALUE(queue_type)
{
	struct field f;
	(void)room;
	bool said = table_find(queue_arguments(r->queue), "x-queue-type", &f) && f.letter == 'S';
	return said ? cell_slice(f.bytes) : cell_text("classic");
}

/* Of the first one, if it is in memory and has one. */
VALUE(queue_timestamp)
{
	uint64_t at;
	(void)room;
	return queue_front_timestamp(r->queue, &at) ? cell_number(at) : cell_empty();
}

VALUE(queue_capacity)
{
	buf_real(room, sampling_capacity(r->broker, r->queue) / 100.);
	return cell_json(buf_slice(room));
}

static const struct column queue_columns[] = {
	{ "name", queue_name_cell },
	{ "durable", queue_durable },
	{ "auto_delete", queue_auto_delete },
	{ "arguments", queue_arguments_cell },
	{ "policy", queue_policy },
	{ "operator_policy", queue_operator_policy },
	{ "effective_policy_definition", queue_definition },
	{ "policy_origins", queue_origins },
	{ "owner_pid", queue_owner },
	{ "exclusive", queue_exclusive },
	{ "exclusive_consumer_tag", queue_holder },
	{ "single_active_consumer_tag", queue_active },
	{ "messages_ready", queue_ready_count },
	{ "messages_unacknowledged", queue_unacked_count },
	{ "messages", queue_all_count },
	{ "messages_dlx", queue_held },
	{ "messages_ready_ram", queue_ready_ram_count },
	{ "messages_unacknowledged_ram", queue_unacked_ram_count },
	{ "messages_ram", queue_ram_count },
	{ "messages_persistent", queue_persistent },
	{ "messages_paged_out", queue_paged_out_count },
	{ "message_bytes", queue_bytes },
	{ "message_bytes_ready", queue_ready_bytes },
	{ "message_bytes_unacknowledged", queue_unacked_bytes },
	{ "message_bytes_dlx", queue_held_bytes },
	{ "message_bytes_ram", queue_ram_bytes },
	{ "message_bytes_persistent", queue_persistent_bytes },
	{ "message_bytes_paged_out", queue_paged_out_bytes },
	{ "head_message_timestamp", queue_timestamp },
	{ "consumer_capacity", queue_capacity },
	{ "consumer_utilisation", queue_capacity },
	{ "messages_retained", queue_retained },
	{ "message_bytes_retained", queue_retained_bytes },
	{ "first_offset", queue_first_retained },
	{ "next_offset", queue_next_retained },
	{ "consumers", queue_consumers },
	{ "state", queue_state },
	{ "type", queue_type },
};

/* ---- exchanges ---- */

#define EXCHANGE_VALUE(name, expression)      \
	VALUE(exchange_##name)                    \
	{                                         \
		const struct exchange *x = r->exchange; \
		(void)room;                           \
		return expression;                    \
	}

EXCHANGE_VALUE(name, cell_slice(x->name))
EXCHANGE_VALUE(type, cell_atom(exchange_type_name(x)))
EXCHANGE_VALUE(durable, cell_boolean(x->durable))
EXCHANGE_VALUE(auto_delete, cell_boolean(x->auto_delete))
EXCHANGE_VALUE(internal, cell_boolean(x->internal))
EXCHANGE_VALUE(arguments, cell_table(x->arguments))
EXCHANGE_VALUE(delayed, x->waiting ? cell_number(queue_ready(x->waiting)) : cell_empty())
EXCHANGE_VALUE(policy, cell_slice(ruling_of(x->ruling)->policy))

static const struct column exchange_columns[] = {
	{ "name", exchange_name },
	{ "type", exchange_type },
	{ "durable", exchange_durable },
	{ "auto_delete", exchange_auto_delete },
	{ "internal", exchange_internal },
	{ "arguments", exchange_arguments },
	{ "policy", exchange_policy },
	{ "messages_delayed", exchange_delayed },
};

/* ---- bindings ---- */

VALUE(binding_source)
{
	(void)room;
	return cell_slice(r->exchange->name);
}

VALUE(binding_source_kind)
{
	UNUSED;
	return cell_atom("exchange");
}

static const struct queue *queue_of(const struct roster_row *r)
{
	return r->binding ? r->binding->queue : r->queue;
}

VALUE(binding_destination)
{
	const struct queue *q = queue_of(r);
	(void)room;
	return cell_slice(q ? queue_name(q) : r->binding->exchange->name);
}

VALUE(binding_destination_kind)
{
	(void)room;
	return cell_atom(queue_of(r) ? "queue" : "exchange");
}

VALUE(binding_key)
{
	(void)room;
	return cell_slice(r->binding ? r->binding->key : queue_name(r->queue));
}

VALUE(binding_arguments)
{
	(void)room;
	return cell_table(r->binding ? r->binding->arguments : slice_of("", 0));
}

VALUE(binding_vhost)
{
	(void)room;
	return cell_slice(r->vhost->name);
}

static const struct column binding_columns[] = {
	{ "source_name", binding_source },
	{ "source_kind", binding_source_kind },
	{ "destination_name", binding_destination },
	{ "destination_kind", binding_destination_kind },
	{ "routing_key", binding_key },
	{ "arguments", binding_arguments },
	{ "vhost", binding_vhost },
};

/* ---- connections ---- */

#define CONNECTION_VALUE(name, expression)        \
	VALUE(connection_##name)                      \
	{                                             \
		const struct connection *c = r->connection; \
		(void)room;                               \
		return expression;                        \
	}

static const char *state_of(const struct connection *c)
{
	switch (c->state) {
	case CONN_HEADER:
	case CONN_START: return "starting";
	case CONN_TUNE: return "tuning";
	case CONN_OPEN: return "opening";
	case CONN_RUNNING: return c->blocked ? "blocked" : "running";
	case CONN_CLOSING:
	case CONN_LEAVING: return "closing";
	default: return "closed";
	}
}

static struct cell host_of(const struct connection *c, bool own)
{
	struct slice host;
	uint16_t port;
	return connection_address(c, own, &host, &port) ? cell_slice(host) : cell_empty();
}

static struct cell port_of(const struct connection *c, bool own)
{
	struct slice host;
	uint16_t port;
	return connection_address(c, own, &host, &port) ? cell_number(port) : cell_empty();
}

static struct cell text_if(const char *text)
{
	return text ? cell_text(text) : cell_empty();
}

static struct cell user_of(const struct connection *c)
{
	return text_if(c->user);
}

static struct cell security_of(const struct connection *c, enum security_text t)
{
	return text_if(security_text(c->security, t));
}

static uint64_t accepted_at(const struct connection *c)
{
	const struct broker *b = c->broker;
	return b->options.wall_ms + c->accepted_ms - b->started_ms;
}

CONNECTION_VALUE(pid, cell_number(c->number))
CONNECTION_VALUE(whole_name, cell_text(c->name))
CONNECTION_VALUE(host, host_of(c, true))
CONNECTION_VALUE(port, port_of(c, true))
CONNECTION_VALUE(peer_host, host_of(c, false))
CONNECTION_VALUE(peer_port, port_of(c, false))
CONNECTION_VALUE(condition, cell_atom(state_of(c)))
CONNECTION_VALUE(channels, cell_number(c->n_channels))

CONNECTION_VALUE(user, user_of(c))
CONNECTION_VALUE(vhost, c->vhost ? cell_slice(c->vhost->name) : cell_empty())
CONNECTION_VALUE(heartbeat, cell_number(c->heartbeat_ms / 1000))
CONNECTION_VALUE(frame_max, cell_number(c->frame_max))
CONNECTION_VALUE(channel_max, cell_number(c->channel_max))
CONNECTION_VALUE(send_pend, cell_number(c->outbox.bytes))
CONNECTION_VALUE(connected_at, cell_number(accepted_at(c)))
CONNECTION_VALUE(ssl, cell_boolean(c->by_tls))
CONNECTION_VALUE(ssl_protocol, security_of(c, SECURITY_PROTOCOL))
CONNECTION_VALUE(ssl_key_exchange, security_of(c, SECURITY_KEY_EXCHANGE))
CONNECTION_VALUE(ssl_cipher, security_of(c, SECURITY_CIPHER))
CONNECTION_VALUE(ssl_hash, security_of(c, SECURITY_HASH))
CONNECTION_VALUE(subject, security_of(c, SECURITY_SUBJECT))
CONNECTION_VALUE(issuer, security_of(c, SECURITY_ISSUER))
CONNECTION_VALUE(validity, security_of(c, SECURITY_VALIDITY))
CONNECTION_VALUE(mechanism, text_if(c->mechanism))
CONNECTION_VALUE(recv_oct, cell_number(c->received_bytes))
CONNECTION_VALUE(recv_cnt, cell_number(c->received_count))
CONNECTION_VALUE(send_oct, cell_number(c->outbox.total - c->outbox.bytes))
CONNECTION_VALUE(send_cnt, cell_number(c->sent_count))
CONNECTION_VALUE(client, cell_table(client_properties_table(c->client_properties)))

VALUE(connection_protocol)
{
	UNUSED;
	return cell_text("{0,9,1}");
}

static const struct column connection_columns[] = {
	{ "pid", connection_pid },
	{ "name", connection_whole_name },
	{ "port", connection_port },
	{ "host", connection_host },
	{ "peer_port", connection_peer_port },
	{ "peer_host", connection_peer_host },
	{ "ssl", connection_ssl },
	{ "ssl_protocol", connection_ssl_protocol },
	{ "ssl_key_exchange", connection_ssl_key_exchange },
	{ "ssl_cipher", connection_ssl_cipher },
	{ "ssl_hash", connection_ssl_hash },
	{ "peer_cert_subject", connection_subject },
	{ "peer_cert_issuer", connection_issuer },
	{ "peer_cert_validity", connection_validity },
	{ "state", connection_condition },
	{ "channels", connection_channels },
	{ "protocol", connection_protocol },
	{ "auth_mechanism", connection_mechanism },
	{ "user", connection_user },
	{ "vhost", connection_vhost },
	{ "timeout", connection_heartbeat },
	{ "frame_max", connection_frame_max },
	{ "channel_max", connection_channel_max },
	{ "client_properties", connection_client },
	{ "connected_at", connection_connected_at },
	{ "recv_oct", connection_recv_oct },
	{ "recv_cnt", connection_recv_cnt },
	{ "send_oct", connection_send_oct },
	{ "send_cnt", connection_send_cnt },
	{ "send_pend", connection_send_pend },
};

/* ---- channels ---- */

#define CHANNEL_VALUE(name, expression)       \
	VALUE(channel_##name)                     \
	{                                         \
		const struct channel *ch = r->channel; \
		(void)room;                           \
		return expression;                    \
	}

/* As log lines name them: the number of the connection, and of the channel in it. */
VALUE(channel_pid)
{
	buf_printf(room, "%" PRIu64 ".%u", r->connection->number, r->channel->number);
	return printed(room);
}

VALUE(channel_name)
{
	buf_printf(room, "%s (%u)", r->connection->name, r->channel->number);
	return printed(room);
}

static uint64_t count_consumers(const struct channel *ch)
{
	return ch->by_tag.count;
}

static uint64_t count_unconfirmed(const struct channel *ch)
{
	return ch->confirm.count;
}

CHANNEL_VALUE(number, cell_number(ch->number))
CHANNEL_VALUE(user, user_of(ch->connection))
CHANNEL_VALUE(vhost, cell_slice(ch->vhost->name))
CHANNEL_VALUE(transactional, cell_boolean(ch->tx.on))
CHANNEL_VALUE(confirm, cell_boolean(ch->confirm.on))
CHANNEL_VALUE(consumers, cell_number(count_consumers(ch)))
CHANNEL_VALUE(unacked, cell_number(ch->unacked.count))
CHANNEL_VALUE(uncommitted, cell_number(ch->tx.n_publishes))
CHANNEL_VALUE(held_acks, cell_number(ch->tx.n_settles))
CHANNEL_VALUE(unconfirmed, cell_number(count_unconfirmed(ch)))
CHANNEL_VALUE(prefetch, cell_number(ch->prefetch))
CHANNEL_VALUE(window, cell_number(ch->window))
CHANNEL_VALUE(state, cell_atom(ch->closing ? "closing" : "running"))

static const struct column channel_columns[] = {
	{ "pid", channel_pid },
	{ "connection", connection_pid },
	{ "name", channel_name },
	{ "number", channel_number },
	{ "user", channel_user },
	{ "vhost", channel_vhost },
	{ "transactional", channel_transactional },
	{ "confirm", channel_confirm },
	{ "consumer_count", channel_consumers },
	{ "messages_unacknowledged", channel_unacked },
	{ "messages_uncommitted", channel_uncommitted },
	{ "acks_uncommitted", channel_held_acks },
	{ "messages_unconfirmed", channel_unconfirmed },
	{ "prefetch_count", channel_prefetch },
	{ "global_prefetch_count", channel_window },
	{ "state", channel_state },
};

/* ---- consumers ---- */

#define CONSUMER_VALUE(name, expression)      \
	VALUE(consumer_##name)                    \
	{                                         \
		const struct consumer *c = r->consumer; \
		(void)room;                           \
		return expression;                    \
	}

static bool is_active(const struct consumer *c)
{
	return !c->queue->live->rotation.single || c->queue->live->rotation.active == c;
}

static const char *activity(const struct consumer *c)
{
	if (!c->queue->live->rotation.single)
		return "up";
	return is_active(c) ? "single_active" : "waiting";
}

CONSUMER_VALUE(queue, cell_slice(queue_name(c->queue)))
CONSUMER_VALUE(tag, cell_slice(c->tag))
CONSUMER_VALUE(ack_required, cell_boolean(!c->no_ack))
CONSUMER_VALUE(prefetch, cell_number(c->window))
CONSUMER_VALUE(active, cell_boolean(is_active(c)))
CONSUMER_VALUE(activity, cell_atom(activity(c)))
CONSUMER_VALUE(arguments, cell_table(c->arguments))
CONSUMER_VALUE(exclusive, cell_boolean(c->exclusive))

static const struct column consumer_columns[] = {
	{ "queue_name", consumer_queue },
	{ "channel_pid", channel_pid },
	{ "consumer_tag", consumer_tag },
	{ "ack_required", consumer_ack_required },
	{ "prefetch_count", consumer_prefetch },
	{ "active", consumer_active },
	{ "arguments", consumer_arguments },
	{ "activity_status", consumer_activity },
	{ "exclusive", consumer_exclusive },
};

/* ---- publishers ---- */

#define PUBLISHER_VALUE(name, expression)       \
	VALUE(publisher_##name##_cell)              \
	{                                           \
		const struct publisher *p = r->publisher; \
		(void)room;                             \
		return expression;                      \
	}

PUBLISHER_VALUE(queue, cell_slice(queue_name(p->queue)))
PUBLISHER_VALUE(name, cell_slice(publisher_name(p)))
PUBLISHER_VALUE(sequence, cell_number(p->highest))
PUBLISHER_VALUE(complete, cell_number(publisher_complete(p)))

static const struct column publisher_columns[] = {
	{ "queue_name", publisher_queue_cell },
	{ "publisher", publisher_name_cell },
	{ "sequence", publisher_sequence_cell },
	{ "complete", publisher_complete_cell },
};

/* ---- policies ---- */

#define POLICY_VALUE(name, expression)        \
	VALUE(policy_##name)                      \
	{                                         \
		const struct policy *p = r->policy;   \
		(void)room;                           \
		return expression;                    \
	}

VALUE(policy_vhost)
{
	(void)room;
	return cell_slice(r->vhost->name);
}

/* JSON in JSON, as with rabbitmqctl. */
VALUE(policy_definition)
{
	cell_put_json(room, cell_table(r->policy->definition));
	return printed(room);
}

POLICY_VALUE(name, cell_slice(p->name))
POLICY_VALUE(pattern, cell_slice(p->pattern))
POLICY_VALUE(target, cell_text(policy_apply_to(p)))
POLICY_VALUE(priority, cell_integer(p->priority))

static const struct column policy_columns[] = {
	{ "vhost", policy_vhost },
	{ "name", policy_name },
	{ "pattern", policy_pattern },
	{ "apply-to", policy_target },
	{ "definition", policy_definition },
	{ "priority", policy_priority },
};

/* ---- parameters ---- */

/* An operator's policy is one too, and so are the limits of the virtual host. */
VALUE(parameter_component)
{
	(void)room;
	if (r->parameter)
		return cell_slice(r->parameter->component);
	return cell_text(r->policy ? "operator_policy" : "vhost-limits");
}

VALUE(parameter_name)
{
	(void)room;
	if (r->parameter)
		return cell_slice(r->parameter->name);
	return r->policy ? cell_slice(r->policy->name) : cell_text("limits");
}

static void put_policy(struct buf *out, const struct policy *p)
{
	buf_printf(out, "{\"pattern\":");
	cell_put_json(out, cell_slice(p->pattern));
	buf_printf(out, ",\"definition\":");
	cell_put_json(out, cell_table(p->definition));
	buf_printf(out, ",\"priority\":%" PRIi64 ",\"apply-to\":\"%s\"}", p->priority,
	           policy_apply_to(p));
}

VALUE(parameter_value)
{
	if (r->parameter)
		json_put(room, r->parameter->value);
	else if (r->policy)
		put_policy(room, r->policy);
	else
		limits_put_vhost(room, &r->vhost->about);
	return printed(room);
}

static const struct column parameter_columns[] = {
	{ "component", parameter_component },
	{ "name", parameter_name },
	{ "value", parameter_value },
};

/* ---- finding ---- */

const struct column *column_find(enum roster_kind kind, struct slice name)
{
	static const struct {
		const struct column *columns;
		size_t n;
	} kinds[] = {
		[ROSTER_VHOSTS] = { vhost_columns, ARRAY_LEN(vhost_columns) },
		[ROSTER_VHOST_LIMITS] = { vhost_limit_columns, ARRAY_LEN(vhost_limit_columns) },
		[ROSTER_USER_LIMITS] = { user_limit_columns, ARRAY_LEN(user_limit_columns) },
		[ROSTER_USERS] = { user_columns, ARRAY_LEN(user_columns) },
		[ROSTER_PERMISSIONS] = { permission_columns, ARRAY_LEN(permission_columns) },
		[ROSTER_USER_PERMISSIONS] = { permission_columns, ARRAY_LEN(permission_columns) },
		[ROSTER_TOPIC_PERMISSIONS] = { topic_permission_columns,
		                               ARRAY_LEN(topic_permission_columns) },
		[ROSTER_USER_TOPIC_PERMISSIONS] = { topic_permission_columns,
		                                    ARRAY_LEN(topic_permission_columns) },
		[ROSTER_QUEUES] = { queue_columns, ARRAY_LEN(queue_columns) },
		[ROSTER_STREAMS] = { queue_columns, ARRAY_LEN(queue_columns) },
		[ROSTER_EXCHANGES] = { exchange_columns, ARRAY_LEN(exchange_columns) },
		[ROSTER_BINDINGS] = { binding_columns, ARRAY_LEN(binding_columns) },
		[ROSTER_CONNECTIONS] = { connection_columns, ARRAY_LEN(connection_columns) },
		[ROSTER_CHANNELS] = { channel_columns, ARRAY_LEN(channel_columns) },
		[ROSTER_PUBLISHERS] = { publisher_columns, ARRAY_LEN(publisher_columns) },
		[ROSTER_CONSUMERS] = { consumer_columns, ARRAY_LEN(consumer_columns) },
		[ROSTER_POLICIES] = { policy_columns, ARRAY_LEN(policy_columns) },
		[ROSTER_OPERATOR_POLICIES] = { policy_columns, ARRAY_LEN(policy_columns) },
		[ROSTER_PARAMETERS] = { parameter_columns, ARRAY_LEN(parameter_columns) },
		[ROSTER_GLOBAL_PARAMETERS] = { parameter_columns, ARRAY_LEN(parameter_columns) },
	};
	for (size_t i = 0; i < kinds[kind].n; i++)
		if (slice_is(name, kinds[kind].columns[i].name))
			return &kinds[kind].columns[i];
	return NULL;
}
