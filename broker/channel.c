/* SPDX-License-Identifier: Apache-2.0 */
#define LOGLINE_CATEGORY LOGLINE_CHANNEL

#include "broker/channel.h"

#include "base/logline.h"
#include "base/mem.h"
#include "broker/consuming.h"
#include "broker/on.h"
#include "broker/parking.h"
#include "broker/refuse.h"
#include "broker/reply.h"
#include "broker/report.h"
#include "broker/settle.h"
#include "broker/user.h"
#include "queue/queue.h"

/* ---- begin and end ---- */

static void place_channel(struct connection *c, struct channel *ch)
{
	if (ch->number >= c->cap_channels) {
		size_t cap = ch->number + 1u > 2 * c->cap_channels ? ch->number + 1u : 2 * c->cap_channels;
		c->channels = mem_realloc(c->channels, cap * sizeof *c->channels);
		memset(c->channels + c->cap_channels, 0,
		       (cap - c->cap_channels) * sizeof *c->channels);
		c->cap_channels = cap;
	}
	c->channels[ch->number] = ch;
	c->n_channels++;
	c->account->n_channels++;
	c->broker->n_channels++;
}

static void channel_open(struct connection *c, uint16_t number)
{
	struct channel *ch = mem_zalloc(sizeof *ch);
	ch->connection = c;
	ch->broker = c->broker;
	ch->vhost = c->vhost;
	ch->number = number;
	count_channel(ch);
	c->broker->counters.channels_opened++;
	ch->next_tag = 1;
	ch->confirm.next_tag = ch->confirm.acked_below = 1;
	unacked_init(&ch->unacked);
	patience_init(&ch->patience);
	list_init(&ch->consumers);
	list_init(&ch->confirming);
	list_init(&ch->on_parked);
	place_channel(c, ch);
	report_channel_created(ch);
	struct method m = { .id = METHOD_channel_open_ok };
	connection_send(c, number, &m);
}

static void drop_assembly(struct channel *ch)
{
	struct assembly *a = &ch->assembly;
	if (a->message)
		message_drop(&a->message);
	ch->connection->assembling_bytes -= a->budgeted;
	a->budgeted = 0;
	a->state = ASSEMBLY_NONE;
}

/* Consumers first, so that nothing returned comes straight back. */
static void strip(struct channel *ch)
{
	reply_cancel(ch);
	while (!list_empty(&ch->consumers))
		consuming_stop(list_entry(ch->consumers.next, struct consumer, on_channel));
	parking_forget(ch);
	tx_reset(ch);
	settle_leave(ch);
	patience_free(ch);
	drop_assembly(ch);
	list_remove(&ch->confirming);
	confirm_free(&ch->confirm);
}

void channel_end(struct channel *ch)
{
	struct connection *c = ch->connection;
	strip(ch);
	report_channel_closed(ch);
	c->channels[ch->number] = NULL;
	c->n_channels--;
	c->account->n_channels--;
	c->broker->n_channels--;
	c->broker->counters.channels_closed++;
	c->broker->counters.publishers -= ch->assembly.names != NULL;
	count_channel_end(ch);
	unacked_free(&ch->unacked);
	map_free(&ch->by_tag);
	buf_free(&ch->last_queue);
	mem_free(ch->assembly.names);
	mem_free(ch);
}

bool channel_is_closing(const struct channel *ch)
{
	return ch->closing;
}

/* A client whose own close was answered may take the channel for closed and open it again. */
bool channel_ignores(const struct channel *ch, uint32_t method_id)
{
	return ch->closing && method_id != METHOD_channel_close_ok &&
	       method_id != METHOD_channel_close &&
	       !(ch->crossed && method_id == METHOD_channel_open);
}

void channel_send_when(struct channel *ch, const struct method *m, log_position wait_for)
{
	connection_send_when(ch->connection, ch->number, m, wait_for);
}

void channel_send(struct channel *ch, const struct method *m)
{
	channel_send_when(ch, m, 0);
}

void channel_refuse(struct channel *ch, const struct refusal *r, uint32_t method_id)
{
	struct slice text = refusal_text(ch->broker, r);
	count_refusal(ch->broker, r);
	log_info("conn=%llu channel %u: closing with %u %.*s",
	         (unsigned long long)ch->connection->number, ch->number, r->code, SLICE_ARG(text));
	struct method m = { .id = METHOD_channel_close,
		                .channel_close = { .reply_code = r->code,
		                                   .reply_text = text,
		                                   .class_id = method_class(method_id),
		                                   .method_id = method_number(method_id) } };
	channel_send(ch, &m);
	ch->closing = true;
	strip(ch);
}

void channel_wake_consumers(struct channel *ch)
{
	if (!connection_takes_deliveries(ch->connection))
		ch->connection->congested = true;   /* they are woken once it does */
	list_each(it, &ch->consumers) {
		struct consumer *c = list_entry(it, struct consumer, on_channel);
		ch->broker->effort++;
		if (c->able || !consuming_is_able(c))
			continue;
		rotation_wake(&c->queue->live->rotation, c);
		broker_run_queue(ch->broker, c->queue);
	}
}

/* ---- methods ---- */

