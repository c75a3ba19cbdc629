/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/holdings.h"

#include "broker/channel.h"
#include "broker/state.h"

enum { LOOKS = 10000 };

void holdings_begin(struct holdings *h, struct broker *b)
{
	*h = (struct holdings){ .broker = b, .looks = LOOKS };
	walk_begin(&h->walk, &b->walks, &b->connections);
}

void holdings_go_on(struct holdings *h)
{
	h->looks = LOOKS;
}

void holdings_end(struct holdings *h)
{
	if (h->broker)
		walk_end(&h->walk);
	h->broker = NULL;
}

uint32_t holding_age_ms(const struct holding *h)
{
	return (uint32_t)h->channel->broker->now_ms - h->delivery->since_ms;
}

static bool may_look(struct holdings *h)
{
	return h->looks && h->looks--;
}

static bool next_of_channel(struct holdings *h, const struct channel *ch, const struct queue *q,
                            struct holding *out)
{
	for (uint64_t tag; may_look(h) && (tag = unacked_after(&ch->unacked, h->tag));) {
		h->tag = tag;
		const struct delivery *d = unacked_get(&ch->unacked, tag);
		if (d->queue != q)
			continue;
		*out = (struct holding){ ch, d, tag };
		return true;
	}
	return false;
}

static bool next_of_connection(struct holdings *h, const struct connection *c,
                               const struct queue *q, struct holding *out)
{
	if (h->connection != c || h->number != c->number)
		h->channel = h->tag = 0;
	h->connection = c;
	h->number = c->number;
	for (; h->channel < c->cap_channels; h->channel++, h->tag = 0) {
		const struct channel *ch = c->channels[h->channel];
		if (ch && next_of_channel(h, ch, q, out))
			return true;
		if (!may_look(h))
			return false;
	}
	return false;
}

enum roster_answer holdings_next(struct holdings *h, const struct queue *q, struct holding *out)
{
	for (struct list *l; (l = walk_here(&h->walk)); walk_on(&h->walk)) {
		if (next_of_connection(h, list_entry(l, struct connection, link), q, out))
			return ROSTER_ROW;
		if (h->looks == 0)
			return ROSTER_NOT_YET;
	}
	return ROSTER_END;
}
