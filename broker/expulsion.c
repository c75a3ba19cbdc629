/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/expulsion.h"

#include "broker/link.h"
#include "broker/refuse.h"

enum {
	TURN_COST = 4000,            /* of one call, in connections looked at */
	CLOSE_COST = 40,             /* what closing one costs, and as much ... */
	CHANNEL_COST = 10,           /* ... for each of its channels */
};

void expulsion_begin(struct expulsion *e, struct broker *b, const struct vhost *v,
                     const struct user *u)
{
	*e = (struct expulsion){ .broker = b, .below = b->next_number, .vhost = v, .user = u };
	walk_begin(&e->walk, &b->walks, &b->connections);
}

void expulsion_end(struct expulsion *e)
{
	if (e->broker)
		walk_end(&e->walk);
	e->broker = NULL;
}

static bool is_meant(const struct expulsion *e, const struct connection *c)
{
	return (!e->vhost || c->vhost == e->vhost) && (!e->user || c->account == e->user);
}

/* Who has not said whom it wants to be, or where, hears nothing. */
static void close_one(struct expulsion *e, struct connection *c, struct slice reason)
{
	const struct refusal *r = refuse(c->broker, &CONNECTION_FORCED, "%.*s", SLICE_ARG(reason));
	e->closed += c->state <= CONN_RUNNING;
	if (c->state == CONN_RUNNING || e->goes)
		connection_refuse(c, r, 0);
	else if (c->state < CONN_RUNNING)
		connection_finish(c);
	if (!e->goes)
		return;
	connection_clean_up(c);
	if (e->user)
		c->account = NULL;
}

bool expulsion_go_on(struct expulsion *e, struct slice reason)
{
	struct list *l = NULL;
	for (unsigned cost = 0; cost < TURN_COST && (l = walk_here(&e->walk)); cost++) {
		struct connection *c = list_entry(l, struct connection, link);
		walk_on(&e->walk);
		if (c->number >= e->below) {
			l = NULL;
			break;
		}
		if (!is_meant(e, c))
			continue;
		cost += CLOSE_COST + CHANNEL_COST * c->n_channels;
		close_one(e, c, reason);
	}
	if (!l)
		expulsion_end(e);
	return l != NULL;
}
