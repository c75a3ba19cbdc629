/* SPDX-License-Identifier: Apache-2.0 */
/* Streams that keep the latest value of each key, against a model: through crashes, with
 * transactions and tombstones, readers meet offsets in order, and pass over only what was
 * superseded longer ago than the lag, or is a tombstone that is old enough; and in the end what
 * stays is one value for each key. */
#include <stdio.h>
#include <stdlib.h>

#include "amqp/props.h"
#include "amqp/table.h"
#include "broker/state.h"
#include "queue/compaction.h"
#include "queue/queue.h"
#include "tests/unit/broker/fixture.h"

Suite *suite_broker_compaction(void);

enum {
	STEPS = 250,
	MOST = 20000,
	READERS = 3,
	BURST = 40,
	KEYS = 25,                   /* number 0 is none */
	LAG_MS = 5000,
	AGE_MS = 20000,
	TX = 9,                      /* channels */
	ALL = 10,
	SCRIPT = 100,                /* steps until the power goes */
	SLICES = 8,                  /* of the operations at which it does */
};

static bool forgets;             /* it has a limit of bytes, too */

static struct {
	struct {
		unsigned key, number, bytes;
		bool tombstone;
		unsigned group;          /* of its transaction; 0: it was in none */
		uint64_t at_ms, superseded_ms;
	} messages[MOST];            /* by their offsets */
	unsigned n;                  /* offsets given */
	unsigned safe;               /* of those, as many have been seen or confirmed */
	unsigned published, groups;
} model;

static struct reader {
	bool on;
	unsigned next;               /* the offset it meets next, or a higher one */
	uint64_t last_tag, acked;
} readers[READERS];

static struct {
	unsigned latest[KEYS + 1];   /* offsets and one, of what was read of each key */
	unsigned last, n, bytes;     /* the offset that was read last, and one; messages */
} found;

static void listen(void);

static void meet(void *unused, const struct heard *h);

static bool call(uint16_t channel, struct method m, uint32_t answer, struct heard *h)
{
	talk_send(&talk, channel, &m);
	return talk_expect(&talk, answer, h, meet, NULL);
}

static void open_channel(uint16_t channel)
{
	struct heard h;
	struct method m = { .id = METHOD_channel_open };
	ck_assert(call(channel, m, METHOD_channel_open_ok, &h));
}

static void open_tx(void)
{
	struct heard h;
	struct method select = { .id = METHOD_tx_select };
	open_channel(TX);
	ck_assert(call(TX, select, METHOD_tx_select_ok, &h));
}

static void set_options(void)
{
	set_log(128 << 10);
	in.options.message_memory_bytes = 100000;
	in.options.index_page_entries = 16;
	memset(&model, 0, sizeof model);
	memset(readers, 0, sizeof readers);
	forgets = false;
}

static void set_up(void)
{
	set_options();
	start();
	open_tx();
}

/* ---- what may be passed over ---- */

static bool may_be_gone(unsigned offset)
{
	uint64_t now = in.now_ms;
	if (forgets && offset + 1 < model.n)
		return true;
	if (model.messages[offset].key == 0)
		return false;
	if (model.messages[offset].tombstone && offset + 1 < model.n &&
	    now - model.messages[offset].at_ms >= AGE_MS)
		return true;
	return model.messages[offset].superseded_ms &&
	       now - model.messages[offset].superseded_ms >= LAG_MS;
}

/* When nothing has come for long. */
static bool must_be_gone(unsigned offset)
{
	return model.messages[offset].superseded_ms ||
	       (model.messages[offset].tombstone && offset + 1 < model.n);
}

static void append(unsigned key, unsigned bytes, bool tombstone, unsigned group)
{
	unsigned n = model.n++;
	for (unsigned i = n; key && i > 0; i--) {
		if (model.messages[i - 1].key != key)
			continue;
		model.messages[i - 1].superseded_ms = in.now_ms;
		break;
	}
	model.messages[n].key = key;
	model.messages[n].number = model.published++;
	model.messages[n].bytes = bytes;
	model.messages[n].tombstone = tombstone;
	model.messages[n].group = group;
	model.messages[n].at_ms = in.now_ms;
	model.messages[n].superseded_ms = 0;
}

/* What came later did not survive. */
static void cut(unsigned n)
{
	ck_assert_uint_ge(n, model.safe);
	ck_assert_uint_le(n, model.n);
	if (n && n < model.n && model.messages[n].group)
		ck_assert_uint_ne(model.messages[n].group, model.messages[n - 1].group);
	model.n = n;
	for (unsigned key = 1; key <= KEYS; key++)
		for (unsigned i = n; i > 0; i--)
			if (model.messages[i - 1].key == key) {
				model.messages[i - 1].superseded_ms = 0;
				break;
			}
}

