/* SPDX-License-Identifier: Apache-2.0 */
/* kill -9 under load, again and again on one data directory.  Four confirmed publishers and two
 * consumers work against a broker that is killed at a random moment and started anew; then what
 * was promised is compared with what comes out:
 *
 *   - every confirmed message comes to each of its queues and stays there until it is acked: one
 *     that had been delivered but not acked at a kill must come again,
 *   - the messages of one publisher leave a queue in the order they were published, in each round
 *     and, those that come for the first time, over all rounds,
 *   - a message comes twice only if it was unacked at the kill, or acked less than 50 ms before the
 *     newest message that was confirmed had been published,
 *
 * aside=1 puts a message into a queue that nobody reads in each round: they must be there at the
 * end, in order, and the log must not have kept everything since the first.
 *
 * aim=1 has each broker die by itself at a call to the disk that is chosen for it (aimed.c, to be
 * preloaded): between write and sync, while a summary is written, while part of the log is given
 * up, in the middle of a start.
 *
 * mode=slow measures instead how long the confirms of persistent messages take (slow_sync.c).
 * expect=loss turns the verdict around: it is what a broker that does not sync must show on a disk
 * that forgets (lossy_disk.c). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "amqp/props.h"
#include "base/die.h"
#include "base/endian.h"
#include "base/mem.h"
#include "tests/kill/harness.h"

enum {
	PUBLISHERS = 4,
	CONSUMERS = 2,
	QUEUES = 4,
	WINDOW = 60,             /* unconfirmed publishes of one publisher */
	LABEL_BYTES = 24,        /* the message id: publisher, sequence, bytes of the body, in hex */
	MAX_BODY = 65536,
	ACK_GRACE_US = 50000,
	SYNC_US = 50000,         /* that slow_sync.c adds */
	READY_MS = 60000,
	PATIENCE_US = 60000000,
	SHRINK_MS = 20000,       /* for giving back what a busy machine has left behind */
	SEGMENTS_MOST = 12,      /* that an almost empty broker may keep beside those put aside ... */
	ROUNDS_EACH = 6,         /* ... and one more for so many rounds: a short one is mostly alive */
};

static struct {
	const char *broker, *data, *preload, *durability, *mode, *segment, *expect, *memory;
	const char *says;        /* what the line that says ready must have in it */
	uint64_t port, rounds, seed, load_ms, aside, aim;
} options = { .broker = "build/leveret", .data = "build/kill-data", .preload = "",
	          .durability = "fsync", .mode = "kill", .segment = "4MB", .expect = "nothing",
	          .memory = "0", .says = "", .port = 5699, .rounds = 40, .load_ms = 280 };

/* One message in one of its queues. */
struct fate {
	uint32_t round;          /* in which it was delivered last; 0: never */
	uint32_t acked_round;    /* in which its last delivery was acked; 0: it is not */
	uint32_t acked_us;       /* since that round began */
};

struct sent {
	bool confirmed;
	uint32_t published_us;   /* since the round began */
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
static struct {
	uint64_t began_us;
	uint32_t killed_us, confirm_us;          /* since then; confirm: the last that came */
	uint32_t safe_us;                        /* when the newest that is confirmed was published */
} rounds[1 << 20];
static int64_t last_seen[QUEUES][PUBLISHERS];    /* in this round */
static int64_t newest_seen[QUEUES][PUBLISHERS];  /* in any round */
static uint32_t this_round, n_kills, n_aimed;
static uint64_t n_confirmed, n_delivered, n_again, failures;
static bool refused;                 /* the broker did not start again */
static bool fell;                    /* it died in this round, as it was to */
static pid_t broker;

static const char *const queue_names[QUEUES] = { "kill.0", "kill.1", "kill.2", "kill.3" };
/* Publisher 2 goes through a fanout exchange to two queues. */
static const int publisher_queues[PUBLISHERS][2] = { { 0, -1 }, { 1, -1 }, { 2, 3 }, { 0, -1 } };
static const int consumer_queues[CONSUMERS][2] = { { 0, 2 }, { 1, 3 } };

static bool expects_loss(void)
{
	return strcmp(options.expect, "loss") == 0;
}

static uint32_t round_us(void)
{
	return (uint32_t)(wire_now_us() - rounds[this_round].began_us);
}

__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
	__builtin_va_list args;
	if (failures++ > 20 || expects_loss())
		return;
	printf("FAIL round %u: ", this_round);
	__builtin_va_start(args, format);
	vprintf(format, args);
	__builtin_va_end(args);
	printf("\n");
}

