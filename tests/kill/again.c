/* SPDX-License-Identifier: Apache-2.0 */
/* A publisher that numbers what it sends, and sends again whatever was not confirmed.  Its messages
 * go to a queue and a stream through a fanout exchange; its connection is cut in the middle many
 * times, and now and then the broker is killed and started again.  After every second cut it asks
 * how far it has come, and goes on from there; after the others it sends all that is unconfirmed.
 * In the end both are read from their first message on, and counted.
 *
 *   lost    messages that are not there: all were confirmed in the end
 *   twice   copies beyond the first
 *   astray  messages behind one with a higher number
 *
 * All must be 0.  numbers=0 sends the same without numbers: with expect=twice it shows that what
 * must not be would be seen. */

#include <stdio.h>
#include <string.h>

#include "amqp/props.h"
#include "amqp/table.h"
#include "base/die.h"
#include "base/mem.h"
#include "tests/kill/harness.h"

enum {
	WINDOW = 200,            /* publishes that wait for their confirm */
	PREFETCH = 500,
	LABEL_BYTES = 8,         /* of a body: the number, in hex; then filler */
	OUT_BYTES = 32768,
	PATIENCE_MS = 1000,
	PRINTED = 10,
};

static struct victim victim = VICTIM_DEFAULTS("build/again-data");
static struct {
	const char *expect;
	uint64_t breaks, kill_every, seed, load_ms, numbers;
} options = { .expect = "nothing", .breaks = 100, .kill_every = 5, .load_ms = 40, .numbers = 1 };

static const char *const queues[] = { "again.queue", "again.stream" };
static const char last[] = "the last message";

/* By number, from 1 on. */
struct message {
	bool confirmed;
	uint8_t found[ARRAY_LEN(queues)];
};

static struct message *messages;
static uint32_t n_messages, room_messages, n_again, n_asked, n_astray;

static struct {
	struct wire wire;
	uint32_t next;           /* to be sent on this connection */
	uint32_t *sent;          /* by tag: the number; 0: it is a question, or confirmed */
	uint32_t n_sent, room, first_open;
	bool ends;               /* nothing new is sent any more */
	int64_t complete;        /* the answer; -1: it did not come yet */
	bool answered;           /* ... and it is certain */
} publisher;

static bool expects_twice(void)
{
	return strcmp(options.expect, "twice") == 0;
}

/* ---- queues ---- */

static bool declare(struct wire *w, const char *name, bool stream)
{
	struct buf arguments = { 0 };
	if (stream)
		table_put_str(&arguments, "x-queue-type", "stream");
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str(name), .durable = true,
		                                   .arguments = buf_slice(&arguments) } };
	struct method bind = { .id = METHOD_queue_bind,
		                   .queue_bind = { .queue = slice_str(name),
		                                   .exchange = slice_str("amq.fanout") } };
	bool ok = wire_call(w, &m, METHOD_queue_declare_ok) &&
	          wire_call(w, &bind, METHOD_queue_bind_ok);
	buf_free(&arguments);
	return ok;
}

/* ---- publishing ---- */

static void put_content(struct buf *out, bool mandatory, struct slice headers, struct slice body)
{
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .exchange = slice_str("amq.fanout"),
		                                   .mandatory = mandatory } };
	struct props props = { .class_id = CLASS_BASIC, .body_bytes = body.n,
		                   .flags = PROP_delivery_mode | PROP_headers, .delivery_mode = 2,
		                   .headers = headers };
	method_encode(out, 1, &m);
	size_t mark = frame_begin(out, FRAME_HEADER, 1);
	props_encode(out, &props);
	frame_end(out, mark);
	frame_write(out, FRAME_BODY, 1, body);
}

static void note_sent(uint32_t number)
{
	if (publisher.n_sent == publisher.room) {
		publisher.room = publisher.room ? 2 * publisher.room : 1024;
		publisher.sent = mem_realloc(publisher.sent, publisher.room * sizeof *publisher.sent);
	}
	publisher.sent[publisher.n_sent++] = number;
}

/* The number 0 is the question. */
static void publish(uint32_t number)
{
	static char body[HARNESS_BODY_MOST];
	struct buf headers = { 0 };
	size_t n = LABEL_BYTES + (dice(8) ? dice(100) : dice(HARNESS_BODY_MOST - LABEL_BYTES));
	if (options.numbers) {
		table_put_str(&headers, "x-publisher-id", "again");
		table_put_int(&headers, "x-publisher-sequence", number);
	}
	memset(body, 'x', sizeof body);
	snprintf(body, sizeof body, "%08x", number);
	put_content(&publisher.wire.out, number == 0, buf_slice(&headers), slice_of(body, n));
	note_sent(number);
	buf_free(&headers);
}

static void add_message(void)
{
	messages = harness_grow(messages, n_messages + 1, &room_messages, sizeof *messages);
	messages[++n_messages] = (struct message){ 0 };
}

