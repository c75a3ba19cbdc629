/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/world.h"

#include <stdio.h>

#include "amqp/refusal.h"
#include "base/die.h"
#include "base/endian.h"
#include "base/mem.h"
#include "persistence/log.h"
#include "tests/sim/numbers.h"
#include "tests/sim/once.h"
#include "tests/sim/retained.h"
#include "tests/sim/shadow.h"
#include "tests/sim/streams.h"
#include "tests/sim/tenants.h"

enum { SEGMENT = 64 << 10, BIGGEST = 20000, TX_CHANNEL = 2, CHECK_CHANNEL = 10 };

enum { LONGEST_MS = 150 };       /* that a message lives in the queue that nobody reads */

/* With leaves_one: the queue that nobody reads, and when nothing, or little, comes into it. */
enum { LEFT_ALONE = ALWAYS - 1, LEFT_ALONE_FROM = 30 };

static const char *const queue_names[QUEUES] = { "q0", "q1", "q2", "q3", "d0", "d1", "dead" };

static uint64_t dice(struct world *w, uint64_t n)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (w->random >> 20) % n;
}

static struct slice queue_name(unsigned q)
{
	return slice_str(queue_names[q]);
}

void world_init(struct world *w, uint64_t seed)
{
	*w = (struct world){ .seed = seed, .random = seed * 0x9E3779B97F4A7C15u + 1 };
	w->tenants_random = w->once_random = w->streams.random = w->numbers_random = seed;
	w->retained.random = w->retained.deletes_random = seed;
	inside_init(&w->in);
	w->in.durable = true;
	if (seed % 2)
		w->in.options.message_memory_bytes = 0;   /* whatever can live in the log alone does */
	if (seed % 2)
		w->in.options.index_page_entries = 3;
	w->leaves_one = seed / 2 % 2;
	w->leaves_few = seed % 4 == 3;
	w->backs_up = seed / 2 % 2 == seed % 2;
	w->in.segment_bytes = w->leaves_few ? SEGMENT / 2 : SEGMENT;
	w->in.disk = disk_sim_new(seed, 0);
}

static void disconnect(struct world *w)
{
	if (w->connected)
		talk_free(&w->talk);
	w->connected = false;
	w->n_held = 0;
}

void world_free(struct world *w)
{
	shadow_free(w);
	disconnect(w);
	if (w->in.broker)
		inside_stop(&w->in);
	inside_forget(&w->in);
	buf_free(&w->why);
}

/* A fault of the disk may end a broker, or keep it from starting, cleanly. */
static bool is_down(const struct world *w)
{
	return disk_sim_is_down(w->in.disk) ||
	       (disk_sim_faulted(w->in.disk) && (!w->in.broker || broker_failed(w->in.broker)));
}

static bool goes_on(const struct world *w)
{
	return !is_down(w) && w->why.len == 0;
}

bool world_goes_on(const struct world *w)
{
	return goes_on(w);
}

/* ---- what the broker says ---- */

static void note_gone(struct world *w, uint32_t id, unsigned q)
{
	w->sent[id].gone |= (uint8_t)(1u << q);
	w->sent[id].gone_before[q] = w->n_sent;
}

/* A confirm of a persistent message says that all earlier acks are durable too. */
static void note_confirm(struct world *w, uint32_t id)
{
	struct sent_message *m = &w->sent[id];
	m->confirmed = true;
	if (!m->persistent || !m->queues)
		return;
	for (uint32_t i = 0; i < id; i++)
		for (unsigned q = 0; q < QUEUES; q++)
			if (w->sent[i].gone & 1u << q && w->sent[i].gone_before[q] <= id)
				w->sent[i].surely_gone |= (uint8_t)(1u << q);
}

