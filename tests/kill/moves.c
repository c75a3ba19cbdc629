/* SPDX-License-Identifier: Apache-2.0 */
/* Dead letters under kill -9.  Messages are published to queues that give them up in the ways there
 * are, each to a queue of its own for the dead:
 *
 *   expire   after the queue's time to live, or the message's own, whichever is sooner
 *   reject   a consumer rejects them without requeue, one by one or several at once
 *   again    a consumer gives them back until the delivery limit is passed
 *   limit    there is room for a few only
 *
 * The broker is killed at a random moment and started again, many times; in the end all queues are
 * emptied and counted. A message is in one place: where it was published, or where its dead go.
 *
 *   lost    confirmed messages that are nowhere
 *   twice   copies beyond the first, wherever they are
 *   astray  messages in a queue they have no way to
 *
 * All must be 0.  loop=copy has the consumer publish what it rejects to the queue for the dead and
 * ack it, in two steps: with expect=torn it shows that what must not be would be seen. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "amqp/table.h"
#include "base/die.h"
#include "base/mem.h"
#include "tests/kill/harness.h"

enum {
	WAYS = 4,
	WINDOW = 100,            /* unconfirmed publishes */
	PREFETCH = 50,
	LABEL_BYTES = 8,         /* of a body: the number, in hex; then filler */
	TTL_MS = 150,
	LIMIT = 20,
	RETURNS = 2,
	LOST_PRINTED = 10,
};

static struct victim victim = VICTIM_DEFAULTS("build/moves-data");
static struct {
	const char *loop, *expect;
	uint64_t kills, seed, load_ms;
} options = { .loop = "reject", .expect = "nothing", .kills = 10, .load_ms = 280 };

enum way { EXPIRE, REJECT, AGAIN, LIMITED };

static const char *const sources[WAYS] = { "moves.expire", "moves.reject", "moves.again",
	                                       "moves.limit" };
static const char *const sinks[WAYS] = { "moves.expired", "moves.rejected", "moves.again.dead",
	                                     "moves.over" };

struct message {
	uint8_t way;
	bool confirmed;
	uint8_t found;           /* copies, in all queues */
	uint32_t round;          /* in which it was published */
};

static struct message *messages;
static uint32_t n_messages, room_messages, n_confirmed, n_dead, n_astray;

static struct {
	struct wire wire;
	uint32_t first;          /* its tag 1 */
	uint32_t confirmed;      /* tags */
} publisher;

static struct {
	struct wire wire;
	uint64_t held;           /* the last tag that was not answered yet; 0: none */
} consumer;

static bool expects_torn(void)
{
	return strcmp(options.expect, "torn") == 0;
}

static bool copies(void)
{
	return strcmp(options.loop, "copy") == 0;
}

/* ---- queues ---- */

static void put_number(struct buf *table, const char *key, int64_t value)
{
	struct field f = { .letter = 'l', .integer = value };
	table_put(table, slice_str(key), &f);
}

static bool declare(struct wire *w, const char *name, struct slice arguments)
{
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str(name), .durable = true,
		                                   .arguments = arguments } };
	return wire_call(w, &m, METHOD_queue_declare_ok);
}

static bool declare_all(struct wire *w)
{
	bool ok = true;
	for (int way = 0; way < WAYS && ok; way++) {
		struct buf arguments = { 0 };
		table_put_str(&arguments, "x-dead-letter-exchange", "");
		table_put_str(&arguments, "x-dead-letter-routing-key", sinks[way]);
		if (way == EXPIRE)
			put_number(&arguments, "x-message-ttl", TTL_MS);
		if (way == LIMITED)
			put_number(&arguments, "x-max-length", LIMIT);
		if (way == AGAIN) {
			table_put_str(&arguments, "x-queue-type", "quorum");
			put_number(&arguments, "x-delivery-limit", RETURNS);
		}
		ok = declare(w, sinks[way], slice_of("", 0)) &&
		     declare(w, sources[way], buf_slice(&arguments));
		buf_free(&arguments);
	}
	return ok;
}

static bool open_publisher(void)
{
	struct method select = { .id = METHOD_confirm_select };
	bool ok = victim_dial(&victim, &publisher.wire) && declare_all(&publisher.wire) &&
	          wire_call(&publisher.wire, &select, METHOD_confirm_select_ok);
	publisher.first = n_messages;
	publisher.confirmed = 0;
	if (ok)
		wire_unblock(&publisher.wire);
	else
		victim_complain(&victim, "the publisher: %s", publisher.wire.why);
	return ok;
}

static bool open_consumer(void)
{
	struct method qos = { .id = METHOD_basic_qos, .basic_qos = { .prefetch_count = PREFETCH } };
	bool ok = victim_dial(&victim, &consumer.wire) &&
	          wire_call(&consumer.wire, &qos, METHOD_basic_qos_ok);
	for (int way = REJECT; way <= AGAIN && ok; way++) {
		struct method m = { .id = METHOD_basic_consume,
			                .basic_consume = { .queue = slice_str(sources[way]), .no_wait = true,
			                                   .consumer_tag = slice_str(sources[way]) } };
		ok = wire_call(&consumer.wire, &m, 0);
	}
	consumer.held = 0;
	if (ok)
		wire_unblock(&consumer.wire);
	else
		victim_complain(&victim, "the consumer: %s", consumer.wire.why);
	return ok;
}