/* ---- the broker ---- */

/* How many calls of each kind a round has, about. */
static void take_aim(void)
{
	static const struct {
		const char *call;
		unsigned most;
	} aims[] = { { "sync", 300 }, { "synced", 300 }, { "summary", 6 }, { "rename", 12 },
		         { "unlink", 12 }, { "read", 60 } };
	char aim[32];
	size_t i = dice(ARRAY_LEN(aims));
	snprintf(aim, sizeof aim, "%s:%u", aims[i].call, 1 + (unsigned)dice(aims[i].most));
	setenv("AIM", aim, 1);
}

/* Has it died of its own hand?  A socket may know before the process is gone. */
static bool has_fallen(void)
{
	int status;
	for (int i = 0; options.aim && broker && !fell && i < 100; i++, usleep(1000))
		if (waitpid(broker, &status, WNOHANG) == broker) {
			fell = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
			broker = 0;
			n_aimed += fell;
			if (!fell)
				complain("the broker ended with status %d", status);
		}
	return fell;
}

static void exec_broker(int log)
{
	char listen[40], data[512], durability[64], segment[64], memory[64];
	snprintf(listen, sizeof listen, "listeners.tcp.1=127.0.0.1:%u", (unsigned)options.port);
	snprintf(data, sizeof data, "data_dir=%s", options.data);
	snprintf(durability, sizeof durability, "durability=%s", options.durability);
	snprintf(memory, sizeof memory, "message_memory=%s", options.memory);
	snprintf(segment, sizeof segment, "log_segment_size=%s", options.segment);
	dup2(log, 2);
	prctl(PR_SET_PDEATHSIG, SIGKILL);   /* it does not outlive an interrupted run */
	if (options.preload[0])
		setenv("LD_PRELOAD", options.preload, 1);
	execl(options.broker, options.broker, listen, data, durability, segment, memory,
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
		if (strstr(text, " ready") && strstr(text, "started in"))
			break;
	}
	text[n] = 0;
	if (strstr(text, " ready") && strstr(text, options.says))
		return true;
	if (has_fallen())
		return false;
	complain("the broker does not start, or not as it should: %s", text);
	refused = true;
	return false;
}

/* What it logs afterwards nobody reads: the pipe must not fill up. */
static bool start(void)
{
	int log[2];
	must(pipe2(log, O_CLOEXEC) == 0);
	fflush(stdout);
	fell = false;
	if (options.aim && this_round <= options.rounds)
		take_aim();
	else
		unsetenv("AIM");
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
	bool ok = wire_open(&p->wire, (uint16_t)options.port) &&
	          (p != publishers || declare(&p->wire)) &&
	          wire_call(&p->wire, &select, METHOD_confirm_select_ok);
	if (ok)
		wire_unblock(&p->wire);
	else if (!has_fallen())
		complain("a publisher: %s", p->wire.why);
	return ok;
}

static bool open_consumer(struct consumer *c, int number)
{
	struct method qos = { .id = METHOD_basic_qos, .basic_qos = { .prefetch_count = 500 } };
	c->last_tag = c->acked_tag = 0;
	bool ok = wire_open(&c->wire, (uint16_t)options.port) &&
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
	else if (!has_fallen())
		complain("a consumer: %s", c->wire.why);
	return ok;
}

/* ---- publishing ---- */

/* 1 byte to 64 KiB, most of them small. */
static size_t body_size(void)
{
	switch (dice(32)) {
	case 0 ... 1: return MAX_BODY - dice(MAX_BODY * 3 / 4);
	case 2 ... 7: return 500 + dice(4000);
	default: return 1 + dice(200);
	}
}

/* Each byte of a body depends on the message, so that bytes of another do not pass. */
static uint8_t body_byte(uint32_t publisher, uint32_t sequence)
{
	return (uint8_t)(sequence * 31 + publisher * 7 + 1);
}

static void encode_publish(struct buf *out, const struct method *m, const struct props *props,
                           uint8_t fill_with)
{
	static uint8_t body[MAX_BODY];
	memset(body, fill_with, props->body_bytes);
	method_encode(out, 1, m);
	size_t mark = frame_begin(out, FRAME_HEADER, 1);
	props_encode(out, props);
	frame_end(out, mark);
	frame_write(out, FRAME_BODY, 1, slice_of(body, props->body_bytes));
}