static void hear(void *to, const struct heard *h)
{
	struct world *w = to;
	if (h->method.id == METHOD_connection_close)
		w->closed_with = h->method.connection_close.reply_code;
	if (h->method.id != METHOD_basic_ack)
		return;
	if (w->closed_with)
		buf_printf(&w->why, "a confirm came after connection.close");
	uint64_t tag = h->method.basic_ack.delivery_tag;
	uint64_t first = h->method.basic_ack.multiple ? w->confirmed_to + 1 : tag;
	if (tag == 0 || tag > w->n_published) {
		buf_printf(&w->why, "a confirm for publish %llu, which never was", (unsigned long long)tag);
		return;
	}
	for (uint64_t i = first; i <= tag; i++)
		note_confirm(w, w->published[i - 1]);
	if (h->method.basic_ack.multiple)
		w->confirmed_to = tag;
}

static void listen(struct world *w)
{
	struct heard h;
	while (talk_read(&w->talk, &h))
		hear(w, &h);
}

/* Sends and waits for the answer; false when it does not come, which only a power cut excuses. */
static bool ask(struct world *w, uint16_t channel, const struct method *m, uint32_t answer,
                struct heard *h)
{
	inside_let_go(&w->in);
	listen(w);
	talk_send(&w->talk, channel, m);
	bool ok = talk_expect(&w->talk, answer, h, hear, w);
	if (!ok && goes_on(w) && disk_sim_faulted(w->in.disk)) {
		inside_pass(&w->in, 300);   /* no room may be waited out */
		ok = talk_expect(&w->talk, answer, h, hear, w);
	}
	if (!ok && goes_on(w))
		buf_printf(&w->why, "no answer to %s", method_info(m->id)->name);
	return ok;
}

/* ---- topology ---- */

static void declare_queue(struct world *w, unsigned q)
{
	/* x-max-priority: 3; nothing has a priority, so it is in order all the same */
	static const char levels[] = "\x0ex-max-priorityb\x03";
	struct heard h;
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = queue_name(q), .durable = true } };
	if (q == 3 && w->seed % 4 > 1)
		m.queue_declare.arguments = slice_of(levels, sizeof levels - 1);
	if (w->queues[q] != PRESENT)
		w->queues[q] = UNSURE;
	if (ask(w, 1, &m, METHOD_queue_declare_ok, &h))
		w->queues[q] = PRESENT;
}

static void delete_queue(struct world *w, unsigned q)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_delete,
		                .queue_delete = { .queue = queue_name(q) } };
	w->queues[q] = w->bound[q] = UNSURE;
	for (uint32_t i = 0; i < w->n_sent; i++)
		if (w->sent[i].queues & 1u << q)
			note_gone(w, i, q);
	for (unsigned i = 0; i < w->n_held; i++)
		if (w->held[i].queue == q)
			w->held[i--] = w->held[--w->n_held];
	if (!ask(w, 1, &m, METHOD_queue_delete_ok, &h))
		return;
	w->queues[q] = w->bound[q] = ABSENT;
	for (uint32_t i = 0; i < w->n_sent; i++)
		w->sent[i].surely_gone |= w->sent[i].gone & (uint8_t)(1u << q);
}

static void bind_queue(struct world *w, unsigned q, const char *exchange, const char *key,
                       enum belief *belief)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_bind,
		                .queue_bind = { .queue = queue_name(q), .exchange = slice_str(exchange),
		                                .routing_key = slice_str(key) } };
	*belief = UNSURE;
	if (ask(w, 1, &m, METHOD_queue_bind_ok, &h))
		*belief = PRESENT;
}

static void unbind_queue(struct world *w, unsigned q)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_unbind,
		                .queue_unbind = { .queue = queue_name(q), .exchange = slice_str("f") } };
	w->bound[q] = UNSURE;
	if (ask(w, 1, &m, METHOD_queue_unbind_ok, &h))
		w->bound[q] = ABSENT;
}

static void declare_exchange(struct world *w, const char *name, const char *type)
{
	struct heard h;
	struct method m = { .id = METHOD_exchange_declare,
		                .exchange_declare = { .exchange = slice_str(name), .type = slice_str(type),
		                                      .durable = true } };
	ask(w, 1, &m, METHOD_exchange_declare_ok, &h);
}

