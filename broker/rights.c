/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/rights.h"

#include "amqp/table.h"
#include "base/logline.h"
#include "broker/channel.h"
#include "broker/consuming.h"
#include "broker/names.h"
#include "broker/refuse.h"
#include "broker/user.h"
#include "exchange/exchange.h"
#include "queue/queue.h"

static const char *const rights[RIGHTS] = { "configure", "write", "read" };
static const char *const things[] = { "queue", "exchange" };

static void remember(struct channel *ch, enum right right, uint64_t serial)
{
	uint64_t mark = rights_mark(right, serial);
	if (ch->rights.when != ch->broker->rights)
		ch->rights = (struct rights_known){ .when = ch->broker->rights };
	ch->rights.allowed[mark % RIGHTS_KNOWN] = mark;
}

/* ---- asking ---- */

/* The one that counts now: a grant may go with any change of rights. */
static struct grant *grant_of(struct connection *c)
{
	if (c->rights_when != c->broker->rights) {
		c->rights_when = c->broker->rights;
		c->grant = grant_find(c->account, c->vhost, slice_of(NULL, 0));
	}
	return c->grant;
}

static bool allows(struct broker *b, struct grant *g, enum right right, struct slice name)
{
	if (!g->patterns[right])
		return g->texts[right].n == 0 && name.n == 0;
	enum pattern_answer a = pattern_search(g->patterns[right], b->patterns, name);
	if (a == PATTERN_GAVE_UP && !g->gave_up)
		log_warning("a pattern of user '%.*s' takes too long, and allows nothing: %.*s",
		            SLICE_ARG(g->user->name), SLICE_ARG(g->texts[right]));
	g->gave_up |= a == PATTERN_GAVE_UP;
	return a == PATTERN_FOUND;
}

/* Patterns know the default exchange by this name. */
static struct slice name_of(enum thing thing, struct slice name)
{
	return thing == THING_EXCHANGE && name.n == 0 ? slice_str("amq.default") : name;
}

static bool may(struct channel *ch, enum right right, enum thing thing, struct slice name)
{
	struct grant *g = grant_of(ch->connection);
	return g && allows(ch->broker, g, right, name_of(thing, name));
}

static const struct refusal *refuse_access(struct channel *ch, enum right right, enum thing thing,
                                           struct slice name)
{
	return refuse(ch->broker, &ACCESS_REFUSED,
	              "%s access to %s '%.*s' in vhost '%.*s' refused for user '%s'", rights[right],
	              things[thing], SLICE_ARG(name_of(thing, name)), SLICE_ARG(ch->vhost->name),
	              ch->connection->user);
}

const struct refusal *rights_check(struct channel *ch, enum right right, enum thing thing,
                                   struct slice name, uint64_t serial)
{
	if (serial && channel_may(ch, right, serial))
		return NULL;
	if (!may(ch, right, thing, name))
		return refuse_access(ch, right, thing, name);
	if (serial)
		remember(ch, right, serial);
	return NULL;
}

const struct refusal *rights_check_any(struct channel *ch, enum thing thing, struct slice name)
{
	for (int right = 0; right < RIGHTS; right++)
		if (may(ch, (enum right)right, thing, name))
			return NULL;
	return refuse_access(ch, RIGHT_CONFIGURE, thing, name);
}

const struct refusal *rights_check_topic(struct channel *ch, enum right right,
                                         const struct exchange *x, struct slice key)
{
	const struct user *u = ch->connection->account;
	if (x->type != &exchange_topic || list_empty(&u->topic_grants))
		return NULL;
	struct grant *g = grant_find(u, ch->vhost, x->name);
	if (!g || allows(ch->broker, g, right, key))
		return NULL;
	return refuse(ch->broker, &ACCESS_REFUSED,
	              "%s access to topic '%.*s' in exchange '%.*s' in vhost '%.*s' refused for user "
	              "'%s'",
	              rights[right], SLICE_ARG(key), SLICE_ARG(x->name), SLICE_ARG(ch->vhost->name),
	              ch->connection->user);
}

const struct refusal *rights_check_onward(struct channel *ch, enum thing thing, struct slice name,
                                          struct slice arguments, const char *argument)
{
	struct field f;
	if (!table_find(arguments, argument, &f) || f.letter != 'S')
		return NULL;
	const struct refusal *r = rights_check(ch, RIGHT_READ, thing, name, 0);
	return r ? r : rights_check(ch, RIGHT_WRITE, THING_EXCHANGE, f.bytes, 0);
}

/* ---- changes ---- */

static void review_consumers(struct channel *ch)
{
	list_each_safe(it, &ch->consumers) {
		struct consumer *c = list_entry(it, struct consumer, on_channel);
		if (rights_check(ch, RIGHT_READ, THING_QUEUE, queue_name(c->queue), 0))
			consuming_expel(c);
	}
}

void rights_changed(const struct user *u, const struct vhost *v)
{
	struct broker *b = u->broker;
	b->rights++;
	list_each(it, &b->connections) {
		struct connection *c = list_entry(it, struct connection, link);
		if (c->account != u || c->vhost != v)
			continue;
		for (size_t i = 0; i < c->cap_channels; i++)
			if (c->channels[i])
				review_consumers(c->channels[i]);
	}
}