static void publish(struct publisher *p, bool persistent)
{
	char label[LABEL_BYTES + 1];
	int number = (int)(p - publishers);
	size_t n = body_size();
	struct slice name = slice_str(queue_names[publisher_queues[number][0]]);
	struct method m = { .id = METHOD_basic_publish, .basic_publish = { .routing_key = name } };
	if (publisher_queues[number][1] >= 0)
		m.basic_publish.exchange = slice_str("kill.fan");
	struct props props = { .class_id = CLASS_BASIC, .body_bytes = n,
		                   .flags = PROP_delivery_mode | PROP_message_id,
		                   .delivery_mode = persistent ? 2 : 1,
		                   .message_id = slice_of(label, LABEL_BYTES) };
	snprintf(label, sizeof label, "%08x%08x%08x", (unsigned)number, p->n, (unsigned)n);
	encode_publish(&p->wire.out, &m, &props, body_byte((uint32_t)number, p->n));
	if (p->n == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 4096;
		p->sent = mem_realloc(p->sent, p->cap * sizeof *p->sent);
	}
	p->sent[p->n++] = (struct sent){ .published_us = round_us() };
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
	rounds[this_round].confirm_us = round_us();
	uint32_t published = p->sent[p->first + tag - 1].published_us;
	if (published > rounds[this_round].safe_us)
		rounds[this_round].safe_us = published;
	n_confirmed += tag - p->confirmed;
	p->confirmed = (uint32_t)tag;
}

/* The reason, when it is the broker that hangs up. */
static struct slice closing_text(struct slice payload)
{
	struct method m;
	bool closes = method_decode(payload, &m) == METHOD_OK &&
	              (m.id == METHOD_channel_close || m.id == METHOD_connection_close);
	return closes ? m.connection_close.reply_text : slice_str("?");
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
			complain("publisher %d: a frame that is no confirm: %.*s", (int)(p - publishers),
			         SLICE_ARG(closing_text(f.payload)));
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
	if (f->acked_round == 0)
		return true;
	/* What was published after the ack is safe, and so the ack must be: that is what counts, and
	 * not the moment of the kill, for a disk may have stood still before it. */
	return rounds[f->acked_round].safe_us < f->acked_us + ACK_GRACE_US;
}

/* From the last confirm to the kill. */
static uint32_t silence_us(uint32_t round)
{
	uint32_t kill = rounds[round].killed_us, confirm = rounds[round].confirm_us;
	return confirm < kill ? kill - confirm : 0;
}

/* The time of the last confirm tells a lost ack from a disk on which nothing became durable. */
static void complain_again(const struct fate *f, int queue, uint32_t p, uint32_t sequence)
{
	uint32_t before = rounds[f->acked_round].killed_us - f->acked_us;
	if (f->round == this_round)
		complain("queue %d: message %u of publisher %u twice", queue, sequence, p);
	else
		complain("queue %d: message %u of publisher %u again: acked %u us before the kill, the "
		         "last confirm %u us before it",
		         queue, sequence, p, before, silence_us(f->acked_round));
}

static void check_order(const struct fate *f, int queue, uint32_t p, uint32_t sequence)
{
	if ((int64_t)sequence <= last_seen[queue][p])
		complain("queue %d: message %u of publisher %u after %lld", queue, sequence, p,
		         (long long)last_seen[queue][p]);
	if (f->round == 0 && (int64_t)sequence <= newest_seen[queue][p])
		complain("queue %d: message %u of publisher %u comes for the first time, %lld did before",
		         queue, sequence, p, (long long)newest_seen[queue][p]);
	last_seen[queue][p] = sequence;
	if (f->round == 0)
		newest_seen[queue][p] = sequence;
}

static bool is_whole(uint32_t p, uint32_t sequence, uint32_t bytes, struct slice body)
{
	uint8_t b = body_byte(p, sequence);
	return body.n == bytes && body.n && body.p[0] == b &&
	       memcmp(body.p, body.p + 1, body.n - 1) == 0;
}

