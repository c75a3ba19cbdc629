/* SPDX-License-Identifier: Apache-2.0 */
/* kill -9 under load, again and again on one data directory.  Four confirmed publishers and two
 * consumers work against a broker that is killed at a random moment and started anew; then what
 * was promised is compared with what comes out:
 *
 *   - every confirmed message is delivered at least once to each of its queues,
 *   - the messages of one publisher leave a queue in the order they were published,
 *   - a message comes twice only if it was unacked at the kill, or acked less than 50 ms before.
 *
 * mode=slow measures instead how long the confirms of persistent messages take (slow_sync.c). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "amqp/props.h"
#include "base/die.h"
#include "base/endian.h"
#include "base/mem.h"
#include "tests/wire/wire.h"

enum {
	PUBLISHERS = 4,
	CONSUMERS = 2,
	QUEUES = 4,
	WINDOW = 60,             /* unconfirmed publishes of one publisher */
	HEADER_BYTES = 12,       /* of each body: publisher, sequence */
	ACK_GRACE_US = 50000,
	READY_MS = 20000,
};

static struct {
	const char *broker, *data, *preload, *durability, *mode;
	uint16_t port;
	uint64_t rounds, seed, load_ms;
} options = { .broker = "build/leveret", .data = "build/kill-data", .preload = "",
	          .durability = "fsync", .mode = "kill", .port = 5699, .rounds = 40, .load_ms = 150 };

/* One message in one of its queues. */
struct fate {
	uint32_t round;          /* in which it was delivered last; 0: never */
	uint32_t acked_round;    /* in which its last delivery was acked; 0: it is not */
	uint64_t acked_us;
};

struct sent {
	bool confirmed;
	struct fate fates[2];    /* of publisher_queues, in that order */
};

struct publisher {
	struct wire wire;
	struct sent *sent;
	uint32_t n, cap, first;  /* first: of this connection, tag 1 */
	uint32_t confirmed;      /* tags of this connection */
};

struct consumer {
	struct wire wire;
	uint64_t last_tag, acked_tag;
	struct {
		uint64_t tag;
		uint32_t publisher, sequence;
		uint8_t queue;
	} open[1024];            /* a ring by tag: delivered, not yet acked */
};

static struct publisher publishers[PUBLISHERS];
static struct consumer consumers[CONSUMERS];
static uint64_t killed_us[1 << 20];          /* by round */
static int64_t last_seen[QUEUES][PUBLISHERS];   /* in this round */
static uint32_t this_round;
static uint64_t dice_state, n_confirmed, n_delivered, n_again, failures;
static pid_t broker;

static const char *const queue_names[QUEUES] = { "kill.0", "kill.1", "kill.2", "kill.3" };
/* Publisher 2 goes through a fanout exchange to two queues. */
static const int publisher_queues[PUBLISHERS][2] = { { 0, -1 }, { 1, -1 }, { 2, 3 }, { 0, -1 } };
static const int consumer_queues[CONSUMERS][2] = { { 0, 2 }, { 1, 3 } };

static uint64_t dice(uint64_t n)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 7;
	dice_state ^= dice_state << 17;
	return (dice_state >> 20) % n;
}

__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
	__builtin_va_list args;
	if (failures++ > 20)
		return;
	printf("FAIL round %u: ", this_round);
	__builtin_va_start(args, format);
	vprintf(format, args);
	__builtin_va_end(args);
	printf("\n");
}

/* ---- the broker ---- */

static void exec_broker(int log)
{
	char listen[40], data[512], durability[64];
	snprintf(listen, sizeof listen, "listeners.tcp.1=127.0.0.1:%u", options.port);
	snprintf(data, sizeof data, "data_dir=%s", options.data);
	snprintf(durability, sizeof durability, "durability=%s", options.durability);
	dup2(log, 2);
	if (options.preload[0])
		setenv("LD_PRELOAD", options.preload, 1);
	execl(options.broker, options.broker, listen, data, durability, "log_segment_size=4MB",
	      "log.console.level=info", (char *)NULL);
	_exit(127);
}

/* Waits for the line that says ready. */
static bool wait_ready(int from)
{
	char text[8192];
	size_t n = 0;
	struct pollfd p = { from, POLLIN, 0 };
	while (n < sizeof text - 1 && poll(&p, 1, READY_MS) > 0) {
		ssize_t got = read(from, text + n, sizeof text - 1 - n);
		if (got <= 0)
			break;
		n += (size_t)got;
		text[n] = 0;
		if (strstr(text, " ready"))
			return true;
	}
	text[n] = 0;
	complain("the broker does not start: %s", text);
	return false;
}

