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

static struct departure *note(struct departures *d, struct topology *t, struct slice exchange)
{
	struct departure *one = mem_zalloc(sizeof *one);
	one->topology = t;
	one->exchange = mem_own(exchange);
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
	one->destination = mem_own(b->queue ? queue_name(b->queue) : b->exchange->name);
	one->key = mem_own(b->key);
	one->arguments = mem_own(b->arguments);
}

struct departure *departures_take(struct departures *d)
{
	struct list *l = list_pop(&d->list);
	return l ? list_entry(l, struct departure, link) : NULL;
}

void departure_free(struct departure **one)
{
	mem_disown((*one)->exchange);
	mem_disown((*one)->destination);
	mem_disown((*one)->key);
	mem_disown((*one)->arguments);
	mem_free(*one);
	*one = NULL;
}
