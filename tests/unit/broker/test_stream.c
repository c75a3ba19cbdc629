/* SPDX-License-Identifier: Apache-2.0 */
/* Streams against a model: whatever is published, read from anywhere, forgotten, or cut off by a
 * crash, each offset has the message that it had when it was first seen, readers meet offsets in
 * order and without gaps but for what is forgotten, and nothing that was seen or confirmed is
 * lost. */
#include <stdio.h>
#include <stdlib.h>

#include "amqp/props.h"
#include "amqp/table.h"
#include "broker/channel.h"
#include "broker/connection.h"
#include "broker/outbox.h"
#include "persistence/log_file.h"
#include "queue/queue.h"
#include "tests/unit/broker/fixture.h"

Suite *suite_broker_stream(void);

enum { STEPS = 300, MOST = 40000, READERS = 4, BURST = 60, START_S = 1000 };

static struct {
	unsigned number[MOST];       /* of the message at each offset */
	int64_t wall_ms[MOST];       /* ... and when it was published */
	unsigned n;                  /* offsets given */
	unsigned safe;               /* of those, as many have been seen or confirmed */
	unsigned published;          /* messages ever */
} model;

static struct reader {
	bool on;
	bool by_time;                /* where it begins is known by its first message only ... */
	unsigned began;              /* ... which was this one */
	unsigned next;               /* the offset it meets next, or a higher one */
	unsigned met;                /* how many */
	uint64_t last_tag, acked;
} readers[READERS];

static void set_up(void)
{
	set_log(256 << 10);
	in.options.message_memory_bytes = 100000;
	in.options.index_page_entries = 16;
	start();
}

/* ---- what comes ---- */

static unsigned offset_of(const struct heard *h)
{
	struct field f;
	ck_assert(table_find(props_headers(h->header), "x-stream-offset", &f));
	ck_assert_int_eq(f.letter, 'l');
	return (unsigned)f.integer;
}

static void meet_delivery(const struct heard *h)
{
	const struct basic_deliver *d = &h->method.basic_deliver;
	struct reader *r = &readers[h->channel - 2];
	unsigned offset = offset_of(h), number;
	int label = 0;
	ck_assert(r->on);
	ck_assert_uint_ge(offset, r->next);
	ck_assert_uint_lt(offset, model.n);
	ck_assert_int_eq(sscanf((const char *)h->body.p, "%u %n", &number, &label), 1);
	ck_assert_uint_eq(number, model.number[offset]);
	size_t at = (size_t)label;
	while (at < h->body.n && h->body.p[at] == 'x')
		at++;
	ck_assert_uint_eq(at, h->body.n);
	r->next = offset + 1;
	r->met++;
	if (r->by_time)
		r->began = offset;
	r->by_time = false;
	r->last_tag = d->delivery_tag;
	if (offset >= model.safe)
		model.safe = offset + 1;
}

static void meet(void *unused, const struct heard *h)
{
	(void)unused;
	ck_assert_uint_eq(h->method.id, METHOD_basic_deliver);
	meet_delivery(h);
}

static void listen(void)
{
	struct heard h;
	while (talk_read(&talk, &h))
		meet(NULL, &h);
}

static bool call(uint16_t channel, struct method m, uint32_t answer, struct heard *h)
{
	talk_send(&talk, channel, &m);
	return talk_expect(&talk, answer, h, meet, NULL);
}

/* ---- what is done ---- */

static void declare(struct slice arguments)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str("s"),
		                                   .durable = true,
		                                   .arguments = arguments } };
	ck_assert(call(1, m, METHOD_queue_declare_ok, &h));
}

static unsigned count(void)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str("s"), .passive = true } };
	ck_assert(call(1, m, METHOD_queue_declare_ok, &h));
	return h.method.queue_declare_ok.message_count;
}

static void publish_some(void)
{
	char body[600];
	for (unsigned n = 1 + below(BURST); n && model.n < MOST; n--) {
		int len = snprintf(body, sizeof body, "%u ", model.published);
		memset(body + len, 'x', sizeof body - (size_t)len);
		inside_pass(&in, below(50));
		talk_publish(&talk, 1, slice_of("", 0), slice_str("s"), false, below(2),
		             slice_of(body, (size_t)len + below(500)));
		model.wall_ms[model.n] = (int64_t)in.now_ms + in.ahead_ms;
		model.number[model.n++] = model.published++;
	}
	listen();
}

