/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/census.h"

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

static void add_queue(struct broker_totals *t, const struct queue *q)
{
	t->queues++;
	t->ready += queue_ready(q);
	t->unacked += q->live->unacked;
	t->consumers += q->live->rotation.count;
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
			add_queue(&c->totals, row.queue);
			continue;
		}
		roster_end(&c->queues);
		if (roster_next(&c->vhosts, &row) != ROSTER_ROW)
			return false;
		add_vhost(c, row.vhost);
	}
	return true;
}