static void on_message(struct consumer *c, int queue, struct slice label, struct slice body)
{
	char text[LABEL_BYTES + 1] = "";
	unsigned p, sequence, bytes;
	memcpy(text, label.p, label.n == LABEL_BYTES ? label.n : 0);
	bool known = sscanf(text, "%8x%8x%8x", &p, &sequence, &bytes) == 3 && p < PUBLISHERS &&
	             sequence < publishers[p].n &&
	             (publisher_queues[p][0] == queue || publisher_queues[p][1] == queue);
	if (!known) {
		complain("queue %d: a message that was never sent to it", queue);
		return;
	}
	if (!is_whole(p, sequence, bytes, body))
		complain("queue %d: message %u of publisher %u has another body", queue, sequence, p);
	struct fate *f = fate_of(p, sequence, queue);
	check_order(f, queue, p, sequence);
	if (f->round && !may_come_again(f))
		complain_again(f, queue, p, sequence);
	n_again += f->round != 0;
	n_delivered++;
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
	uint32_t now = round_us();
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
		struct props props = { 0 };
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
		if (!props_decode(header.payload, &props))
			complain("the properties of a message are damaged");
		on_message(c, m.basic_deliver.consumer_tag.p[0] - '0', props.message_id, body.payload);
	}
	wire_done(&c->wire, rest);
	/* Where a loss must show, nothing is acked before it: it would not be missed. */
	bool acks = !expects_loss() || this_round > options.rounds;
	if (acks && c->last_tag - c->acked_tag > dice(300))
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

static void end_round(void)
{
	rounds[this_round].killed_us = round_us();
	if (!fell)
		stop(SIGKILL);
	n_kills++;
	disconnect_all();
}

/* Nothing can be lost before something was confirmed. */
static bool is_early(uint32_t until)
{
	return round_us() < until || (expects_loss() && n_confirmed == 0 && round_us() < PATIENCE_US);
}

static void round_of_load(void)
{
	uint32_t until = 1000 * (20 + (uint32_t)dice(options.load_ms + 1));
	while (is_early(until))
		if (!move(true, 1)) {
			if (!has_fallen())
				complain("the broker hung up before it was killed");
			break;
		}
	end_round();
}

/* Whether any of the queues has a message that was not delivered. */
static bool has_more(void)
{
	struct wire w = { .fd = -1 };
	bool more = false, ok = wire_open(&w, (uint16_t)options.port);
	for (int i = 0; i < QUEUES && ok && !more; i++) {
		struct frame f;
		struct slice rest;
		struct method answer, m = { .id = METHOD_queue_declare,
			                        .queue_declare = { .queue = slice_str(queue_names[i]),
			                                           .passive = true } };
		ok = wire_call(&w, &m, 0) && wire_await(&w, &f, 1, &rest) &&
		     method_decode(f.payload, &answer) == METHOD_OK &&
		     answer.id == METHOD_queue_declare_ok;
		more = ok && answer.queue_declare_ok.message_count > 0;
		if (ok)
			wire_done(&w, rest);
	}
	wire_close(&w);
	return more;
}

/* Everything that is left is consumed.  Silence for a second is the end, when the broker has no
 * more. */
static void drain(void)
{
	uint64_t quiet_since = wire_now_us(), seen = n_delivered;
	for (;;) {
		uint64_t quiet_us = wire_now_us() - quiet_since;
		if (quiet_us >= PATIENCE_US || (quiet_us >= 1000000 && !has_more()))
			return;
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

/* After the drain every confirmed message was acked in its last delivery, or it is lost. */
static uint64_t count_lost(void)
{
	uint64_t lost = 0;
	for (uint32_t p = 0; p < PUBLISHERS; p++)
		for (uint32_t i = 0; i < publishers[p].n; i++)
			for (int k = 0; k < 2; k++) {
				const struct fate *f = &publishers[p].sent[i].fates[k];
				bool missing = publisher_queues[p][k] >= 0 && publishers[p].sent[i].confirmed &&
				               !f->acked_round;
				lost += missing;
				if (missing && lost < 10 && !expects_loss())
					printf("FAIL message %u of publisher %u was confirmed and is lost from queue "
					       "%d; last delivered in round %u\n",
					       i, p, publisher_queues[p][k], f->round);
			}
	return lost;
}

/* ---- the queue that nobody reads ---- */

static uint8_t aside_letter(uint32_t round)
{
	return (uint8_t)('a' + round % 26);
}

static bool put_aside(void)
{
	struct wire w = { .fd = -1 };
	struct buf publish = { 0 };
	struct method q = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str("kill.aside"), .durable = true } };
	struct method select = { .id = METHOD_tx_select }, commit = { .id = METHOD_tx_commit };
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .routing_key = slice_str("kill.aside") } };
	struct props props = { .class_id = CLASS_BASIC, .body_bytes = 5, .flags = PROP_delivery_mode,
		                   .delivery_mode = 2 };
	encode_publish(&publish, &m, &props, aside_letter(this_round));
	bool ok = wire_open(&w, (uint16_t)options.port) && wire_call(&w, &q, METHOD_queue_declare_ok) &&
	          wire_call(&w, &select, METHOD_tx_select_ok) &&
	          wire_send(&w, publish.p, publish.len) == (ssize_t)publish.len &&
	          wire_call(&w, &commit, METHOD_tx_commit_ok);
	if (!ok)
		complain("the queue aside: %s", w.why);
	wire_close(&w);
	buf_free(&publish);
	return ok;
}

