/* SPDX-License-Identifier: Apache-2.0 */
/* Class exchange (AMQP 0-9-1 section 1.6, with RabbitMQ's exchange-to-exchange bindings). */
#include "amqp/table.h"
#include "broker/arguments.h"
#include "broker/channel.h"
#include "broker/history.h"
#include "broker/names.h"
#include "broker/on.h"
#include "broker/refuse.h"
#include "broker/report.h"

static const struct refusal *check_equivalent(struct channel *ch, const struct exchange *x,
                                              const struct exchange_declare *m)
{
	static const char *const compared[] = { "alternate-exchange", "x-delayed-type", NULL };
	struct broker *b = ch->broker;
	struct declared d = { "exchange", x->name };
	if (!slice_is(m->type, exchange_type_name(x)))
		return refuse(b, &PRECONDITION_FAILED,
		              "inequivalent arg 'type' for exchange '%.*s' in vhost '%.*s': received "
		              "'%.*s' but current is '%s'",
		              SLICE_ARG(x->name), SLICE_ARG(ch->vhost->name), SLICE_ARG(m->type),
		              exchange_type_name(x));
	const struct refusal *r = arguments_same_flag(ch->vhost, d, "durable", m->durable, x->durable);
	if (!r)
		r = arguments_same_flag(ch->vhost, d, "auto_delete", m->auto_delete, x->auto_delete);
	if (!r)
		r = arguments_same_flag(ch->vhost, d, "internal", m->internal, x->internal);
	return r ? r : arguments_equivalent(ch->vhost, d, compared, m->arguments, x->arguments);
}

static const struct refusal *check_new(struct channel *ch, struct slice name,
                                       const struct exchange_type *type,
                                       const struct exchange_declare *m)
{
	struct broker *b = ch->broker;
	struct field alternate;
	if (slice_starts(name, "amq."))
		return refuse(b, &ACCESS_REFUSED,
		              "exchange name '%.*s' contains reserved prefix 'amq.*'", SLICE_ARG(name));
	if (table_find(m->arguments, "alternate-exchange", &alternate) && alternate.letter != 'S')
		return refuse(b, &PRECONDITION_FAILED,
		              "invalid type '%s' for arg 'alternate-exchange' in exchange '%.*s' in vhost "
		              "'%.*s'",
		              field_type_name(&alternate), SLICE_ARG(name), SLICE_ARG(ch->vhost->name));
	const char *fault = dedup_is_asked_for(m->arguments) ? dedup_fault(m->arguments, true) : NULL;
	if (fault && type != &exchange_once)
		return refuse(b, &PRECONDITION_FAILED, "%s", fault);
	buf_clear(&b->text);
	return type->check_exchange ? type->check_exchange(m->arguments, &b->text) : NULL;
}

/* How the exchange will route: of one that delays its argument says that. */
static const struct refusal *find_type(struct broker *b, const struct exchange_declare *m,
                                       const struct exchange_type **out)
{
	struct field f;
	struct slice name = m->type;
	if (slice_is(name, EXCHANGE_DELAYED)) {
		if (!table_find(m->arguments, "x-delayed-type", &f) || f.letter != 'S')
			return refuse(b, &PRECONDITION_FAILED,
			              "Invalid argument, 'x-delayed-type' must be an existing exchange type");
		name = f.bytes;
	}
	*out = exchange_type_find(name);
	if (*out)
		return NULL;
	return refuse(b, &PRECONDITION_FAILED, "unknown exchange type '%.*s'", SLICE_ARG(name));
}

static const struct refusal *declare(struct channel *ch, struct slice name,
                                     const struct exchange_declare *m, log_position *wait_for)
{
	struct broker *b = ch->broker;
	struct exchange *x = topology_exchange(&ch->vhost->topology, name);
	const struct refusal *r;
	if (m->passive) {
		r = rights_check_any(ch, THING_EXCHANGE, name);
		return r || x ? r : names_no_exchange(ch->vhost, name);
	}
	const struct exchange_type *type;
	r = find_type(b, m, &type);
	if (!r)
		r = rights_check(ch, RIGHT_CONFIGURE, THING_EXCHANGE, name, x ? x->serial : 0);
	if (r)
		return r;
	if (x)
		return check_equivalent(ch, x, m);
	r = check_new(ch, name, type, m);
	if (!r)
		r = rights_check_onward(ch, THING_EXCHANGE, name, m->arguments, "alternate-exchange");
	uint64_t most = b->options.cluster_exchange_limit;
	if (!r && most && b->totals.exchanges >= most)
		r = refuse(b, &PRECONDITION_FAILED,
		           "cannot declare exchange '%.*s' in vhost '%.*s': exchange limit of %llu is "
		           "reached",
		           SLICE_ARG(name), SLICE_ARG(ch->vhost->name), (unsigned long long)most);
	if (r)
		return r;
	struct exchange_spec spec = { name, m->arguments, type, m->durable, m->auto_delete,
		                          m->internal, slice_is(m->type, EXCHANGE_DELAYED) };
	x = topology_add_exchange(&ch->vhost->topology, &spec, wait_for);
	policing_exchange(ch->vhost, x);
	report_exchange_created(ch->vhost, x);
	return NULL;
}

