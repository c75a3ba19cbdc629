/* SPDX-License-Identifier: Apache-2.0 */
/* The deaths are told in the message's own headers: the newest first, one entry for each queue and
 * reason with a count.  What a publisher sent under these names is not believed: only a message
 * that this broker has dead-lettered before (message.died) brings deaths along. */
#include "broker/dead.h"

#include "amqp/props.h"
#include "amqp/table.h"
#include "broker/expiry.h"
#include "broker/overflow.h"
#include "broker/state.h"
#include "queue/place.h"
#include "queue/queue.h"

static const char *const reasons[] = { "rejected", "expired", "maxlen", "delivery_limit" };

/* What is needed of one entry of x-death. */
struct told {
	struct slice table;
	struct slice queue, reason;
	int64_t count;
};

struct dying {
	struct broker *b;
	struct queue *q;
	const struct message *m;
	const char *reason;
	struct props props;
	struct slice deaths;     /* the array x-death so far; empty for a first death */
};

static struct slice string_in(struct slice table, const char *key)
{
	struct field f;
	return table_find(table, key, &f) && f.letter == 'S' ? f.bytes : slice_of(NULL, 0);
}

static bool next_told(struct table_walk *w, struct told *out)
{
	struct field f, count;
	if (!array_next(w, &f))
		return false;
	out->table = f.letter == 'F' ? f.bytes : slice_of(NULL, 0);
	out->queue = string_in(out->table, "queue");
	out->reason = string_in(out->table, "reason");
	out->count = table_find(out->table, "count", &count) && field_is_integer(&count)
	                 ? count.integer : 0;
	return true;
}

static bool is_same_death(const struct dying *d, const struct told *t)
{
	return slice_eq(t->queue, queue_name(d->q)) && slice_is(t->reason, d->reason);
}

/* After a start a message that was delayed counts as one that died, as its record is one of a move;
 * but it tells of no deaths. */
static bool has_died(const struct dying *d)
{
	return d->deaths.n > 0;
}

/* ---- the array ---- */

static void put_str(struct buf *out, const char *key, struct slice value)
{
	struct field f = { .letter = 'S', .bytes = value };
	table_put(out, slice_str(key), &f);
}

/* Further keys it was published with; empty when there are none. */
static struct slice cc_of(const struct props *p)
{
	struct field f;
	bool there = p->flags & PROP_headers && table_find(p->headers, "CC", &f) && f.letter == 'A';
	return there ? f.bytes : slice_of(NULL, 0);
}

static void put_first_time(struct buf *out, const struct dying *d)
{
	struct buf keys = { 0 };
	struct field key = { .letter = 'S', .bytes = message_key(d->m) };
	struct field count = { .letter = 'l', .integer = 1 };
	struct field time = { .letter = 'T', .timestamp = broker_wall_ms(d->b) / 1000 };
	table_put(&keys, slice_of(NULL, 0), &key);
	for (struct table_walk w = table_walk(cc_of(&d->props)); array_next(&w, &key);)
		if (key.letter == 'S')
			table_put(&keys, slice_of(NULL, 0), &key);
	struct field array = { .letter = 'A', .bytes = buf_slice(&keys) };
	table_put(out, slice_str("count"), &count);
	put_str(out, "reason", slice_str(d->reason));
	put_str(out, "queue", queue_name(d->q));
	table_put(out, slice_str("time"), &time);
	put_str(out, "exchange", message_exchange(d->m));
	table_put(out, slice_str("routing-keys"), &array);
	if (d->props.flags & PROP_expiration)
		put_str(out, "original-expiration", d->props.expiration);
	buf_free(&keys);
}

static void put_once_more(struct buf *out, const struct told *t)
{
	struct table_walk w = table_walk(t->table);
	struct slice key;
	struct field f;
	while (table_next(&w, &key, &f)) {
		if (slice_is(key, "count"))
			f = (struct field){ .letter = 'l', .integer = t->count + 1 };
		table_put(out, key, &f);
	}
}

