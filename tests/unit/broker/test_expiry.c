/* SPDX-License-Identifier: Apache-2.0 */
/* Messages with a time to live of their own, anywhere in a queue: in memory, in the log, on their
 * way back, returned, of any priority, over starts.  Against a model that knows when each has to
 * go. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amqp/frame.h"
#include "amqp/props.h"
#include "amqp/table.h"
#include "broker/consuming.h"
#include "broker/expiry.h"
#include "broker/state.h"
#include "persistence/log.h"
#include "queue/queue.h"
#include "tests/unit/broker/fixture.h"

Suite *suite_broker_expiry(void);

enum { MOST = 6000, BYTES = 200 };

/* The model. */
static enum { READY, OUT, GONE, DEAD, LATER } state[MOST];
static uint64_t due[MOST];               /* UINT64_MAX: never */
static uint8_t priority[MOST];
static bool persistent[MOST];
static uint64_t tag[MOST];
static uint64_t back[MOST];              /* of one that is tried again later: when */
static unsigned tries[MOST];
static unsigned n, levels;
static uint64_t retry_ms;                /* 0: at once */

static void set_up(void)
{
	n = levels = retry_ms = 0;
	memset(tries, 0, sizeof tries);
	set_log(256 << 10);
	in.options.message_memory_bytes = 0;
	in.options.index_page_entries = 16;
	start();
}

/* ---- a few words of a client ---- */

static void put_integer(struct buf *table, const char *key, int64_t value)
{
	struct field f = { .letter = 'I', .integer = value };
	if (value >= 0)
		table_put(table, slice_str(key), &f);
}

static void declare(const char *name, const char *dead, int64_t priorities, int64_t ttl)
{
	struct buf a = { 0 };
	struct field exchange = { .letter = 'S' }, key = { .letter = 'S', .bytes = slice_str("dead") };
	if (dead) {
		exchange.bytes = slice_str(dead);
		table_put(&a, slice_str("x-dead-letter-exchange"), &exchange);
		table_put(&a, slice_str("x-dead-letter-routing-key"), &key);
	}
	put_integer(&a, "x-max-priority", priorities);
	put_integer(&a, "x-message-ttl", ttl);
	if (retry_ms && dead) {
		struct field all = { .letter = 'S', .bytes = slice_str("all") };
		table_put(&a, slice_str("x-delayed-retry-type"), &all);
		put_integer(&a, "x-delayed-retry-min", (int64_t)retry_ms);
		put_integer(&a, "x-delayed-retry-max", 3 * (int64_t)retry_ms);
	}
	declare_queue(name, true, buf_slice(&a));
	buf_free(&a);
}

static void send_to(const char *queue, uint64_t ttl)
{
	struct buf b = { 0 };
	char expiration[24];
	uint8_t body[BYTES] = { 0 };
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .routing_key = slice_str(queue) } };
	struct props p = { .class_id = CLASS_BASIC, .body_bytes = BYTES,
		               .flags = PROP_delivery_mode | PROP_priority,
		               .delivery_mode = persistent[n] ? 2 : 1, .priority = priority[n] };
	snprintf((char *)body, sizeof body, "%u", n);
	snprintf(expiration, sizeof expiration, "%llu", (unsigned long long)ttl);
	if (ttl != UINT64_MAX) {
		p.flags |= PROP_expiration;
		p.expiration = slice_str(expiration);
	}
	method_encode(&b, 1, &m);
	size_t mark = frame_begin(&b, FRAME_HEADER, 1);
	props_encode(&b, &p);
	frame_end(&b, mark);
	frame_write(&b, FRAME_BODY, 1, slice_of(body, sizeof body));
	inside_feed(&talk.peer, buf_slice(&b));
	buf_free(&b);
}

static void send(uint64_t ttl)
{
	send_to("q", ttl);
}

static void publish(uint64_t ttl, bool keep, uint8_t of_priority)
{
	ck_assert_uint_lt(n, MOST);
	persistent[n] = keep;
	priority[n] = of_priority;
	due[n] = ttl == UINT64_MAX ? ttl : in.now_ms + ttl;
	state[n] = READY;
	send(ttl);
	n++;
}