/* ---- the publisher ---- */

static void publish(void)
{
	char label[LABEL_BYTES + 1], expiration[8];
	uint8_t way = (uint8_t)dice(WAYS);
	if (n_messages == room_messages) {
		room_messages = room_messages ? 2 * room_messages : 65536;
		messages = mem_realloc(messages, room_messages * sizeof *messages);
	}
	messages[n_messages] = (struct message){ .way = way, .round = victim.kills + 1 };
	snprintf(label, sizeof label, "%08x", n_messages++);
	snprintf(expiration, sizeof expiration, "%u", (unsigned)dice(2 * TTL_MS));
	size_t n = LABEL_BYTES + (dice(8) ? dice(100) : dice(HARNESS_BODY_MOST - LABEL_BYTES));
	harness_publish(&publisher.wire.out, sources[way],
	                way == EXPIRE && dice(2) ? expiration : NULL, label, n);
}

static void on_confirm(uint64_t tag, bool multiple)
{
	uint32_t upto = publisher.first + (uint32_t)tag;
	if (tag == 0 || upto > n_messages) {
		victim_complain(&victim, "a confirm of what was not published");
		return;
	}
	for (uint32_t i = multiple ? publisher.first : upto - 1; i < upto; i++) {
		publisher.confirmed += !messages[i].confirmed;
		n_confirmed += !messages[i].confirmed;
		messages[i].confirmed = true;
	}
}

static void hear_publisher(void)
{
	struct slice rest = buf_slice(&publisher.wire.in);
	for (struct frame f; wire_next(&rest, &f);) {
		struct method m = { 0 };
		if (f.type != FRAME_METHOD || method_decode(f.payload, &m) != METHOD_OK ||
		    m.id != METHOD_basic_ack)
			victim_complain(&victim, "the publisher hears something unexpected (%x)", m.id);
		else
			on_confirm(m.basic_ack.delivery_tag, m.basic_ack.multiple);
	}
	wire_done(&publisher.wire, rest);
}

/* ---- the consumer ---- */

static void nack(uint64_t tag, bool multiple, bool requeue)
{
	struct method m = { .id = METHOD_basic_nack,
		                .basic_nack = { .delivery_tag = tag, .multiple = multiple,
		                                .requeue = requeue } };
	method_encode(&consumer.wire.out, 1, &m);
}

/* In two steps, which a kill comes between: it is acked when the next one comes. */
static void copy_and_ack(uint64_t tag, struct slice body)
{
	struct method m = { .id = METHOD_basic_ack, .basic_ack = { .delivery_tag = consumer.held } };
	char label[LABEL_BYTES + 1] = "";
	memcpy(label, body.p, LABEL_BYTES);
	harness_publish(&consumer.wire.out, sinks[REJECT], NULL, label, body.n);
	if (consumer.held)
		method_encode(&consumer.wire.out, 1, &m);
	consumer.held = tag;
}

/* What is given back goes alone; what is rejected goes now and then with those before it. */
static void on_delivery(const struct basic_deliver *m, struct slice body)
{
	bool again = slice_is(m->consumer_tag, sources[AGAIN]);
	if (again) {
		nack(m->delivery_tag, false, true);
	} else if (copies()) {
		copy_and_ack(m->delivery_tag, body);
	} else if (dice(3)) {
		nack(m->delivery_tag, true, false);
		consumer.held = 0;
	} else {
		consumer.held = m->delivery_tag;
	}
}

static void hear_consumer(void)
{
	struct slice rest = buf_slice(&consumer.wire.in), before = rest;
	for (struct frame f, header, body; before = rest, wire_next(&rest, &f);) {
		struct method m = { 0 };
		if (f.type != FRAME_METHOD || method_decode(f.payload, &m) != METHOD_OK ||
		    m.id != METHOD_basic_deliver)
			victim_complain(&victim, "the consumer hears something unexpected (%x)", m.id);
		else if (!wire_next(&rest, &header) || !wire_next(&rest, &body))
			break;
		else
			on_delivery(&m.basic_deliver, body.payload);
	}
	wire_done(&consumer.wire, before);
}

/* ---- rounds ---- */

static bool move_wire(struct wire *w, short revents, void (*hear)(void))
{
	if ((revents & (POLLIN | POLLHUP | POLLERR)) && !wire_read(w))
		return false;
	hear();
	return wire_write(w);
}

