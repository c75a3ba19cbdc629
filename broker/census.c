/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/census.h"

#include "broker/state.h"
#include "queue/queue.h"

void census_begin(struct census *c, struct broker *b)
{
	*c = (struct census){ 0 };
	roster_begin(&c->vhosts, b, NULL, ROSTER_VHOSTS);
}

void census_end(struct census *c)
{
	roster_end(&c->vhosts);
	roster_end(&c->queues);
}

static void add_queue(struct census *c, const struct queue *q)
{
	struct broker_totals *t = &c->totals;
	t->queues++;
	c->ready += queue_ready(q);
	c->unacked += q->live->unacked;
	t->consumers += q->live->rotation.count;
}

/* At its last queue, if it is still there. */
static void end_vhost(struct census *c)
{
	struct vhost *v = c->queues.broker && c->queues.outer.head ? c->queues.vhost : NULL;
	if (v)
		v->messages = (struct vhost_messages){ c->ready, c->unacked };
	c->totals.ready += c->ready;
	c->totals.unacked += c->unacked;
	c->ready = c->unacked = 0;
	roster_end(&c->queues);
}

static void add_vhost(struct census *c, const struct vhost *v)
{
	const struct topology *t = &v->topology;
	c->totals.exchanges += t->exchanges.count;
	c->totals.bindings += t->n_bindings;
	roster_begin(&c->queues, c->vhosts.broker, vhost_find(c->vhosts.broker, v->name),
	             ROSTER_QUEUES);
}

bool census_go_on(struct census *c)
{
	struct roster_row row;
	roster_go_on(&c->vhosts);
	for (unsigned looks = 0; looks < ROSTER_LOOKS; looks++) {
		if (c->queues.broker)
			roster_go_on(&c->queues);
		if (c->queues.broker && roster_next(&c->queues, &row) == ROSTER_ROW) {
			add_queue(c, row.queue);
			continue;
		}
		end_vhost(c);
		if (roster_next(&c->vhosts, &row) != ROSTER_ROW)
			return false;
		add_vhost(c, row.vhost);
	}
	return true;
}