static bool get(const char *queue, bool no_ack, struct heard *h)
{
	struct method m = { .id = METHOD_basic_get,
		                .basic_get = { .queue = slice_str(queue), .no_ack = no_ack } };
	talk_send(&talk, 1, &m);
	for (int i = 0; i < 100; i++) {
		while (talk_read(&talk, h))
			if (h->method.id == METHOD_basic_get_ok || h->method.id == METHOD_basic_get_empty)
				return h->method.id == METHOD_basic_get_ok;
		inside_pass(&in, 0);
	}
	ck_abort_msg("no answer to basic.get");
	return false;
}

/* ---- the model ---- */

static unsigned level(unsigned i)
{
	return levels == 0 ? 0 : priority[i] < levels ? priority[i] : levels - 1;
}

static unsigned next_to_get(void)
{
	unsigned at = n;
	for (unsigned i = 0; i < n; i++)
		if (state[i] == READY && (at == n || level(i) > level(at)))
			at = i;
	return at;
}

static unsigned count(int which)
{
	unsigned all = 0;
	for (unsigned i = 0; i < n; i++)
		all += state[i] == (unsigned)which;
	return all;
}

static void pass(uint64_t ms)
{
	inside_pass(&in, ms);
	for (unsigned i = 0; i < n; i++) {
		if ((state[i] == READY || state[i] == LATER) && due[i] <= in.now_ms)
			state[i] = DEAD;
		if (state[i] == LATER && back[i] <= in.now_ms)
			state[i] = READY;
	}
}

/* What is ready is exact at any moment. */
static void expect_ready(void)
{
	ck_assert_uint_eq(ready_in("q"), count(READY));
}

static void take(bool no_ack)
{
	struct heard h;
	unsigned wanted = next_to_get();
	ck_assert_int_eq(get("q", no_ack, &h), wanted < n);
	if (wanted == n)
		return;
	ck_assert_int_eq(atoi((const char *)h.body.p), (int)wanted);
	tag[wanted] = h.method.basic_get_ok.delivery_tag;
	state[wanted] = no_ack ? GONE : OUT;
}

static void settle(unsigned i, bool comes_back)
{
	struct method ack = { .id = METHOD_basic_ack, .basic_ack = { .delivery_tag = tag[i] } };
	struct method nack = { .id = METHOD_basic_nack,
		                   .basic_nack = { .delivery_tag = tag[i], .requeue = true } };
	talk_send(&talk, 1, comes_back ? &nack : &ack);
	state[i] = !comes_back ? GONE : retry_ms ? LATER : READY;
	tries[i] += tries[i] < 3;
	back[i] = in.now_ms + tries[i] * retry_ms;
	pass(0);
}

static void settle_some(bool comes_back)
{
	for (unsigned i = 0; i < n; i++)
		if (state[i] == OUT && rand() % 3 == 0)
			settle(i, comes_back);
}

static void rest(void)
{
	broker_rest(in.broker);
	pass(30);
}

static void begin_again(void)
{
	pass(30);
	talk_free(&talk);
	if (rand() % 2)
		inside_stop(&in);
	else
		inside_crash(&in, DISK_SIM_LOSES_ALL);
	in.now_ms += (uint64_t)rand() % 500;
	start();
	for (unsigned i = 0; i < n; i++) {
		if (state[i] == OUT || state[i] == READY || state[i] == LATER)
			state[i] = persistent[i] ? READY : GONE;
		tries[i] = 0;
	}
	for (int i = 0; i < 20; i++)
		pass(5);
}

static void purge(void)
{
	struct method m = { .id = METHOD_queue_purge, .queue_purge = { .queue = slice_str("q") } };
	ck_assert(talk_call(&talk, 1, m, METHOD_queue_purge_ok, NULL));
	for (unsigned i = 0; i < n; i++)
		if (state[i] == READY)
			state[i] = GONE;
}