static bool declare_with(struct world *w, const char *queue, struct slice arguments)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str(queue), .durable = true,
		                                   .arguments = arguments } };
	return ask(w, 1, &m, METHOD_queue_declare_ok, &h);
}

/* What waits in the exchange "late" comes to "dead" too. */
static bool declare_late(struct world *w)
{
	static const char type[] = "\x0ex-delayed-typeS\0\0\0\6fanout";
	struct heard h;
	struct method exchange = { .id = METHOD_exchange_declare,
		                       .exchange_declare = { .exchange = slice_str("late"),
		                                             .type = slice_str("x-delayed-message"),
		                                             .durable = true } };
	struct method bind = { .id = METHOD_queue_bind,
		                   .queue_bind = { .queue = slice_str("dead"),
		                                   .exchange = slice_str("late") } };
	exchange.exchange_declare.arguments = slice_of(type, sizeof type - 1);
	return ask(w, 1, &exchange, METHOD_exchange_declare_ok, &h) &&
	       ask(w, 1, &bind, METHOD_queue_bind_ok, &h);
}

/* Messages in "timed" are of those that "dead" will have. */
static void declare_timed(struct world *w)
{
	static const char to_dead[] = "\x16x-dead-letter-exchangeS\0\0\0\0"
	                              "\x19x-dead-letter-routing-keyS\0\0\0\4dead";
	if (w->queues[DEAD] != PRESENT)
		w->queues[DEAD] = UNSURE;
	if (declare_with(w, "dead", slice_of("", 0)) &&
	    declare_with(w, "timed", slice_of(to_dead, sizeof to_dead - 1)) && declare_late(w))
		w->queues[DEAD] = PRESENT;
}

/* ---- begin ---- */

static bool start(struct world *w)
{
	struct heard h;
	struct method select = { .id = METHOD_confirm_select };
	struct method open = { .id = METHOD_channel_open };
	struct method tx = { .id = METHOD_tx_select };
	if (!inside_start(&w->in, &w->why)) {
		if (is_down(w))
			buf_clear(&w->why);
		return false;
	}
	retained_forget(w);
	w->connected = true;
	w->closed_with = 0;
	w->n_published = w->confirmed_to = 0;
	if (!talk_open(&w->talk, &w->in)) {
		if (!is_down(w))
			buf_printf(&w->why, "the broker does not let the client in");
		return false;
	}
	return ask(w, 1, &select, METHOD_confirm_select_ok, &h) &&
	       ask(w, TX_CHANNEL, &open, METHOD_channel_open_ok, &h) &&
	       ask(w, TX_CHANNEL, &tx, METHOD_tx_select_ok, &h);
}

/* An ack that was not surely durable when the broker died may have been lost. */
static void forget_acks(struct world *w)
{
	for (uint32_t i = 0; i < w->n_sent; i++)
		for (unsigned q = 0; q < QUEUES; q++)
			w->sent[i].gone_before[q] = UINT32_MAX;
}

void world_begin(struct world *w)
{
	disconnect(w);
	forget_acks(w);
	w->first_of_run = w->n_sent;
	if (!start(w))
		return;
	declare_exchange(w, "f", "fanout");
	if (goes_on(w))
		declare_exchange(w, "t", "topic");
	for (unsigned q = 0; q < ALWAYS && goes_on(w); q++)
		declare_queue(w, q);
	for (unsigned q = 0; q < 2 && goes_on(w); q++)
		bind_queue(w, q, "f", "", &w->bound[q]);
	if (goes_on(w))
		declare_timed(w);
	if (goes_on(w))
		bind_queue(w, 2, "t", "a.#", &w->topic_bound[0]);
	if (goes_on(w))
		bind_queue(w, 3, "t", "*.b", &w->topic_bound[1]);
}

