/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/streams.h"

#include <stdio.h>

#include "amqp/table.h"
#include "base/die.h"
#include "base/endian.h"
#include "exchange/partitions.h"
#include "tests/sim/talk.h"

enum {
	SELDOM = 12, MOST_BYTES = 6000, MOST_AGE_MS = 1000, LATE_MS = 700, LAG_MS = 1000,
	MUCH_LATER_MS = 5000, BIGGEST = 20000, KEYS = 4, COPIED_AT_ONCE = 8, ROOM = 12,
};

/* The streams, and the queue beside the first. */
enum { ALL_KEPT, BYTES_KEPT, AGE_KEPT, LATEST_KEPT, BESIDE };

/* Channels. */
enum { CONFIRMS = 1, READS, COPIES };

static const char *const names[STREAMS] = { "s.all", "s.bytes", "s.age", "s.latest" };
static const char beside[] = "s.beside", copies[] = "s.copies";

static uint64_t dice(struct world *w, uint64_t n)
{
	return world_dice(&w->streams.random, n);
}

/* ---- what comes ---- */

/* What one consumer was handed, in order; and how many publishes were confirmed meanwhile. */
struct reading {
	struct world *w;
	unsigned of;                 /* the stream */
	uint64_t confirmed;
	uint32_t n;
	uint32_t first, next;        /* offsets, when there is any */
	uint32_t first_id, last_id;
	bool came[STREAMED];
};

static void complain(struct reading *r, const char *what, uint32_t id, uint32_t offset)
{
	if (r->w->why.len == 0)
		buf_printf(&r->w->why, "message %u of %s, at offset %u, %s", id, names[r->of], offset,
		           what);
}

/* A tombstone has its number in a header. */
static bool is_as_sent(const struct streams *s, const struct heard *h, uint32_t *id)
{
	struct field f;
	struct slice body = h->body;
	bool said = table_find(props_headers(h->header), "number", &f);
	*id = body.n >= 4 ? get_be32(body.p) : said ? (uint32_t)f.integer : UINT32_MAX;
	bool ok = *id < s->n_sent && body.n == s->sent[*id].bytes;
	for (size_t i = 4; ok && i < body.n; i++)
		ok = body.p[i] == (uint8_t)*id;
	return ok;
}

static const char *what_is_wrong(const struct reading *r, uint32_t id, uint32_t offset)
{
	const struct streamed *m = &r->w->streams.sent[id];
	uint32_t place = m->place[r->of];
	if (!(m->to & 1u << r->of) || m->there == ABSENT)
		return "was never sent there";
	if (place && place != offset + 1)
		return "was at another one";
	if (r->n && id <= r->last_id)
		return "came out of order";
	if (r->n && offset != r->next && (r->of < AGE_KEPT || offset < r->next))
		return "came too soon or too late";
	return NULL;
}

static void note_delivery(struct reading *r, const struct heard *h)
{
	struct streams *s = &r->w->streams;
	struct field f;
	uint32_t id;
	bool said = table_find(props_headers(h->header), "x-stream-offset", &f);
	uint32_t offset = said ? (uint32_t)f.integer : UINT32_MAX;
	const char *wrong = "came back as it never was sent";
	if (is_as_sent(s, h, &id))
		wrong = what_is_wrong(r, id, offset);
	if (wrong) {
		complain(r, wrong, id, offset);
		return;
	}
	if (r->n++ == 0) {
		r->first = offset;
		r->first_id = id;
	}
	r->next = offset + 1;
	r->last_id = id;
	r->came[id] = true;
	s->sent[id].place[r->of] = offset + 1;
}

static void hear(void *reading, const struct heard *h)
{
	struct reading *r = reading;
	const struct basic_ack *ack = &h->method.basic_ack;
	if (h->method.id == METHOD_basic_deliver)
		note_delivery(r, h);
	else if (h->method.id == METHOD_basic_ack)
		r->confirmed = ack->multiple ? ack->delivery_tag : r->confirmed + 1;
}

static void listen(struct talk *t, struct reading *r)
{
	struct heard h;
	while (talk_read(t, &h))
		hear(r, &h);
}