/* False when there is nothing to be sent. */
static bool publish_next(void)
{
	while (publisher.next <= n_messages && messages[publisher.next].confirmed)
		publisher.next++;
	if (publisher.next > n_messages && publisher.ends)
		return false;
	if (publisher.next > n_messages)
		add_message();
	else
		n_again++;
	publish(publisher.next++);
	return true;
}

static void on_confirm(uint64_t tag, bool multiple)
{
	if (tag == 0 || tag > publisher.n_sent) {
		victim_complain(&victim, "a confirm of what was not published");
		return;
	}
	for (uint32_t i = multiple ? publisher.first_open : (uint32_t)tag - 1; i < tag; i++) {
		publisher.answered |= publisher.complete >= 0;
		if (publisher.sent[i])
			messages[publisher.sent[i]].confirmed = true;
		publisher.sent[i] = 0;
	}
	while (publisher.first_open < publisher.n_sent && !publisher.sent[publisher.first_open])
		publisher.first_open++;
}

static void on_return(struct slice header)
{
	struct props p;
	struct field f;
	if (!props_decode(header, &p) || !table_find(p.headers, "x-publisher-complete", &f) ||
	    f.letter != 'l' || f.integer > n_messages)
		victim_complain(&victim, "an answer that makes no sense");
	else
		publisher.complete = f.integer;
}

static void note_told(void *unused, const struct told *t)
{
	const struct method *m = &t->method;
	(void)unused;
	if (m->id == METHOD_basic_ack)
		on_confirm(m->basic_ack.delivery_tag, m->basic_ack.multiple);
	else if (m->id == METHOD_basic_return)
		on_return(t->header);
	else
		victim_complain(&victim, "the publisher hears something unexpected (%x)", m->id);
}

static void hear(struct wire *w)
{
	harness_hear(w, note_told, NULL);
}

/* False when the peer is gone. */
static bool move(void)
{
	struct wire *const w = &publisher.wire;
	return harness_look(&w, 1, hear) && wire_write(w);
}

/* All that the answer covers is there: it need not be sent again. */
static bool ask(void)
{
	uint64_t until = wire_now_us() + 1000 * victim.patience_s * PATIENCE_MS;
	bool ok = true;
	publish(0);
	while ((ok = move()) && !publisher.answered && wire_now_us() < until)
		;
	if (!ok || !publisher.answered)
		return false;
	for (uint32_t i = 1; i <= n_messages; i++) {
		bool there = i <= publisher.complete;
		if (messages[i].confirmed && !there)
			victim_complain(&victim, "message %u is confirmed, and not known", i);
		messages[i].confirmed |= there;
	}
	n_asked++;
	return true;
}

static bool open_publisher(void)
{
	struct method select = { .id = METHOD_confirm_select };
	struct wire *w = &publisher.wire;
	bool ok = victim_dial(&victim, w) && declare(w, queues[0], false) &&
	          declare(w, queues[1], true) && wire_call(w, &select, METHOD_confirm_select_ok);
	publisher.n_sent = publisher.first_open = 0;
	publisher.next = 1;
	publisher.complete = -1;
	publisher.answered = false;
	if (ok)
		wire_unblock(w);
	else
		victim_complain(&victim, "the publisher: %s", w->why);
	return ok;
}

/* Until then, or, when nothing new is sent, all is confirmed. */
static bool publish_until(uint64_t until_us)
{
	while (wire_now_us() < until_us) {
		while (publisher.wire.out.len < OUT_BYTES &&
		       publisher.n_sent - publisher.first_open < WINDOW && publish_next())
			;
		if (publisher.ends && publisher.first_open == publisher.n_sent)
			return true;
		if (!move())
			return false;
	}
	return !publisher.ends;
}

/* ---- rounds ---- */

static void kill_broker(void)
{
	victim_kill(&victim);
	victim.kills++;
	harness_hang_up(&publisher.wire, hear);
}

static bool run_round(uint64_t round)
{
	bool ok = open_publisher() && (!options.numbers || round % 2 || ask());
	uint64_t until = wire_now_us() + 1000 * (2 + dice(options.load_ms));
	if (!ok || !publish_until(until))
		victim_complain(&victim, "the broker hung up by itself");
	if (options.kill_every && round % options.kill_every == 0) {
		kill_broker();
		victim_start(&victim);
	}
	wire_close(&publisher.wire);
	return victim.failures == 0;
}

static void publish_rest(void)
{
	publisher.ends = true;
	if (!open_publisher() ||
	    !publish_until(wire_now_us() + 1000 * victim.patience_s * PATIENCE_MS))
		victim_complain(&victim, "not all is confirmed in the end");
	publisher.wire.out.len = 0;
	put_content(&publisher.wire.out, false, slice_of(NULL, 0), slice_of(last, sizeof last));
	if (!harness_send(&publisher.wire))
		victim_complain(&victim, "the last message cannot be sent");
	wire_close(&publisher.wire);
}

/* ---- reckoning ---- */

static struct {
	struct wire wire;
	size_t queue;
	uint32_t before;         /* the number of the one before */
	bool done;
} reader;

