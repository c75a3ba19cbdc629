/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/roster.h"

#include "base/die.h"
#include "broker/channel.h"
#include "broker/user.h"
#include "queue/queue.h"

/* False when what the roster is of is not kept in virtual hosts. */
static bool begin_in(struct roster *r, struct vhost *v)
{
	struct topology *t = &v->topology;
	struct policies *p = &v->policies;
	switch (r->kind) {
	case ROSTER_STREAMS:
	case ROSTER_QUEUES: walk_begin(&r->outer, &t->walks, &t->all_queues.list); return true;
	case ROSTER_EXCHANGES:
	case ROSTER_BINDINGS: walk_begin(&r->outer, &t->walks, &t->all_exchanges.list); return true;
	case ROSTER_POLICIES: walk_begin(&r->outer, &p->walks, &p->kinds[POLICY_USER]); return true;
	case ROSTER_PARAMETERS:
		walk_begin(&r->inner, &v->parameters.walks, &v->parameters.all);
		walk_begin(&r->outer, &p->walks, &p->kinds[POLICY_OPERATOR]);
		return true;
	case ROSTER_OPERATOR_POLICIES:
		walk_begin(&r->outer, &p->walks, &p->kinds[POLICY_OPERATOR]);
		return true;
	case ROSTER_PERMISSIONS: walk_begin(&r->outer, &r->broker->walks, &v->grants); return true;
	case ROSTER_TOPIC_PERMISSIONS:
		walk_begin(&r->outer, &r->broker->walks, &v->topic_grants);
		return true;
	default: return false;
	}
}

void roster_begin_of(struct roster *r, struct user *u, enum roster_kind kind)
{
	struct broker *b = u->broker;
	struct list *head = kind == ROSTER_USER_PERMISSIONS         ? &u->grants
	                    : kind == ROSTER_USER_TOPIC_PERMISSIONS ? &u->topic_grants
	                                                            : &b->all_users;
	*r = (struct roster){ .broker = b, .user = u, .kind = kind, .looks = ROSTER_LOOKS };
	list_init(&r->inner.link);
	walk_begin(&r->outer, &b->walks, head);
}

void roster_begin(struct roster *r, struct broker *b, struct vhost *v, enum roster_kind kind)
{
	*r = (struct roster){ .broker = b, .vhost = v, .kind = kind, .looks = ROSTER_LOOKS };
	list_init(&r->inner.link);
	if (v && begin_in(r, v))
		return;
	switch (kind) {
	case ROSTER_VHOST_LIMITS:
	case ROSTER_VHOSTS: walk_begin(&r->outer, &b->walks, &b->all_vhosts.list); break;
	case ROSTER_USER_LIMITS:
	case ROSTER_USERS: walk_begin(&r->outer, &b->walks, &b->all_users); break;
	case ROSTER_CONNECTIONS:
	case ROSTER_CHANNELS: walk_begin(&r->outer, &b->walks, &b->connections); break;
	case ROSTER_CONSUMERS:
	case ROSTER_DELIVERIES: walk_begin(&r->outer, &b->walks, &b->consumers); break;
	case ROSTER_PUBLISHERS:
		walk_begin(&r->outer, &b->store.publisher_walks, &b->store.all_publishers);
		break;
	case ROSTER_GLOBAL_PARAMETERS:
		walk_begin(&r->outer, &b->parameters.walks, &b->parameters.all);
		break;
	default: must_not_happen("it is of a virtual host");
	}
}

void roster_begin_from(struct roster *r, struct vhost *v, struct exchange *source)
{
	struct topology *t = &v->topology;
	*r = (struct roster){ .broker = v->broker, .vhost = v, .kind = ROSTER_BINDINGS,
		                  .source = source, .looks = ROSTER_LOOKS };
	list_init(&r->outer.link);
	walk_begin(&r->inner, &t->walks, source->name.n ? &source->bindings : &t->all_queues.list);
}