/* In the simulator all that can become durable has, when it comes to rest. */
static void settle_down(void)
{
	inside_pass(&in, 1);
	listen();
	model.safe = model.n;
}

static void consume(unsigned i, unsigned prefetch, struct slice arguments)
{
	read_retained((uint16_t)(i + 2), "s", prefetch, arguments, meet);
}

static void begin_with(unsigned i, const struct field *where, unsigned next, bool by_time,
                       unsigned prefetch)
{
	struct buf arguments = { 0 };
	table_put(&arguments, slice_str("x-stream-offset"), where);
	readers[i] = (struct reader){ .on = true, .by_time = by_time, .next = next };
	consume(i, prefetch, buf_slice(&arguments));
	buf_free(&arguments);
}

static void begin_at(unsigned i, const struct field *where, unsigned next, bool by_time)
{
	begin_with(i, where, next, by_time, 1 + below(100));
}

static void begin(unsigned i)
{
	unsigned from = below(model.n + 2);
	struct field number = { .letter = 'l', .integer = from };
	struct field age = { .letter = 'S', .bytes = slice_str("1s") };
	settle_down();
	if (below(3) == 0)
		begin_at(i, &age, 0, true);
	else
		begin_at(i, &number, from, false);
}

static void end(unsigned i)
{
	struct heard h;
	struct method m = { .id = METHOD_channel_close };
	ck_assert(call((uint16_t)(i + 2), m, METHOD_channel_close_ok, &h));
	readers[i].on = false;
}

static void ack(unsigned i)
{
	ack_up_to((uint16_t)(i + 2), readers[i].last_tag, &readers[i].acked);
	listen();
}

/* Everybody who has acked all has seen all that is safe. */
static void catch_up(void)
{
	for (unsigned i = 0; i < READERS; i++) {
		struct reader *r = &readers[i];
		while (r->on && r->last_tag != r->acked)
			ack(i);
		if (r->on && !r->by_time && model.n)
			ck_assert_uint_ge(r->next, model.safe);
	}
}

static void crash(bool power)
{
	memset(readers, 0, sizeof readers);
	lose_power(power ? DISK_SIM_LOSES_ALL : DISK_SIM_KEEPS_ALL);
}

/* Of what was published while nothing became durable some may be gone; nobody has seen it. */
static void crash_in_the_middle(void)
{
	settle_down();
	catch_up();
	in.held = true;
	publish_some();
	crash(below(2));
	unsigned n = count();
	ck_assert_uint_ge(n, model.safe);
	ck_assert_uint_le(n, model.n);
	model.n = n;
}

static void step(bool forgets)
{
	unsigned i = below(READERS);
	switch (below(13)) {
	case 0: readers[i].on ? end(i) : begin(i); break;
	case 1:
	case 2:
	case 3: publish_some(); break;
	case 4: settle_down(); break;
	case 5: catch_up(); break;
	case 6:
		settle_down();
		crash(below(2));
		if (!forgets)
			ck_assert_uint_eq(count(), model.n);
		break;
	case 7:
		if (!forgets)
			crash_in_the_middle();
		break;
	default: readers[i].on ? ack(i) : begin(i);
	}
}

static void play(unsigned seed, struct slice arguments, bool forgets)
{
	random_state = seed;
	memset(&model, 0, sizeof model);
	memset(readers, 0, sizeof readers);
	declare(arguments);
	for (unsigned i = 0; i < STEPS; i++)
		step(forgets);
	settle_down();
	catch_up();
}

static void put_type(struct buf *arguments)
{
	struct field f = { .letter = 'S', .bytes = slice_str("stream") };
	table_put(arguments, slice_str("x-queue-type"), &f);
}

START_TEST(offsets_mean_the_same_for_ever)
{
	struct buf arguments = { 0 };
	put_type(&arguments);
	play((unsigned)_i + 1, buf_slice(&arguments), false);
	buf_free(&arguments);
}
END_TEST

