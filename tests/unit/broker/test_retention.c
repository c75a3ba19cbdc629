/* SPDX-License-Identifier: Apache-2.0 */
/* A queue that retains its messages against a model, through crashes: what is taken from it is gone
 * there and stays where it is read, each offset has the message it had when it was seen, what was
 * confirmed is in both, and what is put back is there as a whole or not at all. */
#include <stdio.h>
#include <stdlib.h>

#include "amqp/props.h"
#include "amqp/table.h"
#include "broker/manage.h"
#include "broker/state.h"
#include "persistence/log_file.h"
#include "queue/queue.h"
#include "tests/unit/broker/fixture.h"

Suite *suite_broker_retention(void);

enum { STEPS = 250, MOST = 20000, BURST = 60, READ = 2 };

struct ready {
	unsigned number;
	bool persistent;
};

static struct {
	struct ready ready[MOST];    /* what the queue holds, in order */
	unsigned n_ready;
	unsigned published;          /* messages ever */
	unsigned number[MOST];       /* of the message at each offset */
	unsigned n;                  /* offsets given */
	unsigned seen;               /* by the reader, all below */
	bool forgets;
} model;

static void set_up(void)
{
	set_log(64 << 10);
	in.options.message_memory_bytes = 50000;
	in.options.index_page_entries = 16;
	memset(&model, 0, sizeof model);
	start();
}

/* ---- what comes ---- */

static unsigned number_in(struct slice body)
{
	unsigned number;
	ck_assert_int_eq(sscanf((const char *)body.p, "%u ", &number), 1);
	return number;
}

static void meet(void *unused, const struct heard *h)
{
	struct field f;
	(void)unused;
	ck_assert_uint_eq(h->method.id, METHOD_basic_deliver);
	ck_assert(table_find(props_headers(h->header), "x-stream-offset", &f));
	unsigned offset = (unsigned)f.integer;
	ck_assert_uint_lt(offset, model.n);
	ck_assert_uint_ge(offset, model.seen);
	ck_assert(model.forgets || offset == model.seen);
	ck_assert_uint_eq(number_in(h->body), model.number[offset]);
	model.seen = offset + 1;
}

static void call(uint16_t channel, struct method m, uint32_t answer, struct heard *h)
{
	talk_send(&talk, channel, &m);
	ck_assert(talk_expect(&talk, answer, h, meet, NULL));
}

static void settle_down(void)
{
	struct heard h;
	inside_pass(&in, 20);
	while (talk_read(&talk, &h))
		meet(NULL, &h);
}

/* ---- what is done ---- */

static unsigned declare(struct slice arguments)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str("q"),
		                                   .durable = true,
		                                   .arguments = arguments } };
	call(1, m, METHOD_queue_declare_ok, &h);
	return h.method.queue_declare_ok.message_count;
}

static void publish_some(void)
{
	char body[600];
	for (unsigned n = 1 + below(BURST); n && model.published < MOST && model.n_ready < MOST; n--) {
		bool persistent = below(4) != 0;
		unsigned number = model.published++;
		memset(body, 'x', sizeof body);
		int len = snprintf(body, sizeof body, "%u ", number);
		talk_publish(&talk, 1, slice_of("", 0), slice_str("q"), false, persistent,
		             slice_of(body, (size_t)len + below(500)));
		model.ready[model.n_ready++] = (struct ready){ number, persistent };
		if (persistent)
			model.number[model.n++] = number;
	}
}

static void take_ready(unsigned n)
{
	model.n_ready -= n;
	memmove(model.ready, model.ready + n, model.n_ready * sizeof *model.ready);
}

static void get_some(void)
{
	struct heard h;
	struct method m = { .id = METHOD_basic_get,
		                .basic_get = { .queue = slice_str("q"), .no_ack = true } };
	settle_down();
	for (unsigned n = below(BURST); n && model.n_ready; n--) {
		call(1, m, METHOD_basic_get_ok, &h);
		ck_assert_uint_eq(number_in(h.body), model.ready[0].number);
		take_ready(1);
	}
}

static void purge(void)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_purge, .queue_purge = { .queue = slice_str("q") } };
	settle_down();
	call(1, m, METHOD_queue_purge_ok, &h);
	ck_assert_uint_eq(h.method.queue_purge_ok.message_count, model.n_ready);
	model.n_ready = 0;
}

/* ---- replays ---- */

