/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions under kill -9.  Four workers move messages from a queue to two others, over and
 * over: take a few, publish each to both targets, ack them, commit.  The broker is killed at a
 * random moment and started again, many times; in the end all three queues are emptied and counted.
 * Each message carries its number and, in a target, the number of the transaction it came with:
 *
 *   half    transactions of which some publishes are there and others are not
 *   split   messages that are in a target and still in the source: published without the ack
 *   lost    messages that are nowhere: acked without the publishes
 *   twice   copies beyond the first, in any queue
 *   undone  messages of a transaction whose commit-ok had come, that are not in both targets, or
 *           still in the source
 *
 * All must be 0; where no commit-ok came all of a transaction may be there, or nothing.
 *
 * loop=outside acks as it consumes, outside the transaction, and loop=twice commits between the two
 * targets: with expect=torn they show that what must not be would be seen.  command= starts another
 * broker (it listens on port=, lets guest in and finds its data again); then its process group is
 * killed. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "amqp/props.h"
#include "base/die.h"
#include "base/mem.h"
#include "tests/wire/wire.h"

enum {
	WORKERS = 4,
	TARGETS = 2,
	BATCH_MOST = 8,          /* messages of a transaction */
	PREFETCH = 100,
	OPEN_MOST = 1024,
	LABEL_BYTES = 16,        /* of a body: number and transaction, in hex; then filler */
	BODY_MOST = 4096,
	DIAL_US = 2000,
};

static struct {
	const char *broker, *data, *preload, *segment, *command, *loop, *expect;
	uint64_t port, kills, seed, load_ms, fill, patience_s;
} options = { .broker = "build/leveret", .data = "build/tx-data", .preload = "", .segment = "4MB",
	          .loop = "tx", .expect = "nothing", .port = 5699, .kills = 10, .load_ms = 280,
	          .fill = 5000, .patience_s = 120 };

static const char source[] = "tx.source";
static const char *const targets[TARGETS] = { "tx.left", "tx.right" };

/* What the queues were found to have in the end. */
struct message {
	uint32_t in_source, in_target[TARGETS];
	bool committed;
};

struct transaction {
	uint32_t numbers[BATCH_MOST];
	uint32_t n, seen;
	bool committed;
};

struct worker {
	struct wire wire;
	struct {
		uint64_t tag;
		uint32_t number;
	} open[OPEN_MOST];       /* a ring of deliveries, from first on */
	uint32_t first, n_open;
	uint32_t now;            /* the transaction under way, once its commit was sent */
	int awaits;              /* commit-oks */
};

static struct worker workers[WORKERS];
static struct message *messages;
static struct transaction *transactions;
static uint32_t n_messages, n_transactions, room_messages, room_transactions;
static uint32_t n_kills, n_commits;
static uint64_t dice_state, failures;
static pid_t broker;

static uint64_t dice(uint64_t n)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 7;
	dice_state ^= dice_state << 17;
	return (dice_state >> 20) % n;
}

static bool loop_is(const char *name)
{
	return strcmp(options.loop, name) == 0;
}

static bool expects_torn(void)
{
	return strcmp(options.expect, "torn") == 0;
}

__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
	__builtin_va_list args;
	if (failures++ > 20 || expects_torn())
		return;
	printf("FAIL kill %u: ", n_kills);
	__builtin_va_start(args, format);
	vprintf(format, args);
	__builtin_va_end(args);
	printf("\n");
}

/* ---- the broker ---- */

static void exec_broker(void)
{
	char listen[40], data[512], segment[64], command[1024];
	snprintf(listen, sizeof listen, "listeners.tcp.1=127.0.0.1:%u", (unsigned)options.port);
	snprintf(data, sizeof data, "data_dir=%s", options.data);
	snprintf(segment, sizeof segment, "log_segment_size=%s", options.segment);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);   /* it does not outlive an interrupted run */
	if (options.preload[0])
		setenv("LD_PRELOAD", options.preload, 1);
	if (options.command) {
		snprintf(command, sizeof command, "exec %s > /dev/null 2>&1", options.command);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	}
	execl(options.broker, options.broker, listen, data, segment, "log.console.level=error",
	      (char *)NULL);
	_exit(127);
}