/* Only a broker that is down need not answer. */
static bool ask(struct world *w, struct talk *t, uint16_t channel, struct method m, uint32_t answer,
                struct reading *r)
{
	struct heard h;
	if (!world_goes_on(w))
		return false;
	talk_send(t, channel, &m);
	bool ok = talk_wait(t, answer, &h, r ? hear : NULL, r);
	if (!ok && world_goes_on(w))
		buf_printf(&w->why, "streams: no answer to %s", method_info(m.id)->name);
	return ok;
}

/* ---- topology ---- */

static bool declare(struct world *w, struct talk *t, const char *name, struct slice arguments)
{
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = {
							.queue = slice_str(name), .durable = true, .arguments = arguments } };
	return ask(w, t, CONFIRMS, m, METHOD_queue_declare_ok, NULL);
}

static bool declare_stream(struct world *w, struct talk *t, unsigned of)
{
	struct buf arguments = { 0 };
	table_put_str(&arguments, "x-queue-type", "stream");
	if (of == BYTES_KEPT)
		table_put_int(&arguments, "x-max-length-bytes", MOST_BYTES);
	if (of == AGE_KEPT)
		table_put_str(&arguments, "x-max-age", "1s");
	if (of == LATEST_KEPT) {
		table_put_str(&arguments, "x-compact-key", "header:key");
		table_put_str(&arguments, "x-compact-lag", "1s");
		table_put_str(&arguments, "x-tombstone-age", "1s");
	}
	bool ok = declare(w, t, names[of], buf_slice(&arguments));
	buf_free(&arguments);
	return ok;
}

static bool declare_exchange(struct world *w, struct talk *t, const char *name, const char *type)
{
	struct method m = { .id = METHOD_exchange_declare,
		                .exchange_declare = { .exchange = slice_str(name),
		                                      .type = slice_str(type),
		                                      .durable = true } };
	return ask(w, t, CONFIRMS, m, METHOD_exchange_declare_ok, NULL);
}

static bool bind(struct world *w, struct talk *t, const char *queue, const char *exchange,
                 const char *key)
{
	struct method m = { .id = METHOD_queue_bind,
		                .queue_bind = { .queue = slice_str(queue),
		                                .exchange = slice_str(exchange),
		                                .routing_key = slice_str(key) } };
	return ask(w, t, CONFIRMS, m, METHOD_queue_bind_ok, NULL);
}

static bool open_channel(struct world *w, struct talk *t, uint16_t channel, uint16_t prefetch)
{
	struct method qos = { .id = METHOD_basic_qos, .basic_qos = { .prefetch_count = prefetch } };
	struct method open = { .id = METHOD_channel_open };
	return ask(w, t, channel, open, METHOD_channel_open_ok, NULL) &&
	       ask(w, t, channel, qos, METHOD_basic_qos_ok, NULL);
}

/* What is there already stays as it is. */
static bool declare_all(struct world *w, struct talk *t)
{
	bool ok = true;
	for (unsigned of = 0; of < STREAMS; of++)
		ok = ok && declare_stream(w, t, of);
	return ok && declare(w, t, beside, slice_of("", 0)) && declare(w, t, copies, slice_of("", 0)) &&
	       declare_exchange(w, t, "s.both", "fanout") &&
	       declare_exchange(w, t, "s.super", "x-super-stream") &&
	       bind(w, t, names[ALL_KEPT], "s.both", "") && bind(w, t, beside, "s.both", "") &&
	       bind(w, t, names[BYTES_KEPT], "s.super", "0") &&
	       bind(w, t, names[AGE_KEPT], "s.super", "1");
}

static bool enter(struct world *w, struct talk *t)
{
	struct method confirm = { .id = METHOD_confirm_select }, tx = { .id = METHOD_tx_select };
	inside_let_go(&w->in);
	return talk_open(t, &w->in) && open_channel(w, t, READS, STREAMED) &&
	       open_channel(w, t, COPIES, COPIED_AT_ONCE) &&
	       ask(w, t, CONFIRMS, confirm, METHOD_confirm_select_ok, NULL) &&
	       ask(w, t, COPIES, tx, METHOD_tx_select_ok, NULL);
}

void streams_leave(struct world *w)
{
	const char *const all[] = { names[0], names[1], names[2], names[3], beside, copies };
	struct talk t = { 0 };
	bool ok = enter(w, &t) && declare_all(w, &t);
	for (size_t i = 0; i < sizeof all / sizeof all[0] && ok; i++) {
		struct method m = { .id = METHOD_queue_delete,
			                .queue_delete = { .queue = slice_str(all[i]) } };
		ok = ask(w, &t, CONFIRMS, m, METHOD_queue_delete_ok, NULL);
	}
	talk_free(&t);
}

