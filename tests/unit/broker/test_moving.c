/* SPDX-License-Identifier: Apache-2.0 */
/* Messages are moved between queues and deleted one by one while the power goes at any operation
 * of the disk: each is in one queue, neither lost nor doubled, and a look finds what is there, in
 * order, wherever it lies. */
#include <stdio.h>
#include <stdlib.h>

#include "amqp/table.h"
#include "broker/manage.h"
#include "broker/moving.h"
#include "broker/state.h"
#include "queue/queue.h"
#include "tests/unit/broker/fixture.h"

Suite *suite_broker_moving(void);

enum { STEPS = 160, MOST = 6000, BURST = 80, QUEUES = 3 };

static const char *const names[QUEUES] = { "a", "b", "ranked" };

/* Where each message is; a deletion, or a message, that was not promised may be so or so. */
static struct {
	enum { NEVER, MAYBE, THERE, MAYBE_GONE, GONE } state[MOST];
	unsigned published;
} model;

static void set_up(void)
{
	set_log(64 << 10);
	in.options.message_memory_bytes = 30000;
	in.options.index_page_entries = 16;
	memset(&model, 0, sizeof model);
	start();
}

static void declare(void)
{
	struct buf arguments = { 0 };
	table_put_int(&arguments, "x-max-priority", 3);
	for (int i = 0; i < QUEUES; i++)
		declare_queue(names[i], true,
		              i == QUEUES - 1 ? buf_slice(&arguments) : slice_of("", 0));
	buf_free(&arguments);
}

/* ---- what is done ---- */

static void publish_some(bool promised)
{
	char body[900];
	struct method m = { .id = METHOD_basic_publish };
	m.basic_publish.routing_key = slice_str(names[below(QUEUES)]);
	for (unsigned n = 1 + below(BURST); n && model.published < MOST; n--) {
		memset(body, 'x', sizeof body);
		int len = snprintf(body, sizeof body, "%u ", model.published);
		struct props p = { .flags = PROP_delivery_mode | PROP_priority, .delivery_mode = 2,
			               .priority = (uint8_t)below(5) };
		if (below(3) == 0) {
			p.flags |= PROP_expiration;
			p.expiration = slice_str("100000000");
		}
		talk_content(&talk, 1, &m, &p, slice_of(body, (size_t)len + below(700)));
		model.state[model.published++] = promised ? THERE : MAYBE;
	}
	if (promised)
		inside_pass(&in, 50);
}

static struct moving_spec some_move(struct queue *q, uint64_t *numbers)
{
	struct moving_spec spec = { .to = below(2) ? MOVING_TO_QUEUE : MOVING_TO_EXCHANGE,
		                        .most = 1 + below(150),
		                        .which = { .below = UINT64_MAX } };
	struct slice target = slice_str(names[below(QUEUES)]);
	spec.target = spec.to == MOVING_TO_QUEUE ? target : slice_of("", 0);
	spec.key = spec.to == MOVING_TO_QUEUE ? slice_of(NULL, 0) : target;
	spec.which.from = below(2) ? 0 : below((unsigned)q->next_seq);
	if (below(2))
		return spec;
	uint64_t n = spec.which.from;
	for (spec.which.n_numbers = 0; spec.which.n_numbers < 40; spec.which.n_numbers++)
		numbers[spec.which.n_numbers] = n += 1 + below(5);
	spec.which.numbers = numbers;
	return spec;
}

/* Turns go by until it is over, or the disk is down. */
static void go(struct moving *m)
{
	for (int turns = 0; turns < 400; turns++) {
		enum moving_state state = moving_go_on(m, NULL);
		ck_assert_int_ne(state, MOVING_REFUSED);
		if (state == MOVING_DONE || disk_sim_is_down(in.disk) || broker_failed(in.broker))
			return;
		if (below(4) == 0 || state == MOVING_WAITS)
			inside_pass(&in, 1);
	}
}