static void publish_some(void)
{
	static const unsigned spans[] = { 10, 100, 1000, 20000 };
	for (unsigned many = 1 + (unsigned)rand() % 60; many && n < MOST; many--) {
		uint64_t ttl = (uint64_t)rand() % spans[rand() % 4];
		publish(rand() % 4 ? ttl + 1 : UINT64_MAX, rand() % 4 > 0, (uint8_t)(rand() % 7));
	}
	pass(0);
}

static void step(void)
{
	switch (rand() % 22) {
	case 0 ... 5: publish_some(); break;
	case 6 ... 7: take(true); break;
	case 8 ... 10:
		for (int i = rand() % 20; i; i--)
			take(false);
		break;
	case 11: settle_some(false); break;
	case 12: settle_some(true); break;
	case 13 ... 14: rest(); break;
	case 15 ... 19: pass((uint64_t)rand() % 200); break;
	case 20:
		if (rand() % 3 == 0)
			begin_again();
		break;
	default:
		if (rand() % 10 == 0)
			purge();
	}
	expect_ready();
}

/* Every one that died came once; those that were not kept when the broker began again, and had not
 * been written as dead, did not have to. */
static void expect_dead(void)
{
	static bool came[MOST];
	struct heard h;
	memset(came, 0, sizeof came);
	while (get("dead", true, &h)) {
		unsigned i = (unsigned)atoi((const char *)h.body.p);
		ck_assert_uint_lt(i, n);
		ck_assert_msg(state[i] == DEAD && !came[i], "%u came, is %d", i, state[i]);
		came[i] = true;
	}
	for (unsigned i = 0; i < n; i++)
		ck_assert_msg(came[i] || state[i] != DEAD || !persistent[i], "%u did not come", i);
}

/* What waits to be tried again is nobody's. */
static void expect_handed_out(void)
{
	unsigned out = 0;
	for (unsigned i = 0; i < n; i++)
		out += state[i] == OUT;
	ck_assert_uint_eq(broker_handed_out(in.broker), out);
}

START_TEST(everything_goes_at_its_time)
{
	bool wanted = _i % 2;
	levels = _i % 4 < 2 ? 0 : 5;
	retry_ms = _i < 12 ? 0 : 150;
	srand((unsigned)_i);
	declare("dead", NULL, -1, -1);
	declare("q", wanted || retry_ms ? "" : NULL, levels ? (int)levels - 1 : -1, -1);
	for (int i = 0; i < 600; i++) {
		step();
		broker_check(in.broker);
		if (i % 4 == 0)
			expect_handed_out();
	}
	for (int i = 0; i < 40; i++) {
		pass(500);
		expect_ready();
	}
	if (wanted || retry_ms)
		expect_dead();
	while (next_to_get() < n)
		take(true);
	expect_ready();
}
END_TEST

/* Where very many died at once the consumers' turn ends some of them, not all. */
START_TEST(a_turn_is_not_spent_on_the_dead)
{
	struct heard h;
	struct method m = { .id = METHOD_basic_consume,
		                .basic_consume = { .queue = slice_str("q"), .no_ack = true } };
	struct broker *b = in.broker;
	declare("q", NULL, -1, -1);
	ck_assert(talk_call(&talk, 1, m, METHOD_basic_consume_ok, &h));
	const struct vhost *v = map_xget(&b->vhosts, slice_str("/"));
	struct queue *q = topology_queue(&v->topology, slice_str("q"));
	q->paused = true;
	for (int i = 0; i < 30000; i++)
		send(1000);
	in.now_ms += 5000;
	broker_turn(b, in.now_ms);
	in.now_ms += 5;
	b->previous_turn_ms = b->now_ms = in.now_ms;
	q->paused = false;
	broker_run_queue(b, q);
	uint64_t before = queue_ready(q);
	ck_assert_uint_gt(before, 25000);
	consuming_deliver(b);
	ck_assert_uint_lt(queue_ready(q), before);
	ck_assert_uint_gt(queue_ready(q), before / 4);
	pass(0);
	ck_assert_uint_eq(queue_ready(q), 0);
	ck_assert(!talk_read(&talk, &h));
}
END_TEST