/* What it logs afterwards nobody reads: the pipe must not fill up. */
static bool start(void)
{
	int log[2];
	must(pipe2(log, O_CLOEXEC) == 0);
	fflush(stdout);
	broker = fork();
	if (broker == 0)
		exec_broker(log[1]);
	close(log[1]);
	bool ok = wait_ready(log[0]);
	static int kept = -1;
	if (kept >= 0)
		close(kept);
	kept = log[0];
	return ok;
}

static void stop(int with)
{
	int status;
	kill(broker, with);
	waitpid(broker, &status, 0);
	if (with == SIGTERM && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
		complain("the broker ended with status %d", status);
	broker = 0;
}

/* ---- setting up ---- */

static bool declare(struct wire *w)
{
	struct method x = { .id = METHOD_exchange_declare,
		                .exchange_declare = { .exchange = slice_str("kill.fan"),
		                                      .type = slice_str("fanout"), .durable = true } };
	bool ok = wire_call(w, &x, METHOD_exchange_declare_ok);
	for (int i = 0; i < QUEUES && ok; i++) {
		struct method q = { .id = METHOD_queue_declare,
			                .queue_declare = { .queue = slice_str(queue_names[i]),
			                                   .durable = true } };
		struct method b = { .id = METHOD_queue_bind,
			                .queue_bind = { .queue = slice_str(queue_names[i]),
			                                .exchange = slice_str("kill.fan") } };
		ok = wire_call(w, &q, METHOD_queue_declare_ok) &&
		     (i < 2 || wire_call(w, &b, METHOD_queue_bind_ok));
	}
	return ok;
}

static bool open_publisher(struct publisher *p)
{
	struct method select = { .id = METHOD_confirm_select };
	p->first = p->n;
	p->confirmed = 0;
	bool ok = wire_open(&p->wire, options.port) &&
	          (p != publishers || declare(&p->wire)) &&
	          wire_call(&p->wire, &select, METHOD_confirm_select_ok);
	if (ok)
		wire_unblock(&p->wire);
	else
		complain("a publisher: %s", p->wire.why);
	return ok;
}

static bool open_consumer(struct consumer *c, int number)
{
	struct method qos = { .id = METHOD_basic_qos, .basic_qos = { .prefetch_count = 500 } };
	c->last_tag = c->acked_tag = 0;
	bool ok = wire_open(&c->wire, options.port) &&
	          wire_call(&c->wire, &qos, METHOD_basic_qos_ok);
	for (int i = 0; i < 2 && ok; i++) {
		int q = consumer_queues[number][i];
		char tag[2] = { (char)('0' + q), 0 };
		struct method m = { .id = METHOD_basic_consume,
			                .basic_consume = { .queue = slice_str(queue_names[q]),
			                                   .consumer_tag = slice_str(tag),
			                                   .no_wait = true } };
		ok = wire_call(&c->wire, &m, 0);
	}
	if (ok)
		wire_unblock(&c->wire);
	else
		complain("a consumer: %s", c->wire.why);
	return ok;
}

/* ---- publishing ---- */

static size_t body_size(void)
{
	switch (dice(50)) {
	case 0: return 20000 + dice(45000);
	case 1 ... 9: return 500 + dice(4000);
	default: return HEADER_BYTES + dice(200);
	}
}

static void publish(struct publisher *p, bool persistent)
{
	static uint8_t body[1 << 17];
	int number = (int)(p - publishers);
	size_t n = body_size();
	struct slice name = slice_str(queue_names[publisher_queues[number][0]]);
	struct method m = { .id = METHOD_basic_publish, .basic_publish = { .routing_key = name } };
	if (publisher_queues[number][1] >= 0)
		m.basic_publish.exchange = slice_str("kill.fan");
	struct props props = { .class_id = CLASS_BASIC, .body_bytes = n,
		                   .flags = PROP_delivery_mode, .delivery_mode = persistent ? 2 : 1 };
	if (p->n == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 4096;
		p->sent = mem_realloc(p->sent, p->cap * sizeof *p->sent);
	}
	put_be32(body, (uint32_t)number);
	put_be32(body + 4, p->n);
	put_be32(body + 8, (uint32_t)n);
	p->sent[p->n++] = (struct sent){ 0 };
	method_encode(&p->wire.out, 1, &m);
	size_t mark = frame_begin(&p->wire.out, FRAME_HEADER, 1);
	props_encode(&p->wire.out, &props);
	frame_end(&p->wire.out, mark);
	frame_write(&p->wire.out, FRAME_BODY, 1, slice_of(body, n));
}

static void fill(struct publisher *p)
{
	while (p->wire.out.len < 65536 && p->n - p->first - p->confirmed < WINDOW)
		publish(p, true);
}

static void on_confirm(struct publisher *p, uint64_t tag, bool multiple)
{
	uint64_t from = multiple ? p->confirmed + 1 : tag;
	if (tag > p->n - p->first || tag <= p->confirmed || from > p->confirmed + 1) {
		complain("publisher %d: a confirm of %llu after %u", (int)(p - publishers),
		         (unsigned long long)tag, p->confirmed);
		return;
	}
	for (uint64_t i = from; i <= tag; i++)
		p->sent[p->first + i - 1].confirmed = true;
	n_confirmed += tag - p->confirmed;
	p->confirmed = (uint32_t)tag;
}

static void hear_publisher(struct publisher *p)
{
	struct slice rest = buf_slice(&p->wire.in);
	struct frame f;
	while (wire_next(&rest, &f)) {
		struct method m;
		if (f.type == FRAME_METHOD && method_decode(f.payload, &m) == METHOD_OK &&
		    m.id == METHOD_basic_ack)
			on_confirm(p, m.basic_ack.delivery_tag, m.basic_ack.multiple);
		else
			complain("publisher %d: something unexpected", (int)(p - publishers));
	}
	wire_done(&p->wire, rest);
}

/* ---- consuming ---- */

static struct fate *fate_of(uint32_t publisher, uint32_t sequence, int queue)
{
	int which = publisher_queues[publisher][0] == queue ? 0 : 1;
	return &publishers[publisher].sent[sequence].fates[which];
}

static bool may_come_again(const struct fate *f)
{
	if (f->round == this_round)
		return false;
	return f->acked_round == 0 || killed_us[f->acked_round] - f->acked_us < ACK_GRACE_US;
}

static void on_body(struct consumer *c, int queue, struct slice body)
{
	uint32_t p = get_be32(body.p), sequence = get_be32(body.p + 4);
	bool known = p < PUBLISHERS && sequence < publishers[p].n && get_be32(body.p + 8) == body.n &&
	             (publisher_queues[p][0] == queue || publisher_queues[p][1] == queue);
	if (!known) {
		complain("queue %d: a message that was never sent to it", queue);
		return;
	}
	struct fate *f = fate_of(p, sequence, queue);
	if ((int64_t)sequence <= last_seen[queue][p])
		complain("queue %d: message %u of publisher %u after %lld", queue, sequence, p,
		         (long long)last_seen[queue][p]);
	if (f->round && !may_come_again(f))
		complain("queue %d: message %u of publisher %u again: acked %llu us before the kill", queue,
		         sequence, p, (unsigned long long)(killed_us[f->acked_round] - f->acked_us));
	n_again += f->round != 0;
	n_delivered++;
	last_seen[queue][p] = sequence;
	*f = (struct fate){ .round = this_round };
	size_t at = c->last_tag % ARRAY_LEN(c->open);
	c->open[at].tag = c->last_tag;
	c->open[at].publisher = p;
	c->open[at].sequence = sequence;
	c->open[at].queue = (uint8_t)queue;
}

static void ack(struct consumer *c)
{
	struct method m = { .id = METHOD_basic_ack,
		                .basic_ack = { .delivery_tag = c->last_tag, .multiple = true } };
	uint64_t now = wire_now_us();
	method_encode(&c->wire.out, 1, &m);
	for (uint64_t tag = c->acked_tag + 1; tag <= c->last_tag; tag++) {
		size_t at = tag % ARRAY_LEN(c->open);
		struct fate *f = fate_of(c->open[at].publisher, c->open[at].sequence, c->open[at].queue);
		f->acked_round = this_round;
		f->acked_us = now;
	}
	c->acked_tag = c->last_tag;
}

/* Bodies above one frame do not occur. */
static void hear_consumer(struct consumer *c)
{
	struct slice rest = buf_slice(&c->wire.in), before = rest;
	struct frame f, header, body;
	while (before = rest, wire_next(&rest, &f)) {
		struct method m;
		if (f.type != FRAME_METHOD || method_decode(f.payload, &m) != METHOD_OK ||
		    m.id != METHOD_basic_deliver) {
			complain("a consumer hears something unexpected");
			continue;
		}
		if (!wire_next(&rest, &header) || !wire_next(&rest, &body)) {
			rest = before;
			break;
		}
		if (m.basic_deliver.delivery_tag != c->last_tag + 1)
			complain("delivery tags do not ascend one by one");
		c->last_tag = m.basic_deliver.delivery_tag;
		on_body(c, m.basic_deliver.consumer_tag.p[0] - '0', body.payload);
	}
	wire_done(&c->wire, rest);
	if (c->last_tag - c->acked_tag > dice(300))
		ack(c);
}

/* ---- rounds ---- */

static struct wire *wire_at(int i)
{
	return i < PUBLISHERS ? &publishers[i].wire : &consumers[i - PUBLISHERS].wire;
}

/* One look at all sockets. False when a peer was lost. */
static bool move(bool publishes, int wait_ms)
{
	struct pollfd fds[PUBLISHERS + CONSUMERS];
	for (int i = 0; i < PUBLISHERS + CONSUMERS; i++) {
		if (publishes && i < PUBLISHERS)
			fill(&publishers[i]);
		short events = wire_at(i)->out.len ? POLLIN | POLLOUT : POLLIN;
		fds[i] = (struct pollfd){ wire_at(i)->fd, events, 0 };
	}
	poll(fds, ARRAY_LEN(fds), wait_ms);
	for (int i = 0; i < PUBLISHERS + CONSUMERS; i++) {
		struct wire *w = wire_at(i);
		if ((fds[i].revents & (POLLIN | POLLHUP | POLLERR)) && !wire_read(w))
			return false;
		if (i < PUBLISHERS)
			hear_publisher(&publishers[i]);
		else
			hear_consumer(&consumers[i - PUBLISHERS]);
		if (!wire_write(w))
			return false;
	}
	return true;
}

static bool connect_all(void)
{
	bool ok = true;
	for (int q = 0; q < QUEUES; q++)
		for (int p = 0; p < PUBLISHERS; p++)
			last_seen[q][p] = -1;
	for (int i = 0; i < PUBLISHERS && ok; i++)
		ok = open_publisher(&publishers[i]);
	for (int i = 0; i < CONSUMERS && ok; i++)
		ok = open_consumer(&consumers[i], i);
	return ok;
}

/* What had arrived before the kill still counts: it was promised. */
static void disconnect_all(void)
{
	for (int i = 0; i < PUBLISHERS + CONSUMERS; i++)
		while (wire_at(i)->fd >= 0 && poll(&(struct pollfd){ wire_at(i)->fd, POLLIN, 0 }, 1, 0) > 0)
			if (!wire_read(wire_at(i)))
				break;
	for (int i = 0; i < PUBLISHERS; i++)
		hear_publisher(&publishers[i]);
	for (int i = 0; i < PUBLISHERS + CONSUMERS; i++)
		wire_close(wire_at(i));
}

static void round_of_load(void)
{
	uint64_t until = wire_now_us() + 1000 * (20 + dice(options.load_ms));
	while (wire_now_us() < until)
		if (!move(true, 1)) {
			complain("the broker hung up before it was killed");
			break;
		}
	killed_us[this_round] = wire_now_us();
	stop(SIGKILL);
	disconnect_all();
}

/* Everything that is left is consumed; silence for a second is the end. */
static void drain(void)
{
	uint64_t quiet_since = wire_now_us(), seen = n_delivered;
	while (wire_now_us() - quiet_since < 1000000) {
		if (!move(false, 20)) {
			complain("the broker hung up while the queues were drained");
			return;
		}
		for (int i = 0; i < CONSUMERS; i++)
			if (consumers[i].last_tag > consumers[i].acked_tag)
				ack(&consumers[i]);
		if (n_delivered != seen)
			quiet_since = wire_now_us();
		seen = n_delivered;
	}
}

static uint64_t count_lost(void)
{
	uint64_t lost = 0;
	for (uint32_t p = 0; p < PUBLISHERS; p++)
		for (uint32_t i = 0; i < publishers[p].n; i++)
			for (int k = 0; k < 2; k++) {
				const struct sent *s = &publishers[p].sent[i];
				bool missing = publisher_queues[p][k] >= 0 && s->confirmed && !s->fates[k].round;
				lost += missing;
				if (missing && lost < 10)
					printf("FAIL message %u of publisher %u was confirmed and is lost\n", i, p);
			}
	return lost;
}

static int run_kills(void)
{
	uint64_t published = 0;
	for (this_round = 1; this_round <= options.rounds && failures == 0; this_round++) {
		if (!start() || !connect_all())
			break;
		round_of_load();
	}
	if (failures == 0 && start() && connect_all())
		drain();
	for (int i = 0; i < PUBLISHERS; i++)
		published += publishers[i].n;
	uint64_t lost = count_lost();
	disconnect_all();
	if (broker)
		stop(failures ? SIGKILL : SIGTERM);
	printf("seed=%llu kills=%u published=%llu confirmed=%llu delivered=%llu again=%llu lost=%llu "
	       "failures=%llu\n",
	       (unsigned long long)options.seed, this_round - 1, (unsigned long long)published,
	       (unsigned long long)n_confirmed, (unsigned long long)n_delivered,
	       (unsigned long long)n_again, (unsigned long long)lost, (unsigned long long)failures);
	return lost || failures;
}

/* ---- slow syncs ---- */

/* One message at a time: how long until its confirm. */
static uint64_t time_one(struct publisher *p, bool persistent)
{
	uint32_t before = p->confirmed;
	uint64_t began = wire_now_us();
	publish(p, persistent);
	while (p->confirmed == before && wire_now_us() - began < 5000000)
		if (!move(false, 50))
			complain("the broker hung up");
	return wire_now_us() - began;
}

static int run_slow(void)
{
	uint64_t least = UINT64_MAX, transient = UINT64_MAX;
	this_round = 1;
	if (start() && connect_all())
		for (int i = 0; i < 60 && failures == 0; i++) {
			uint64_t t = time_one(&publishers[i % PUBLISHERS], true);
			least = t < least ? t : least;
			t = time_one(&publishers[i % PUBLISHERS], false);
			transient = t < transient ? t : transient;
		}
	if (least < 50000)
		complain("a confirm of a persistent message came after %llu us",
		         (unsigned long long)least);
	disconnect_all();
	if (broker)
		stop(SIGTERM);
	printf("slow sync: 60 persistent messages confirmed, the fastest after %llu us; the fastest "
	       "transient one after %llu us\n",
	       (unsigned long long)least, (unsigned long long)transient);
	return failures != 0;
}

static bool set_option(const char *arg)
{
	const char *value = strchr(arg, '=');
	if (!value)
		return false;
	struct slice key = slice_of(arg, (size_t)(value++ - arg));
	const struct {
		const char *name;
		const char **text;
		uint64_t *number;
	} all[] = { { "broker", &options.broker, NULL },     { "data", &options.data, NULL },
		        { "preload", &options.preload, NULL },   { "durability", &options.durability, NULL },
		        { "mode", &options.mode, NULL },         { "rounds", NULL, &options.rounds },
		        { "seed", NULL, &options.seed },         { "load_ms", NULL, &options.load_ms } };
	if (slice_is(key, "port"))
		options.port = (uint16_t)atoi(value);
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (!slice_is(key, all[i].name))
			continue;
		if (all[i].text)
			*all[i].text = value;
		else
			*all[i].number = strtoull(value, NULL, 0);
		return true;
	}
	return slice_is(key, "port");
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!set_option(argv[i])) {
			fprintf(stderr, "usage: kill [mode=kill|slow] [rounds=N] [seed=N] [load_ms=N] [port=N]\n"
			                "            [data=DIR] [broker=FILE] [preload=FILE] "
			                "[durability=fsync|os]\n"
			                "kills a broker under load; the data directory must be new\n");
			return 2;
		}
	}
	if (options.preload[0] && access(options.preload, R_OK) < 0) {
		fprintf(stderr, "kill: there is no %s to preload\n", options.preload);
		return 2;
	}
	if (options.seed == 0)
		options.seed = wire_now_us();
	must(options.rounds < ARRAY_LEN(killed_us) - 1);
	dice_state = options.seed * 0x9E3779B97F4A7C15u + 1;
	for (int i = 0; i < PUBLISHERS + CONSUMERS; i++)
		wire_at(i)->fd = -1;
	signal(SIGPIPE, SIG_IGN);
	return strcmp(options.mode, "slow") == 0 ? run_slow() : run_kills();
}
