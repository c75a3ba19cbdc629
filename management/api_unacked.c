/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds what of a queue, over HTTP. */
#include <stdio.h>

#include "broker/channel.h"
#include "broker/holdings.h"
#include "broker/state.h"
#include "management/api.h"
#include "management/object.h"
#include "queue/queue.h"

static void put_channel(struct buf *out, const struct channel *ch, struct buf *room)
{
	const struct connection *c = ch->connection;
	buf_clear(room);
	buf_printf(room, "%s (%u)", c->name, ch->number);
	object_open(out, "channel_details");
	object_put(out, "name", cell_slice(buf_slice(room)));
	object_put(out, "number", cell_number(ch->number));
	object_put(out, "connection_name", cell_text(c->name));
	object_put(out, "user", c->user ? cell_text(c->user) : cell_empty());
	object_close(out);
}

static void put(struct http_response *r, struct buf *out, const struct holding *h)
{
	const struct delivery *d = h->delivery;
	uint32_t age_ms = holding_age_ms(h);
	struct slice tag = d->consumer ? d->consumer->tag : slice_of("", 0);
	buf_printf(out, "%s{", r->count++ ? "," : "");
	object_put(out, "sequence", cell_number(d->entry.seq));
	object_put(out, "delivery_tag", cell_number(h->tag));
	object_put(out, "consumer_tag", cell_slice(tag));
	object_put(out, "since", cell_number(broker_wall_ms(r->host->broker) - age_ms));
	object_put(out, "age_ms", cell_number(age_ms));
	object_put(out, "redelivered", cell_boolean(d->entry.redelivered));
	put_channel(out, h->channel, &r->room);
	buf_u8(out, '}');
}

static void end(void *kept)
{
	holdings_end(kept);
}

enum call_state api_queue_unacked(struct http_response *r, struct buf *out)
{
	struct holdings *all = http_keep(r, sizeof *all, end);
	struct slice name = r->parts[1];
	const struct queue *q = api_queue_named(r, &name);
	enum roster_answer answer = ROSTER_END;
	struct holding h;
	if (!q && !r->begun)
		return http_not_found(r, out);
	if (!r->begun) {
		holdings_begin(all, r->host->broker);
		buf_u8(out, '[');
	}
	holdings_go_on(all);
	while (q && out->len < PIECE_BYTES && (answer = holdings_next(all, q, &h)) == ROSTER_ROW)
		put(r, out, &h);
	if (answer != ROSTER_END)
		return CALL_MORE;
	buf_u8(out, ']');
	return CALL_DONE;
}