/* What was read back once counts as in memory, too. */
START_TEST(what_is_tried_again_leaves_memory_each_time)
{
	struct heard h;
	retry_ms = 100;
	declare("q", "", -1, -1);
	publish(UINT64_MAX, true, 0);
	const struct vhost *v = map_xget(&in.broker->vhosts, slice_str("/"));
	const struct queue *q = topology_queue(&v->topology, slice_str("q"));
	for (int i = 0; i < 3; i++) {
		pass(1000);
		ck_assert(get("q", false, &h));
		tag[0] = h.method.basic_get_ok.delivery_tag;
		settle(0, true);
		ck_assert_uint_eq(q->live->later.count, 1);
		ck_assert_ptr_null(row_first(&q->live->later)->message);
	}
}
END_TEST

static struct queue *queue_named(const char *name)
{
	const struct vhost *v = map_xget(&in.broker->vhosts, slice_str("/"));
	return topology_queue(&v->topology, slice_str(name));
}

/* Sent, and answered when the broker has had its turns. */
static void ask(const char *queue)
{
	struct method m = { .id = METHOD_basic_get,
		                .basic_get = { .queue = slice_str(queue), .no_ack = true } };
	talk_send(&talk, 1, &m);
}

/* Who asks does not end them all either, but waits for it; what lives is then told in order. */
START_TEST(a_get_does_not_end_a_million)
{
	struct heard h;
	struct broker *b = in.broker;
	n = 0;
	declare("dead", NULL, -1, -1);
	declare("q", _i ? "" : NULL, -1, -1);
	for (int i = 0; i < 30000; i++)
		send(1000);
	for (n = 0; n < 2; n++)
		send(UINT64_MAX);
	struct queue *q = queue_named("q");
	b->now_ms = in.now_ms += 5000;
	uint64_t before = b->deaths;
	ck_assert(!expiry_catch_up(b, q));
	ck_assert(!expiry_catch_up(b, q));
	ck_assert_uint_lt(b->deaths - before, 5000);
	ck_assert_uint_gt(queue_ready(q), 25000);
	ask("q");
	ask("q");
	ask("q");
	for (unsigned i = 0; i < 2; i++) {
		ck_assert(talk_expect(&talk, METHOD_basic_get_ok, &h, NULL, NULL));
		ck_assert_int_eq(atoi((const char *)h.body.p), (int)i);
		ck_assert_uint_eq(h.method.basic_get_ok.message_count, 1 - i);
	}
	ck_assert(talk_expect(&talk, METHOD_basic_get_empty, &h, NULL, NULL));
	ck_assert_uint_eq(ready_in("dead"), _i ? 30000 : 0);
}
END_TEST

/* A turn ends the fewer, the more queues each dead letter goes to; and queues take turns. */
START_TEST(a_turn_ends_what_it_can)
{
	struct broker *b = in.broker;
	char name[16];
	declare("q", "amq.fanout", -1, -1);
	declare("other", NULL, -1, -1);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "d%d", i);
		declare(name, NULL, -1, -1);
		talk_send(&talk, 1, &(struct method){ .id = METHOD_queue_bind,
			.queue_bind = { .queue = slice_str(name), .exchange = slice_str("amq.fanout"),
			                .no_wait = true } });
	}
	for (int i = 0; i < 1000; i++)
		send(1000);
	send_to("other", 1010);
	b->now_ms = in.now_ms += 5000;
	uint64_t before = b->deaths;
	expiry_run(b);
	ck_assert_uint_gt(queue_ready(queue_named("q")), 800);
	ck_assert_uint_lt(b->deaths - before, 2000 + 64 * 101);
	b->now_ms = ++in.now_ms;
	expiry_run(b);
	ck_assert_uint_eq(queue_ready(queue_named("other")), 0);
	pass(0);
	ck_assert_uint_eq(ready_in("q"), 0);
	ck_assert_uint_eq(ready_in("d99"), 1000);
}
END_TEST