/* ---- what comes ---- */

static unsigned offset_of(const struct heard *h)
{
	struct field f;
	ck_assert(table_find(props_headers(h->header), "x-stream-offset", &f));
	return (unsigned)f.integer;
}

static void expect_message(unsigned offset, const struct heard *h)
{
	unsigned number;
	char key[16];
	ck_assert_uint_lt(offset, model.n);
	snprintf(key, sizeof key, "%.0u", model.messages[offset].key);
	ck_assert(slice_is(h->method.basic_deliver.routing_key, key));
	ck_assert_uint_eq(h->body.n, model.messages[offset].bytes);
	if (model.messages[offset].tombstone)
		return;
	ck_assert_int_eq(sscanf((const char *)h->body.p, "%u ", &number), 1);
	ck_assert_uint_eq(number, model.messages[offset].number);
}

static void meet_delivery(struct reader *r, const struct heard *h)
{
	unsigned offset = offset_of(h);
	ck_assert(r->on);
	ck_assert_uint_ge(offset, r->next);
	expect_message(offset, h);
	for (; r->next < offset; r->next++)
		ck_assert_msg(may_be_gone(r->next), "%u was passed over", r->next);
	r->next = offset + 1;
	r->last_tag = h->method.basic_deliver.delivery_tag;
	if (offset >= model.safe)
		model.safe = offset + 1;
}

/* Of what there is after a crash the end is not known before all is read. */
static void find(const struct heard *h)
{
	unsigned offset = offset_of(h), key = model.messages[offset].key;
	ck_assert_uint_ge(offset, found.last);
	expect_message(offset, h);
	found.latest[key] = offset + 1;
	found.last = offset + 1;
	found.n++;
	found.bytes += model.messages[offset].bytes;
}

static void meet(void *unused, const struct heard *h)
{
	(void)unused;
	ck_assert_uint_eq(h->method.id, METHOD_basic_deliver);
	if (h->channel == ALL)
		find(h);
	else
		meet_delivery(&readers[h->channel - 2], h);
}

static void listen(void)
{
	struct heard h;
	while (talk_read(&talk, &h))
		meet(NULL, &h);
}

/* ---- what is done ---- */

static void declare(struct buf *arguments, const char *lag)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str("s"), .durable = true } };
	struct method bind = { .id = METHOD_queue_bind,
		                   .queue_bind = { .queue = slice_str("s"),
		                                   .exchange = slice_str("amq.fanout") } };
	table_put_str(arguments, "x-queue-type", "stream");
	table_put_str(arguments, "x-compact-key", "routing-key");
	table_put_str(arguments, "x-compact-lag", lag);
	table_put_str(arguments, "x-tombstone-age", "20s");
	m.queue_declare.arguments = buf_slice(arguments);
	ck_assert(call(1, m, METHOD_queue_declare_ok, &h));
	ck_assert(call(1, bind, METHOD_queue_bind_ok, &h));
	buf_free(arguments);
}

static void declare_plain(void)
{
	struct buf arguments = { 0 };
	declare(&arguments, "5s");
}

static unsigned count(void)
{
	struct heard h;
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str("s"), .passive = true } };
	ck_assert(call(1, m, METHOD_queue_declare_ok, &h));
	return h.method.queue_declare_ok.message_count;
}

static void publish(uint16_t channel, unsigned key, bool tombstone, unsigned bytes, unsigned group)
{
	char name[16], body[1000];
	memset(body, 'x', sizeof body);
	snprintf(name, sizeof name, "%.0u", key);
	unsigned n = (unsigned)snprintf(body, sizeof body, "%u ", model.published) + bytes;
	n = tombstone ? 0 : n;
	talk_publish(&talk, channel, slice_str("amq.fanout"), slice_str(name), false, below(2),
	             slice_of(body, n));
	append(key, n, tombstone, group);
}

static void publish_one(uint16_t channel, unsigned group)
{
	unsigned key = below(4) ? 1 + below(4) : below(KEYS + 1);
	publish(channel, key, key && below(6) == 0, below(500), group);
}

static void publish_some(void)
{
	for (unsigned n = 1 + below(BURST); n && model.n < MOST; n--) {
		inside_pass(&in, below(50));
		publish_one(1, 0);
	}
	listen();
}

static void publish_in_tx(void)
{
	struct method commit = { .id = METHOD_tx_commit };
	unsigned group = ++model.groups;
	for (unsigned n = 1 + below(BURST); n && model.n < MOST; n--)
		publish_one(TX, group);
	talk_send(&talk, TX, &commit);
}

