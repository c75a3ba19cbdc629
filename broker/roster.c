/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/roster.h"

#include "base/die.h"
#include "broker/channel.h"
#include "broker/user.h"
#include "queue/queue.h"

/* ---- where they are listed ---- */

struct place {
	struct list *walks, *head;
};

static struct place all_vhosts(const struct roster *r)
{
	return (struct place){ &r->broker->walks, &r->broker->all_vhosts.list };
}

static struct place all_users(const struct roster *r)
{
	return (struct place){ &r->broker->walks, &r->broker->all_users };
}

static struct place all_connections(const struct roster *r)
{
	return (struct place){ &r->broker->walks, &r->broker->connections };
}

static struct place all_consumers(const struct roster *r)
{
	return (struct place){ &r->broker->walks, &r->broker->consumers };
}

static struct place all_publishers(const struct roster *r)
{
	struct store *s = &r->broker->store;
	return (struct place){ &s->publisher_walks, &s->all_publishers };
}

static struct place global_parameters(const struct roster *r)
{
	struct parameters *p = &r->broker->parameters;
	return (struct place){ &p->walks, &p->all };
}

static struct place queues(const struct roster *r)
{
	struct topology *t = &r->vhost->topology;
	return (struct place){ &t->walks, &t->all_queues.list };
}

static struct place exchanges(const struct roster *r)
{
	struct topology *t = &r->vhost->topology;
	return (struct place){ &t->walks, &t->all_exchanges.list };
}

static struct place policies(const struct roster *r)
{
	struct policies *p = &r->vhost->policies;
	return (struct place){ &p->walks, &p->kinds[POLICY_USER] };
}

static struct place operator_policies(const struct roster *r)
{
	struct policies *p = &r->vhost->policies;
	return (struct place){ &p->walks, &p->kinds[POLICY_OPERATOR] };
}

static struct place grants(const struct roster *r)
{
	return (struct place){ &r->broker->walks, r->user ? &r->user->grants : &r->vhost->grants };
}

static struct place topic_grants(const struct roster *r)
{
	return (struct place){ &r->broker->walks,
		                   r->user ? &r->user->topic_grants : &r->vhost->topic_grants };
}

/* ---- what a row says of one ---- */

static void put_vhost(struct list *l, struct roster_row *out)
{
	out->vhost = list_entry(l, struct vhost, link);
}

static void put_user(struct list *l, struct roster_row *out)
{
	out->user = list_entry(l, struct user, link);
}

static void put_grant_of_vhost(struct list *l, struct roster_row *out)
{
	out->grant = list_entry(l, struct grant, on_vhost);
}

static void put_grant_of_user(struct list *l, struct roster_row *out)
{
	out->grant = list_entry(l, struct grant, on_user);
}

static void put_queue(struct list *l, struct roster_row *out)
{
	out->queue = list_entry(l, struct queue, link);
}

static void put_exchange(struct list *l, struct roster_row *out)
{
	out->exchange = list_entry(l, struct exchange, link);
}

static void put_connection(struct list *l, struct roster_row *out)
{
	out->connection = list_entry(l, struct connection, link);
}

static void put_consumer(struct list *l, struct roster_row *out)
{
	out->consumer = list_entry(l, struct consumer, link);
	out->queue = out->consumer->queue;
	out->channel = out->consumer->channel;
	out->connection = out->channel->connection;
	out->vhost = out->channel->vhost;
}

static void put_publisher(struct list *l, struct roster_row *out)
{
	out->publisher = list_entry(l, struct publisher, link);
	out->queue = out->publisher->queue;
	out->vhost = list_entry(out->queue->topology, struct vhost, topology);
}

static void put_policy(struct list *l, struct roster_row *out)
{
	out->policy = list_entry(l, struct policy, link);
}

static void put_parameter(struct list *l, struct roster_row *out)
{
	out->parameter = list_entry(l, struct parameter, link);
}

/* ---- those that others stand beside in one list ---- */

static bool is_stream(const struct roster *r, const struct roster_row *row)
{
	(void)r;
	return row->queue->live->stream || row->queue->live->retained;
}

static bool is_of_vhost(const struct roster *r, const struct roster_row *row)
{
	return !r->vhost || row->vhost == r->vhost;
}

static bool is_limited_vhost(const struct roster *r, const struct roster_row *row)
{
	return is_of_vhost(r, row) && ledger_vhost_is_limited(&row->vhost->about);
}

static bool is_limited_user(const struct roster *r, const struct roster_row *row)
{
	return (!r->user || row->user == r->user) && ledger_user_is_limited(&row->user->about);
}

/* ---- those that are met one within another ---- */

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

/* ---- kinds ---- */