static void start(void)
{
	fflush(stdout);
	broker = fork();
	if (broker == 0)
		exec_broker();
	setpgid(broker, broker);
}

static void killed(void)
{
	kill(-broker, SIGKILL);
	waitpid(broker, NULL, 0);
	broker = 0;
}

/* Until somebody listens. */
static bool dial(struct wire *w)
{
	uint64_t limit = wire_now_us() + options.patience_s * 1000000;
	while (!wire_open(w, (uint16_t)options.port)) {
		if (wire_now_us() > limit) {
			complain("the broker does not start: %s", w->why);
			return false;
		}
		wire_close(w);
		usleep(DIAL_US);
	}
	return true;
}

/* ---- the source ---- */

static void encode_publish(struct buf *out, const char *queue, uint32_t number,
                           uint32_t transaction, size_t n)
{
	static char body[BODY_MOST + 1];
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .routing_key = slice_str(queue) } };
	struct props props = { .class_id = CLASS_BASIC, .body_bytes = n, .flags = PROP_delivery_mode,
		                   .delivery_mode = 2 };
	memset(body, 'x', sizeof body);
	snprintf(body, sizeof body, "%08x%08x", number, transaction);
	body[LABEL_BYTES] = 'x';
	method_encode(out, 1, &m);
	size_t mark = frame_begin(out, FRAME_HEADER, 1);
	props_encode(out, &props);
	frame_end(out, mark);
	frame_write(out, FRAME_BODY, 1, slice_of(body, n));
}

static bool send_out(struct wire *w)
{
	while (w->out.len)
		if (!wire_write(w))
			return false;
	return true;
}

static bool declare(struct wire *w, const char *name)
{
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str(name), .durable = true } };
	return wire_call(w, &m, METHOD_queue_declare_ok);
}

static bool commit_and_wait(struct wire *w)
{
	struct method commit = { .id = METHOD_tx_commit };
	return send_out(w) && wire_call(w, &commit, METHOD_tx_commit_ok);
}

static bool fill(void)
{
	struct wire w;
	struct method select = { .id = METHOD_tx_select };
	bool ok = dial(&w) && declare(&w, source) && declare(&w, targets[0]) &&
	          declare(&w, targets[1]) && wire_call(&w, &select, METHOD_tx_select_ok);
	for (uint64_t i = 0; ok && i < options.fill; i++) {
		if (n_messages == room_messages) {
			room_messages = room_messages ? 2 * room_messages : 65536;
			messages = mem_realloc(messages, room_messages * sizeof *messages);
		}
		messages[n_messages] = (struct message){ 0 };
		encode_publish(&w.out, source, n_messages++, 0, LABEL_BYTES);
	}
	ok = ok && commit_and_wait(&w);
	if (!ok)
		complain("filling the source: %s", w.why);
	wire_close(&w);
	return ok;
}

/* ---- the workers ---- */

static bool open_worker(struct worker *k)
{
	struct method select = { .id = METHOD_tx_select };
	struct method qos = { .id = METHOD_basic_qos, .basic_qos = { .prefetch_count = PREFETCH } };
	struct method consume = { .id = METHOD_basic_consume,
		                      .basic_consume = { .queue = slice_str(source), .no_wait = true,
		                                         .consumer_tag = slice_str("worker"),
		                                         .no_ack = loop_is("outside") } };
	*k = (struct worker){ 0 };
	bool ok = dial(&k->wire) && wire_call(&k->wire, &select, METHOD_tx_select_ok) &&
	          wire_call(&k->wire, &qos, METHOD_basic_qos_ok) && wire_call(&k->wire, &consume, 0);
	if (ok)
		wire_unblock(&k->wire);
	else
		complain("a worker: %s", k->wire.why);
	return ok;
}