void roster_begin_to(struct roster *r, struct vhost *v, struct destination to)
{
	*r = (struct roster){ .broker = v->broker, .vhost = v, .kind = ROSTER_BINDINGS,
		                  .to_queue = to.queue, .to_exchange = to.exchange,
		                  .told = !to.queue, .looks = ROSTER_LOOKS };
	list_init(&r->outer.link);
	walk_begin(&r->inner, &v->topology.walks,
	           to.queue ? &to.queue->bindings : &to.exchange->inbound);
}

static struct order *order_of(struct topology *t, enum roster_kind kind)
{
	must(kind == ROSTER_QUEUES || kind == ROSTER_EXCHANGES);
	return kind == ROSTER_QUEUES ? &t->all_queues : &t->all_exchanges;
}

uint64_t roster_count(const struct vhost *v, enum roster_kind kind)
{
	return order_of((struct topology *)&v->topology, kind)->count;
}

void roster_pass(struct roster *r, uint64_t n)
{
	struct order *o = order_of(&r->vhost->topology, r->kind);
	walk_to(&r->outer, n < o->count ? order_at(o, n) : &o->list);
}

void roster_end(struct roster *r)
{
	if (!r->broker)
		return;
	walk_end(&r->outer);
	walk_end(&r->inner);
	r->broker = NULL;
}

/* The next binding of the exchange, which is there if there is one; or the next queue, which the
 * default exchange knows by name. */
static bool next_from(struct roster *r, struct exchange *x, struct roster_row *out)
{
	struct list *l = walk_here(&r->inner);
	if (!l)
		return false;
	walk_on(&r->inner);
	if (x->name.n)
		out->binding = list_entry(l, struct binding, on_source);
	else
		out->queue = list_entry(l, struct queue, link);
	out->exchange = x;
	return true;
}

static bool next_of_exchange(struct roster *r, struct exchange *x, struct roster_row *out)
{
	struct topology *t = &r->vhost->topology;   /* there, since x is */
	struct list *head = x->name.n ? &x->bindings : &t->all_queues.list;
	if (r->inner.head != head) {
		walk_end(&r->inner);
		walk_begin(&r->inner, &t->walks, head);
	}
	return next_from(r, x, out);
}

/* That of the default exchange to a queue comes first. */
static bool next_to(struct roster *r, struct roster_row *out)
{
	struct list *l = walk_here(&r->inner);
	if (!r->told && r->inner.head) {
		r->told = true;
		out->queue = r->to_queue;
		out->exchange = r->vhost->topology.nameless;
		return true;
	}
	if (!l)
		return false;
	walk_on(&r->inner);
	out->binding = list_entry(l, struct binding, on_destination);
	out->exchange = out->binding->source;
	return true;
}

void roster_go_on(struct roster *r)
{
	r->looks = ROSTER_LOOKS;
}

/* Whether another one may be. */
static bool may_look(struct roster *r)
{
	return r->looks && r->looks--;
}

static bool next_binding(struct roster *r, struct roster_row *out)
{
	if (r->source)
		return next_from(r, r->source, out);
	if (r->to_queue || r->to_exchange)
		return next_to(r, out);
	for (struct list *l; (l = walk_here(&r->outer)) && may_look(r); walk_on(&r->outer))
		if (next_of_exchange(r, list_entry(l, struct exchange, link), out))
			return true;
	return false;
}

static bool next_of_connection(struct roster *r, const struct connection *c,
                               struct roster_row *out)
{
	if (r->connection != c)
		r->channel = 0;
	r->connection = c;
	while (r->channel < c->cap_channels && !c->channels[r->channel] && may_look(r))
		r->channel++;
	if (r->channel < c->cap_channels && !c->channels[r->channel])
		return false;
	if (r->channel >= c->cap_channels)
		return false;
	out->connection = c;
	out->channel = c->channels[r->channel++];
	return true;
}

static bool next_channel(struct roster *r, struct roster_row *out)
{
	for (struct list *l; (l = walk_here(&r->outer)) && may_look(r); r->connection = NULL) {
		if (next_of_connection(r, list_entry(l, struct connection, link), out))
			return true;
		if (r->looks == 0)
			break;
		walk_on(&r->outer);
	}
	return false;
}

