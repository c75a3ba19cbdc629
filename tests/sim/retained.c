/* SPDX-License-Identifier: Apache-2.0 */
/* After each step all of it is durable, so that only the last one, which the power interrupted, has
 * more than one possible outcome: each of them is compared with what is there. */
#include "tests/sim/retained.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amqp/table.h"
#include "base/die.h"
#include "base/endian.h"
#include "tests/sim/admin.h"

enum { SELDOM = 20, MOST_BYTES = 6000, MOST_AGE_MS = 1000, BIGGEST = 1500, MANY = 6, LATEST = 3 };

/* The queues; those before ASIDE retain. */
enum { ALL_KEPT, BYTES_KEPT, AGE_KEPT, ASIDE };

static const char *const names[LINES] = { "r.all", "r.bytes", "r.age", "r.aside" };
static const char settled[] = "r.settled"; /* what is confirmed there says that all before is */

static uint64_t dice(struct world *w, uint64_t n)
{
	return world_dice(&w->retained.random, n);
}

/* Of their own, so that the rest stays the same. */
static uint64_t delete_dice(struct world *w, uint64_t n)
{
	return world_dice(&w->retained.deletes_random, n);
}

/* ---- what is believed ---- */

static void append(struct line *to, const uint16_t *ids, unsigned n)
{
	must(to->n + n <= LINE);
	memcpy(to->id + to->n, ids, n * sizeof *ids);
	to->n += n;
}

static void drop_front(struct line *from, unsigned n)
{
	from->n -= n;
	memmove(from->id, from->id + n, from->n * sizeof *from->id);
}

/* Of the same id, so many before it stay. */
static void drop_one(struct line *from, uint16_t id, unsigned before)
{
	unsigned at = 0;
	while (from->id[at] != id || before--)
		must(++at < from->n);
	memmove(from->id + at, from->id + at + 1, (--from->n - at) * sizeof *from->id);
}

static unsigned count(const uint16_t *ids, unsigned n, uint16_t id)
{
	unsigned same = 0;
	for (unsigned i = 0; i < n; i++)
		same += ids[i] == id;
	return same;
}

/* What is placed anew is retained. */
static void place(struct retained *r, unsigned to, const uint16_t *ids, unsigned n)
{
	append(&r->ready[to], ids, n);
	for (unsigned i = 0; i < n && to < ASIDE; i++)
		if (r->sent[ids[i]].persistent)
			append(&r->kept[to], ids + i, 1);
}

/* The first n of what was begun are done, and no more. */
static void conclude(struct retained *r, unsigned n)
{
	struct retained_work *k = &r->work;
	if (k->what == TAKEN || k->what == MOVED)
		drop_front(&r->ready[k->from], n);
	if (k->what == SENT || k->what == MOVED)
		place(r, k->to, k->id, n);
	if (k->what == REPLAYED)
		append(&r->ready[k->to], k->id, n);
	if (k->what == DELETED && n)
		drop_one(&r->ready[k->from], k->id[0], k->before);
	k->what = NOTHING;
}

static void begin(struct retained *r, enum retained_doing what, unsigned from, unsigned to)
{
	r->work = (struct retained_work){ .what = what, .from = from, .to = to };
}

static void add(struct retained *r, const uint16_t *ids, unsigned n)
{
	memcpy(r->work.id + r->work.n, ids, n * sizeof *ids);
	r->work.n += n;
}

void retained_forget(struct world *w)
{
	struct retained *r = &w->retained;
	for (unsigned q = 0; q < LINES; q++) {
		struct line all = r->ready[q];
		r->ready[q].n = 0;
		for (unsigned i = 0; i < all.n; i++)
			if (r->sent[all.id[i]].persistent)
				append(&r->ready[q], all.id + i, 1);
	}
	struct retained_work *k = &r->work, all = *k;
	k->n = 0;
	for (unsigned i = 0; i < all.n; i++)
		if (r->sent[all.id[i]].persistent)
			add(r, all.id + i, 1);
}

/* ---- asking ---- */