START_TEST(what_is_forgotten_is_passed_over)
{
	struct buf arguments = { 0 };
	struct field f = { .letter = 'I', .integer = 50000 };
	put_type(&arguments);
	table_put(&arguments, slice_str("x-max-length-bytes"), &f);
	play((unsigned)_i + 1, buf_slice(&arguments), true);
	buf_free(&arguments);
}
END_TEST

/* The disk answers only when all that stood where it looks is gone. */
START_TEST(a_time_is_looked_for_while_the_front_goes)
{
	struct buf arguments = { 0 };
	struct field f = { .letter = 'I', .integer = 100000 };
	put_type(&arguments);
	table_put(&arguments, slice_str("x-max-length-bytes"), &f);
	random_state = (unsigned)_i + 1;
	memset(&model, 0, sizeof model);
	memset(readers, 0, sizeof readers);
	declare(buf_slice(&arguments));
	for (int i = 0; i < 20; i++)
		publish_some();
	settle_down();
	in.held = true;
	begin_at(0, &(struct field){ .letter = 'S', .bytes = slice_str("1h") }, 0, true);
	for (int i = 0; i < 60; i++)
		publish_some();
	inside_let_go(&in);
	settle_down();
	catch_up();
	ck_assert(readers[0].next == model.n);
	buf_free(&arguments);
}
END_TEST

/* The first that is there and was not published earlier, or the next there will be. */
static unsigned first_since(int64_t wall_ms)
{
	unsigned offset = model.n - count();
	while (offset < model.n && model.wall_ms[offset] < wall_ms)
		offset++;
	return offset;
}

static void expect_begin_since(unsigned second)
{
	struct field f = { .letter = 'T', .timestamp = second };
	unsigned first = first_since(1000 * (int64_t)second);
	begin_at(0, &f, first, true);
	ck_assert_int_eq(readers[0].by_time, first == model.n);
	ck_assert(readers[0].by_time || readers[0].began == first);
	end(0);
}

/* At each start the clock is somewhere else, by up to twenty seconds. */
static void look_for_times(struct slice arguments)
{
	declare(arguments);
	for (int run = 0; run < 6; run++) {
		for (unsigned n = below(20); n; n--)
			publish_some();
		settle_down();
		for (int i = 0; i < 15; i++)
			expect_begin_since(START_S + below(40));
		in.ahead_ms = 10000 + below(20000);
		crash(below(2));
	}
}

START_TEST(a_time_is_found_whatever_the_clock_did)
{
	struct buf arguments = { 0 };
	struct field most = { .letter = 'I', .integer = 300000 };
	put_type(&arguments);
	if (_i % 2)
		table_put(&arguments, slice_str("x-max-length-bytes"), &most);
	random_state = (unsigned)_i + 1;
	memset(&model, 0, sizeof model);
	memset(readers, 0, sizeof readers);
	in.options.index_page_entries = _i % 3 ? 300 : 16;
	in.ahead_ms = 10000;
	crash(false);
	look_for_times(buf_slice(&arguments));
	buf_free(&arguments);
}
END_TEST

static void fill(unsigned bursts)
{
	struct buf arguments = { 0 };
	in.segment_bytes = 16 << 20;
	crash(false);
	put_type(&arguments);
	random_state = 1;
	memset(&model, 0, sizeof model);
	memset(readers, 0, sizeof readers);
	declare(buf_slice(&arguments));
	while (bursts--)
		publish_some();
	settle_down();
	buf_free(&arguments);
}

/* A page of the index, four steps within it, what is near, and what is read ahead. */
START_TEST(a_time_is_found_in_few_reads)
{
	in.options.index_page_entries = 256;
	fill(300);
	for (int i = 0; i < 2; i++) {
		for (unsigned second = START_S; second < in.now_ms / 1000; second += 7) {
			uint64_t before = disk_sim_reads(in.disk);
			expect_begin_since(second);
			ck_assert_uint_le(disk_sim_reads(in.disk) - before, 12);
		}
		crash(false);
		inside_pass(&in, 1000);
	}
}
END_TEST