/* ---- operations ---- */

/* Where a message goes for sure, and where it may go. */
struct targets {
	uint8_t queues, unsure;
};

static void add_target(struct world *w, struct targets *t, unsigned q, enum belief bound)
{
	if (bound == ABSENT || w->queues[q] == ABSENT)
		return;
	if (bound == PRESENT && w->queues[q] == PRESENT)
		t->queues |= (uint8_t)(1u << q);
	else
		t->unsure |= (uint8_t)(1u << q);
}

static void publish_as(struct world *w, uint16_t channel, const struct method *how,
                       struct props p, struct targets to)
{
	static uint8_t body[BIGGEST];
	uint32_t id = w->n_sent++;
	must(id < MESSAGES);
	struct sent_message *m = &w->sent[id];
	size_t n = dice(w, 12) ? 4 + dice(w, 600) : 4 + dice(w, BIGGEST - 4);
	*m = (struct sent_message){ .persistent = dice(w, 8) != 0, .queues = to.queues,
		                        .unsure = to.unsure };
	if (channel == 1)
		w->published[w->n_published++] = id;
	put_be32(body, id);
	memset(body + 4, (int)id, n - 4);
	p.flags |= PROP_delivery_mode;
	p.delivery_mode = m->persistent ? 2 : 1;
	talk_content(&w->talk, channel, how, &p, slice_of(body, n));
}

static void publish(struct world *w, uint16_t channel, const char *exchange, struct slice key,
                    struct targets to)
{
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .exchange = slice_str(exchange), .routing_key = key } };
	publish_as(w, channel, &m, (struct props){ 0 }, to);
}

/* Into the queue that nobody reads, or the exchange where it waits: after its time it is in the
 * other queue, whatever happens. */
static void publish_timed(struct world *w, uint16_t channel)
{
	char text[8], delay[] = "\x07x-delayb.";
	unsigned ms = (unsigned)dice(w, LONGEST_MS);
	bool expires = dice(w, 2);
	struct targets to = { 0, 0 };
	struct method m = { .id = METHOD_basic_publish };
	struct props p = { .flags = expires ? PROP_expiration : PROP_headers };
	snprintf(text, sizeof text, "%u", ms);
	delay[sizeof delay - 2] = (char)(ms / 2);
	p.expiration = slice_str(text);
	p.headers = slice_of(delay, sizeof delay - 1);
	if (expires)
		m.basic_publish.routing_key = slice_str("timed");
	else
		m.basic_publish.exchange = slice_str("late");
	add_target(w, &to, DEAD, PRESENT);
	publish_as(w, channel, &m, p, to);
}

static void publish_some(struct world *w, uint16_t channel)
{
	struct targets to = { 0, 0 };
	unsigned at = (unsigned)dice(w, PLAIN), how = (unsigned)dice(w, 6);
	if (w->leaves_one && w->operations > LEFT_ALONE_FROM) {
		at = at == LEFT_ALONE && (!w->leaves_few || dice(w, 3)) ? 0 : at;
		how = how == 1 ? 3 : how;
	}
	switch (how) {
	case 0:
		for (unsigned q = 0; q < QUEUES; q++)
			add_target(w, &to, q, w->bound[q]);
		publish(w, channel, "f", slice_str("k"), to);
		break;
	case 1:
		add_target(w, &to, 2, w->topic_bound[0]);
		add_target(w, &to, 3, w->topic_bound[1]);
		publish(w, channel, "t", slice_str("a.b"), to);
		break;
	case 2: publish_timed(w, channel); break;
	default:
		add_target(w, &to, at, PRESENT);
		publish(w, channel, "", queue_name(at), to);
	}
	listen(w);
}

static void publish_burst(struct world *w)
{
	w->in.held = dice(w, 2);
	for (uint64_t n = 1 + dice(w, 6); n && goes_on(w); n--)
		publish_some(w, 1);
	if (dice(w, 2))
		inside_let_go(&w->in);
	listen(w);
}