static void fill(struct roster *r, struct list *l, struct roster_row *out)
{
	switch (r->kind) {
	case ROSTER_VHOST_LIMITS:
	case ROSTER_VHOSTS: out->vhost = list_entry(l, struct vhost, link); break;
	case ROSTER_USER_LIMITS:
	case ROSTER_USERS: out->user = list_entry(l, struct user, link); break;
	case ROSTER_PERMISSIONS:
	case ROSTER_TOPIC_PERMISSIONS: out->grant = list_entry(l, struct grant, on_vhost); break;
	case ROSTER_USER_PERMISSIONS:
	case ROSTER_USER_TOPIC_PERMISSIONS: out->grant = list_entry(l, struct grant, on_user); break;
	case ROSTER_STREAMS:
	case ROSTER_QUEUES: out->queue = list_entry(l, struct queue, link); break;
	case ROSTER_EXCHANGES: out->exchange = list_entry(l, struct exchange, link); break;
	case ROSTER_CONNECTIONS: out->connection = list_entry(l, struct connection, link); break;
	case ROSTER_CONSUMERS:
	case ROSTER_DELIVERIES:
		out->consumer = list_entry(l, struct consumer, link);
		out->queue = out->consumer->queue;
		out->channel = out->consumer->channel;
		out->connection = out->channel->connection;
		out->vhost = out->channel->vhost;
		break;
	case ROSTER_PUBLISHERS:
		out->publisher = list_entry(l, struct publisher, link);
		out->queue = out->publisher->queue;
		out->vhost = list_entry(out->queue->topology, struct vhost, topology);
		break;
	case ROSTER_GLOBAL_PARAMETERS: out->parameter = list_entry(l, struct parameter, link); break;
	case ROSTER_POLICIES:
	case ROSTER_OPERATOR_POLICIES: out->policy = list_entry(l, struct policy, link); break;
	default: break;
	}
}

/* Consumers of all virtual hosts stand in one list, and so do publishers; and who has no limits
 * beside who has. */
static bool is_elsewhere(const struct roster *r, const struct roster_row *row)
{
	switch (r->kind) {
	case ROSTER_STREAMS: return !row->queue->live->stream && !row->queue->live->retained;
	case ROSTER_CONSUMERS:
	case ROSTER_DELIVERIES:
	case ROSTER_PUBLISHERS: return r->vhost && row->vhost != r->vhost;
	case ROSTER_VHOST_LIMITS:
		return (r->vhost && row->vhost != r->vhost) ||
		       !ledger_vhost_is_limited(&row->vhost->about);
	case ROSTER_USER_LIMITS:
		return (r->user && row->user != r->user) || !ledger_user_is_limited(&row->user->about);
	default: return false;
	}
}

/* At the end the virtual host's limits, while it is there. */
static bool next_parameter(struct roster *r, struct roster_row *out)
{
	struct list *policy = walk_here(&r->outer), *parameter = walk_here(&r->inner);
	if (policy) {
		walk_on(&r->outer);
		out->policy = list_entry(policy, struct policy, link);
	} else if (parameter) {
		walk_on(&r->inner);
		out->parameter = list_entry(parameter, struct parameter, link);
	} else if (!r->told && r->outer.head && ledger_vhost_is_limited(&r->vhost->about)) {
		r->told = true;
		return true;
	}
	return policy || parameter;
}

static bool next_element(struct roster *r, struct roster_row *out)
{
	for (struct list *l; (l = walk_here(&r->outer)) && may_look(r);) {
		walk_on(&r->outer);
		fill(r, l, out);
		if (!is_elsewhere(r, out))
			return true;
	}
	return false;
}

static bool next(struct roster *r, struct roster_row *out)
{
	switch (r->kind) {
	case ROSTER_BINDINGS: return next_binding(r, out);
	case ROSTER_CHANNELS: return next_channel(r, out);
	case ROSTER_PARAMETERS: return next_parameter(r, out);
	default: return next_element(r, out);
	}
}

enum roster_answer roster_next(struct roster *r, struct roster_row *out)
{
	*out = (struct roster_row){ .broker = r->broker, .vhost = r->vhost };
	if (next(r, out))
		return ROSTER_ROW;
	return r->looks ? ROSTER_END : ROSTER_NOT_YET;
}