static unsigned count_segments(void)
{
	unsigned n = 0;
	DIR *dir = opendir(options.data);
	for (struct dirent *e; dir && (e = readdir(dir));)
		n += e->d_name[0] == 'w' && strstr(e->d_name, ".seg");
	if (dir)
		closedir(dir);
	return n;
}

/* The next one: its letter, or 0 when there is none. */
static bool get_aside(struct wire *w, uint8_t *letter)
{
	struct method get = { .id = METHOD_basic_get,
		                  .basic_get = { .queue = slice_str("kill.aside") } };
	struct frame f[3];   /* method, header, body */
	struct slice rest;
	if (!wire_call(w, &get, 0) || !wire_await(w, f, 1, &rest))
		return false;
	*letter = 0;
	if (get_be32(f[0].payload.p) == METHOD_basic_get_empty) {
		wire_done(w, rest);
		return true;
	}
	if (!wire_await(w, f, 3, &rest))
		return false;
	*letter = f[2].payload.p[0];
	wire_done(w, rest);
	return true;
}

/* One of each round, in order, and no more. */
static void check_aside(void)
{
	struct wire w = { .fd = -1 };
	bool ok = wire_open(&w, (uint16_t)options.port);
	for (uint32_t i = 1; ok && i <= this_round; i++) {
		uint8_t letter, wanted = i < this_round ? aside_letter(i) : 0;
		ok = get_aside(&w, &letter);
		if (!ok)
			complain("the queue aside: %s", w.why);
		else if (letter != wanted)
			complain("aside, message %u of %u is wrong", i, this_round - 1);
	}
	wire_close(&w);
	unsigned n = count_segments(), most = SEGMENTS_MOST + this_round / ROUNDS_EACH;
	for (int i = 0; i < SHRINK_MS / 100 && n > most; i++, n = count_segments())
		poll(NULL, 0, 100);
	if (n > most)
		complain("the log keeps %u segments for %u messages", n, this_round - 1);
}

/* A round begins when the broker is ready. */
static bool begin_round(void)
{
	bool ok = start();
	rounds[this_round].began_us = wire_now_us();
	return ok && connect_all();
}

static void report(uint64_t lost)
{
	uint64_t published = 0;
	uint32_t silence = 0;
	for (int i = 0; i < PUBLISHERS; i++)
		published += publishers[i].n;
	for (uint32_t i = 1; i <= n_kills; i++)
		silence = silence_us(i) > silence ? silence_us(i) : silence;
	printf("seed=%llu kills=%u aimed=%u published=%llu confirmed=%llu delivered=%llu again=%llu "
	       "lost=%llu failures=%llu longest_silence_us=%u\n",
	       (unsigned long long)options.seed, n_kills, n_aimed, (unsigned long long)published,
	       (unsigned long long)n_confirmed, (unsigned long long)n_delivered,
	       (unsigned long long)n_again, (unsigned long long)lost, (unsigned long long)failures,
	       silence);
}

/* Lost is counted only after a drain: before it nothing is missing yet. */
static int run_kills(void)
{
	uint64_t lost = 0;
	for (this_round = 1; this_round <= options.rounds; this_round++) {
		bool begun = begin_round() && (!options.aside || put_aside());
		if (begun)
			round_of_load();
		else if (fell)
			end_round();
		else
			break;
		if (failures && !expects_loss())
			break;
	}
	if ((failures == 0 || expects_loss()) && !refused && begin_round()) {
		drain();
		lost = count_lost();
		if (options.aside)
			check_aside();
	}
	disconnect_all();
	if (broker)
		stop(failures ? SIGKILL : SIGTERM);
	report(lost);
	return expects_loss() ? lost == 0 : lost || failures;
}

/* ---- slow syncs ---- */