/* Only a broker that is down need not answer. */
static bool ask(struct world *w, struct talk *t, struct method m, uint32_t answer)
{
	struct heard h;
	if (!world_goes_on(w))
		return false;
	talk_send(t, 1, &m);
	bool ok = talk_wait(t, answer, &h, NULL, NULL);
	if (!ok && world_goes_on(w))
		buf_printf(&w->why, "retained: no answer to %s", method_info(m.id)->name);
	return ok;
}

static bool declare(struct world *w, struct talk *t, const char *name, const char *key,
                    int64_t value)
{
	struct buf arguments = { 0 };
	if (key)
		table_put_int(&arguments, key, value);
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str(name),
		                                   .durable = true,
		                                   .arguments = buf_slice(&arguments) } };
	bool ok = ask(w, t, m, METHOD_queue_declare_ok);
	buf_free(&arguments);
	return ok;
}

/* What is there already stays as it is. */
static bool enter(struct world *w, struct talk *t)
{
	inside_let_go(&w->in);
	return talk_open(t, &w->in) && declare(w, t, names[ALL_KEPT], "x-retain-ms", 1000000000) &&
	       declare(w, t, names[BYTES_KEPT], "x-retain-bytes", MOST_BYTES) &&
	       declare(w, t, names[AGE_KEPT], "x-retain-ms", MOST_AGE_MS) &&
	       declare(w, t, names[ASIDE], NULL, 0) && declare(w, t, settled, "x-max-length", 1) &&
	       ask(w, t, (struct method){ .id = METHOD_confirm_select }, METHOD_confirm_select_ok);
}

/* ---- sending and taking ---- */

static void transmit(struct world *w, struct talk *t, const char *queue, uint16_t id)
{
	uint8_t body[BIGGEST];
	const struct retained_message *m = &w->retained.sent[id];
	memset(body, id, sizeof body);
	put_be32(body, id);
	talk_publish(t, 1, slice_of("", 0), slice_str(queue), false, m->persistent,
	             slice_of(body, m->bytes));
}

static uint16_t invent(struct world *w)
{
	struct retained *r = &w->retained;
	must(r->n_sent < RETAINED);
	r->sent[r->n_sent] = (struct retained_message){
		.persistent = dice(w, 6) != 0,
		.sent_ms = w->in.now_ms,
		.bytes = (uint16_t)(4 + dice(w, dice(w, 6) ? 300 : BIGGEST - 4)),
	};
	return r->n_sent++;
}

/* Until so many were confirmed on the channel. */
static bool confirmed(struct world *w, struct talk *t, uint64_t tag)
{
	struct heard h;
	for (uint64_t at = 0; at < tag;) {
		if (!talk_wait(t, METHOD_basic_ack, &h, NULL, NULL))
			break;
		const struct basic_ack *ack = &h.method.basic_ack;
		at = ack->multiple ? ack->delivery_tag : at + 1;
		if (at >= tag)
			return true;
	}
	if (world_goes_on(w))
		buf_printf(&w->why, "retained: what was sent was not confirmed");
	return false;
}

static void send_some(struct world *w, struct talk *t)
{
	struct retained *r = &w->retained;
	unsigned n = 1 + (unsigned)dice(w, MANY);
	begin(r, SENT, 0, (unsigned)dice(w, ASIDE));
	while (n--) {
		uint16_t id = invent(w);
		add(r, &id, 1);
		transmit(w, t, names[r->work.to], id);
	}
	if (confirmed(w, t, r->work.n))
		conclude(r, r->work.n);
}

/* The number in the next message; RETAINED when there is none. */
static uint16_t take(struct world *w, struct talk *t, unsigned from)
{
	struct heard h;
	struct method m = { .id = METHOD_basic_get,
		                .basic_get = { .queue = slice_str(names[from]), .no_ack = true } };
	talk_send(t, 1, &m);
	while (talk_read(t, &h)) {
		if (h.method.id != METHOD_basic_get_ok)
			continue;
		uint32_t id = h.body.n >= 4 ? get_be32(h.body.p) : UINT32_MAX;
		if (id < w->retained.n_sent && h.body.n == w->retained.sent[id].bytes)
			return (uint16_t)id;
		buf_printf(&w->why, "a body came back from %s that was never sent", names[from]);
	}
	return RETAINED;
}