static bool body_id(struct world *w, const struct heard *h, uint32_t *id)
{
	*id = h->body.n >= 4 ? get_be32(h->body.p) : UINT32_MAX;
	bool ok = *id < w->n_sent;
	for (size_t i = 4; ok && i < h->body.n; i++)
		ok = h->body.p[i] == (uint8_t)*id;
	if (!ok)
		buf_printf(&w->why, "a body came back that was never sent");
	return ok;
}

static void get_one(struct world *w, unsigned q, bool no_ack)
{
	struct heard h;
	struct method m = { .id = METHOD_basic_get,
		                .basic_get = { .queue = queue_name(q), .no_ack = no_ack } };
	uint32_t id;
	inside_let_go(&w->in);
	listen(w);
	talk_send(&w->talk, 1, &m);
	while (talk_read(&w->talk, &h)) {
		hear(w, &h);
		if (h.method.id != METHOD_basic_get_ok || !body_id(w, &h, &id))
			continue;
		if (no_ack)
			note_gone(w, id, q);
		else
			w->held[w->n_held++] =
				(struct outstanding){ h.method.basic_get_ok.delivery_tag, id, (uint8_t)q };
	}
}

static void settle_held(struct world *w, unsigned i, bool ack, bool multiple)
{
	struct outstanding at = w->held[i];
	struct method m = { .id = METHOD_basic_ack, .basic_ack = { at.tag, multiple, 0 } };
	if (!ack)
		m = (struct method){ .id = METHOD_basic_nack, .basic_nack = { at.tag, multiple, true, 0 } };
	unsigned kept = 0;
	for (unsigned k = 0; k < w->n_held; k++) {
		struct outstanding o = w->held[k];
		if (o.tag == at.tag || (multiple && o.tag < at.tag)) {
			if (ack)
				note_gone(w, o.id, o.queue);
		} else {
			w->held[kept++] = o;
		}
	}
	w->n_held = kept;
	talk_send(&w->talk, 1, &m);
	listen(w);
}

static void settle_one(struct world *w)
{
	if (w->n_held)
		settle_held(w, (unsigned)dice(w, w->n_held), dice(w, 4) != 0, dice(w, 3) == 0);
}

/* What is published in a transaction counts from commit-ok on; before, it may be there or not. */
static void transact(struct world *w)
{
	struct heard h;
	struct method commit = { .id = METHOD_tx_commit }, rollback = { .id = METHOD_tx_rollback };
	uint8_t sure[3];
	uint32_t first = w->n_sent, n = 1 + (uint32_t)dice(w, 3);
	bool commits = dice(w, 4) != 0;
	listen(w);
	for (uint32_t i = 0; i < n; i++)
		publish_some(w, TX_CHANNEL);
	for (uint32_t i = first; i < first + n; i++) {
		sure[i - first] = w->sent[i].queues;
		w->sent[i].unsure |= w->sent[i].queues;
		w->sent[i].queues = 0;
	}
	w->tx_first = first;
	w->tx_end = first + n;
	bool ok = commits ? ask(w, TX_CHANNEL, &commit, METHOD_tx_commit_ok, &h)
	                  : ask(w, TX_CHANNEL, &rollback, METHOD_tx_rollback_ok, &h);
	for (uint32_t i = first; i < first + n && ok; i++) {
		w->sent[i].queues = commits ? sure[i - first] : 0;
		w->sent[i].unsure = commits ? w->sent[i].unsure : 0;
		if (commits)
			note_confirm(w, i);
	}
	w->tx_end = ok ? 0 : w->tx_end;
}