static void put_deaths(struct buf *out, const struct dying *d)
{
	struct buf array = { 0 }, first = { 0 };
	struct table_walk w = table_walk(d->deaths);
	struct told t, same = { 0 };
	while (next_told(&w, &t))
		if (is_same_death(d, &t))
			same = t;
	if (same.table.p)
		put_once_more(&first, &same);
	else
		put_first_time(&first, d);
	struct field table = { .letter = 'F', .bytes = buf_slice(&first) };
	table_put(&array, slice_of(NULL, 0), &table);
	for (w = table_walk(d->deaths); next_told(&w, &t);) {
		table = (struct field){ .letter = 'F', .bytes = t.table };
		if (!is_same_death(d, &t))
			table_put(&array, slice_of(NULL, 0), &table);
	}
	struct field all = { .letter = 'A', .bytes = buf_slice(&array) };
	table_put(out, slice_str("x-death"), &all);
	buf_free(&array);
	buf_free(&first);
}

/* ---- the headers ---- */

/* The broker's own names; those of the first death are kept once they are true.  A key that the
 * queue gives its dead stands for all that they had. */
static bool is_rewritten(const struct dying *d, struct slice key)
{
	if (slice_starts(key, "x-first-death-"))
		return !has_died(d);
	if (slice_is(key, "CC"))
		return d->q->settings->dead_key.p != NULL;
	return slice_is(key, "x-death") || slice_starts(key, "x-last-death-");
}

static void put_headers(struct buf *out, const struct dying *d)
{
	struct slice headers = d->props.flags & PROP_headers ? d->props.headers : slice_of(NULL, 0);
	struct table_walk w = table_walk(headers);
	struct slice key;
	struct field f;
	while (table_next(&w, &key, &f))
		if (!is_rewritten(d, key))
			table_put(out, key, &f);
	if (!has_died(d)) {
		put_str(out, "x-first-death-exchange", message_exchange(d->m));
		put_str(out, "x-first-death-queue", queue_name(d->q));
		put_str(out, "x-first-death-reason", slice_str(d->reason));
	}
	put_str(out, "x-last-death-exchange", message_exchange(d->m));
	put_str(out, "x-last-death-queue", queue_name(d->q));
	put_str(out, "x-last-death-reason", slice_str(d->reason));
	put_deaths(out, d);
}

/* The message as it is published again: without its expiration, or it would die again. */
static struct message *reborn(const struct dying *d)
{
	struct buf headers = { 0 }, header = { 0 };
	struct props p = d->props;
	put_headers(&headers, d);
	p.headers = buf_slice(&headers);
	p.flags = (uint16_t)((p.flags | PROP_headers) & ~PROP_expiration);
	props_encode(&header, &p);
	struct slice key = d->q->settings->dead_key.p ? d->q->settings->dead_key : message_key(d->m);
	struct message *m = message_copy(d->m, d->q->settings->dead_exchange, key, buf_slice(&header));
	m->died = true;
	m->expires = false;
	m->published_ms = (int64_t)d->b->now_ms;
	buf_free(&headers);
	buf_free(&header);
	return m;
}

/* ---- where to ---- */

/* A queue that the message died in before, with nobody rejecting it since: going there again
 * would go on for ever. */
static bool is_cycle(const struct dying *d, const struct queue *target)
{
	struct table_walk w = table_walk(d->deaths);
	struct told t;
	if (target->waits_in)   /* it is not there yet */
		return false;
	if (target == d->q)
		return true;
	while (next_told(&w, &t)) {
		if (slice_is(t.reason, reasons[DEATH_REJECTED]))
			return false;
		if (slice_eq(t.queue, queue_name(target)))
			return true;
	}
	return false;
}

static void cut_cycles(const struct dying *d, struct route_set *routed)
{
	size_t kept = 0;
	for (size_t i = 0; i < routed->n; i++)
		if (!is_cycle(d, routed->queues[i]))
			routed->queues[kept++] = routed->queues[i];
	routed->n = kept;
}