/* What is confirmed behind the acks says that they are durable. */
static void take_some(struct world *w, struct talk *t)
{
	struct retained *r = &w->retained;
	unsigned from = (unsigned)dice(w, LINES), n = 1 + (unsigned)dice(w, MANY);
	const struct line *ready = &r->ready[from];
	begin(r, TAKEN, from, 0);
	add(r, ready->id, n < ready->n ? n : ready->n);
	for (unsigned i = 0; i < r->work.n && world_goes_on(w); i++) {
		uint16_t id = take(w, t, from);
		if (id != ready->id[i] && world_goes_on(w))
			buf_printf(&w->why, "message %u came from %s instead of %u", id, names[from],
			           ready->id[i]);
	}
	talk_publish(t, 1, slice_of("", 0), slice_str(settled), false, true, slice_str("x"));
	if (world_goes_on(w) && confirmed(w, t, 1))
		conclude(r, r->work.n);
}

/* ---- replays, moves and deletes ---- */

/* True when it is done.  A disk that had no room for a moment may have it refused, and nobody knows
 * how much of it. */
static bool is_done(struct world *w, int code, const struct buf *said, const char *what)
{
	if (code > 0 && !disk_sim_faulted(w->in.disk))
		buf_printf(&w->why, "a %s ended with %d: %.*s", what, code, SLICE_ARG(buf_slice(said)));
	return code == 0;
}

/* Some of what is retained for sure. */
static void replay_some(struct world *w)
{
	struct retained *r = &w->retained;
	char first[16], last[16];
	struct buf said = { 0 };
	unsigned of = dice(w, 3) ? ALL_KEPT : BYTES_KEPT;
	const struct line *kept = &r->kept[of];
	unsigned most = of == ALL_KEPT || kept->n < LATEST ? kept->n : LATEST;
	if (most == 0)
		return;
	unsigned n = 1 + (unsigned)dice(w, most < 2 * MANY ? most : 2 * MANY);
	unsigned from = kept->n - n - (unsigned)dice(w, most - n + 1);
	if (r->ready[of].n + n > LINE)
		return;
	begin(r, REPLAYED, 0, of);
	add(r, kept->id + from, n);
	snprintf(first, sizeof first, "%u", from);
	snprintf(last, sizeof last, "%u", from + n - 1);
	int code = admin_say(&w->in, &said, "replay", names[of], first, last, NULL);
	if (is_done(w, code, &said, "replay"))
		conclude(r, n);
	buf_free(&said);
}

/* From one to another, the first ones. */
static void move_some(struct world *w)
{
	struct retained *r = &w->retained;
	char count[16];
	struct buf said = { 0 };
	unsigned from = (unsigned)dice(w, LINES), to = from == ASIDE ? (unsigned)dice(w, ASIDE) : ASIDE;
	unsigned n = 1 + (unsigned)dice(w, 2 * MANY);
	n = n < r->ready[from].n ? n : r->ready[from].n;
	if (n == 0 || r->ready[to].n + n > LINE || (to < ASIDE && r->kept[to].n + n > LINE))
		return;
	begin(r, MOVED, from, to);
	add(r, r->ready[from].id, n);
	snprintf(count, sizeof count, "%u", n);
	int code = admin_say(&w->in, &said, "move", "--count", count, names[from], names[to], NULL);
	if (is_done(w, code, &said, "move"))
		conclude(r, n);
	buf_free(&said);
}

/* The number of the message that stands so many behind the first one; 0: it is not seen. */
static uint64_t number_of(struct world *w, unsigned from, unsigned behind)
{
	static const char key[] = "\"sequence\":";
	char how_many[16];
	struct buf said = { 0 };
	snprintf(how_many, sizeof how_many, "%u", behind + 1);
	int code = admin_say(&w->in, &said, "-q", "--formatter", "json", "peek", "--count", how_many,
	                     names[from], NULL);
	buf_u8(&said, '\0');
	const char *at = is_done(w, code, &said, "peek") ? strstr((char *)said.p, key) : NULL;
	for (; at && behind; behind--)
		at = strstr(at + 1, key);
	uint64_t number = at ? strtoull(at + sizeof key - 1, NULL, 10) : 0;
	buf_free(&said);
	return number;
}