static void move_some(void)
{
	uint64_t numbers[40];
	struct moving m;
	struct queue *q = queue_of(names[below(QUEUES)]);
	struct moving_spec spec = some_move(q, numbers);
	moving_begin(&m, in.broker, q, &spec);
	go(&m);
	moving_end(&m);
}

static unsigned number_in(const struct message *m)
{
	unsigned number;
	struct slice body;
	struct message_walk w = { 0 };
	ck_assert(message_next_stretch(m, &w, &body));
	ck_assert_int_eq(sscanf((const char *)body.p, "%u ", &number), 1);
	return number;
}

/* The number of the message that is first from there on, and the message's; false: none is. */
static bool first_from(struct queue *q, uint64_t from, uint64_t *seq, unsigned *number)
{
	struct browse w;
	struct browsed b;
	enum browse_answer a;
	struct browse_spec spec = { .from = from, .below = UINT64_MAX };
	browse_begin(&w, in.broker, q, &spec);
	do {
		browse_go_on(&w);
		a = browse_next(&w, &b);
		if (a == BROWSE_WAITS)
			inside_pass(&in, 1);
	} while (a == BROWSE_LATER || a == BROWSE_WAITS);
	if (a == BROWSE_ITEM) {
		*seq = b.seen.seq;
		*number = number_in(b.seen.message);
	}
	browse_end(&w);
	return a == BROWSE_ITEM;
}

static void delete_one(bool promised)
{
	struct moving m;
	uint64_t seq;
	unsigned number;
	struct queue *q = queue_of(names[below(QUEUES)]);
	if (!first_from(q, below((unsigned)q->next_seq), &seq, &number))
		return;
	struct moving_spec spec = { .to = MOVING_AWAY, .most = 1,
		                        .which = { .from = seq, .below = seq + 1 } };
	moving_begin(&m, in.broker, q, &spec);
	go(&m);
	ck_assert_uint_eq(m.moved, 1);
	moving_end(&m);
	if (promised)
		inside_pass(&in, 50);
	model.state[number] = promised ? GONE : MAYBE_GONE;
}

/* Somebody takes a few off the front, and gives most of them back. */
static void handle_some(void)
{
	struct heard h;
	struct method get = { .id = METHOD_basic_get,
		                  .basic_get = { .queue = slice_str(names[below(QUEUES)]) } };
	struct method nack = { .id = METHOD_basic_nack,
		                   .basic_nack = { .multiple = true, .requeue = true } };
	for (unsigned n = below(40); n; n--) {
		talk_send(&talk, 1, &get);
		inside_pass(&in, 1);
	}
	inside_pass(&in, 50);
	move_some();
	talk_send(&talk, 1, &nack);
	inside_pass(&in, 50);
	while (talk_read(&talk, &h))
		;
}

/* ---- what is there ---- */

static void count(unsigned *times, unsigned i)
{
	struct browse w;
	struct browsed b;
	enum browse_answer a;
	uint64_t last = 0, n = 0;
	struct queue *q = queue_of(names[i]);
	struct browse_spec spec = { .below = UINT64_MAX };
	browse_begin(&w, in.broker, q, &spec);
	do {
		browse_go_on(&w);
		while ((a = browse_next(&w, &b)) == BROWSE_ITEM) {
			ck_assert_uint_gt(b.seen.seq, last);
			ck_assert(!b.seen.message->died);
			last = b.seen.seq;
			times[number_in(b.seen.message)]++;
			n++;
		}
		if (a == BROWSE_WAITS)
			inside_pass(&in, 1);
	} while (a != BROWSE_END);
	browse_end(&w);
	ck_assert_uint_eq(n, queue_ready(q));
}

/* What may be so or so is as it is found from then on. */
static void compare(void)
{
	static unsigned times[MOST];
	inside_pass(&in, 50);
	broker_check(in.broker);
	memset(times, 0, sizeof times);
	for (unsigned i = 0; i < QUEUES; i++)
		count(times, i);
	for (unsigned i = 0; i < model.published; i++) {
		ck_assert_msg(times[i] <= 1, "message %u is there %u times", i, times[i]);
		ck_assert_msg(times[i] || model.state[i] != THERE, "message %u is lost", i);
		ck_assert_msg(!times[i] || model.state[i] != GONE, "message %u came back", i);
		model.state[i] = times[i] ? THERE : GONE;
	}
}

