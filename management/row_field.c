/* SPDX-License-Identifier: Apache-2.0 */
#include "management/row_field.h"

#include "amqp/table.h"
#include "base/die.h"
#include "base/digest.h"
#include "broker/channel.h"
#include "broker/client_properties.h"
#include "broker/user.h"
#include "management/limits.h"
#include "management/row_stats.h"
#include "queue/queue.h"

#define VALUE(name) static struct cell name(const struct roster_row *r, struct buf *room)

/* A value for which nothing has to be made. */
#define OWN_VALUE(name, expression) \
	VALUE(name)                     \
	{                               \
		(void)r;                    \
		(void)room;                 \
		return expression;          \
	}

static struct cell text_or_nothing(struct slice s)
{
	return s.n ? cell_slice(s) : cell_empty();
}

static struct cell user_of(const struct connection *c)
{
	return c->user ? cell_text(c->user) : cell_empty();
}

OWN_VALUE(node, cell_text(r->broker->options.cluster_name))
OWN_VALUE(vhost, cell_slice(r->vhost->name))
OWN_VALUE(user, cell_slice(r->user->name))
OWN_VALUE(hashing, cell_text(password_hashing_name(r->user->about.password.hashing)))
OWN_VALUE(policy_definition, cell_table(r->policy->definition))
OWN_VALUE(protocol, cell_text("AMQP 0-9-1"))
OWN_VALUE(carrier, cell_text(connection_owner(r->connection) ? "network" : "direct"))
OWN_VALUE(connection, cell_text(r->connection->name))
OWN_VALUE(channel_number, cell_number(r->channel->number))
OWN_VALUE(channel_user, user_of(r->connection))

/* The names of the strongest policies that count for it. */
OWN_VALUE(queue_policy, r->queue->ruling ? text_or_nothing(r->queue->ruling->policy)
                                         : cell_empty())
OWN_VALUE(queue_operator_policy,
          r->queue->ruling ? text_or_nothing(r->queue->ruling->operator_policy) : cell_empty())
OWN_VALUE(exchange_policy, r->exchange->ruling ? text_or_nothing(r->exchange->ruling->policy)
                                               : cell_empty())

/* The stream itself, or what a queue retains. */
static const struct queue *stream_of(const struct roster_row *r)
{
	return r->queue->live->retained ? r->queue->live->retained : r->queue;
}

OWN_VALUE(first_offset, cell_number(stream_first(stream_of(r)) - 1))
OWN_VALUE(next_offset, cell_number(stream_of(r)->live->stream->visible - 1))
OWN_VALUE(stream_messages, cell_number(queue_ready(stream_of(r))))
OWN_VALUE(stream_bytes, cell_number(stream_of(r)->live->ready_bytes))
OWN_VALUE(stream_readers, cell_number(stream_of(r)->live->stream->n_readers))

/* ---- what is made ---- */

/* What the client calls the connection. */
VALUE(client_name)
{
	struct field f;
	(void)room;
	bool said = table_find(client_properties_table(r->connection->client_properties),
	                       "connection_name", &f) &&
	            f.letter == 'S';
	return said ? cell_slice(f.bytes) : cell_empty();
}


/* As RFC 3339 has it.  Years begin with March here, so that the odd day is at their end. */
static void put_time(struct buf *out, uint64_t wall_ms)
{
	uint64_t s = wall_ms / 1000, days = s / 86400 + 719468, era = days / 146097;
	uint64_t day = days % 146097;
	uint64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	uint64_t of_year = day - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
	uint64_t of_month = of_year - (153 * month + 2) / 5 + 1;
	uint64_t number = month < 10 ? month + 3 : month - 9;
	buf_printf(out, "%04u-%02u-%02uT%02u:%02u:%02u.%03u+00:00",
	           (unsigned)(year + era * 400 + (number <= 2)), (unsigned)number, (unsigned)of_month,
	           (unsigned)(s / 3600 % 24), (unsigned)(s / 60 % 60), (unsigned)(s % 60),
	           (unsigned)(wall_ms % 1000));
}

/* To a step of the samples; nothing while it moves. */
static struct cell idle_since(const struct broker *b, const struct motion *m, struct buf *room)
{
	if (!m || list_linked(&m->stirred) || !m->moved || m->moved == sampling_last(b))
		return cell_absent();
	put_time(room, sampling_wall_ms(b, m->moved));
	return cell_slice(buf_slice(room));
}