/* ---- reading ---- */

/* From an offset, or where the name stands, or else the first; what is there has come then. */
static void begin(struct world *w, struct talk *t, uint16_t channel, struct reading *r,
                  const char *name, uint32_t from)
{
	struct buf arguments = { 0 };
	table_put_int(&arguments, "x-stream-offset", from);
	if (name)
		table_put_str(&arguments, "x-stream-offset-name", name);
	struct method m = { .id = METHOD_basic_consume,
		                .basic_consume = { .queue = slice_str(names[r->of]),
		                                   .arguments = buf_slice(&arguments) } };
	if (ask(w, t, channel, m, METHOD_basic_consume_ok, r))
		listen(t, r);
	buf_free(&arguments);
}

/* How much of the stream lies from that message to what was read first. */
static uint64_t bytes_before(const struct reading *r, uint32_t id)
{
	const struct streams *s = &r->w->streams;
	uint64_t bytes = 0;
	for (; id < r->first_id; id++)
		if (s->sent[id].to & 1u << r->of && s->sent[id].there != ABSENT)
			bytes += s->sent[id].bytes;
	return bytes;
}

static uint64_t bytes_read(const struct reading *r)
{
	uint64_t bytes = 0;
	for (uint32_t id = 0; id < r->w->streams.n_sent; id++)
		bytes += r->came[id] ? r->w->streams.sent[id].bytes : 0;
	return bytes;
}

static bool is_old(const struct reading *r, uint32_t id)
{
	return r->w->in.now_ms >= r->w->streams.sent[id].sent_ms + MOST_AGE_MS;
}

/* The next message of its key, from that one on; n_sent: there is none. */
static uint32_t successor(const struct streams *s, uint32_t id)
{
	uint8_t key = s->sent[id].key;
	while (++id < s->n_sent)
		if (s->sent[id].to & 1u << LATEST_KEPT && s->sent[id].key == key &&
		    s->sent[id].there != ABSENT)
			break;
	return id;
}

static bool has_older(const struct reading *r, uint32_t id)
{
	for (uint32_t older = 0; older < id; older++)
		if (r->came[older] && r->w->streams.sent[older].key == r->w->streams.sent[id].key)
			return true;
	return false;
}

/* What is older goes first.  A tombstone that is old may be gone itself. */
static bool may_be_compacted(const struct reading *r, uint32_t id)
{
	const struct streams *s = &r->w->streams;
	uint32_t next = successor(s, id);
	if (has_older(r, id))
		return false;
	if (s->sent[id].bytes == 0 && is_old(r, id) && id < r->last_id)
		return true;
	if (next == s->n_sent || r->w->in.now_ms < s->sent[next].sent_ms + LAG_MS)
		return false;
	while (next < s->n_sent && !r->came[next] && !(s->sent[next].bytes == 0 && is_old(r, next)))
		next = successor(s, next);
	return next < s->n_sent;
}

/* Whether it could go: those behind it reach back to it, or it is too old, or there is a newer one
 * of its key; the newest of all stays. */
static bool may_be_forgotten(const struct reading *r, uint32_t id)
{
	if (r->n == 0)
		return false;
	if (r->of == LATEST_KEPT)
		return may_be_compacted(r, id);
	if (id > r->first_id)
		return false;
	return r->of == BYTES_KEPT ? bytes_before(r, id) + bytes_read(r) > MOST_BYTES
	                           : r->of == AGE_KEPT && is_old(r, id);
}

static bool is_due(const struct streamed *m, unsigned of)
{
	return m->to & 1u << of && (m->there == PRESENT || m->place[of]);
}

/* All from the front was read: what was confirmed or seen is there, or could be forgotten. */
static void check_nothing_lost(struct reading *r)
{
	struct streams *s = &r->w->streams;
	for (uint32_t id = 0; id < s->n_sent; id++)
		if (!r->came[id] && is_due(&s->sent[id], r->of) && !may_be_forgotten(r, id))
			complain(
				r, s->sent[id].place[r->of] ? "was seen and is lost" : "was confirmed and is lost",
				id, s->sent[id].place[r->of] - 1);
}

