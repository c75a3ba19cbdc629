/* SPDX-License-Identifier: Apache-2.0 */
/* Dead letters and delayed retry under kill -9.  Messages are published to queues that give them up
 * in the ways there are, each to a queue of its own for the dead:
 *
 *   expire   after the queue's time to live, or the message's own, whichever is sooner
 *   limit    there is room for a few only
 *   reject   a consumer rejects them without requeue, one by one or several at once
 *   again    a consumer gives them back until the delivery limit is passed
 *   retry    the same, but they wait each time, and some have a time to live of their own
 *   wait     a consumer gives them back, and their time is over before they have waited twice
 *   hold     a consumer rejects them, at least once: they stay while the next queue has no room,
 *            and die there once more, of their time
 *   hand     leveretctl moves them to the other queue, step by step
 *
 * The broker is killed at a random moment and started again, many times; in the end all queues are
 * emptied and counted. A message is in one place: where it was published, or where its dead go.
 *
 *   lost    confirmed messages that are nowhere
 *   twice   copies beyond the first, wherever they are
 *   astray  messages in a queue they have no way to, or dead for a reason there is none for there
 *
 * All must be 0.  What the ways were used for is counted, too: retried, deliveries of messages that
 * had waited since the start; spent, those of retry that died of the limit; lapsed, those of retry
 * and wait whose time was over after they had been given back; held, deliveries of messages of hold
 * that had been rejected before an earlier kill and were still there; handed, those of hand that
 * were found in the other queue.
 *
 * loop=copy has the consumer do by hand what reject and retry are for: it publishes a message where
 * it belongs and acks it when the next one comes, loop=late acks it and publishes it then.  With
 * expect=twice and expect=lost they show that what must not be would be seen. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "amqp/table.h"
#include "base/die.h"
#include "base/mem.h"
#include "tests/kill/harness.h"

enum {
	WAYS = 8,
	WINDOW = 100,            /* unconfirmed publishes */
	PREFETCH = 50,
	LABEL_BYTES = 8,         /* of a body: the number, in hex; then filler */
	TTL_MS = 150,
	LIMIT = 20,
	RETURNS = 2,
	RETRY_MS = 10,           /* after the first return; twice that after the second */
	WAIT_MS = 100,
	HELD_MOST = 100,         /* where those of hold die once more ... */
	HELD_TTL_MS = 20,        /* ... and when */
	LOST_PRINTED = 10,
};

static struct victim victim = VICTIM_DEFAULTS("build/moves-data");
static struct {
	const char *loop, *expect;
	uint64_t kills, seed, load_ms, retry;
} options = { .loop = "reject", .expect = "nothing", .kills = 10, .load_ms = 280, .retry = 1 };

/* From REJECT to HOLD they have a consumer; the last four are not there with retry=0. */
enum way { EXPIRE, LIMITED, REJECT, AGAIN, RETRY, WAIT, HOLD, HAND };

static const char *const sources[WAYS] = { "moves.expire", "moves.limit", "moves.reject",
	                                       "moves.again", "moves.retry", "moves.wait",
	                                       "moves.hold", "moves.hand" };
static const char *const sinks[WAYS] = { "moves.expired", "moves.over", "moves.rejected",
	                                     "moves.again.dead", "moves.spent", "moves.waited",
	                                     "moves.held.dead", "moves.handed" };
static const char *const reasons[WAYS] = { "expired", "maxlen", "rejected", "delivery_limit",
	                                       "delivery_limit", "expired", "rejected", NULL };
static const char narrow[] = "moves.held";   /* between HOLD's two */

struct message {
	uint8_t way;
	bool confirmed;
	uint8_t found;           /* copies, in all queues */
	uint32_t round;          /* in which it was published */
	uint32_t returned;       /* the last round in which it was given back, or died; 0: none */
};

static struct message *messages;
static uint32_t n_messages, room_messages, n_confirmed, n_dead, n_astray;
static uint32_t n_retried, n_spent, n_lapsed, n_held, n_handed;

static struct {
	struct wire wire;
	uint32_t first;          /* its tag 1 */
	uint32_t confirmed;      /* tags */
} publisher;

static struct {
	struct wire wire;
	uint64_t held;           /* the last tag that was not answered yet; 0: none */
	struct by_hand {
		enum way way;
		uint64_t tag;        /* 0: nothing was begun */
		char label[LABEL_BYTES + 1];
		size_t bytes;
	} begun;
} consumer;

static bool expects(const char *what)
{
	return strcmp(options.expect, what) == 0;
}