static uint64_t reads_of_all(unsigned n)
{
	struct field first = { .letter = 'S', .bytes = slice_str("first") };
	uint64_t before = disk_sim_reads(in.disk);
	in.held = true;   /* until all of them are there */
	for (unsigned i = 0; i < n; i++) {
		random_state = 1;   /* all with one prefetch */
		begin_at(i, &first, 0, false);
	}
	inside_let_go(&in);
	for (bool more = true; more;) {
		more = false;
		listen();
		for (unsigned i = 0; i < n; i++) {
			ack(i);
			more |= readers[i].next < model.n;
		}
	}
	uint64_t reads = disk_sim_reads(in.disk) - before;
	for (unsigned i = 0; i < n; i++)
		end(i);
	return reads;
}

START_TEST(what_many_read_at_one_place_is_read_once)
{
	fill(200);
	uint64_t alone = reads_of_all(1);
	uint64_t together = reads_of_all(READERS);
	ck_assert_uint_gt(alone, 50);
	ck_assert_uint_lt(together, 3 * alone);
}
END_TEST

static const struct live *live_stream(void)
{
	const struct vhost *v = list_first(&in.broker->all_vhosts.list, struct vhost, link);
	return topology_queue(&v->topology, slice_str("s"))->live;
}

static uint64_t lent(void)
{
	return live_stream()->unacked;
}

/* So that who waits for something else waits for little: turn by turn, as the server does it, and
 * few reads at a time, since what is written waits for them. */
START_TEST(history_is_read_in_short_turns)
{
	uint64_t most = 0;
	in.options.message_memory_bytes = 16 << 20;
	in.options.outbox_max_bytes = 16 << 20;
	in.options.index_page_entries = 4096;
	fill(150);
	crash(false);
	struct connection *c = talk.peer.connection;
	in.held = true;
	struct field first = { .letter = 'S', .bytes = slice_str("first") };
	begin_with(0, &first, 0, false, 10000);
	for (int idle = 0; lent() < model.n; idle++) {
		uint64_t before = lent();
		ck_assert_int_lt(idle, 1000);
		while (log_file_step(in.log))
			;
		broker_turn(in.broker, in.now_ms);
		most = lent() - before > most ? lent() - before : most;
		ck_assert_uint_le(live_stream()->stream->n_reads, 2);
		connection_sent(c, connection_outbox(c)->bytes);
	}
	ck_assert_uint_eq(live_stream()->stream->n_reads, 0);
	ck_assert_uint_gt(most, 60);
	ck_assert_uint_lt(most, 200);
}
END_TEST

static void bind(const char *queue)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_bind,
		                .queue_bind = { .queue = slice_str(queue),
		                                .exchange = slice_str("amq.fanout") } };
	ck_assert(call(1, m, METHOD_queue_bind_ok, &h));
}

/* The stream keeps what the queue beside it does not, and lets go of it alone. */
START_TEST(messages_that_are_not_to_last_stay_in_the_stream)
{
	char body[500] = "";
	struct heard h;
	struct buf arguments = { 0 };
	struct method beside = { .id = METHOD_queue_declare,
		                     .queue_declare = { .queue = slice_str("q"), .durable = true } };
	struct method purge = { .id = METHOD_queue_purge, .queue_purge = { .queue = slice_str("q") } };
	put_type(&arguments);
	memset(&model, 0, sizeof model);
	declare(buf_slice(&arguments));
	ck_assert(call(1, beside, METHOD_queue_declare_ok, &h));
	bind("s");
	bind("q");
	for (unsigned i = 0; i < 2000; i++) {
		int len = snprintf(body, sizeof body, "%u ", i);
		memset(body + len, 'x', sizeof body - (size_t)len);
		talk_publish(&talk, 1, slice_str("amq.fanout"), slice_str(""), false, false,
		             slice_of(body, sizeof body));
		model.number[model.n++] = i;
	}
	ck_assert(call(1, purge, METHOD_queue_purge_ok, &h));
	settle_down();
	inside_pass(&in, 5000);
	begin_at(0, &(struct field){ .letter = 'S', .bytes = slice_str("first") }, 0, false);
	catch_up();
	ck_assert_uint_eq(readers[0].next, 2000);
	buf_free(&arguments);
}
END_TEST

/* ---- bits that flip ---- */

enum { FLIPS = 24, FLIPPED_UP_TO = 48000, DONE_WITH = 10 };

