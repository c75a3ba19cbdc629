/* SPDX-License-Identifier: Apache-2.0 */
/* Kept frames lie one behind the other: type, size, payload.  Handling them may park the channel
 * again, close it, or end the connection, so that it is looked up anew before each. */
#include "broker/parking.h"

#include "base/endian.h"
#include "broker/channel.h"
#include "queue/queue.h"

enum { HEAD_BYTES = 5 };

void parking_wait(struct channel *ch, struct queue *q)
{
	ch->parked = true;
	live_begin(q);
	list_push(&q->live->parked, &ch->on_parked);
}

void parking_begin_piece(struct broker *b)
{
	uint64_t limit = b->effort + EFFORT_PIECE;
	b->effort_limit = limit < EFFORT_MOST ? limit : EFFORT_MOST;
}

bool parking_is_due(const struct broker *b)
{
	return b->effort >= b->effort_limit;
}

void parking_yield(struct channel *ch)
{
	ch->parked = ch->yields = true;
	ch->connection->n_yielding++;
	list_push(&ch->broker->unparked, &ch->on_parked);
}

static void unpark(struct channel *ch)
{
	ch->connection->n_yielding -= ch->yields;
	ch->parked = ch->yields = false;
}

void parking_keep(struct channel *ch, const struct frame *f)
{
	uint8_t head[HEAD_BYTES] = { f->type };
	put_le32(head + 1, (uint32_t)f->payload.n);
	buf_append(&ch->kept, head, sizeof head);
	buf_append_slice(&ch->kept, f->payload);
	ch->connection->kept_bytes += HEAD_BYTES + f->payload.n;
}

void parking_wake(struct broker *b, struct queue *q)
{
	list_splice(&b->unparked, &q->live->parked);
}

static bool next_frame(struct slice *rest, uint16_t number, struct frame *out)
{
	if (rest->n == 0)
		return false;
	struct slice head = slice_take(rest, HEAD_BYTES);
	*out = (struct frame){ .type = head.p[0],
		                   .channel = number,
		                   .payload = slice_take(rest, get_le32(head.p + 1)) };
	return true;
}

/* What is still kept when the channel is parked again goes back behind the frame it waits with. */
static void resume(struct channel *ch)
{
	struct connection *c = ch->connection;
	struct buf frames = ch->kept;
	struct slice rest = buf_slice(&frames);
	uint16_t number = ch->number;
	struct frame f;
	ch->kept = (struct buf){ 0 };
	unpark(ch);
	c->kept_bytes -= frames.len;
	while (next_frame(&rest, number, &f))
		connection_frame(c, &f);
	buf_free(&frames);
	if (connection_wants_input(c))
		connection_touch(c);
}

void parking_run(struct broker *b)
{
	struct list now;
	list_init(&now);
	list_splice(&now, &b->unparked);   /* who yields again has the next turn */
	for (struct list *l; b->effort < EFFORT_MOST / 2 && (l = list_pop(&now));) {
		parking_begin_piece(b);
		resume(list_entry(l, struct channel, on_parked));
	}
	list_splice(&now, &b->unparked);
	list_splice(&b->unparked, &now);
}

void parking_forget(struct channel *ch)
{
	list_remove(&ch->on_parked);
	ch->connection->kept_bytes -= ch->kept.len;
	unpark(ch);
	buf_free(&ch->kept);
}