/* False when its deaths are too much for its headers: then nobody could read them any more. */
static bool route(const struct dying *d, struct exchange *x, struct message *m,
                  struct route_set *routed)
{
	struct props p;
	if (!props_decode(message_header(m), &p))
		return false;
	struct route r = { .key = message_key(m), .headers = p.headers, .cc = cc_of(&p),
		               .header = message_header(m), .message = m, .dead = true };
	topology_route(d->q->topology, x, &r, routed);
	return true;
}

/* What became of it. LOGGED: the log knows, and of its end in the queue, too. */
enum moved { NOWHERE, MOVED, LOGGED };

/* Into those of the queues that do not refuse it; a queue that keeps its dead wants all of them. */
static enum moved put(const struct dying *d, struct message *m, const struct record_target *from,
                      struct route_set *to)
{
	struct broker *b = d->b;
	size_t refused = overflow_part(b, m, to, false), n = to->n - refused;
	b->deaths += n;
	if (n == 0 || (refused && queue_keeps_dead(d->q)))
		return NOWHERE;
	bool logged = place_moved(&b->store, m, from, to->queues, n).wait_for != 0;
	quota_placed(to->queues, n, m->body_bytes);
	for (size_t i = 0; i < n; i++)
		broker_run_queue(b, to->queues[i]);
	return logged ? LOGGED : MOVED;
}

/* Puts the reborn message where it is routed to.  from: where it is removed, NULL for a
 * newcomer. */
static enum moved move(const struct dying *d, const struct record_target *from, enum death why)
{
	struct exchange *x = topology_exchange(d->q->topology, d->q->settings->dead_exchange);
	if (!x)
		return NOWHERE;
	struct message *m = reborn(d);
	struct route_set *to = &d->b->routed_dead;
	to->n = 0;
	bool routed = route(d, x, m, to);
	if (routed && why != DEATH_REJECTED)
		cut_cycles(d, to);
	enum moved moved = routed ? put(d, m, from, to) : NOWHERE;
	message_drop(&m);
	return moved;
}

/* False when the queue has no use for its dead. */
static bool examine(struct dying *d)
{
	struct field f;
	if (!d->q->settings->dead_exchange.p || d->q->deleted ||
	    !props_decode(message_header(d->m), &d->props))
		return false;
	if (d->m->died && table_find(d->props.headers, "x-death", &f) && f.letter == 'A')
		d->deaths = f.bytes;
	return true;
}

/* A note says why it died, and how often it was tried: each time it waits twice as long. */
enum { FIRST_WAIT_MS = 1000, TRIES = 8 };

_Static_assert(DEATHS * TRIES <= QUEUE_NOTES, "a note has room for both");

static void hold(struct broker *b, struct queue *q, struct entry e, enum death why, unsigned tries)
{
	int64_t wait_ms = (int64_t)FIRST_WAIT_MS << tries;
	unsigned next = tries + 1 < TRIES ? tries + 1 : tries;
	queue_hold(q, e, (int64_t)b->now_ms + wait_ms, next * DEATHS + why);
	expiry_watch(b, q);
}

static void end(struct broker *b, struct queue *q, struct entry e, enum death why, unsigned tries)
{
	struct dying d = { .b = b, .q = q, .m = e.message, .reason = reasons[why] };
	struct record_target from = { q->id, e.seq };
	enum moved moved = examine(&d) ? move(&d, &from, why) : NOWHERE;
	if (moved == LOGGED)
		queue_moved(q, e);
	else if (moved == NOWHERE && queue_keeps_dead(q))
		hold(b, q, e, why, tries);
	else
		queue_settle(q, e);
}

void dead_letter(struct broker *b, struct queue *q, struct entry e, enum death why)
{
	end(b, q, e, why, 0);
}

void dead_letter_again(struct broker *b, struct queue *q, struct entry e, unsigned note)
{
	end(b, q, e, note % DEATHS, note / DEATHS);
}

void dead_letter_refused(struct broker *b, struct queue *q, const struct message *m)
{
	struct dying d = { .b = b, .q = q, .m = m, .reason = reasons[DEATH_MAXLEN] };
	if (examine(&d))
		move(&d, NULL, DEATH_MAXLEN);
}