static void flip(unsigned i)
{
	unsigned at = i * (FLIPPED_UP_TO / FLIPS) + below(FLIPPED_UP_TO / FLIPS);
	ck_assert(disk_sim_flip(in.disk, "w0000000000001000.seg", at, at % 8));
}

static void begin_by_name(unsigned i, unsigned next)
{
	struct buf arguments = { 0 };
	table_put_int(&arguments, "x-stream-offset", 0);
	table_put_str(&arguments, "x-stream-offset-name", "n");
	readers[i] = (struct reader){ .on = true, .next = next };
	consume(i, DONE_WITH, buf_slice(&arguments));
	ck_assert_uint_eq(readers[i].next, next + DONE_WITH);
	buf_free(&arguments);
}

static void publish_up_to(unsigned n)
{
	in.held = true;
	while (model.n < n)
		publish_some();
	inside_let_go(&in);
	settle_down();
}

/* A stream, and a name whose reader is done with the first messages; all of it is durable. */
static void fill_and_read(void)
{
	struct buf arguments = { 0 };
	memset(&model, 0, sizeof model);
	memset(readers, 0, sizeof readers);
	put_type(&arguments);
	declare(buf_slice(&arguments));
	publish_up_to(DONE_WITH);
	begin_by_name(0, 0);
	ack(0);
	end(0);
	publish_up_to(100);
	inside_pass(&in, 200);
	buf_free(&arguments);
}

/* How many came to somebody who reads from the front. */
static unsigned read_all(void)
{
	begin_at(1, &(struct field){ .letter = 'S', .bytes = slice_str("first") }, 0, false);
	catch_up();
	return readers[1].met;
}

static void anew(void)
{
	tear_down();
	why = (struct buf){ 0 };
	set_up();
}

/* Or nothing is said where they are. */
START_TEST(flipped_bits_are_refused_at_a_start)
{
	unsigned refused = 0;
	random_state = 1;
	for (unsigned i = 0; i < FLIPS; i++, anew()) {
		fill_and_read();
		talk_free(&talk);
		inside_crash(&in, DISK_SIM_KEEPS_ALL);
		flip(i);
		if (!inside_start(&in, &why)) {
			ck_assert_uint_gt(why.len, 0);
			refused++;
			continue;
		}
		ck_assert(talk_open(&talk, &in));
		ck_assert_uint_eq(count(), model.n);
		begin_by_name(0, DONE_WITH);
		ck_assert_uint_eq(read_all(), model.n);
	}
	ck_assert_uint_gt(refused, FLIPS / 4);
	ck_assert_uint_lt(refused, FLIPS);
}
END_TEST

/* What is read back then, a message or a page of the index, is passed over. */
START_TEST(flipped_bits_are_noticed_while_it_runs)
{
	unsigned lost = 0;
	random_state = 1;
	for (unsigned i = 0; i < FLIPS; i++, anew()) {
		fill_and_read();
		flip(i);
		lost += model.n - read_all();
	}
	ck_assert_uint_gt(lost, FLIPS / 4);
	ck_assert_uint_lt(lost, 4 * FLIPS);
}
END_TEST

Suite *suite_broker_stream(void)
{
	Suite *s = suite_create("broker/stream");
	TCase *c = tcase_create("model");
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, offsets_mean_the_same_for_ever, 0, 8);
	tcase_add_loop_test(c, what_is_forgotten_is_passed_over, 0, 8);
	tcase_add_test(c, messages_that_are_not_to_last_stay_in_the_stream);
	tcase_add_loop_test(c, a_time_is_found_whatever_the_clock_did, 0, 12);
	tcase_add_test(c, a_time_is_found_in_few_reads);
	tcase_add_test(c, what_many_read_at_one_place_is_read_once);
	tcase_add_test(c, history_is_read_in_short_turns);
	tcase_add_loop_test(c, a_time_is_looked_for_while_the_front_goes, 0, 8);
	suite_add_tcase(s, c);
	c = tcase_create("flips");
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, flipped_bits_are_refused_at_a_start);
	tcase_add_test(c, flipped_bits_are_noticed_while_it_runs);
	suite_add_tcase(s, c);
	return s;
}