/* In the simulator all that can become durable has, when it comes to rest. */
static void settle_down(void)
{
	inside_pass(&in, 1);
	ck_assert(!in.stuck);
	listen();
	model.safe = model.n;
}

static void commit_some(void)
{
	struct heard h;
	publish_in_tx();
	ck_assert(talk_expect(&talk, METHOD_tx_commit_ok, &h, meet, NULL));
	settle_down();
}

static void roll_back(void)
{
	struct heard h;
	struct method m = { .id = METHOD_tx_rollback };
	talk_publish(&talk, TX, slice_str("amq.fanout"), slice_str("1"), false, true, slice_str("no"));
	ck_assert(call(TX, m, METHOD_tx_rollback_ok, &h));
}

static void consume(uint16_t channel, uint16_t window, unsigned from)
{
	struct buf arguments = { 0 };
	table_put_int(&arguments, "x-stream-offset", from);
	read_retained(channel, "s", window, buf_slice(&arguments), meet);
	buf_free(&arguments);
}

static void close_channel(uint16_t channel)
{
	struct heard h;
	struct method m = { .id = METHOD_channel_close };
	ck_assert(call(channel, m, METHOD_channel_close_ok, &h));
}

static void begin(unsigned i)
{
	unsigned from = below(model.n + 2);
	settle_down();
	readers[i] = (struct reader){ .on = true, .next = from };
	consume((uint16_t)(i + 2), (uint16_t)(1 + below(100)), from);
}

static void end(unsigned i)
{
	close_channel((uint16_t)(i + 2));
	readers[i].on = false;
}

static void ack(unsigned i)
{
	ack_up_to((uint16_t)(i + 2), readers[i].last_tag, &readers[i].acked);
	listen();
}

/* Everybody who has acked all has seen all that is safe and stays. */
static void catch_up(void)
{
	for (unsigned i = 0; i < READERS; i++) {
		struct reader *r = &readers[i];
		while (r->on && r->last_tag != r->acked)
			ack(i);
		for (unsigned offset = r->next; r->on && offset < model.safe; offset++)
			ck_assert_msg(may_be_gone(offset), "%u was not met", offset);
	}
}

/* From the first to the end. */
static void read_all(void)
{
	memset(&found, 0, sizeof found);
	consume(ALL, UINT16_MAX, 0);
	close_channel(ALL);
}

static const struct live *live(void)
{
	const struct vhost *v = list_first(&in.broker->all_vhosts.list, struct vhost, link);
	return list_first(&v->topology.all_queues.list, struct queue, link)->live;
}

/* Of each key what was read last is the latest. */
static void expect_latest(void)
{
	unsigned latest[KEYS + 1] = { 0 };
	for (unsigned i = 0; i < model.n; i++)
		latest[model.messages[i].key] = i + 1;
	for (unsigned key = 1; key <= KEYS; key++)
		if (found.latest[key] != latest[key])
			ck_assert_msg(latest[key] && may_be_gone(latest[key] - 1),
			              "key %u: %u instead of %u", key, found.latest[key], latest[key]);
}

static void expect_sums(void)
{
	ck_assert_uint_eq(count(), found.n);
	ck_assert_uint_eq(live()->ready_bytes, found.bytes);
	ck_assert_uint_eq(live()->lane.cold.body_bytes, found.bytes);
}

static void expect_all_that_stays(void)
{
	unsigned n = 0;
	for (unsigned i = 0; i < model.n; i++)
		n += !must_be_gone(i);
	ck_assert_uint_eq(found.n, n);
}

static void rest(void)
{
	settle_down();
	catch_up();
	inside_pass(&in, AGE_MS + 5 * LAG_MS);
	ck_assert(!in.stuck);
	read_all();
	expect_latest();
	expect_sums();
	if (!forgets)
		expect_all_that_stays();
}

static void crash(enum disk_sim_loss loss)
{
	memset(readers, 0, sizeof readers);
	lose_power(loss);
	open_tx();
	read_all();
	cut(found.last);
	expect_latest();
	expect_sums();
	model.safe = model.n;
}

static void crash_in_the_middle(void)
{
	settle_down();
	catch_up();
	in.held = true;
	publish_some();
	publish_in_tx();
	publish_some();
	crash((enum disk_sim_loss)below(DISK_SIM_LOSS_KINDS));
}