/* What should have been forgotten is.  A message may have been placed later than it was sent. */
static void check_nothing_more(struct reading *r)
{
	const struct streamed *first = &r->w->streams.sent[r->first_id];
	if (r->n < 2)
		return;
	if (r->of == ALL_KEPT && r->first)
		complain(r, "is the first that is kept", r->first_id, r->first);
	if (r->of == BYTES_KEPT && bytes_read(r) > MOST_BYTES)
		complain(r, "should have gone: more is kept than may be", r->first_id, r->first);
	if (r->of == AGE_KEPT && r->w->in.now_ms > first->sent_ms + MOST_AGE_MS + LATE_MS)
		complain(r, "should have gone: it is too old", r->first_id, r->first);
}

/* Much later: of each key there is one, or none, and what was put an end to is not there. */
static void check_compacted(struct reading *r)
{
	const struct streams *s = &r->w->streams;
	for (uint32_t id = 0; id < s->n_sent; id++) {
		uint32_t next = r->came[id] ? successor(s, id) : s->n_sent;
		if (next < s->n_sent && s->sent[next].there == PRESENT)
			complain(r, "should have gone: there was a newer one", id,
			         s->sent[id].place[r->of] - 1);
		if (r->came[id] && s->sent[id].bytes == 0 && id != r->last_id)
			complain(r, "should have gone: its key is no more", id, s->sent[id].place[r->of] - 1);
	}
}

static void read_all(struct world *w, struct talk *t, struct reading *r, unsigned of)
{
	*r = (struct reading){ .w = w, .of = of };
	if (!world_goes_on(w))
		return;
	begin(w, t, READS, r, NULL, 0);
	if (!world_goes_on(w))
		return;
	check_nothing_lost(r);
	check_nothing_more(r);
}

/* From anywhere: it begins there, or with the first there is. */
static void read_some(struct world *w, struct talk *t)
{
	struct reading r = { .w = w, .of = (unsigned)dice(w, STREAMS) };
	uint32_t from = (uint32_t)dice(w, w->streams.n_sent + 1);
	begin(w, t, READS, &r, NULL, from);
	if (r.n && r.first < from && r.next > from + 1)
		complain(&r, "came to who asked for later ones", r.first_id, r.first);
}

/* ---- sending ---- */

/* The publisher counts what it sends, and says so. */
static void put_headers(const struct streamed *m, uint32_t id, struct buf *headers)
{
	table_put_str(headers, "x-publisher-id", "sim");
	table_put_int(headers, "x-publisher-sequence", 1 + (int64_t)id);
	if (!(m->to & 1u << LATEST_KEPT))
		return;
	table_put_int(headers, "key", m->key);
	table_put_int(headers, "number", id);
}

static void transmit(struct world *w, struct talk *t, uint16_t channel, uint32_t id,
                     const struct method *how)
{
	static uint8_t body[BIGGEST];
	const struct streamed *m = &w->streams.sent[id];
	struct buf headers = { 0 };
	put_headers(m, id, &headers);
	struct props p = { .flags = PROP_delivery_mode | PROP_headers, .headers = buf_slice(&headers),
		               .delivery_mode = m->persistent ? 2 : 1 };
	memset(body, (int)id, m->bytes);
	put_be32(body, id);
	talk_content(t, channel, how, &p, slice_of(body, m->bytes));
	buf_free(&headers);
}

/* Straight to a stream, or to the first and the queue beside it. */
static struct method way_to(const struct streamed *m)
{
	unsigned of = 0;
	struct method how = { .id = METHOD_basic_publish };
	while (!(m->to & 1u << of))
		of++;
	if (m->to & 1u << BESIDE)
		how.basic_publish.exchange = slice_str("s.both");
	else
		how.basic_publish.routing_key = slice_str(names[of]);
	return how;
}

/* To one of two partitions, by its key. */
static void send_by_key(struct world *w, struct talk *t, uint16_t channel, uint32_t id)
{
	char key[] = "key.0";
	key[sizeof key - 2] = (char)('0' + dice(w, KEYS));
	struct method how = { .id = METHOD_basic_publish,
		                  .basic_publish = { .exchange = slice_str("s.super"),
		                                     .routing_key = slice_str(key) } };
	unsigned of = BYTES_KEPT + partitions_hash(PARTITIONS_SEED, slice_str(key)) % 2;
	w->streams.sent[id].to = (uint8_t)(1u << of);
	transmit(w, t, channel, id, &how);
}