static void note(struct slice body)
{
	uint32_t number;
	if (body.n == sizeof last && memcmp(body.p, last, sizeof last) == 0) {
		reader.done = true;
		return;
	}
	if (!harness_numbers(body, 1, &number) || number == 0 || number > n_messages) {
		victim_complain(&victim, "a message that was never published");
		return;
	}
	uint8_t *found = &messages[number].found[reader.queue];
	*found += *found < UINT8_MAX;
	n_astray += options.numbers && number < reader.before;
	reader.before = number;
}

static void note_read(void *tag, const struct told *t)
{
	if (t->method.id != METHOD_basic_deliver) {
		victim_complain(&victim, "the reader hears something unexpected (%x)", t->method.id);
		return;
	}
	*(uint64_t *)tag = t->method.basic_deliver.delivery_tag;
	note(t->body);
}

static void hear_reader(void)
{
	uint64_t tag = 0;
	harness_hear(&reader.wire, note_read, &tag);
	struct method ack = { .id = METHOD_basic_ack,
		                  .basic_ack = { .delivery_tag = tag, .multiple = true } };
	if (tag)
		method_encode(&reader.wire.out, 1, &ack);
}

/* From its first message to the last. */
static void read_queue(size_t i)
{
	struct buf arguments = { 0 };
	table_put_str(&arguments, "x-stream-offset", "first");
	struct method qos = { .id = METHOD_basic_qos, .basic_qos = { .prefetch_count = PREFETCH } };
	struct method consume = { .id = METHOD_basic_consume,
		                      .basic_consume = { .queue = slice_str(queues[i]), .no_wait = true,
		                                         .consumer_tag = slice_str("reader"),
		                                         .arguments = i ? buf_slice(&arguments)
		                                                        : slice_of(NULL, 0) } };
	reader.queue = i;
	reader.before = 0;
	reader.done = false;
	bool ok = victim_dial(&victim, &reader.wire) &&
	          wire_call(&reader.wire, &qos, METHOD_basic_qos_ok) &&
	          wire_call(&reader.wire, &consume, 0);
	while (ok && !reader.done && (ok = wire_read(&reader.wire))) {
		hear_reader();
		ok = harness_send(&reader.wire);
	}
	if (!ok)
		victim_complain(&victim, "%s could not be read", queues[i]);
	wire_close(&reader.wire);
	buf_free(&arguments);
}

/* Whether all was as expected. The broker has to live through it in any case. */
static bool report(void)
{
	uint64_t lost = 0, twice = 0;
	for (uint32_t number = 1; number <= n_messages; number++)
		for (size_t i = 0; i < ARRAY_LEN(queues); i++) {
			uint8_t found = messages[number].found[i];
			if (found != 1 && !victim.quiet && lost + twice < PRINTED)
				printf("FAIL message %u is %u times in %s\n", number, found, queues[i]);
			lost += found == 0;
			twice += found > 1 ? found - 1u : 0;
		}
	printf("seed=%llu breaks=%llu kills=%u messages=%u again=%u asked=%u lost=%llu twice=%llu "
	       "astray=%u failures=%llu\n",
	       (unsigned long long)options.seed, (unsigned long long)options.breaks, victim.kills,
	       n_messages, n_again, n_asked, (unsigned long long)lost, (unsigned long long)twice,
	       n_astray, (unsigned long long)victim.failures);
	bool as_wanted = expects_twice() ? twice > 0 && lost == 0 : lost + twice + n_astray == 0;
	return as_wanted && n_again > 0 && victim.failures == 0;
}

static int run(void)
{
	victim_start(&victim);
	for (uint64_t round = 1; round <= options.breaks && run_round(round); round++)
		;
	publish_rest();
	for (size_t i = 0; i < ARRAY_LEN(queues); i++)
		read_queue(i);
	victim_kill(&victim);
	return !report();
}

int main(int argc, char **argv)
{
	const struct option all[] = { VICTIM_OPTIONS(victim),
		                          { "expect", &options.expect, NULL },
		                          { "breaks", NULL, &options.breaks },
		                          { "kill_every", NULL, &options.kill_every },
		                          { "seed", NULL, &options.seed },
		                          { "load_ms", NULL, &options.load_ms },
		                          { "numbers", NULL, &options.numbers } };
	if (!options_read(argc, argv, all, ARRAY_LEN(all))) {
		fprintf(stderr, "usage: again [breaks=N] [kill_every=N] [seed=N] [load_ms=N] [port=N]\n"
		                "             [data=DIR] [broker=FILE] [preload=FILE:...]\n"
		                "             [segment=BYTES] [memory=BYTES] [command=TEXT]\n"
		                "             [patience_s=N] [numbers=1|0] [expect=nothing|twice]\n"
		                "cuts a publisher's connection and kills the broker, many times; its\n"
		                "data must be new\n");
		return 2;
	}
	rounds_begin(&victim, expects_twice(), &options.seed);
	publisher.wire.fd = reader.wire.fd = -1;
	return run();
}