static void publish(struct worker *k, int target)
{
	struct transaction *t = &transactions[k->now];
	for (uint32_t i = 0; i < t->n; i++) {
		size_t n = LABEL_BYTES + (dice(8) ? 0 : dice(BODY_MOST - LABEL_BYTES));
		encode_publish(&k->wire.out, targets[target], t->numbers[i], k->now, n);
	}
}

static void commit(struct worker *k)
{
	struct method m = { .id = METHOD_tx_commit };
	method_encode(&k->wire.out, 1, &m);
	k->awaits = 1;
}

static void ack(struct worker *k, uint64_t tag, bool multiple)
{
	struct method m = { .id = METHOD_basic_ack,
		                .basic_ack = { .delivery_tag = tag, .multiple = multiple } };
	if (!loop_is("outside"))
		method_encode(&k->wire.out, 1, &m);
}

/* One by one, or all with the last. */
static void ack_all(struct worker *k)
{
	bool multiple = dice(2);
	struct transaction *t = &transactions[k->now];
	for (uint32_t i = 0; i < t->n; i++) {
		if (!multiple || i + 1 == t->n)
			ack(k, k->open[k->first].tag, multiple);
		k->first = (k->first + 1) % OPEN_MOST;
	}
	k->n_open -= t->n;
}

static void finish(struct worker *k)
{
	publish(k, 1);
	ack_all(k);
	commit(k);
}

static void begin(struct worker *k)
{
	uint32_t n = 1 + (uint32_t)dice(BATCH_MOST);
	if (n_transactions == room_transactions) {
		room_transactions = room_transactions ? 2 * room_transactions : 65536;
		transactions = mem_realloc(transactions, room_transactions * sizeof *transactions);
	}
	struct transaction *t = &transactions[n_transactions];
	*t = (struct transaction){ .n = n < k->n_open ? n : k->n_open };
	for (uint32_t i = 0; i < t->n; i++)
		t->numbers[i] = k->open[(k->first + i) % OPEN_MOST].number;
	k->now = n_transactions++;
	publish(k, 0);
	if (loop_is("twice"))
		commit(k);
	else
		finish(k);
	k->awaits += loop_is("twice");
}

static void on_commit_ok(struct worker *k)
{
	struct transaction *t = &transactions[k->now];
	if (k->awaits == 0) {
		complain("a commit-ok that nobody asked for");
	} else if (--k->awaits) {
		finish(k);
	} else {
		t->committed = true;
		n_commits++;
		for (uint32_t i = 0; i < t->n; i++)
			messages[t->numbers[i]].committed = true;
	}
}

static bool read_label(struct slice body, uint32_t *number, uint32_t *transaction)
{
	char text[LABEL_BYTES + 1] = "";
	memcpy(text, body.p, body.n < LABEL_BYTES ? body.n : LABEL_BYTES);
	return sscanf(text, "%8x%8x", number, transaction) == 2 && *number < n_messages;
}

static void on_delivery(struct worker *k, uint64_t tag, struct slice body)
{
	uint32_t number, none;
	if (!read_label(body, &number, &none)) {
		complain("a delivery that was never published");
		return;
	}
	if (k->n_open == OPEN_MOST) {
		must(loop_is("outside"));   /* acked and dropped: lost */
		return;
	}
	uint32_t at = (k->first + k->n_open++) % OPEN_MOST;
	k->open[at].tag = tag;
	k->open[at].number = number;
	if (messages[number].committed)
		complain("message %u comes again after a commit-ok", number);
}

/* Bodies above one frame do not occur. False when a delivery is not yet whole. */
static bool hear_frame(struct worker *k, struct slice *rest, const struct frame *f)
{
	struct frame header, body;
	struct method m = { 0 };
	bool ok = f->type == FRAME_METHOD && method_decode(f->payload, &m) == METHOD_OK;
	if (ok && m.id == METHOD_tx_commit_ok)
		on_commit_ok(k);
	else if (!ok || m.id != METHOD_basic_deliver)
		complain("a worker hears something unexpected (%x)", m.id);
	else if (!wire_next(rest, &header) || !wire_next(rest, &body))
		return false;
	else
		on_delivery(k, m.basic_deliver.delivery_tag, body.payload);
	return true;
}

