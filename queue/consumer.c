/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/consumer.h"

#include "base/die.h"

void rotation_init(struct rotation *r, bool single)
{
	*r = (struct rotation){ .single = single };
	list_init(&r->able);
	list_init(&r->waiting);
	list_init(&r->favoured);
}

/* Behind the last consumer of the same or a higher priority. */
static void stand_in_line(struct rotation *r, struct consumer *c)
{
	struct list *at = r->able.prev;
	while (at != &r->able && list_entry(at, struct consumer, turn)->priority < c->priority)
		at = at->prev;
	list_insert_before(at->next, &c->turn);
	c->able = true;
}

void rotation_favour(struct rotation *r, struct consumer *c)
{
	bool favoured = c->able && !list_empty(&c->aside);
	if (favoured == list_linked(&c->favoured))
		return;
	if (favoured)
		list_push(&r->favoured, &c->favoured);
	else
		list_remove(&c->favoured);
}

void rotation_add(struct rotation *r, struct consumer *c)
{
	list_init(&c->turn);
	list_init(&c->favoured);
	list_init(&c->aside);
	stand_in_line(r, c);
	r->count++;
	if (r->single && !r->active)
		r->active = c;
}

void rotation_remove(struct rotation *r, struct consumer *c)
{
	must(list_linked(&c->turn));
	list_remove(&c->turn);
	list_remove(&c->favoured);
	c->able = false;
	r->count--;
	if (r->active == c)   /* the others have never been served: all are able, in order of age */
		r->active = list_first(&r->able, struct consumer, turn);
}

struct consumer *rotation_first(const struct rotation *r)
{
	if (r->single)
		return r->active && r->active->able ? r->active : NULL;
	if (!list_empty(&r->favoured))
		return list_entry(r->favoured.next, struct consumer, favoured);
	return list_first(&r->able, struct consumer, turn);
}

void rotation_served(struct rotation *r, struct consumer *c)
{
	list_remove(&c->turn);
	stand_in_line(r, c);
}

void rotation_wait(struct rotation *r, struct consumer *c)
{
	must(c->able);
	list_remove(&c->turn);
	list_push(&r->waiting, &c->turn);
	c->able = false;
	rotation_favour(r, c);
}

void rotation_wake(struct rotation *r, struct consumer *c)
{
	must(!c->able);
	list_remove(&c->turn);
	stand_in_line(r, c);
	rotation_favour(r, c);
}