static void get_all(struct world *w, unsigned q)
{
	uint8_t bit = (uint8_t)(1u << q);
	for (uint32_t before = UINT32_MAX; goes_on(w);) {
		struct heard h;
		struct method m = { .id = METHOD_basic_get,
			                .basic_get = { .queue = queue_name(q), .no_ack = true } };
		talk_send(&w->talk, 1, &m);
		uint32_t id = UINT32_MAX;
		while (talk_read(&w->talk, &h)) {
			hear(w, &h);
			if (h.method.id != METHOD_basic_get_ok || !body_id(w, &h, &id))
				continue;
			if (w->sent[id].gone & bit && q == DEAD && w->sent[id].gone_before[q] != UINT32_MAX)
				buf_printf(&w->why, "message %u came twice to %s", id, queue_names[q]);
			note_gone(w, id, q);
		}
		if (id == UINT32_MAX)
			return;
		if (before != UINT32_MAX && id <= before && q != DEAD)
			buf_printf(&w->why, "message %u of %s came after %u", id, queue_names[q], before);
		before = id;
	}
}

/* All of a queue but of the one that is left alone: so the log becomes hollow. */
static void consume_all(struct world *w)
{
	unsigned q = (unsigned)dice(w, PLAIN);
	inside_let_go(&w->in);
	listen(w);
	if (w->queues[q] == PRESENT && q != LEFT_ALONE)
		get_all(w, q);
	if (w->queues[DEAD] == PRESENT)
		get_all(w, DEAD);
	inside_pass(&w->in, dice(w, 60));
}

static void come_and_go(struct world *w)
{
	unsigned q = ALWAYS + (unsigned)dice(w, PLAIN - ALWAYS);
	if (w->queues[q] != PRESENT)
		declare_queue(w, q);
	else if (dice(w, 3) == 0)
		delete_queue(w, q);
	else if (w->bound[q] == PRESENT)
		unbind_queue(w, q);
	else
		bind_queue(w, q, "f", "", &w->bound[q]);
}

/* A clean stop keeps every promise at once; what was transient is lost with good reason. */
static void restart(struct world *w)
{
	disconnect(w);
	inside_stop(&w->in);
	if (is_down(w))
		return;
	for (uint32_t i = 0; i < w->n_sent; i++) {
		struct sent_message *m = &w->sent[i];
		m->confirmed |= i >= w->first_of_run;
		if (!m->persistent)
			m->gone |= m->queues;
		for (unsigned q = 0; q < QUEUES; q++)
			if (m->gone & 1u << q && m->gone_before[q] != UINT32_MAX)
				m->surely_gone |= (uint8_t)(1u << q);
	}
	w->restarts++;
	start(w);
}

/* Planted bugs are found by what they are planted for. */
static bool looks_at(const struct world *w, enum plant_of what)
{
	return !w->in.plant || plant_of(w->in.plant) == what;
}

bool world_step(struct world *w)
{
	if (w->backs_up)
		shadow_step(w);
	tenants_step(w);
	once_step(w);
	if (looks_at(w, PLANT_OF_STREAMS))
		streams_step(w);
	numbers_step(w);
	if (looks_at(w, PLANT_OF_RETAINED))
		retained_step(w);
	if (!goes_on(w))
		return false;
	w->operations++;
	switch (dice(w, w->leaves_one ? 26 : 24)) {
	case 0 ... 9: publish_burst(w); break;
	case 10 ... 14:
		if (w->n_held < HELD)
			get_one(w, (unsigned)dice(w, w->leaves_one ? ALWAYS - 1 : ALWAYS), dice(w, 3) == 0);
		break;
	case 15 ... 18: settle_one(w); break;
	case 19: transact(w); break;
	case 20 ... 21: come_and_go(w); break;
	case 22:
		inside_pass(&w->in, dice(w, 60));
		get_one(w, DEAD, true);
		break;
	case 24 ... 25: consume_all(w); break;
	default:
		if (dice(w, 6) == 0)
			restart(w);
	}
	if (w->connected)
		listen(w);
	return goes_on(w);
}

/* ---- afterwards ---- */