static bool loops(const char *how)
{
	return strcmp(options.loop, how) == 0;
}

static bool by_hand(void)
{
	return loops("copy") || loops("late");
}

static int n_ways(void)
{
	return !options.retry ? RETRY : by_hand() ? HOLD : WAYS;
}

/* ---- queues ---- */

static void put_retry(struct buf *arguments, int64_t min_ms)
{
	table_put_str(arguments, "x-delayed-retry-type", "all");
	table_put_int(arguments, "x-delayed-retry-min", min_ms);
}

static void put_dead_letters(struct buf *arguments, const char *to)
{
	table_put_str(arguments, "x-dead-letter-exchange", "");
	table_put_str(arguments, "x-dead-letter-routing-key", to);
}

static void put_arguments(struct buf *arguments, enum way way)
{
	if (way != HAND)
		put_dead_letters(arguments, way == HOLD ? narrow : sinks[way]);
	if (way == EXPIRE || way == WAIT)
		table_put_int(arguments, "x-message-ttl", TTL_MS);
	if (way == LIMITED)
		table_put_int(arguments, "x-max-length", LIMIT);
	if (way == AGAIN || way == RETRY) {
		table_put_str(arguments, "x-queue-type", "quorum");
		table_put_int(arguments, "x-delivery-limit", RETURNS);
	}
	if (way == RETRY && !by_hand())
		put_retry(arguments, RETRY_MS);
	if (way == WAIT)
		put_retry(arguments, WAIT_MS);
	if (way == HOLD) {
		table_put_str(arguments, "x-queue-type", "quorum");
		table_put_str(arguments, "x-overflow", "reject-publish");
		table_put_str(arguments, "x-dead-letter-strategy", "at-least-once");
	}
}

static bool declare_narrow(struct wire *w)
{
	struct buf arguments = { 0 };
	put_dead_letters(&arguments, sinks[HOLD]);
	table_put_str(&arguments, "x-overflow", "reject-publish");
	table_put_int(&arguments, "x-max-length", HELD_MOST);
	table_put_int(&arguments, "x-message-ttl", HELD_TTL_MS);
	bool ok = harness_declare(w, narrow, buf_slice(&arguments));
	buf_free(&arguments);
	return ok;
}