static void send(struct world *w, struct talk *t, uint16_t channel)
{
	uint32_t id = w->streams.n_sent++;
	unsigned to = (unsigned)dice(w, STREAMS + 1);
	must(id < STREAMED);
	struct streamed *m = &w->streams.sent[id];
	*m = (struct streamed){ .there = UNSURE, .persistent = dice(w, 4) != 0,
		                    .to = (uint8_t)(1u << to), .sent_ms = w->in.now_ms };
	m->bytes = (uint16_t)(4 + dice(w, dice(w, 12) ? 600 : BIGGEST - 4));
	if (to == BYTES_KEPT) {
		send_by_key(w, t, channel, id);
		return;
	}
	if (to == BESIDE)
		m->to |= 1u << ALL_KEPT;
	if (to == LATEST_KEPT) {
		m->key = (uint8_t)dice(w, KEYS);
		m->bytes = dice(w, 6) ? m->bytes : 0;   /* none: it ends the key */
	}
	struct method how = way_to(m);
	transmit(w, t, channel, id, &how);
}

static void believe(struct streams *s, uint32_t first, enum belief there)
{
	for (uint32_t id = first; id < s->n_sent; id++)
		s->sent[id].there = there;
}

static bool confirmed(struct world *w, struct talk *t, struct reading *r, uint64_t n)
{
	listen(t, r);
	for (int patience = 2; r->confirmed < n && patience && world_goes_on(w); patience--) {
		inside_pass(&w->in, 300);   /* no room may be waited out */
		listen(t, r);
	}
	if (r->confirmed < n && world_goes_on(w))
		buf_printf(&w->why, "messages to streams were not confirmed");
	return r->confirmed >= n;
}

/* Somebody reads at the end meanwhile.  Confirmed, they say that earlier acks are durable too. */
static void send_some(struct world *w, struct talk *t)
{
	struct streams *s = &w->streams;
	struct reading r = { .w = w, .of = (unsigned)dice(w, STREAMS) };
	uint32_t first = s->n_sent, n = 1 + (uint32_t)dice(w, 4), acked = s->acked.high;
	begin(w, t, READS, &r, NULL, first);
	w->in.held = dice(w, 2);
	for (uint32_t i = 0; i < n && world_goes_on(w); i++)
		send(w, t, CONFIRMS);
	inside_let_go(&w->in);
	if (confirmed(w, t, &r, n)) {
		believe(s, first, PRESENT);
		s->acked.low = acked;
	}
}

/* All since the last that is known to be there, as a publisher does that counts: what had come is
 * not taken again. */
static void send_again(struct world *w, struct talk *t, struct reading *r)
{
	struct streams *s = &w->streams;
	uint32_t first = s->n_sent, n = 0;
	while (first && s->sent[first - 1].there != PRESENT)
		first--;
	for (uint32_t id = first; id < s->n_sent; id++) {
		struct method how = way_to(&s->sent[id]);
		if (s->sent[id].there == ABSENT)
			continue;
		transmit(w, t, CONFIRMS, id, &how);
		n++;
	}
	*r = (struct reading){ .w = w };
	if (!confirmed(w, t, r, n))
		return;
	for (uint32_t id = first; id < s->n_sent; id++)
		if (s->sent[id].there == UNSURE)
			s->sent[id].there = PRESENT;
}

/* ---- named offsets ---- */

static void ack(struct talk *t, uint16_t channel, uint64_t tag, bool multiple)
{
	struct method m = { .id = METHOD_basic_ack, .basic_ack = { tag, multiple, 0 } };
	talk_send(t, channel, &m);
}

/* Where the copying reader stands is where one of its transactions ended. */
static void check_copied(struct reading *r)
{
	struct span *at = &r->w->streams.copied;
	if (r->n == 0)
		return;
	if (r->first != at->low && r->first != at->high)
		complain(r,
		         r->first < at->low ? "came again after it was copied" : "was left out by a copy",
		         r->first_id, r->first);
	at->low = at->high = r->first;
}

