/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/departures.h"

#include "base/mem.h"
#include "exchange/exchange.h"
#include "queue/queue.h"

void departures_init(struct departures *d)
{
	d->audience = NULL;
	list_init(&d->list);
}

void departures_free(struct departures *d)
{
	for (struct departure *one; (one = departures_take(d));)
		departure_free(&one);
}

static bool is_wanted(const struct departures *d)
{
	return d && d->audience && !list_empty(d->audience);
}

static struct slice own(struct slice s)
{
	return slice_of(mem_copy(s), s.n);
}

static struct departure *note(struct departures *d, struct topology *t, struct slice exchange)
{
	struct departure *one = mem_zalloc(sizeof *one);
	one->topology = t;
	one->exchange = own(exchange);
	list_push(&d->list, &one->link);
	return one;
}

void departures_note_exchange(struct departures *d, struct topology *t, const struct exchange *x)
{
	if (is_wanted(d))
		note(d, t, x->name);
}

void departures_note_binding(struct departures *d, struct topology *t, const struct binding *b)
{
	if (!is_wanted(d))
		return;
	struct departure *one = note(d, t, b->source->name);
	one->of_binding = true;
	one->to_queue = b->queue != NULL;
	one->destination = own(b->queue ? b->queue->name : b->exchange->name);
	one->key = own(b->key);
	one->arguments = own(b->arguments);
}

struct departure *departures_take(struct departures *d)
{
	struct list *l = list_pop(&d->list);
	return l ? list_entry(l, struct departure, link) : NULL;
}

void departure_free(struct departure **one)
{
	mem_free((void *)(*one)->exchange.p);
	mem_free((void *)(*one)->destination.p);
	mem_free((void *)(*one)->key.p);
	mem_free((void *)(*one)->arguments.p);
	mem_free(*one);
	*one = NULL;
}