const struct refusal *on_exchange_declare(struct channel *ch, const struct exchange_declare *m)
{
	char room[NAMES_MAX];
	struct slice name;
	log_position wait_for = 0;
	const struct refusal *r = names_clean(ch->broker, m->exchange, room, &name);
	if (!r)
		r = names_not_the_default(ch->broker, name);
	if (!r)
		r = declare(ch, name, m, &wait_for);
	if (r)
		return r;
	struct method ok = { .id = METHOD_exchange_declare_ok };
	if (!m->no_wait)
		channel_send_when(ch, &ok, wait_for);
	return NULL;
}

static const struct refusal *check_delete(struct channel *ch, struct slice name,
                                          const struct exchange *x, bool if_unused)
{
	if (x && x->predeclared)
		return refuse(ch->broker, &ACCESS_REFUSED,
		              "deletion of system exchange '%.*s' in vhost '%.*s' not allowed",
		              SLICE_ARG(x->name), SLICE_ARG(ch->vhost->name));
	const struct refusal *r = rights_check(ch, RIGHT_CONFIGURE, THING_EXCHANGE, name, 0);
	if (!r && x && if_unused && !list_empty(&x->bindings))
		return refuse(ch->broker, &PRECONDITION_FAILED, "exchange '%.*s' in vhost '%.*s' in use",
		              SLICE_ARG(x->name), SLICE_ARG(ch->vhost->name));
	return r;
}

/* What does not exist is as good as deleted. */
const struct refusal *on_exchange_delete(struct channel *ch, const struct exchange_delete *m)
{
	struct broker *b = ch->broker;
	char room[NAMES_MAX];
	struct slice name;
	log_position wait_for = 0;
	const struct refusal *r = names_clean(b, m->exchange, room, &name);
	if (!r)
		r = names_not_the_default(b, name);
	if (r)
		return r;
	struct exchange *x = topology_exchange(&ch->vhost->topology, name);
	r = check_delete(ch, name, x, m->if_unused);
	if (r)
		return r;
	if (x)
		wait_for = topology_remove_exchange(&ch->vhost->topology, x);
	report_departures(b, b->events.actor);
	struct method ok = { .id = METHOD_exchange_delete_ok };
	if (!m->no_wait)
		channel_send_when(ch, &ok, wait_for);
	return NULL;
}

/* Finds both ends; the default exchange can be neither. */
static const struct refusal *find_ends(struct channel *ch, struct slice source,
                                       struct slice destination, struct binding_spec *out)
{
	const struct refusal *r = names_not_the_default(ch->broker, source);
	if (!r)
		r = names_not_the_default(ch->broker, destination);
	if (!r)
		r = names_exchange(ch, destination, RIGHT_WRITE, &out->exchange);
	if (!r)
		r = names_exchange(ch, source, RIGHT_READ, &out->source);
	return r ? r : rights_check_topic(ch, RIGHT_READ, out->source, out->key);
}

const struct refusal *on_bind(struct channel *ch, const struct binding_spec *spec,
                              log_position *wait_for)
{
	const struct topology *t = &ch->vhost->topology;
	uint64_t before = t->n_bindings;
	const struct refusal *r = history_bind(ch, spec, wait_for);
	if (t->n_bindings != before)
		report_binding_created(ch->vhost, spec);
	return r;
}

const struct refusal *on_exchange_bind(struct channel *ch, const struct exchange_bind *m)
{
	struct binding_spec spec = { .key = m->routing_key, .arguments = m->arguments };
	log_position wait_for = 0;
	const struct refusal *r = find_ends(ch, m->source, m->destination, &spec);
	if (!r)
		r = on_bind(ch, &spec, &wait_for);
	if (r)
		return r;
	struct method ok = { .id = METHOD_exchange_bind_ok };
	if (!m->no_wait)
		channel_send_when(ch, &ok, wait_for);
	return NULL;
}

const struct refusal *on_exchange_unbind(struct channel *ch, const struct exchange_unbind *m)
{
	struct binding_spec spec = { .key = m->routing_key, .arguments = m->arguments };
	log_position wait_for = 0;
	const struct refusal *r = find_ends(ch, m->source, m->destination, &spec);
	if (!r)
		wait_for = topology_unbind(&ch->vhost->topology, &spec);
	else if (r != &NOT_FOUND)   /* what is not there is as good as unbound */
		return r;
	report_departures(ch->broker, ch->broker->events.actor);
	struct method ok = { .id = METHOD_exchange_unbind_ok };
	if (!m->no_wait)
		channel_send_when(ch, &ok, wait_for);
	return NULL;
}