static void copy(struct talk *t, uint32_t offset)
{
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .routing_key = slice_str(copies) } };
	struct props p = { .flags = PROP_delivery_mode, .delivery_mode = 2 };
	uint8_t body[4];
	put_be32(body, offset);
	talk_content(t, COPIES, &m, &p, slice_of(body, sizeof body));
}

/* Until it is answered nobody knows. */
static void commit(struct world *w, struct talk *t, struct reading *r, uint32_t first)
{
	struct streams *s = &w->streams;
	struct method m = { .id = METHOD_tx_commit };
	s->tx_first = first;
	s->tx_end = s->n_sent;
	if (!ask(w, t, COPIES, m, METHOD_tx_commit_ok, r))
		return;
	believe(s, first, PRESENT);
	s->tx_end = first;
	s->copied.low = s->copied.high;
}

static void roll_back(struct world *w, struct talk *t, struct reading *r, uint32_t first)
{
	struct method m = { .id = METHOD_tx_rollback };
	believe(&w->streams, first, ABSENT);
	w->streams.copied.high = w->streams.copied.low;
	ask(w, t, COPIES, m, METHOD_tx_rollback_ok, r);
}

/* Some of what it is handed goes into a queue, other messages into streams, and all of that and the
 * offset are one transaction. */
static void copy_some(struct world *w, struct talk *t)
{
	struct streams *s = &w->streams;
	struct reading r = { .w = w, .of = ALL_KEPT };
	uint32_t first = s->n_sent;
	begin(w, t, COPIES, &r, "copied", 0);
	check_copied(&r);
	if (!world_goes_on(w))
		return;
	uint32_t n = (uint32_t)dice(w, r.n + 1);
	for (uint32_t i = 0; i < n; i++)
		copy(t, r.first + i);
	for (uint64_t more = dice(w, 3); more; more--)
		send(w, t, COPIES);
	if (n)
		ack(t, COPIES, n, true);
	s->copied.high = s->copied.low + n;
	if (dice(w, 4))
		commit(w, t, &r, first);
	else
		roll_back(w, t, &r, first);
}

/* Where the other reader stands; what it had not read may have been forgotten. */
static void check_acked(struct reading *r, uint32_t front)
{
	struct span *at = &r->w->streams.acked;
	if (r->n == 0)
		return;
	if (r->first < at->low || (r->first > at->high && r->first != front))
		complain(r, r->first < at->low ? "came again long after its ack" : "was passed over",
		         r->first_id, r->first);
	if (r->first <= at->high)
		at->low = at->high = r->first;
}

/* In any order: the offset follows what is acked without a gap. */
static void ack_some(struct world *w, struct talk *t)
{
	struct reading all, r = { .w = w, .of = BYTES_KEPT };
	bool done[STREAMED] = { 0 };
	uint32_t below = 0;
	read_all(w, t, &all, BYTES_KEPT);
	begin(w, t, READS, &r, "acked", 0);
	check_acked(&r, all.first);
	if (!world_goes_on(w))
		return;
	for (uint32_t i = 0; i < r.n; i++) {
		uint32_t at = (uint32_t)dice(w, r.n);
		if (!done[at])
			ack(t, READS, all.n + at + 1, false);
		done[at] = true;
	}
	while (below < r.n && done[below])
		below++;
	if (below)
		w->streams.acked.high = r.first + below;
}

/* ---- the queues beside ---- */

/* The number in the next message; UINT32_MAX when there is none. */
static uint32_t take(struct talk *t, const char *queue)
{
	struct heard h;
	struct method m = { .id = METHOD_basic_get,
		                .basic_get = { .queue = slice_str(queue), .no_ack = true } };
	talk_send(t, CONFIRMS, &m);
	while (talk_read(t, &h))
		if (h.method.id == METHOD_basic_get_ok)
			return get_be32(h.body.p);
	return UINT32_MAX;
}

static void take_some(struct world *w, struct talk *t)
{
	for (uint64_t n = dice(w, 6); n; n--) {
		uint32_t id = take(t, beside);
		if (id < w->streams.n_sent)
			w->streams.sent[id].taken = true;
	}
	inside_pass(&w->in, dice(w, 600));
}