void world_check_end(struct world *w)
{
	if (w->why.len || !w->in.broker || !broker_failed(w->in.broker) || !w->talk.opened)
		return;
	inside_pass(&w->in, 1000);
	listen(w);
	if (w->why.len == 0 && w->closed_with != INTERNAL_ERROR.code)
		buf_printf(&w->why, "the log failed, and the client was told %u", w->closed_with);
}

void world_drain(struct world *w)
{
	struct log_stats s;
	while (w->n_held)
		settle_held(w, 0, true, false);
	inside_let_go(&w->in);
	inside_pass(&w->in, 2 * LONGEST_MS);
	for (unsigned q = 0; q < QUEUES; q++)
		if (w->queues[q] == PRESENT)
			get_all(w, q);
	tenants_leave(w);
	once_leave(w);
	streams_leave(w);
	numbers_leave(w);
	retained_leave(w);
	for (int i = 0; i < 20; i++)
		inside_pass(&w->in, 100);
	log_stats(w->in.log, &s);
	if (s.segments > 2)
		buf_printf(&w->why, "an empty broker keeps %llu segments", (unsigned long long)s.segments);
}

static void check_message(struct world *w, uint32_t id, unsigned q, bool came)
{
	const struct sent_message *m = &w->sent[id];
	unsigned bit = 1u << q;
	const char *wrong = NULL;
	if (came && !((m->queues | m->unsure) & bit))
		wrong = "was never sent to that queue";
	else if (came && m->surely_gone & bit)
		wrong = "came back after its ack was durable";
	else if (came && !m->persistent)
		wrong = "came back although transient";
	else if (!came && m->persistent && m->confirmed && m->queues & bit && !(m->gone & bit))
		wrong = "was confirmed and is lost";
	if (wrong)
		buf_printf(&w->why, "message %u in %s %s", id, queue_names[q], wrong);
}

/* Whose time is over is not in the queue that nobody reads any more. */
static void check_timed(struct world *w)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str("timed"), .passive = true } };
	inside_pass(&w->in, 2 * LONGEST_MS);
	if (w->queues[DEAD] == PRESENT && ask(w, 1, &m, METHOD_queue_declare_ok, &h) &&
	    h.method.queue_declare_ok.message_count)
		buf_printf(&w->why, "%u messages did not go at their time",
		           h.method.queue_declare_ok.message_count);
}

static void check_contents(struct world *w, unsigned q)
{
	uint8_t before[MESSAGES];
	for (uint32_t i = 0; i < w->n_sent; i++)
		before[i] = w->sent[i].gone & (uint8_t)(1u << q);
	bool *came = mem_zalloc(MESSAGES * sizeof *came);
	for (uint32_t i = 0; i < w->n_sent; i++)
		w->sent[i].gone &= (uint8_t)~(1u << q);
	if (q == DEAD)
		check_timed(w);
	get_all(w, q);
	for (uint32_t i = 0; i < w->n_sent; i++) {
		came[i] = w->sent[i].gone & 1u << q;
		w->sent[i].gone = (uint8_t)((w->sent[i].gone & ~(1u << q)) | before[i]);
	}
	for (uint32_t i = 0; i < w->n_sent && w->why.len == 0; i++)
		check_message(w, i, q, came[i]);
	for (uint32_t i = w->tx_first; i < w->tx_end; i++) {
		bool due = w->sent[i].persistent && w->sent[i].unsure & 1u << q && q < ALWAYS && !before[i];
		w->tx_came += due && came[i];
		w->tx_missing += due && !came[i];
	}
	mem_free(came);
}

/* Asks on a channel of its own, which a 404 closes. */
static bool is_there(struct world *w, unsigned q)
{
	struct heard h;
	uint16_t channel = (uint16_t)(CHECK_CHANNEL + q);
	struct method open = { .id = METHOD_channel_open };
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = queue_name(q), .passive = true } };
	ask(w, channel, &open, METHOD_channel_open_ok, &h);
	talk_send(&w->talk, channel, &m);
	return talk_expect(&w->talk, METHOD_queue_declare_ok, &h, NULL, NULL);
}