static void step(void)
{
	unsigned i = below(READERS);
	switch (below(16)) {
	case 0: readers[i].on ? end(i) : begin(i); break;
	case 1 ... 4: publish_some(); break;
	case 5: commit_some(); break;
	case 6: roll_back(); break;
	case 7: catch_up(); break;
	case 8: inside_pass(&in, below(2 * LAG_MS)); listen(); break;
	case 9:
		if (below(3) == 0)
			rest();
		break;
	case 10:
		settle_down();
		crash((enum disk_sim_loss)below(DISK_SIM_LOSS_KINDS));
		break;
	case 11: crash_in_the_middle(); break;
	default: readers[i].on ? ack(i) : begin(i);
	}
}

static void play(unsigned seed)
{
	random_state = seed;
	for (unsigned i = 0; i < STEPS; i++)
		step();
	rest();
}

START_TEST(what_stays_is_the_latest_of_each_key)
{
	declare_plain();
	play((unsigned)_i + 1);
}
END_TEST

START_TEST(it_may_be_limited_as_well)
{
	struct buf arguments = { 0 };
	forgets = true;
	table_put_int(&arguments, "x-max-length-bytes", 8000);
	declare(&arguments, "5s");
	play((unsigned)_i + 1);
	ck_assert_uint_le(found.bytes, 8000);
}
END_TEST

/* ---- the power goes at any operation of the disk ---- */

/* False when it went. */
static bool act(void)
{
	if (below(8))
		publish_one(1, 0);
	else
		publish_in_tx();
	inside_pass(&in, below(10) ? below(300) : LAG_MS);
	ck_assert(!in.stuck);
	talk.at = talk.received.len;
	if (disk_sim_is_down(in.disk))
		return false;
	model.safe = model.n;
	return true;
}

/* False when the script ends before that operation. */
static bool lose_power_at(uint64_t operation, enum disk_sim_loss loss)
{
	bool on = true;
	set_up();
	declare_plain();
	random_state = 7;
	disk_sim_crash_at(in.disk, disk_sim_operations(in.disk) + operation);
	for (int i = 0; i < SCRIPT && on; i++)
		on = act();
	crash(loss);
	rest();
	tear_down();
	return !on;
}

START_TEST(wherever_the_power_goes_the_latest_are_there)
{
	uint64_t operation = 1 + (uint64_t)_i;
	while (lose_power_at(operation, (enum disk_sim_loss)(operation / SLICES % DISK_SIM_LOSS_KINDS)))
		operation += SLICES;
	ck_assert_uint_gt(operation, 200);
}
END_TEST

/* ---- how much there is of it ---- */

/* Very many values of a thousand keys, some of which are hardly ever set. */
static void set_many(unsigned n)
{
	struct heard h;
	struct method commit = { .id = METHOD_tx_commit };
	char key[16], body[1000] = "";
	for (unsigned i = 1; i <= n; i++) {
		snprintf(key, sizeof key, "k%u", i % 37 ? i % 100 : i % 1000);
		talk_publish(&talk, TX, slice_str("amq.fanout"), slice_str(key), false, true,
		             slice_of(body, sizeof body));
		if (i % 100)
			continue;
		ck_assert(call(TX, commit, METHOD_tx_commit_ok, &h));
		inside_pass(&in, 100);
	}
	inside_pass(&in, 5000);
}

START_TEST(the_log_and_what_is_known_of_it_stay_short)
{
	struct log_stats stats;
	struct buf arguments = { 0 };
	tear_down();
	set_options();
	in.segment_bytes = 1 << 20;
	in.options.index_page_entries = 64;
	start();
	open_tx();
	declare(&arguments, "1s");
	set_many(50000);
	size_t before = inside_memory();
	set_many(50000);
	log_stats(in.log, &stats);
	ck_assert_uint_eq(live()->lane.cold.count, 1000);
	ck_assert_uint_le(stats.segments, 8);
	ck_assert_uint_gt(stats.bytes, 100 * in.segment_bytes);
	ck_assert_uint_le(inside_memory(), before + (1 << 20));
	ck_assert_uint_le(live()->lane.cold.taken.n, 200);
	ck_assert_uint_le(trail_footprint(&live()->lane.cold), 200 * 1000);
	ck_assert_uint_le(latest_footprint(&live()->stream->compaction->latest), 64 * 1000);
}
END_TEST

Suite *suite_broker_compaction(void)
{
	Suite *s = suite_create("broker/compaction");
	TCase *c = tcase_create("model");
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, what_stays_is_the_latest_of_each_key, 0, 8);
	tcase_add_loop_test(c, it_may_be_limited_as_well, 0, 4);
	tcase_add_test(c, the_log_and_what_is_known_of_it_stay_short);
	suite_add_tcase(s, c);
	c = tcase_create("power");
	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, wherever_the_power_goes_the_latest_are_there, 0, SLICES);
	suite_add_tcase(s, c);
	return s;
}