void streams_step(struct world *w)
{
	struct talk t = { 0 };
	if (dice(w, SELDOM) || !w->connected || w->streams.n_sent + ROOM > STREAMED)
		return;
	if (enter(w, &t) && declare_all(w, &t)) {
		switch (dice(w, 8)) {
		case 0 ... 2: send_some(w, &t); break;
		case 3 ... 4: copy_some(w, &t); break;
		case 5: ack_some(w, &t); break;
		case 6: read_some(w, &t); break;
		default: take_some(w, &t);
		}
	}
	talk_free(&t);
}

/* ---- afterwards ---- */

static void count_tx(struct streams *s, bool came)
{
	s->tx_came += came;
	s->tx_missing += !came;
}

/* What may be forgotten may have been there. */
static void count_tx_of(const struct reading *r)
{
	struct streams *s = &r->w->streams;
	for (uint32_t id = s->tx_first; id < s->tx_end; id++)
		if (s->sent[id].to & 1u << r->of && (r->came[id] || !may_be_forgotten(r, id)))
			count_tx(s, r->came[id]);
}

/* One publish goes to both. */
static void check_beside(struct talk *t, const struct reading *r)
{
	struct world *w = r->w;
	bool came[STREAMED] = { 0 };
	for (uint32_t id, last = 0; (id = take(t, beside)) < w->streams.n_sent; last = id) {
		if (came[id] || id < last || !r->came[id])
			buf_printf(&w->why, "message %u in %s is not as in the stream", id, beside);
		came[id] = true;
	}
	for (uint32_t id = 0; id < w->streams.n_sent && w->why.len == 0; id++) {
		const struct streamed *m = &w->streams.sent[id];
		if (r->came[id] && m->to & 1u << BESIDE && m->persistent && !m->taken && !came[id])
			buf_printf(&w->why, "message %u is in the stream and not in %s", id, beside);
	}
}

/* Of each message that the reader is past there is one copy, and none of the others. */
static void check_copies(struct world *w, struct talk *t, struct reading *all)
{
	struct reading r = { .w = w, .of = ALL_KEPT };
	uint32_t n = 0, low = w->streams.copied.low, high = w->streams.copied.high;
	begin(w, t, COPIES, &r, "copied", 0);
	uint32_t at = r.n ? r.first : all->n ? all->next : 0;
	while (take(t, copies) == n)
		n++;
	if (at != low && at != high)
		buf_printf(&w->why, "the copying reader stands at %u, not at %u or %u", at, low, high);
	else if (n != at || take(t, copies) != UINT32_MAX)
		buf_printf(&w->why, "there are not %u copies, each once, but %u and others", at, n);
	if (low != high)
		count_tx(&w->streams, at == high);
}

static void check_each(struct world *w, struct talk *t, struct reading *r)
{
	struct reading acked = { .w = w, .of = BYTES_KEPT };
	declare_all(w, t);
	inside_pass(&w->in, MOST_AGE_MS / 2);
	for (unsigned of = STREAMS; of-- && world_goes_on(w);) {
		read_all(w, t, r, of);
		count_tx_of(r);
		if (of == BYTES_KEPT) {
			begin(w, t, COPIES, &acked, "acked", 0);
			check_acked(&acked, r->first);
		}
	}
	if (world_goes_on(w))
		check_beside(t, r);
}

/* Much later.  In the end what is in the first stream. */
static void check_again(struct world *w, struct talk *t, struct reading *r)
{
	inside_pass(&w->in, MUCH_LATER_MS);
	read_all(w, t, r, LATEST_KEPT);
	if (world_goes_on(w))
		check_compacted(r);
	read_all(w, t, r, BYTES_KEPT);
	read_all(w, t, r, ALL_KEPT);
}

static void visit(struct world *w, struct reading *r,
                  void (*look)(struct world *w, struct talk *t, struct reading *r))
{
	struct talk t = { 0 };
	if (world_goes_on(w) && enter(w, &t))
		look(w, &t, r);
	talk_free(&t);
}

void streams_check(struct world *w)
{
	struct streams *s = &w->streams;
	struct reading r;
	s->tx_came = s->tx_missing = 0;
	visit(w, &r, check_each);
	visit(w, &r, send_again);
	visit(w, &r, check_again);
	visit(w, &r, check_copies);
	if (w->why.len == 0 && s->tx_came && s->tx_missing)
		buf_printf(&w->why, "a transaction with streams was done by half: %u came, %u are missing",
		           s->tx_came, s->tx_missing);
}