static bool declare_all(struct wire *w)
{
	bool ok = declare_narrow(w);
	for (int way = 0; way < n_ways() && ok; way++) {
		struct buf arguments = { 0 };
		put_arguments(&arguments, way);
		ok = harness_declare(w, sinks[way], slice_of("", 0)) &&
		     harness_declare(w, sources[way], buf_slice(&arguments));
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
	for (int way = REJECT; way < n_ways() && way <= HOLD && ok; way++) {
		struct method m = { .id = METHOD_basic_consume,
			                .basic_consume = { .queue = slice_str(sources[way]), .no_wait = true,
			                                   .consumer_tag = slice_str(sources[way]) } };
		ok = wire_call(&consumer.wire, &m, 0);
	}
	consumer.held = consumer.begun.tag = 0;
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
	uint8_t way = (uint8_t)dice((uint64_t)n_ways());
	bool mortal = way == EXPIRE || way == RETRY || way == WAIT;
	messages = harness_grow(messages, n_messages, &room_messages, sizeof *messages);
	messages[n_messages] = (struct message){ .way = way, .round = victim.kills + 1 };
	snprintf(label, sizeof label, "%08x", n_messages++);
	snprintf(expiration, sizeof expiration, "%u", (unsigned)dice(way == RETRY ? 50 : 2 * TTL_MS));
	size_t n = LABEL_BYTES + (dice(8) ? dice(100) : dice(HARNESS_BODY_MOST - LABEL_BYTES));
	harness_publish(&publisher.wire.out, sources[way],
	                mortal && dice(2) ? expiration : NULL, label, n);
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

/* ---- the consumer ---- */

static void nack(uint64_t tag, bool multiple, bool requeue)
{
	struct method m = { .id = METHOD_basic_nack,
		                .basic_nack = { .delivery_tag = tag, .multiple = multiple,
		                                .requeue = requeue } };
	method_encode(&consumer.wire.out, 1, &m);
}

static void ack(uint64_t tag)
{
	struct method m = { .id = METHOD_basic_ack, .basic_ack = { .delivery_tag = tag } };
	method_encode(&consumer.wire.out, 1, &m);
}

static void publish_by_hand(const struct by_hand *it)
{
	harness_publish(&consumer.wire.out, it->way == REJECT ? sinks[REJECT] : sources[it->way], NULL,
	                it->label, it->bytes);
}

/* In two steps, which a kill comes between: the second is done when the next one comes. */
static void move_by_hand(enum way way, uint64_t tag, struct slice body)
{
	struct by_hand now = { .way = way, .tag = tag, .bytes = body.n }, before = consumer.begun;
	memcpy(now.label, body.p, LABEL_BYTES);
	consumer.begun = now;
	if (loops("late"))
		ack(tag);
	else
		publish_by_hand(&now);
	if (before.tag && loops("late"))
		publish_by_hand(&before);
	else if (before.tag)
		ack(before.tag);
}

static bool read_label(struct slice body, uint32_t *number)
{
	bool ok = harness_numbers(body, 1, number) && *number < n_messages;
	if (!ok)
		victim_complain(&victim, "a message that was never published");
	return ok;
}

/* It goes back to wait. */
static void give_back(uint64_t tag, struct slice body)
{
	struct method m = { .id = METHOD_basic_reject,
		                .basic_reject = { .delivery_tag = tag, .requeue = true } };
	uint32_t number, round = victim.kills + 1;
	if (!read_label(body, &number))
		return;
	n_retried += messages[number].returned == round;
	messages[number].returned = round;
	if (dice(2))
		nack(tag, false, true);
	else
		method_encode(&consumer.wire.out, 1, &m);
}

/* Now and then with those before it. */
static void reject(uint64_t tag)
{
	consumer.held = tag;
	if (dice(3) == 0)
		return;
	nack(tag, true, false);
	consumer.held = 0;
}

/* As reject, where it may have to stay. */
static void reject_to_hold(uint64_t tag, struct slice body)
{
	uint32_t number;
	if (!read_label(body, &number))
		return;
	n_held += messages[number].returned != 0;
	messages[number].returned = victim.kills + 1;
	reject(tag);
}

static void on_delivery(const struct basic_deliver *m, struct slice body)
{
	enum way way = REJECT;
	while (way < HOLD && !slice_is(m->consumer_tag, sources[way]))
		way++;
	if (way == AGAIN)
		nack(m->delivery_tag, false, true);
	else if (by_hand() && way != WAIT)
		move_by_hand(way, m->delivery_tag, body);
	else if (way == REJECT)
		reject(m->delivery_tag);
	else if (way == HOLD)
		reject_to_hold(m->delivery_tag, body);
	else
		give_back(m->delivery_tag, body);
}

/* ---- rounds ---- */

static void note_told(void *by, const struct told *t)
{
	const struct method *m = &t->method;
	if (by == &publisher.wire && m->id == METHOD_basic_ack)
		on_confirm(m->basic_ack.delivery_tag, m->basic_ack.multiple);
	else if (by == &consumer.wire && m->id == METHOD_basic_deliver)
		on_delivery(&m->basic_deliver, t->body);
	else
		victim_complain(&victim, "something unexpected is heard (%x)", m->id);
}

static void hear(struct wire *w)
{
	harness_hear(w, note_told, w);
}

/* False when a peer was lost. */
static bool move(void)
{
	struct wire *const both[] = { &publisher.wire, &consumer.wire };
	while (both[0]->out.len < 32768 &&
	       n_messages - publisher.first - publisher.confirmed < WINDOW)
		publish();
	return harness_look(both, ARRAY_LEN(both), hear) && wire_write(both[0]) && wire_write(both[1]);
}

static pid_t handing;

/* Until it cannot any more. */
static void begin_to_hand(void)
{
	char command[1024];
	const char *slash = strrchr(victim.broker, '/');
	int n = slash ? (int)(slash + 1 - victim.broker) : 0;
	snprintf(command, sizeof command,
	         "while %.*sleveretctl --data-dir '%s' -q move --count 150 %s %s; do :; done "
	         "> /dev/null 2>&1", n, victim.broker, victim.data, sources[HAND], sinks[HAND]);
	handing = n_ways() > HAND ? fork() : -1;
	if (handing == 0) {
		setpgid(0, 0);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
}

static void end_to_hand(void)
{
	if (handing <= 0)
		return;
	setpgid(handing, handing);
	kill(-handing, SIGKILL);
	waitpid(handing, NULL, 0);
}

static bool open_all(void)
{
	bool ok = open_publisher() && open_consumer();
	begin_to_hand();
	return ok;
}

/* What the consumer was handed at last comes again. */
static bool run_round(void)
{
	bool ok = victim_round(&victim, options.load_ms, open_all, move);
	end_to_hand();
	harness_hang_up(&publisher.wire, hear);
	wire_close(&consumer.wire);
	return ok;
}

/* ---- reckoning ---- */

struct place {
	enum way way;
	bool sink;
};

static void note_death(struct message *m, enum way way, struct slice headers)
{
	struct field f = { 0 };
	n_dead++;
	if (!table_find(headers, "x-first-death-reason", &f) || f.letter != 'S') {
		n_astray += !by_hand();
		return;
	}
	bool lapses = slice_is(f.bytes, "expired") && (way == RETRY || way == WAIT);
	n_astray += !lapses && !slice_is(f.bytes, reasons[way]);
	n_lapsed += lapses && m->returned;
	n_spent += way == RETRY && !lapses;
}

static void note_found(void *to, const struct found *f)
{
	const struct place *at = to;
	uint32_t number;
	if (!read_label(f->body, &number))
		return;
	struct message *m = &messages[number];
	m->found += m->found < UINT8_MAX;
	n_astray += m->way != at->way;
	n_handed += at->sink && at->way == HAND;
	if (at->sink && at->way != HAND)
		note_death(m, at->way, f->headers);
}

static bool is_missing(const struct message *m)
{
	return m->confirmed && m->found == 0;
}

static bool any_missing(void)
{
	uint32_t i = 0;
	while (i < n_messages && !is_missing(&messages[i]))
		i++;
	return i < n_messages;
}

struct sums {
	uint64_t lost, twice, unknown;
};

static struct sums sum_messages(void)
{
	struct sums s = { 0 };
	for (uint32_t i = 0; i < n_messages; i++) {
		const struct message *m = &messages[i];
		if (is_missing(m) && s.lost++ < LOST_PRINTED && !victim.quiet)
			printf("FAIL message %u, published to %s in round %u, is lost\n", i, sources[m->way],
			       m->round);
		s.twice += m->found > 1 ? m->found - 1u : 0;
		s.unknown += !m->confirmed;
	}
	return s;
}

/* Whether all was as expected. The broker has to live through it in any case. */
static bool report(void)
{
	struct sums s = sum_messages();
	printf("seed=%llu kills=%u messages=%u confirmed=%u unknown=%llu dead=%u retried=%u spent=%u "
	       "lapsed=%u held=%u handed=%u lost=%llu twice=%llu astray=%u failures=%llu\n",
	       (unsigned long long)options.seed, victim.kills, n_messages, n_confirmed,
	       (unsigned long long)s.unknown, n_dead, n_retried, n_spent, n_lapsed, n_held, n_handed,
	       (unsigned long long)s.lost, (unsigned long long)s.twice, n_astray,
	       (unsigned long long)victim.failures);
	bool as_wanted = expects("lost")    ? s.lost > 0
	                 : expects("twice") ? s.twice > 0
	                                    : s.lost + s.twice + n_astray == 0;
	return as_wanted && victim.failures == 0;
}

static bool gather(int way, bool sink)
{
	struct place at = { way, sink };
	return harness_gather(&victim, sink ? sinks[way] : sources[way], note_found, &at);
}

/* What was due at the start is read back from the log first, and comes when it comes: until nothing
 * did for a second, or for long while one is missing that the broker has to have. */
static void gather_late(void)
{
	for (int quiet = 0; quiet < 5 || (quiet < 150 && !by_hand() && any_missing());) {
		uint32_t before = n_dead;
		usleep(200000);
		for (int way = 0; way < n_ways(); way++)
			if (!gather(way, true))
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
	for (int i = 0; i < 2 * n_ways(); i++)
		gather(i / 2, i % 2);
	gather_late();
	victim_kill(&victim);
	return !report();
}

int main(int argc, char **argv)
{
	const struct option all[] = { VICTIM_OPTIONS(victim), ROUNDS_OPTIONS(options),
		                          { "retry", NULL, &options.retry } };
	if (!options_read(argc, argv, all, ARRAY_LEN(all))) {
		fprintf(stderr, "usage: moves [kills=N] [seed=N] [load_ms=N] [port=N] [data=DIR]\n"
		                "             [broker=FILE] [preload=FILE:...] [segment=BYTES]\n"
		                "             [memory=BYTES] [command=TEXT] [patience_s=N] [retry=1|0]\n"
		                "             [loop=reject|copy|late] [expect=nothing|twice|lost]\n"
		                "kills a broker while messages die; its data must be new\n");
		return 2;
	}
	rounds_begin(&victim, !expects("nothing"), &options.seed);
	publisher.wire.fd = consumer.wire.fd = -1;
	return run();
}