static void hear(struct worker *k)
{
	struct slice rest = buf_slice(&k->wire.in), before = rest;
	for (struct frame f; before = rest, wire_next(&rest, &f);)
		if (!hear_frame(k, &rest, &f))
			break;
	wire_done(&k->wire, before);
}

/* One look at all sockets. False when a peer was lost. */
static bool move(void)
{
	struct pollfd fds[WORKERS];
	for (int i = 0; i < WORKERS; i++) {
		struct wire *w = &workers[i].wire;
		fds[i] = (struct pollfd){ w->fd, w->out.len ? POLLIN | POLLOUT : POLLIN, 0 };
	}
	poll(fds, WORKERS, 1);
	for (int i = 0; i < WORKERS; i++) {
		struct worker *k = &workers[i];
		if (fds[i].revents & (POLLIN | POLLHUP | POLLERR)) {
			if (!wire_read(&k->wire))
				return false;
			hear(k);
		}
		if (!k->awaits && k->n_open)
			begin(k);
		if (!wire_write(&k->wire))
			return false;
	}
	return true;
}

/* ---- rounds ---- */

/* What had arrived before the kill still counts: it was promised. */
static void hang_up(struct worker *k)
{
	while (k->wire.fd >= 0 && poll(&(struct pollfd){ k->wire.fd, POLLIN, 0 }, 1, 0) > 0)
		if (!wire_read(&k->wire))
			break;
	hear(k);
	wire_close(&k->wire);
}

static bool run_round(void)
{
	start();
	bool ok = fill();
	for (int i = 0; i < WORKERS && ok; i++)
		ok = open_worker(&workers[i]);
	uint64_t until = wire_now_us() + 1000 * (20 + dice(options.load_ms + 1));
	while (ok && wire_now_us() < until)
		ok = move();
	if (!ok)
		complain("the broker hung up before it was killed");
	killed();
	n_kills++;
	for (int i = 0; i < WORKERS; i++)
		hang_up(&workers[i]);
	return ok;
}

/* ---- reckoning ---- */

static void note_found(int target, struct slice body)
{
	uint32_t number, transaction;
	if (!read_label(body, &number, &transaction) ||
	    (target >= 0 && transaction >= n_transactions)) {
		complain("a message that was never published");
	} else if (target < 0) {
		messages[number].in_source++;
	} else {
		messages[number].in_target[target]++;
		transactions[transaction].seen++;
	}
}

/* Everything in a queue, up to a message that is put behind all others. */
static void gather(const char *name, int target)
{
	static const char last[] = "the last message";
	struct method publish = { .id = METHOD_basic_publish,
		                      .basic_publish = { .routing_key = slice_str(name) } };
	struct props props = { .class_id = CLASS_BASIC, .body_bytes = sizeof last };
	struct method consume = { .id = METHOD_basic_consume,
		                      .basic_consume = { .queue = slice_str(name), .no_ack = true,
		                                         .no_wait = true } };
	struct wire w;
	bool done = !dial(&w);
	method_encode(&w.out, 1, &publish);
	size_t mark = frame_begin(&w.out, FRAME_HEADER, 1);
	props_encode(&w.out, &props);
	frame_end(&w.out, mark);
	frame_write(&w.out, FRAME_BODY, 1, slice_of(last, sizeof last));
	method_encode(&w.out, 1, &consume);
	done = done || !send_out(&w);
	while (!done && wire_read(&w)) {
		struct slice rest = buf_slice(&w.in);
		for (struct frame f; wire_next(&rest, &f);) {
			if (f.type != FRAME_BODY)
				continue;
			if (slice_eq(f.payload, slice_of(last, sizeof last)))
				done = true;
			else
				note_found(target, f.payload);
		}
		wire_done(&w, rest);
	}
	if (!done)
		complain("%s could not be emptied", name);
	wire_close(&w);
}