static const struct refusal *too_many(struct connection *c)
{
	return refuse(c->broker, &NOT_ALLOWED,
	              "number of channels opened (%u) has reached the negotiated channel_max (%u)",
	              c->n_channels, c->channel_max);
}

static const struct refusal *too_many_for_user(struct connection *c)
{
	return refuse(c->broker, &NOT_ALLOWED,
	              "number of channels opened for user '%s' has reached the maximum allowed user "
	              "limit of %lld",
	              c->user, (long long)c->account->about.max_channels);
}

static const struct refusal *too_many_for_all(struct connection *c)
{
	const struct broker_options *o = &c->broker->options;
	return refuse(c->broker, &NOT_ALLOWED,
	              "number of channels opened on node '%s' has reached the maximum allowed limit of "
	              "(%llu)",
	              o->cluster_name, (unsigned long long)o->channel_max_per_node);
}

static const struct refusal *on_open(struct connection *c, uint16_t number)
{
	struct broker *b = c->broker;
	struct channel *there = connection_channel(c, number);
	if (there && there->crossed)
		channel_end(there);
	else if (there)
		return refuse(b, &CHANNEL_ERROR, "second 'channel.open' seen");
	if (ledger_is_reached(c->account->about.max_channels, c->account->n_channels)) {
		connection_refuse(c, too_many_for_user(c), 0);
		return NULL;
	}
	uint64_t most = b->options.channel_max_per_node;
	if (most && b->n_channels >= most) {
		connection_refuse(c, too_many_for_all(c), 0);
		return NULL;
	}
	if (c->n_channels >= c->channel_max) {
		connection_refuse(c, too_many(c), 0);
		return NULL;
	}
	if (number > c->channel_max)
		return refuse(b, &CHANNEL_ERROR, "channel %u is above the negotiated channel_max (%u)",
		              number, c->channel_max);
	channel_open(c, number);
	return NULL;
}

static void on_close(struct channel *ch)
{
	struct connection *c = ch->connection;
	uint16_t number = ch->number;
	struct method ok = { .id = METHOD_channel_close_ok };
	if (ch->closing)
		ch->crossed = true;   /* the close-ok to our own close is still to come */
	else
		channel_end(ch);
	connection_send(c, number, &ok);
}

static const struct refusal *on_close_ok(struct channel *ch)
{
	if (!ch->closing)
		return refuse(ch->broker, &COMMAND_INVALID, "unimplemented method");
	channel_end(ch);
	return NULL;
}

/* The handler of every method that a client may send on a channel folds out of the table. */
static const struct refusal *dispatch(struct channel *ch, const struct method *m)
{
#define ROUTE_10_C(name)
#define ROUTE_10_S(name)
#define ROUTE_10_B(name)
#define ROUTE_20_S(name)
#define ROUTE_30_S(name)
#define ROUTE_40_S(name)
#define ROUTE_50_S(name)
#define ROUTE_60_S(name)
#define ROUTE_85_S(name)
#define ROUTE_90_S(name)
#define ROUTE_20_B(name) ROUTE_##name
#define ROUTE_20_C(name)
#define ROUTE_30_C(name) ROUTE(name)
#define ROUTE_40_C(name) ROUTE(name)
#define ROUTE_50_C(name) ROUTE(name)
#define ROUTE_60_C(name) ROUTE(name)
#define ROUTE_60_B(name) ROUTE(name)
#define ROUTE_85_C(name) ROUTE(name)
#define ROUTE_90_C(name) ROUTE(name)
#define ROUTE_channel_flow ROUTE(channel_flow)
#define ROUTE_channel_flow_ok ROUTE(channel_flow_ok)
#define ROUTE_channel_close
#define ROUTE_channel_close_ok
#define ROUTE(name) \
	case METHOD_##name: \
		return on_##name(ch, &m->name);
#define METHOD(class_id, method_id, name, sender, kind, content, fields) \
	ROUTE_##class_id##_##sender(name)
	switch (m->id) {
	case METHOD_channel_close: on_close(ch); return NULL;
	case METHOD_channel_close_ok: return on_close_ok(ch);
#include "amqp/methods.def"
	default:
		return refuse(ch->broker, &COMMAND_INVALID, "unimplemented method");
	}
#undef METHOD
#undef ROUTE
}

const struct refusal *channel_method(struct connection *c, uint16_t number,
                                     const struct method *m)
{
	struct channel *ch = connection_channel(c, number);
	struct broker *b = c->broker;
	if (method_class(m->id) == CLASS_CONNECTION)
		return refuse(b, &COMMAND_INVALID, "unimplemented method");
	if (m->id == METHOD_channel_open)
		return on_open(c, number);
	if (!ch)
		return refuse(b, &CHANNEL_ERROR, "expected 'channel.open'");
	if (ch->assembly.state == ASSEMBLY_HEADER)
		return refuse(b, &UNEXPECTED_FRAME,
		              "expected content header for class 60, got non content header frame instead");
	if (ch->assembly.state == ASSEMBLY_BODY)
		return refuse(b, &UNEXPECTED_FRAME,
		              "expected content body, got non content body frame instead");
	return dispatch(ch, m);
}
