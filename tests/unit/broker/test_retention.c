/* SPDX-License-Identifier: Apache-2.0 */
/* A queue that retains its messages against a model, through crashes: what is taken from it is gone
 * there and stays where it is read, each offset has the message it had when it was seen, and what
 * was confirmed is in both. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "amqp/props.h"
#include "amqp/table.h"
#include "tests/sim/talk.h"

Suite *suite_broker_retention(void);

enum { STEPS = 250, MOST = 20000, BURST = 60, READ = 2 };

static struct inside in;
static struct talk talk;
static struct buf why;
static unsigned random_state;

static struct {
	struct {
		bool persistent, taken;
	} messages[MOST];
	unsigned published;
	unsigned number[MOST];       /* of the message at each offset */
	unsigned n;                  /* offsets given */
	unsigned seen;               /* by the reader, all below */
	bool forgets;
} model;

static unsigned below(unsigned n)
{
	random_state = random_state * 1103515245 + 12345;
	return random_state / 65536 % n;
}

static void start(void)
{
	ck_assert_msg(inside_start(&in, &why), "%.*s", (int)why.len, (char *)why.p);
	ck_assert(talk_open(&talk, &in));
}

static void set_up(void)
{
	inside_init(&in);
	in.durable = true;
	in.segment_bytes = 128 << 10;
	in.options.message_memory_bytes = 50000;
	in.options.index_page_entries = 16;
	memset(&model, 0, sizeof model);
	start();
}

static void tear_down(void)
{
	talk_free(&talk);
	inside_stop(&in);
	inside_forget(&in);
	buf_free(&why);
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
	for (unsigned n = 1 + below(BURST); n && model.published < MOST; n--) {
		bool persistent = below(4) != 0;
		memset(body, 'x', sizeof body);
		int len = snprintf(body, sizeof body, "%u ", model.published);
		talk_publish(&talk, 1, slice_of("", 0), slice_str("q"), false, persistent,
		             slice_of(body, (size_t)len + below(500)));
		model.messages[model.published].persistent = persistent;
		model.messages[model.published].taken = false;
		if (persistent)
			model.number[model.n++] = model.published;
		model.published++;
	}
}

static unsigned first_ready(void)
{
	unsigned i = 0;
	while (i < model.published && model.messages[i].taken)
		i++;
	return i;
}

static unsigned count_ready(void)
{
	unsigned n = 0;
	for (unsigned i = 0; i < model.published; i++)
		n += !model.messages[i].taken;
	return n;
}

static void get_some(void)
{
	struct heard h;
	struct method m = { .id = METHOD_basic_get,
		                .basic_get = { .queue = slice_str("q"), .no_ack = true } };
	settle_down();
	for (unsigned n = below(BURST); n && count_ready(); n--) {
		call(1, m, METHOD_basic_get_ok, &h);
		unsigned number = number_in(h.body);
		ck_assert_uint_eq(number, first_ready());
		model.messages[number].taken = true;
	}
}

static void purge(void)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_purge, .queue_purge = { .queue = slice_str("q") } };
	settle_down();
	call(1, m, METHOD_queue_purge_ok, &h);
	ck_assert_uint_eq(h.method.queue_purge_ok.message_count, count_ready());
	for (unsigned i = 0; i < model.published; i++)
		model.messages[i].taken = true;
}

/* Reads on from what was seen; what it is sent is done with at once. */
static void read_on(void)
{
	struct heard h;
	struct buf arguments = { 0 };
	struct field where = { .letter = 'l', .integer = model.seen };
	struct method open = { .id = METHOD_channel_open };
	struct method close = { .id = METHOD_channel_close };
	struct method qos = { .id = METHOD_basic_qos, .basic_qos = { .prefetch_count = MOST } };
	table_put(&arguments, slice_str("x-stream-offset"), &where);
	struct method consume = { .id = METHOD_basic_consume,
		                      .basic_consume = { .queue = slice_str("q"),
		                                         .arguments = buf_slice(&arguments) } };
	settle_down();
	call(READ, open, METHOD_channel_open_ok, &h);
	call(READ, qos, METHOD_basic_qos_ok, &h);
	call(READ, consume, METHOD_basic_consume_ok, &h);
	settle_down();
	call(READ, close, METHOD_channel_close_ok, &h);
	ck_assert_uint_eq(model.seen, model.n);
	buf_free(&arguments);
}

/* What was not to last is gone, if the power was or not. */
static void crash(struct slice arguments)
{
	settle_down();
	talk_free(&talk);
	inside_crash(&in, below(2) ? DISK_SIM_LOSES_ALL : DISK_SIM_KEEPS_ALL);
	start();
	for (unsigned i = 0; i < model.published; i++)
		model.messages[i].taken |= !model.messages[i].persistent;
	ck_assert_uint_eq(declare(arguments), count_ready());
}

/* Of what was published while nothing became durable, as much is in the one as in the other. */
static void crash_in_the_middle(struct slice arguments)
{
	unsigned safe = model.published;
	settle_down();
	in.held = true;
	publish_some();
	talk_free(&talk);
	inside_crash(&in, below(2) ? DISK_SIM_LOSES_ALL : DISK_SIM_KEEPS_ALL);
	in.held = false;
	start();
	for (unsigned i = 0; i < model.published; i++)
		model.messages[i].taken |= !model.messages[i].persistent;
	unsigned ready = declare(arguments);
	while (count_ready() > ready) {
		model.published--;
		if (model.messages[model.published].persistent)
			model.n--;
	}
	ck_assert_uint_ge(model.published, safe);
}

static void play(unsigned seed, struct slice arguments)
{
	random_state = seed;
	declare(arguments);
	for (unsigned i = 0; i < STEPS; i++)
		switch (below(12)) {
		case 0: read_on(); break;
		case 1: crash(arguments); break;
		case 2: purge(); break;
		case 3: crash_in_the_middle(arguments); break;
		case 4:
		case 5:
		case 6: get_some(); break;
		case 7: settle_down(); break;
		default: publish_some();
		}
	crash(arguments);
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

Suite *suite_broker_retention(void)
{
	Suite *s = suite_create("broker/retention");
	TCase *c = tcase_create("model");
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, what_was_taken_stays_where_it_is_read, 0, 8);
	tcase_add_loop_test(c, what_is_too_much_is_forgotten_there_alone, 0, 8);
	suite_add_tcase(s, c);
	return s;
}