static const struct kind {
	enum { BROKER, VHOST, USER } of;
	struct place (*place)(const struct roster *r);
	void (*put)(struct list *l, struct roster_row *out);
	bool (*wants)(const struct roster *r, const struct roster_row *row);   /* NULL: all of them */
	bool (*next)(struct roster *r, struct roster_row *out);   /* NULL: each is put */
} kinds[] = {
	[ROSTER_VHOSTS] = { BROKER, all_vhosts, put_vhost, NULL, NULL },
	[ROSTER_VHOST_LIMITS] = { BROKER, all_vhosts, put_vhost, is_limited_vhost, NULL },
	[ROSTER_USERS] = { BROKER, all_users, put_user, NULL, NULL },
	[ROSTER_USER_LIMITS] = { BROKER, all_users, put_user, is_limited_user, NULL },
	[ROSTER_PERMISSIONS] = { VHOST, grants, put_grant_of_vhost, NULL, NULL },
	[ROSTER_USER_PERMISSIONS] = { USER, grants, put_grant_of_user, NULL, NULL },
	[ROSTER_TOPIC_PERMISSIONS] = { VHOST, topic_grants, put_grant_of_vhost, NULL, NULL },
	[ROSTER_USER_TOPIC_PERMISSIONS] = { USER, topic_grants, put_grant_of_user, NULL, NULL },
	[ROSTER_QUEUES] = { VHOST, queues, put_queue, NULL, NULL },
	[ROSTER_STREAMS] = { VHOST, queues, put_queue, is_stream, NULL },
	[ROSTER_EXCHANGES] = { VHOST, exchanges, put_exchange, NULL, NULL },
	[ROSTER_BINDINGS] = { VHOST, exchanges, NULL, NULL, next_binding },
	[ROSTER_CONNECTIONS] = { BROKER, all_connections, put_connection, NULL, NULL },
	[ROSTER_CHANNELS] = { BROKER, all_connections, NULL, NULL, next_channel },
	[ROSTER_CONSUMERS] = { BROKER, all_consumers, put_consumer, is_of_vhost, NULL },
	[ROSTER_DELIVERIES] = { BROKER, all_consumers, put_consumer, is_of_vhost, NULL },
	[ROSTER_PUBLISHERS] = { BROKER, all_publishers, put_publisher, is_of_vhost, NULL },
	[ROSTER_POLICIES] = { VHOST, policies, put_policy, NULL, NULL },
	[ROSTER_OPERATOR_POLICIES] = { VHOST, operator_policies, put_policy, NULL, NULL },
	[ROSTER_PARAMETERS] = { VHOST, operator_policies, NULL, NULL, next_parameter },
	[ROSTER_GLOBAL_PARAMETERS] = { BROKER, global_parameters, put_parameter, NULL, NULL },
};

bool roster_lies_in_vhosts(enum roster_kind kind)
{
	return kinds[kind].of == VHOST;
}

static bool next_element(struct roster *r, const struct kind *k, struct roster_row *out)
{
	for (struct list *l; (l = walk_here(&r->outer)) && may_look(r);) {
		walk_on(&r->outer);
		k->put(l, out);
		if (!k->wants || k->wants(r, out))
			return true;
	}
	return false;
}

/* ---- from outside ---- */

static void begin(struct roster *r)
{
	struct place p = kinds[r->kind].place(r);
	r->looks = ROSTER_LOOKS;
	list_init(&r->inner.link);
	walk_begin(&r->outer, p.walks, p.head);
	if (r->kind == ROSTER_PARAMETERS)
		walk_begin(&r->inner, &r->vhost->parameters.walks, &r->vhost->parameters.all);
}

void roster_begin(struct roster *r, struct broker *b, struct vhost *v, enum roster_kind kind)
{
	*r = (struct roster){ .broker = b, .vhost = v, .kind = kind };
	must(kinds[kind].of == BROKER || (kinds[kind].of == VHOST && v));
	begin(r);
}

void roster_begin_of(struct roster *r, struct user *u, enum roster_kind kind)
{
	*r = (struct roster){ .broker = u->broker, .user = u, .kind = kind };
	must(kinds[kind].of != VHOST);
	begin(r);
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

void roster_go_on(struct roster *r)
{
	r->looks = ROSTER_LOOKS;
}

enum roster_answer roster_next(struct roster *r, struct roster_row *out)
{
	const struct kind *k = &kinds[r->kind];
	*out = (struct roster_row){ .broker = r->broker, .vhost = r->vhost };
	if (k->next ? k->next(r, out) : next_element(r, k, out))
		return ROSTER_ROW;
	return r->looks ? ROSTER_END : ROSTER_NOT_YET;
}