static bool take_probe(struct world *w, unsigned q)
{
	struct heard h;
	struct method get = { .id = METHOD_basic_get,
		                  .basic_get = { .queue = queue_name(q), .no_ack = true } };
	talk_send(&w->talk, 1, &get);
	return talk_expect(&w->talk, METHOD_basic_get_ok, &h, NULL, NULL);
}

/* A message through the exchange must come to exactly the queues that are bound. */
static void check_bindings(struct world *w, uint16_t channel, const char *exchange,
                           const enum belief *bound, const bool *there)
{
	talk_publish(&w->talk, channel, slice_str(exchange), slice_str("a.b"), false, false,
	             slice_str("x"));
	for (unsigned q = 0; q < QUEUES; q++) {
		bool came = there[q] && take_probe(w, q);
		if (there[q] && bound[q] != UNSURE && came != (bound[q] == PRESENT))
			buf_printf(&w->why, "the binding of %s to %s %s", queue_names[q], exchange,
			           came ? "came back" : "is lost");
	}
}

static bool exchange_is_there(struct world *w, const char *name, uint16_t channel)
{
	struct heard h;
	struct method open = { .id = METHOD_channel_open };
	struct method m = { .id = METHOD_exchange_declare,
		                .exchange_declare = { .exchange = slice_str(name), .passive = true } };
	ask(w, channel, &open, METHOD_channel_open_ok, &h);
	talk_send(&w->talk, channel, &m);
	return talk_expect(&w->talk, METHOD_exchange_declare_ok, &h, NULL, NULL);
}

static void check_script(struct world *w)
{
	bool there[QUEUES];
	enum belief topic[QUEUES] = { ABSENT, ABSENT, w->topic_bound[0], w->topic_bound[1] };
	for (unsigned q = 0; q < QUEUES && w->why.len == 0; q++) {
		there[q] = is_there(w, q);
		if (there[q] != (w->queues[q] == PRESENT) && w->queues[q] != UNSURE)
			buf_printf(&w->why, "queue %s %s", queue_names[q], there[q] ? "came back" : "is lost");
		else if (there[q])
			check_contents(w, q);
	}
	if (w->why.len == 0 && exchange_is_there(w, "f", CHECK_CHANNEL + QUEUES))
		check_bindings(w, CHECK_CHANNEL + QUEUES, "f", w->bound, there);
	else if (w->why.len == 0 && w->bound[0] == PRESENT)
		buf_printf(&w->why, "the exchange f is lost");
	if (w->why.len == 0 && exchange_is_there(w, "t", CHECK_CHANNEL + QUEUES + 1))
		check_bindings(w, CHECK_CHANNEL + QUEUES + 1, "t", topic, there);
	else if (w->why.len == 0 && w->topic_bound[0] == PRESENT)
		buf_printf(&w->why, "the exchange t is lost");
	if (w->why.len == 0)
		tenants_check(w);
	if (w->why.len == 0)
		once_check(w);
	if (w->why.len == 0)
		numbers_check(w);
}

static void check_all(struct world *w)
{
	if (looks_at(w, PLANT_OF_SCRIPT))
		check_script(w);
	if (w->why.len == 0 && looks_at(w, PLANT_OF_RETAINED))
		retained_check(w);
	if (w->why.len == 0 && looks_at(w, PLANT_OF_STREAMS))
		streams_check(w);
}

bool world_verify(struct world *w)
{
	disconnect(w);
	w->tx_came = w->tx_missing = 0;
	if (start(w))
		check_all(w);
	if (w->why.len == 0 && w->tx_came && w->tx_missing)
		buf_printf(&w->why, "a transaction was done by half: %u came, %u are missing", w->tx_came,
		           w->tx_missing);
	if (w->why.len == 0)
		broker_check(w->in.broker);
	return w->why.len == 0;
}
