/* SPDX-License-Identifier: Apache-2.0 */
#define LOGLINE_CATEGORY LOGLINE_USER

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

enum {
	TURN_STEPS = 40000,          /* of patterns, for consumers in a turn: about a millisecond */
	LOOK_STEPS = 20,             /* what a consumer costs ... */
	CHECK_STEPS = 200,           /* ... whose rights are others now */
};

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
	b->effort += pattern_steps(b->patterns) / 4;
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

/* What looking at one costs, in steps of patterns. */
static unsigned review(struct consumer *c)
{
	struct broker *b = c->channel->broker;
	const struct grant *g = grant_of(c->channel->connection);
	bool changed = !g || g->when > c->reviewed;
	c->reviewed = b->rights;
	if (!changed)
		return LOOK_STEPS;
	if (rights_check(c->channel, RIGHT_READ, THING_QUEUE, queue_name(c->queue), 0))
		consuming_expel(c);
	return CHECK_STEPS + pattern_steps(b->patterns);
}

void rights_changed(struct broker *b)
{
	struct rights_review *r = &b->review;
	if (r->walk.head)
		r->again = true;
	else
		walk_begin(&r->walk, &b->walks, &b->consumers);
}

void rights_turn(struct broker *b)
{
	struct rights_review *r = &b->review;
	for (unsigned steps = 0; r->walk.head && steps < TURN_STEPS;) {
		struct list *l = walk_here(&r->walk);
		if (l) {
			walk_on(&r->walk);
			steps += review(list_entry(l, struct consumer, link));
			continue;
		}
		walk_end(&r->walk);
		if (r->again)
			walk_begin(&r->walk, &b->walks, &b->consumers);
		r->again = false;
	}
}

bool rights_are_reviewed(const struct broker *b)
{
	return !b->review.walk.head;
}