/* Each publisher sends a message, waits for its confirm and then a random while, so that messages
 * come at any moment of a sync that is under way for another.  Returns how soon the soonest confirm
 * came after its publish. */
static uint64_t soonest_confirm(uint32_t messages, bool persistent)
{
	uint64_t soonest = UINT64_MAX, until = wire_now_us() + 60 * 1000000ull;
	uint64_t published[PUBLISHERS], next[PUBLISHERS] = { 0 };
	bool waits[PUBLISHERS] = { false };
	for (uint32_t done = 0; done < messages && wire_now_us() < until && failures == 0;) {
		if (!move(false, 1))
			complain("the broker hung up");
		for (int i = 0; i < PUBLISHERS; i++) {
			struct publisher *p = &publishers[i];
			uint64_t now = wire_now_us();
			if (waits[i] && p->confirmed == p->n - p->first) {
				waits[i] = false;
				soonest = now - published[i] < soonest ? now - published[i] : soonest;
				next[i] = now + dice(70000);
				done++;
			} else if (!waits[i] && now >= next[i]) {
				published[i] = now;
				publish(p, persistent);
				waits[i] = true;
			}
		}
	}
	return soonest;
}

/* expect=early: the broker does not sync, so that its confirms must beat a sync. */
static int run_slow(void)
{
	enum { MESSAGES = 300 };
	bool early = strcmp(options.expect, "early") == 0;
	uint64_t persistent = UINT64_MAX, transient = UINT64_MAX;
	this_round = 1;
	if (begin_round()) {
		transient = soonest_confirm(MESSAGES / 10, false);
		persistent = soonest_confirm(MESSAGES, true);
	}
	if ((persistent < SYNC_US) != early)
		complain("the first confirm of a persistent message came after %llu us",
		         (unsigned long long)persistent);
	if (transient >= SYNC_US)
		complain("the confirms of transient messages wait for the disk");
	disconnect_all();
	if (broker)
		stop(SIGTERM);
	printf("slow sync: of %d persistent messages the soonest confirm came after %llu us; of "
	       "transient ones after %llu us\n",
	       MESSAGES, (unsigned long long)persistent, (unsigned long long)transient);
	return failures != 0;
}

/* Each file of a list with colons. */
static bool can_preload(void)
{
	char file[512];
	for (const char *at = options.preload; *at; at += strcspn(at, ":"), at += *at == ':') {
		snprintf(file, sizeof file, "%.*s", (int)strcspn(at, ":"), at);
		if (access(file, R_OK) == 0)
			continue;
		fprintf(stderr, "kill: there is no %s to preload\n", file);
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	const struct option all[] = { { "broker", &options.broker, NULL },
		                          { "data", &options.data, NULL },
		                          { "preload", &options.preload, NULL },
		                          { "durability", &options.durability, NULL },
		                          { "mode", &options.mode, NULL },
		                          { "segment", &options.segment, NULL },
		                          { "memory", &options.memory, NULL },
		                          { "says", &options.says, NULL },
		                          { "expect", &options.expect, NULL },
		                          { "port", NULL, &options.port },
		                          { "rounds", NULL, &options.rounds },
		                          { "seed", NULL, &options.seed },
		                          { "load_ms", NULL, &options.load_ms },
		                          { "aside", NULL, &options.aside },
		                          { "aim", NULL, &options.aim } };
	if (!options_read(argc, argv, all, ARRAY_LEN(all))) {
		fprintf(stderr, "usage: kill [mode=kill|slow] [rounds=N] [seed=N] [load_ms=N]\n"
		                "            [port=N] [aside=1] [aim=1]\n"
		                "            [data=DIR] [broker=FILE] [preload=FILE:...] "
		                "[durability=fsync|os]\n"
		                "            [segment=BYTES] [memory=BYTES] [says=TEXT]\n"
		                "            [expect=nothing|loss|early]\n"
		                "kills a broker under load; the data directory must be new\n");
		return 2;
	}
	if (!can_preload())
		return 2;
	dice_begin(&options.seed);
	must(options.rounds < ARRAY_LEN(rounds) - 1);
	for (int i = 0; i < PUBLISHERS + CONSUMERS; i++)
		wire_at(i)->fd = -1;
	signal(SIGPIPE, SIG_IGN);
	memset(newest_seen, 0xff, sizeof newest_seen);
	return strcmp(options.mode, "slow") == 0 ? run_slow() : run_kills();
}