/* One of them, wherever it stands. */
static void delete_one(struct world *w)
{
	struct retained *r = &w->retained;
	char number[24];
	struct buf said = { 0 };
	unsigned from = (unsigned)delete_dice(w, LINES);
	for (unsigned i = 1; i < LINES && r->ready[from].n == 0; i++)
		from = (from + 1) % LINES;
	const struct line *ready = &r->ready[from];
	if (ready->n == 0)
		return;
	unsigned at = (unsigned)delete_dice(w, ready->n);
	uint64_t seq = number_of(w, from, at);
	if (seq == 0 && world_goes_on(w) && !disk_sim_faulted(w->in.disk))
		buf_printf(&w->why, "message %u of %s is not seen", ready->id[at], names[from]);
	if (seq == 0 || !world_goes_on(w))
		return;
	begin(r, DELETED, from, 0);
	r->work.before = count(ready->id, at, ready->id[at]);
	add(r, ready->id + at, 1);
	snprintf(number, sizeof number, "%llu", (unsigned long long)seq);
	int code = admin_say(&w->in, &said, "delete_message", names[from], number, NULL);
	if (is_done(w, code, &said, "delete"))
		conclude(r, 1);
	buf_free(&said);
}

static void delete_some(struct world *w)
{
	const struct retained_work *k = &w->retained.work;
	for (uint64_t n = delete_dice(w, 3); n && k->what == NOTHING && world_goes_on(w); n--)
		delete_one(w);
}

/* In two scripts of three.  What other planted bugs are found by stays where it was on the disk. */
static bool deletes(const struct world *w)
{
	return w->in.plant == PLANT_LOST_DELETE || (w->in.plant == PLANT_NONE && w->seed % 3 != 1);
}

/* What nobody knows the end of is left as it is. */
void retained_step(struct world *w)
{
	struct retained *r = &w->retained;
	struct talk t = { 0 };
	if (dice(w, SELDOM) || !w->connected || r->work.what || r->n_sent + MANY > RETAINED)
		return;
	if (enter(w, &t)) {
		switch (dice(w, 8)) {
		case 0 ... 2: send_some(w, &t); break;
		case 3: take_some(w, &t); break;
		case 4 ... 5: replay_some(w); break;
		default: move_some(w);
		}
		if (deletes(w))
			delete_some(w);
	}
	talk_free(&t);
}

void retained_leave(struct world *w)
{
	const char *const all[] = { names[0], names[1], names[2], names[3], settled };
	struct talk t = { 0 };
	bool ok = enter(w, &t);
	for (size_t i = 0; i < ARRAY_LEN(all) && ok; i++) {
		struct method m = { .id = METHOD_queue_delete,
			                .queue_delete = { .queue = slice_str(all[i]) } };
		ok = ask(w, &t, m, METHOD_queue_delete_ok);
	}
	talk_free(&t);
}

/* ---- afterwards ---- */

/* What is there, and the offset of the first one that is retained. */
struct found {
	struct line ready[LINES], kept[ASIDE];
	unsigned first[ASIDE];
};

static void note_kept(struct world *w, struct found *f, unsigned of, const struct heard *h)
{
	struct line *kept = &f->kept[of];
	struct field at = { 0 };
	bool said = table_find(props_headers(h->header), "x-stream-offset", &at);
	uint16_t id = h->body.n >= 4 ? (uint16_t)get_be32(h->body.p) : RETAINED;
	if (kept->n == 0)
		f->first[of] = (unsigned)at.integer;
	if (!said || at.integer != f->first[of] + kept->n || kept->n == LINE)
		buf_printf(&w->why, "message %u was read of %s at offset %lld, which is not the next", id,
		           names[of], (long long)at.integer);
	else
		append(kept, &id, 1);
}

