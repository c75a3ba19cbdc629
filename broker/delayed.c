/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/delayed.h"

#include "amqp/props.h"
#include "amqp/table.h"
#include "base/die.h"
#include "broker/dead.h"
#include "broker/overflow.h"
#include "broker/state.h"
#include "queue/delay.h"
#include "queue/place.h"
#include "queue/queue.h"

static struct slice keys_in(struct slice headers, const char *name)
{
	struct field f;
	return table_find(headers, name, &f) && f.letter == 'A' ? f.bytes : slice_of(NULL, 0);
}

/* BCC was kept until now, for the routing. */
static void put_headers(struct buf *out, struct slice headers)
{
	struct table_walk w = table_walk(headers);
	struct slice key;
	struct field f;
	while (table_next(&w, &key, &f)) {
		if (slice_is(key, "x-delay"))
			table_put_int(out, "x-delay", -delay_of(headers));
		else if (!slice_is(key, "BCC"))
			table_put(out, key, &f);
	}
}

/* The message as it is published now. */
static struct message *due_now(const struct broker *b, const struct message *m, struct props p)
{
	struct buf headers = { 0 }, header = { 0 };
	put_headers(&headers, p.headers);
	p.headers = buf_slice(&headers);
	props_encode(&header, &p);
	struct message *now = message_copy(m, message_exchange(m), message_key(m), buf_slice(&header));
	now->died = m->died;
	now->published_ms = (int64_t)b->now_ms;
	buf_free(&headers);
	buf_free(&header);
	return now;
}

/* False when nobody keeps it. */
static bool move(struct broker *b, struct queue *q, const struct entry *e, struct message *m,
                 struct slice headers)
{
	struct record_target from = { q->id, e->seq };
	struct route_set *to = &b->routed_dead;
	struct route r = { .key = message_key(m),
		               .headers = props_headers(message_header(m)),
		               .cc = keys_in(headers, "CC"),
		               .bcc = keys_in(headers, "BCC"),
		               .header = message_header(m),
		               .dead = true };   /* its key was accepted when it came */
	topology_route(q->topology, q->waits_in, &r, to);
	size_t n = to->n - overflow_part(b, m, to, false);
	b->deaths += n;
	const struct record_target *gone = e->kept ? &from : NULL;
	bool logged = n && place_moved(&b->store, m, gone, to->queues, n).wait_for;
	quota_placed(to->queues, n, m->body_bytes);
	for (size_t i = 0; i < n; i++)
		broker_run_queue(b, to->queues[i]);
	return logged && e->kept;
}

void delayed_fire(struct broker *b, struct queue *q, struct entry e)
{
	struct props p;
	if (q->deleted || !props_decode(message_header(e.message), &p)) {
		queue_settle(q, e);
		return;
	}
	struct message *m = due_now(b, e.message, p);
	if (move(b, q, &e, m, p.headers))
		queue_moved(q, e);
	else
		queue_settle(q, e);
	message_drop(&m);
}