/* Some of what is retained: *from and how many; 0: nothing is, or there is no room for more. */
static unsigned some_range(unsigned *from)
{
	unsigned first = (unsigned)stream_first(queue_of("q")->live->retained) - 1;
	ck_assert(model.forgets || first == 0);
	if (first == model.n)
		return 0;
	*from = first + below(model.n - first);
	unsigned n = 1 + below(model.n - *from < 300 ? model.n - *from : 300);
	return model.n_ready + n > MOST ? 0 : n;
}

static void note_replayed(unsigned from, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		model.ready[model.n_ready++] = (struct ready){ model.number[from + i], true };
}

static uint64_t begin_replay(unsigned from, unsigned n)
{
	uint64_t number;
	enum replay_outcome o = manage_replay(in.broker, queue_of("q"), from, from + n - 1, &number);
	ck_assert_int_eq(o, REPLAY_GOES_ON);
	return number;
}

static void replay_some(void)
{
	struct replay_report r;
	unsigned from;
	settle_down();
	unsigned n = some_range(&from);
	if (n == 0)
		return;
	uint64_t number = begin_replay(from, n);
	settle_down();
	ck_assert(manage_replayed(in.broker, number, &r));
	ck_assert_int_eq(r.outcome, REPLAY_DONE);
	ck_assert_uint_eq(r.messages, n);
	ck_assert(manage_is_durable(in.broker, r.wait_for));
	note_replayed(from, n);
}

/* Reads on from what was seen; what it is sent is done with at once. */
static void read_on(void)
{
	struct heard h;
	struct buf arguments = { 0 };
	struct field where = { .letter = 'l', .integer = model.seen };
	struct method close = { .id = METHOD_channel_close };
	table_put(&arguments, slice_str("x-stream-offset"), &where);
	settle_down();
	read_retained(READ, "q", MOST, buf_slice(&arguments), meet);
	settle_down();
	call(READ, close, METHOD_channel_close_ok, &h);
	ck_assert_uint_eq(model.seen, model.n);
	buf_free(&arguments);
}

/* What was not to last is gone, if the power was or not. */
static unsigned start_again(struct slice arguments, enum disk_sim_loss loss)
{
	unsigned n = 0;
	lose_power(loss);
	for (unsigned i = 0; i < model.n_ready; i++)
		if (model.ready[i].persistent)
			model.ready[n++] = model.ready[i];
	model.n_ready = n;
	return declare(arguments);
}

static enum disk_sim_loss some_loss(void)
{
	return (enum disk_sim_loss)below(DISK_SIM_LOSS_KINDS);
}

static void crash(struct slice arguments)
{
	settle_down();
	ck_assert_uint_eq(start_again(arguments, some_loss()), model.n_ready);
}

/* Of what was published while nothing became durable, as much is in the one as in the other. */
static void crash_in_the_middle(struct slice arguments)
{
	settle_down();
	unsigned safe = model.n;
	in.held = true;
	publish_some();
	unsigned ready = start_again(arguments, some_loss());
	ck_assert_uint_le(ready, model.n_ready);
	model.n -= model.n_ready - ready;
	model.n_ready = ready;
	ck_assert_uint_ge(model.n, safe);
}

/* The power goes at one of the next operations of the disk. */
static void crash_in_a_replay(struct slice arguments)
{
	struct replay_report r;
	unsigned from;
	settle_down();
	unsigned n = some_range(&from);
	if (n == 0)
		return;
	uint64_t number = begin_replay(from, n);
	disk_sim_crash_at(in.disk, disk_sim_operations(in.disk) + 1 + below(12));
	inside_pass(&in, 20);
	manage_replayed(in.broker, number, &r);
	bool safe = r.outcome == REPLAY_DONE && manage_is_durable(in.broker, r.wait_for);
	unsigned ready = start_again(arguments, some_loss());
	if (ready > model.n_ready)
		note_replayed(from, n);
	else
		ck_assert(!safe);
	ck_assert_uint_eq(ready, model.n_ready);
}

static void play(unsigned seed, struct slice arguments)
{
	random_state = seed;
	declare(arguments);
	for (unsigned i = 0; i < STEPS; i++)
		switch (below(16)) {
		case 0: read_on(); break;
		case 1: crash(arguments); break;
		case 2: purge(); break;
		case 3: crash_in_the_middle(arguments); break;
		case 4: crash_in_a_replay(arguments); break;
		case 5:
		case 6: replay_some(); break;
		case 7:
		case 8:
		case 9:
		case 10: get_some(); break;
		case 11: settle_down(); break;
		default: publish_some();
		}
	crash(arguments);
	get_some();
	model.seen = 0;
	read_on();
}