VALUE(queue_idle_since)
{
	return idle_since(r->broker, r->queue->motion, room);
}

VALUE(channel_idle_since)
{
	return idle_since(r->broker, &r->channel->motion, room);
}

VALUE(password_hash)
{
	password_print(room, &r->user->about.password);
	return cell_slice(buf_slice(room));
}

VALUE(vhost_limits)
{
	limits_put_vhost(room, &r->vhost->about);
	return cell_json(buf_slice(room));
}

VALUE(user_limits)
{
	limits_put_user(room, &r->user->about);
	return cell_json(buf_slice(room));
}

static struct cell end_of(const struct connection *c, bool port)
{
	struct slice host;
	uint16_t number;
	if (!connection_address(c, false, &host, &number))
		return cell_empty();
	return port ? cell_number(number) : cell_slice(host);
}

OWN_VALUE(peer_host, end_of(r->connection, false))
OWN_VALUE(peer_port, end_of(r->connection, true))

VALUE(channel)
{
	buf_printf(room, "%s (%u)", r->connection->name, r->channel->number);
	return cell_slice(buf_slice(room));
}

/* 0: for ever; rabbitmqadmin takes nothing but a number. */
OWN_VALUE(consumer_timeout, cell_number(r->consumer->patience_ms))

static uint64_t delivered(const struct consumer *c)
{
	return c->all_delivered + c->delivered;
}

OWN_VALUE(consumer_ack, cell_number(r->consumer->all_acked + r->consumer->acked))
OWN_VALUE(consumer_deliver, cell_number(r->consumer->no_ack ? 0 : delivered(r->consumer)))
OWN_VALUE(consumer_deliver_no_ack, cell_number(r->consumer->no_ack ? delivered(r->consumer) : 0))
OWN_VALUE(consumer_delivered, cell_number(delivered(r->consumer)))
OWN_VALUE(consumer_redeliver, cell_number(r->consumer->redelivered))
OWN_VALUE(consumer_tag, cell_slice(r->consumer->tag))
OWN_VALUE(consumer_queue, cell_slice(queue_name(r->consumer->queue)))

/* What the column has as text for a table is JSON. */
VALUE(parameter_value)
{
	enum roster_kind kind = ROSTER_PARAMETERS;
	struct cell c = column_find(kind, slice_str("value"))->value(r, room);
	return cell_json(c.text);
}

/* ---- bindings ---- */

enum { DIGEST_SHOWN = 8 };        /* bytes of it */

static bool is_unreserved(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

void row_properties_key(struct buf *out, struct slice key, struct slice arguments)
{
	for (size_t i = 0; i < key.n; i++)
		if (is_unreserved(key.p[i]))
			buf_u8(out, key.p[i]);
		else
			buf_printf(out, "%%%02X", key.p[i]);
	if (arguments.n) {
		struct digest d = digest_of(arguments);
		buf_u8(out, '~');
		for (size_t i = 0; i < DIGEST_SHOWN; i++)
			buf_printf(out, "%02x", d.bytes[i]);
	} else if (key.n == 0) {
		buf_u8(out, '~');
	}
}

VALUE(properties_key)
{
	const struct binding *b = r->binding;
	row_properties_key(room, b ? b->key : queue_name(r->queue),
	                   b ? b->arguments : slice_of(NULL, 0));
	return cell_slice(buf_slice(room));
}

/* ---- all ---- */

static const struct row_field fields[] = {
#define FIELD(kind, path, column) { ROSTER_##kind, path, column, NULL, false },
#define OWN(kind, path, value) { ROSTER_##kind, path, NULL, value, false },
#define SAMPLED(kind, path, name, measures)                                          \
	{ ROSTER_##kind, path "_details", NULL, row_stats_##name##_details, false },     \
	{ ROSTER_##kind, path "_details.rate", NULL, row_stats_##name##_rate, true },
#define RATED(kind, path, name, measures)                              \
	{ ROSTER_##kind, path, NULL, row_stats_##name, false },            \
	SAMPLED(kind, path, name, measures)
#include "management/fields.def"
#undef FIELD
#undef OWN
#undef SAMPLED
#undef RATED
};

const struct row_field *row_fields(size_t *count)
{
	*count = ARRAY_LEN(fields);
	return fields;
}

column_value *row_field_value(const struct row_field *f)
{
	const struct column *c = f->value ? NULL : column_find(f->kind, slice_str(f->column));
	must(f->value || c);
	return f->value ? f->value : c->value;
}