static void read_kept(struct world *w, struct talk *t, struct found *f, unsigned of)
{
	struct heard h;
	struct buf arguments = { 0 };
	table_put_int(&arguments, "x-stream-offset", 0);
	struct method qos = { .id = METHOD_basic_qos, .basic_qos = { .prefetch_count = LINE } };
	struct method m = { .id = METHOD_basic_consume,
		                .basic_consume = { .queue = slice_str(names[of]),
		                                   .arguments = buf_slice(&arguments) } };
	if (ask(w, t, qos, METHOD_basic_qos_ok) && ask(w, t, m, METHOD_basic_consume_ok))
		while (talk_read(t, &h))
			if (h.method.id == METHOD_basic_deliver && w->why.len == 0)
				note_kept(w, f, of, &h);
	buf_free(&arguments);
}

static void find_all(struct world *w, struct talk *t, struct found *f)
{
	for (unsigned of = 0; of < ASIDE && world_goes_on(w); of++)
		read_kept(w, t, f, of);
	for (unsigned q = 0; q < LINES && world_goes_on(w); q++)
		for (uint16_t id; (id = take(w, t, q)) != RETAINED && f->ready[q].n < LINE;)
			append(&f->ready[q], &id, 1);
}

static bool are_same(const struct line *a, const uint16_t *ids, unsigned n)
{
	return a->n == n && memcmp(a->id, ids, n * sizeof *ids) == 0;
}

static bool is_too_much(const struct retained *r, unsigned of, unsigned first)
{
	uint64_t bytes = 0;
	for (unsigned i = first; i < r->kept[of].n; i++)
		bytes += r->sent[r->kept[of].id[i]].bytes;
	return of == BYTES_KEPT && bytes > MOST_BYTES;
}

/* Whether what is retained begins at that offset: the one before it has to be forgotten. */
static bool begins_at(const struct world *w, unsigned of, unsigned first)
{
	const struct retained *r = &w->retained;
	if (first + 1 < r->kept[of].n && is_too_much(r, of, first))
		return false;
	if (first == 0 || is_too_much(r, of, first - 1))
		return true;
	uint64_t sent_ms = r->sent[r->kept[of].id[first - 1]].sent_ms;
	return of == AGE_KEPT && w->in.now_ms >= sent_ms + MOST_AGE_MS;
}

static bool is_kept(const struct world *w, unsigned of, const struct found *f)
{
	const struct line *kept = &w->retained.kept[of];
	unsigned first = f->kept[of].n ? f->first[of] : kept->n;
	return first <= kept->n && begins_at(w, of, first) &&
	       are_same(&f->kept[of], kept->id + first, kept->n - first);
}

/* Whether it is as believed: NULL, or the queue that is not. */
static const char *differs(const struct world *w, const struct found *f)
{
	for (unsigned q = 0; q < LINES; q++)
		if (!are_same(&f->ready[q], w->retained.ready[q].id, w->retained.ready[q].n) ||
		    (q < ASIDE && !is_kept(w, q, f)))
			return names[q];
	return NULL;
}

/* With as much of the last work as may have been done. */
static void compare(struct world *w, const struct found *f)
{
	static const char *const doings[] = { "what was done before", "sending", "taking", "a replay",
		                                  "a move", "a delete" };
	const struct retained before = w->retained;
	const struct retained_work *k = &before.work;
	const char *wrong = names[0];
	for (unsigned n = 0; n <= k->n && wrong; n++) {
		if (k->what == REPLAYED && n > 0 && n < k->n)
			continue;
		w->retained = before;
		conclude(&w->retained, n);
		wrong = differs(w, f);
	}
	if (wrong)
		buf_printf(&w->why, "queue %s is not as it was promised to be, nor as %s may leave it",
		           wrong, doings[k->what]);
	w->retained = before;
}

void retained_check(struct world *w)
{
	struct found f = { 0 };
	struct talk t = { 0 };
	if (w->retained.n_sent && enter(w, &t))
		find_all(w, &t, &f);
	if (w->retained.n_sent && world_goes_on(w))
		compare(w, &f);
	talk_free(&t);
}