/* One look at both sockets. False when a peer was lost. */
static bool move(void)
{
	struct wire *p = &publisher.wire, *c = &consumer.wire;
	while (p->out.len < 32768 && n_messages - publisher.first - publisher.confirmed < WINDOW)
		publish();
	struct pollfd fds[] = { { p->fd, p->out.len ? POLLIN | POLLOUT : POLLIN, 0 },
		                    { c->fd, c->out.len ? POLLIN | POLLOUT : POLLIN, 0 } };
	poll(fds, 2, 1);
	return move_wire(p, fds[0].revents, hear_publisher) &&
	       move_wire(c, fds[1].revents, hear_consumer);
}

/* Confirms that had arrived before the kill still count: they were promises. */
static void hang_up(void)
{
	struct wire *p = &publisher.wire;
	while (p->fd >= 0 && poll(&(struct pollfd){ p->fd, POLLIN, 0 }, 1, 0) > 0)
		if (!wire_read(p))
			break;
	hear_publisher();
	wire_close(p);
	wire_close(&consumer.wire);
}

static bool run_round(void)
{
	victim_start(&victim);
	bool ok = open_publisher() && open_consumer();
	uint64_t until = wire_now_us() + 1000 * (20 + dice(options.load_ms + 1));
	while (ok && wire_now_us() < until)
		ok = move();
	if (!ok)
		victim_complain(&victim, "the broker hung up before it was killed");
	victim_kill(&victim);
	victim.kills++;
	hang_up();
	return ok;
}

/* ---- reckoning ---- */

struct place {
	int way;
	bool sink;
};

static void note_found(void *to, struct slice body)
{
	const struct place *at = to;
	char text[LABEL_BYTES + 1] = "";
	uint32_t number;
	memcpy(text, body.p, body.n < LABEL_BYTES ? body.n : LABEL_BYTES);
	if (sscanf(text, "%8x", &number) != 1 || number >= n_messages) {
		victim_complain(&victim, "a message that was never published");
		return;
	}
	messages[number].found += messages[number].found < UINT8_MAX;
	n_astray += messages[number].way != at->way;
	n_dead += at->sink;
}

static uint64_t report(void)
{
	uint64_t lost = 0, twice = 0, unknown = 0;
	for (uint32_t i = 0; i < n_messages; i++) {
		const struct message *m = &messages[i];
		bool missing = m->confirmed && m->found == 0;
		if (missing && lost++ < LOST_PRINTED && !victim.quiet)
			printf("FAIL message %u, published to %s in round %u, is lost\n", i, sources[m->way],
			       m->round);
		twice += m->found > 1 ? m->found - 1u : 0;
		unknown += !m->confirmed;
	}
	printf("seed=%llu kills=%u messages=%u confirmed=%u unknown=%llu dead=%u lost=%llu twice=%llu "
	       "astray=%u failures=%llu\n",
	       (unsigned long long)options.seed, victim.kills, n_messages, n_confirmed,
	       (unsigned long long)unknown, n_dead, (unsigned long long)lost,
	       (unsigned long long)twice, n_astray, (unsigned long long)victim.failures);
	return lost + twice + n_astray;
}

static bool gather(int way, bool sink)
{
	struct place at = { way, sink };
	return harness_gather(&victim, sink ? sinks[way] : sources[way], note_found, &at);
}

/* What was due at the start is read back from the log first, and comes when it comes: until nothing
 * did for a second. */
static void gather_late(void)
{
	for (int quiet = 0; quiet < 5;) {
		uint32_t before = n_dead;
		usleep(200000);
		if (!gather(EXPIRE, true))
			return;
		quiet = n_dead == before ? quiet + 1 : 0;
	}
}

/* The dead of a queue are looked for after the queue: what moves in between is found then. */
static int run(void)
{
	while (victim.kills < options.kills && run_round())
		;
	victim_start(&victim);
	for (int i = 0; i < 2 * WAYS; i++)
		gather(i / 2, i % 2);
	gather_late();
	victim_kill(&victim);
	uint64_t torn = report();
	return expects_torn() ? torn == 0 : torn || victim.failures;
}

int main(int argc, char **argv)
{
	const struct option all[] = { VICTIM_OPTIONS(victim),
		                          { "loop", &options.loop, NULL },
		                          { "expect", &options.expect, NULL },
		                          { "kills", NULL, &options.kills },
		                          { "seed", NULL, &options.seed },
		                          { "load_ms", NULL, &options.load_ms } };
	if (!options_read(argc, argv, all, ARRAY_LEN(all))) {
		fprintf(stderr, "usage: moves [kills=N] [seed=N] [load_ms=N] [port=N] [data=DIR]\n"
		                "             [broker=FILE] [preload=FILE:...] [segment=BYTES]\n"
		                "             [command=TEXT] [patience_s=N]\n"
		                "             [loop=reject|copy] [expect=nothing|torn]\n"
		                "kills a broker while messages die; its data must be new\n");
		return 2;
	}
	victim.quiet = expects_torn();
	dice_begin(&options.seed);
	signal(SIGPIPE, SIG_IGN);
	publisher.wire.fd = consumer.wire.fd = -1;
	return run();
}