static void crash(void)
{
	lose_power((enum disk_sim_loss)below(DISK_SIM_LOSS_KINDS));
	compare();
}

/* The power goes at one of the next operations of the disk. */
static void crash_in_the_middle(void)
{
	disk_sim_crash_at(in.disk, disk_sim_operations(in.disk) + 1 + below(12));
	if (below(3) == 0)
		publish_some(false);
	for (unsigned n = 1 + below(5); n; n--) {
		move_some();
		inside_pass(&in, below(3));
	}
	crash();
}

/* Nothing of what is done gets to the disk as a whole. */
static void crash_while_held(void)
{
	in.held = true;
	move_some();
	crash();
}

static void play(unsigned seed)
{
	random_state = seed;
	declare();
	for (unsigned i = 0; i < STEPS; i++) {
		switch (below(14)) {
		case 0: crash(); break;
		case 1:
		case 2: crash_in_the_middle(); break;
		case 3: crash_while_held(); break;
		case 4: delete_one(true); break;
		case 5: handle_some(); break;
		case 6: compare(); break;
		case 7:
		case 8:
		case 9: publish_some(true); break;
		default: move_some();
		}
	}
	crash();
}

START_TEST(each_message_is_in_one_place)
{
	play((unsigned)_i);
}
END_TEST

static void declare_dying(void)
{
	struct buf arguments = { 0 };
	struct field nowhere = { .letter = 'S', .bytes = slice_str("") };
	struct field a = { .letter = 'S', .bytes = slice_str("a") };
	table_put_int(&arguments, "x-message-ttl", 100);
	table_put(&arguments, slice_str("x-dead-letter-exchange"), &nowhere);
	table_put(&arguments, slice_str("x-dead-letter-routing-key"), &a);
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str("dying"), .durable = true,
		                                   .arguments = buf_slice(&arguments) } };
	ck_assert(talk_call(&talk, 1, m, METHOD_queue_declare_ok, NULL));
	buf_free(&arguments);
}

static bool first_has_died(struct queue *q)
{
	struct browse w;
	struct browsed b;
	enum browse_answer a;
	struct browse_spec spec = { .below = UINT64_MAX };
	browse_begin(&w, in.broker, q, &spec);
	browse_go_on(&w);
	while ((a = browse_next(&w, &b)) == BROWSE_WAITS)
		inside_pass(&in, 1);
	ck_assert_int_eq(a, BROWSE_ITEM);
	bool died = b.seen.message->died;
	browse_end(&w);
	return died;
}

/* Its deaths are the broker's own still, and will be counted on. */
START_TEST(deaths_are_believed_after_a_move_and_a_start)
{
	struct moving m;
	struct moving_spec spec = { .to = MOVING_TO_QUEUE, .target = slice_str("b"), .most = 10,
		                        .which = { .below = UINT64_MAX } };
	declare();
	declare_dying();
	talk_publish(&talk, 1, slice_of("", 0), slice_str("dying"), false, true, slice_str("x"));
	inside_pass(&in, 200);
	moving_begin(&m, in.broker, queue_of(names[0]), &spec);
	go(&m);
	ck_assert_uint_eq(m.moved, 1);
	moving_end(&m);
	inside_pass(&in, 50);
	ck_assert(first_has_died(queue_of(names[1])));
	lose_power(DISK_SIM_LOSES_ALL);
	ck_assert(first_has_died(queue_of(names[1])));
}
END_TEST

Suite *suite_broker_moving(void)
{
	Suite *s = suite_create("broker_moving");
	TCase *c = tcase_create("moving");
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_set_timeout(c, 300);
	tcase_add_loop_test(c, each_message_is_in_one_place, 1, 9);
	tcase_add_test(c, deaths_are_believed_after_a_move_and_a_start);
	suite_add_tcase(s, c);
	return s;
}