START_TEST(what_was_taken_stays_where_it_is_read)
{
	struct buf arguments = { 0 };
	table_put_int(&arguments, "x-retain-ms", 1000000000);
	play((unsigned)_i + 1, buf_slice(&arguments));
	buf_free(&arguments);
}
END_TEST

START_TEST(what_is_too_much_is_forgotten_there_alone)
{
	struct buf arguments = { 0 };
	table_put_int(&arguments, "x-retain-bytes", 40000);
	model.forgets = true;
	play((unsigned)_i + 1, buf_slice(&arguments));
	buf_free(&arguments);
}
END_TEST

static void fill(struct slice arguments)
{
	declare(arguments);
	for (int i = 0; i < 10; i++)
		publish_some();
	settle_down();
}

START_TEST(a_replay_ends_with_its_queue)
{
	struct buf arguments = { 0 };
	struct replay_report r;
	struct heard h;
	uint64_t other;
	struct method delete = { .id = METHOD_queue_delete,
		                     .queue_delete = { .queue = slice_str("q") } };
	table_put_int(&arguments, "x-retain-ms", 1000000000);
	fill(buf_slice(&arguments));
	uint64_t number = begin_replay(0, model.n);
	ck_assert_int_eq(manage_replay(in.broker, queue_of("q"), 0, 0, &other), REPLAY_BUSY);
	for (int i = _i; i; i--) {
		broker_turn(in.broker, in.now_ms);
		log_file_step(in.log);
	}
	call(1, delete, METHOD_queue_delete_ok, &h);
	ck_assert(manage_replayed(in.broker, number, &r));
	ck_assert_int_eq(r.outcome, REPLAY_GONE);
	settle_down();
	ck_assert_uint_eq(declare(buf_slice(&arguments)), 0);
	ck_assert_int_eq(manage_replay(in.broker, queue_of("q"), 0, 0, &other), REPLAY_FORGOTTEN);
	buf_free(&arguments);
}
END_TEST

/* Everything is forgotten while it is read. */
START_TEST(what_is_forgotten_meanwhile_is_not_put_back)
{
	struct buf arguments = { 0 };
	struct replay_report r;
	table_put_int(&arguments, "x-retain-ms", 1000);
	fill(buf_slice(&arguments));
	unsigned ready = model.n_ready;
	uint64_t number = begin_replay(0, model.n);
	in.held = true;
	inside_pass(&in, 2000);
	inside_let_go(&in);
	settle_down();
	ck_assert(manage_replayed(in.broker, number, &r));
	ck_assert_int_eq(r.outcome, REPLAY_FORGOTTEN);
	ck_assert_uint_eq(declare(buf_slice(&arguments)), ready);
	buf_free(&arguments);
}
END_TEST

/* The record of its message says that it has come so far in both. */
START_TEST(a_publisher_is_numbered_in_the_queue_alone)
{
	struct buf arguments = { 0 }, headers = { 0 };
	struct field id = { .letter = 'S', .bytes = slice_str("p") };
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .routing_key = slice_str("q") } };
	table_put_int(&arguments, "x-retain-ms", 1000000000);
	table_put(&headers, slice_str("x-publisher-id"), &id);
	table_put_int(&headers, "x-publisher-sequence", 7);
	struct props as = { .flags = PROP_headers | PROP_delivery_mode, .delivery_mode = 2,
		                .headers = buf_slice(&headers) };
	declare(buf_slice(&arguments));
	for (int i = 0; i < 2; i++) {
		talk_content(&talk, 1, &m, &as, slice_str("once"));
		settle_down();
		lose_power(DISK_SIM_LOSES_ALL);
		ck_assert_uint_eq(declare(buf_slice(&arguments)), 1);
		ck_assert_ptr_nonnull(publishers_find(queue_of("q"), slice_str("p")));
		ck_assert_ptr_null(publishers_find(queue_of("q")->live->retained, slice_str("p")));
	}
	buf_free(&arguments);
	buf_free(&headers);
}
END_TEST

Suite *suite_broker_retention(void)
{
	Suite *s = suite_create("broker/retention");
	TCase *c = tcase_create("model");
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, what_was_taken_stays_where_it_is_read, 0, 8);
	tcase_add_loop_test(c, what_is_too_much_is_forgotten_there_alone, 0, 8);
	tcase_add_loop_test(c, a_replay_ends_with_its_queue, 0, 3);
	tcase_add_test(c, a_publisher_is_numbered_in_the_queue_alone);
	tcase_add_test(c, what_is_forgotten_meanwhile_is_not_put_back);
	suite_add_tcase(s, c);
	return s;
}