/* One that comes back to be tried again is being read, and what is due waits behind it. */
START_TEST(only_so_many_wait_behind_what_is_being_read)
{
	struct heard h;
	struct broker *b = in.broker;
	retry_ms = 100;
	declare("dead", NULL, -1, -1);
	declare("q", "", -1, 1000);
	publish(UINT64_MAX, true, 0);
	pass(50);
	take(false);
	settle(0, true);
	b->store.memory_budget = 1 << 30;
	in.held = true;
	for (int i = 0; i < 5000; i++) {
		n = 1 + (unsigned)i;
		persistent[n] = true;
		send(UINT64_MAX);
	}
	inside_pass(&in, 120);
	struct queue *q = queue_named("q");
	ck_assert_uint_eq(q->live->n_recalls, 1);
	inside_pass(&in, 2000);
	ck_assert_uint_gt(q->live->n_recalls, 1);
	ck_assert_uint_le(q->live->n_recalls, QUEUE_RECALLS_MOST);
	ask("q");
	ck_assert(!talk_read(&talk, &h));
	inside_let_go(&in);
	ck_assert(talk_expect(&talk, METHOD_basic_get_empty, &h, NULL, NULL));
	ck_assert_uint_eq(ready_in("dead"), 5001);
	for (int i = 1; get("dead", true, &h);)   /* 0 went back to its place first */
		if (atoi((const char *)h.body.p))
			ck_assert_int_eq(atoi((const char *)h.body.p), i++);
}
END_TEST

static uint32_t purged(void)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_purge, .queue_purge = { .queue = slice_str("q") } };
	ck_assert(talk_call(&talk, 1, m, METHOD_queue_purge_ok, &h));
	return h.method.queue_purge_ok.message_count;
}

/* What was to be tried again is gone with the rest; what died before is dead.  The second waits
 * behind the first, the third behind both. */
START_TEST(a_purge_ends_what_is_being_read_back)
{
	struct heard h;
	retry_ms = 100;
	declare("dead", NULL, -1, -1);
	declare("q", "", -1, -1);
	publish(UINT64_MAX, true, 0);
	publish(150, true, 0);
	publish(UINT64_MAX, true, 0);
	pass(50);
	take(false);
	take(false);
	settle(0, true);
	in.held = true;
	pass(100);
	struct queue *q = queue_named("q");
	ck_assert_uint_eq(q->live->n_recalls, 1);
	settle(1, false);
	publish(5, true, 0);
	inside_pass(&in, 10);
	ck_assert_uint_eq(q->live->n_recalls, 2);
	ck_assert_uint_eq(q->live->unacked, 2);
	ck_assert_uint_eq(purged(), 2);
	inside_let_go(&in);
	ck_assert_uint_eq(q->live->unacked, 0);
	ck_assert_uint_eq(ready_in("q"), 0);
	ck_assert(!get("q", true, &h));
	ck_assert(get("dead", true, &h));
	ck_assert_int_eq(atoi((const char *)h.body.p), 3);
	ck_assert(!get("dead", true, &h));
	pass(1000);
	start_anew(BY_STOP);
	ck_assert_uint_eq(ready_in("q"), 0);
}
END_TEST

Suite *suite_broker_expiry(void)
{
	Suite *s = suite_create("broker_expiry");
	TCase *t = tcase_create("expiry");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, everything_goes_at_its_time, 0, 20);
	tcase_add_test(t, a_turn_is_not_spent_on_the_dead);
	tcase_add_test(t, what_is_tried_again_leaves_memory_each_time);
	tcase_add_loop_test(t, a_get_does_not_end_a_million, 0, 2);
	tcase_add_test(t, a_turn_ends_what_it_can);
	tcase_add_test(t, a_purge_ends_what_is_being_read_back);
	tcase_add_test(t, only_so_many_wait_behind_what_is_being_read);
	suite_add_tcase(s, t);
	return s;
}