struct sums {
	uint64_t half, split, twice, lost, undone, unknown, applied;
};

static uint64_t beyond_first(uint32_t n)
{
	return n > 1 ? n - 1 : 0;
}

static void sum_messages(struct sums *s)
{
	for (uint32_t i = 0; i < n_messages; i++) {
		const struct message *m = &messages[i];
		bool any = m->in_target[0] || m->in_target[1], both = m->in_target[0] && m->in_target[1];
		s->split += m->in_source && any;
		s->lost += !m->in_source && !any;
		s->twice += beyond_first(m->in_source) + beyond_first(m->in_target[0]) +
		            beyond_first(m->in_target[1]);
		s->undone += m->committed && (!both || m->in_source);
	}
}

static void sum_transactions(struct sums *s)
{
	for (uint32_t i = 0; i < n_transactions; i++) {
		const struct transaction *t = &transactions[i];
		s->half += t->seen && t->seen < TARGETS * t->n;
		s->unknown += !t->committed;
		s->applied += !t->committed && t->seen == TARGETS * t->n;
	}
}

static uint64_t report(void)
{
	struct sums s = { 0 };
	sum_messages(&s);
	sum_transactions(&s);
	printf("seed=%llu kills=%u messages=%u commits=%u unknown=%llu of_these_applied=%llu half=%llu "
	       "split=%llu lost=%llu twice=%llu undone=%llu failures=%llu\n",
	       (unsigned long long)options.seed, n_kills, n_messages, n_commits,
	       (unsigned long long)s.unknown, (unsigned long long)s.applied,
	       (unsigned long long)s.half, (unsigned long long)s.split, (unsigned long long)s.lost,
	       (unsigned long long)s.twice, (unsigned long long)s.undone,
	       (unsigned long long)failures);
	return s.half + s.split + s.lost + s.twice + s.undone;
}

static int run(void)
{
	while (n_kills < options.kills && run_round())
		;
	start();
	gather(source, -1);
	for (int i = 0; i < TARGETS; i++)
		gather(targets[i], i);
	killed();
	uint64_t torn = report();
	return expects_torn() ? torn == 0 : torn || failures;
}

static bool set_option(const char *arg)
{
	const char *value = strchr(arg, '=');
	const struct {
		const char *name;
		const char **text;
		uint64_t *number;
	} all[] = {
		{ "broker", &options.broker, NULL },
		{ "data", &options.data, NULL },
		{ "preload", &options.preload, NULL },
		{ "segment", &options.segment, NULL },
		{ "command", &options.command, NULL },
		{ "loop", &options.loop, NULL },
		{ "expect", &options.expect, NULL },
		{ "port", NULL, &options.port },
		{ "kills", NULL, &options.kills },
		{ "seed", NULL, &options.seed },
		{ "load_ms", NULL, &options.load_ms },
		{ "fill", NULL, &options.fill },
		{ "patience_s", NULL, &options.patience_s },
	};
	for (size_t i = 0; value && i < ARRAY_LEN(all); i++) {
		if (!slice_is(slice_of(arg, (size_t)(value - arg)), all[i].name))
			continue;
		if (all[i].text)
			*all[i].text = value + 1;
		else
			*all[i].number = strtoull(value + 1, NULL, 0);
		return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!set_option(argv[i])) {
			fprintf(stderr, "usage: tx [kills=N] [seed=N] [load_ms=N] [fill=MESSAGES A ROUND]\n"
			                "          [port=N] [data=DIR] [broker=FILE] [preload=FILE:...]\n"
			                "          [segment=BYTES] [command=TEXT] [patience_s=N]\n"
			                "          [loop=tx|outside|twice] [expect=nothing|torn]\n"
			                "kills a broker while transactions run; its data must be new\n");
			return 2;
		}
	}
	if (options.seed == 0)
		options.seed = wire_now_us();
	dice_state = options.seed * 0x9E3779B97F4A7C15u + 1;
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < WORKERS; i++)
		workers[i].wire.fd = -1;
	return run();
}
