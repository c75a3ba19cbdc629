/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a broker ever stands still.  On a connection of its own it sends a basic.get, to a small
 * queue of its own, a thousand times a second, whether those before are answered or not, and hands
 * each message back; what counts is the longest answer.
 *
 * How much of it is the machine's is told in two ways.  With pid= the kernel says how long the
 * broker's loop, and the probe, were ready to run and were not run while an answer was awaited: an
 * answer less that is the broker's own.  And a thread sleeps to the same beat and looks at the
 * clock: what it is late by is noise.
 *
 * It goes on until SIGTERM or SIGINT, or for so many seconds, and prints one line. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "amqp/props.h"
#include "base/endian.h"
#include "base/mem.h"
#include "tests/bench/bench.h"

enum {
	BEAT_US = 1000,
	RING = 1 << 16,            /* gets that may wait for their answer */
	SLOTS = 1 << 20,           /* microseconds; what is longer counts as the last */
	MESSAGES = 100,
	STALL_US = 5000,
	PATIENCE_US = 30000000,    /* for the answers that are due at the end */
};

struct times {
	uint32_t slots[SLOTS];
	uint64_t n, stalls, longest_us, longest_at_us;
};

static struct {
	uint16_t port;
	uint64_t pid, seconds;
} options = { .port = 5672 };

static struct times answers, owns, beats;
static struct {
	uint64_t at_us, waited_us;
} asked[RING];
static uint64_t sent, answered, began_us;
static int schedstats[2] = { -1, -1 };   /* of the broker's loop, of the probe */
static volatile sig_atomic_t stopped;

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

static void note(struct times *t, uint64_t us, uint64_t now)
{
	t->slots[us < SLOTS ? us : SLOTS - 1]++;
	t->n++;
	t->stalls += us > STALL_US;
	if (us <= t->longest_us)
		return;
	t->longest_us = us;
	t->longest_at_us = now;
}

static uint64_t percentile(const struct times *t, double q)
{
	uint64_t seen = 0;
	for (size_t i = 0; i < SLOTS; i++)
		if ((seen += t->slots[i]) > (uint64_t)(q * (double)t->n))
			return i;
	return 0;
}

static bool goes_on(void)
{
	return !stopped && (!options.seconds || wire_now_us() - began_us < options.seconds * 1000000);
}

/* ---- the machine ---- */

static void *beat(void *unused)
{
	prctl(PR_SET_TIMERSLACK, 1);
	for (uint64_t due = wire_now_us() + BEAT_US; goes_on(); due += BEAT_US) {
		struct timespec t = { (time_t)(due / 1000000), (long)(due % 1000000 * 1000) };
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
		uint64_t now = wire_now_us();
		note(&beats, now - due, now);
	}
	return unused;
}

static void open_schedstats(void)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%llu/task/%llu/schedstat", (unsigned long long)options.pid,
	         (unsigned long long)options.pid);
	if (!options.pid)
		return;
	schedstats[0] = open(path, O_RDONLY | O_CLOEXEC);
	schedstats[1] = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
}

/* How long both have waited for a processor so far. */
static uint64_t waited_us(void)
{
	uint64_t ns = 0;
	for (int i = 0; i < 2; i++) {
		char text[96] = "";
		unsigned long long n = 0;
		if (schedstats[i] >= 0 && pread(schedstats[i], text, sizeof text - 1, 0) > 0 &&
		    sscanf(text, "%*u %llu", &n) == 1)
			ns += n;
	}
	return ns / 1000;
}

/* ---- the broker ---- */

static void publish(struct wire *w)
{
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .routing_key = slice_str("probe") } };
	struct props props = { .class_id = CLASS_BASIC, .body_bytes = 5 };
	struct buf b = { 0 };
	props_encode(&b, &props);
	method_encode(&w->out, 1, &m);
	frame_write(&w->out, FRAME_HEADER, 1, buf_slice(&b));
	frame_write(&w->out, FRAME_BODY, 1, slice_str("probe"));
	buf_free(&b);
}

static void set_up(struct wire *w)
{
	struct method declare = { .id = METHOD_queue_declare,
		                      .queue_declare = { .queue = slice_str("probe"),
		                                         .exclusive = true } };
	if (!wire_open(w, options.port))
		bench_give_up(w, "connecting");
	bench_call(w, &declare, METHOD_queue_declare_ok);
	for (int i = 0; i < MESSAGES; i++)
		publish(w);
	wire_unblock(w);
}

static void ask(struct wire *w)
{
	struct method get = { .id = METHOD_basic_get, .basic_get = { .queue = slice_str("probe") } };
	if (sent - answered == RING)
		bench_give_up(w, "the broker does not answer");
	method_encode(&w->out, 1, &get);
	asked[sent % RING].waited_us = waited_us();
	asked[sent++ % RING].at_us = wire_now_us();
}

static void hand_back(struct wire *w, uint64_t tag)
{
	struct method m = { .id = METHOD_basic_reject,
		                .basic_reject = { .delivery_tag = tag, .requeue = true } };
	method_encode(&w->out, 1, &m);
}

static void note_answer(uint64_t now, uint64_t waited)
{
	uint64_t us = now - asked[answered % RING].at_us;
	uint64_t less = waited - asked[answered % RING].waited_us;
	note(&answers, us, now);
	note(&owns, us > less ? us - less : 0, now);
	answered++;
}

static void on_method(struct wire *w, struct slice payload, uint64_t now, uint64_t waited)
{
	uint32_t id = get_be32(payload.p);
	if (id != METHOD_basic_get_ok && id != METHOD_basic_get_empty)
		bench_give_up(w, "an answer that is none");
	note_answer(now, waited);
	if (id == METHOD_basic_get_ok)
		hand_back(w, get_be64(payload.p + 4));
}

static void hear(struct wire *w)
{
	if (!wire_read(w))
		bench_give_up(w, "the broker hung up");
	struct slice in = buf_slice(&w->in);
	uint64_t now = wire_now_us(), waited = waited_us();
	for (struct frame f; wire_next(&in, &f);)
		if (f.type == FRAME_METHOD)
			on_method(w, f.payload, now, waited);
	wire_done(w, in);
}

/* Writes, waits until it is time for the next get or an answer comes, and reads it. */
static void turn(struct wire *w, uint64_t due)
{
	if (!wire_write(w))
		bench_give_up(w, "asking");
	uint64_t now = wire_now_us(), us = due > now ? due - now : 0;
	struct timespec t = { (time_t)(us / 1000000), (long)(us % 1000000 * 1000) };
	struct pollfd fd = { w->fd, w->out.len ? POLLIN | POLLOUT : POLLIN, 0 };
	if (ppoll(&fd, 1, &t, NULL) > 0 && fd.revents & (POLLIN | POLLHUP | POLLERR))
		hear(w);
}

/* When the probe itself was late, it does not catch up: beats that were missed are left out. */
static void probe(struct wire *w)
{
	uint64_t due = wire_now_us();
	while (goes_on()) {
		uint64_t now = wire_now_us();
		if (now >= due) {
			ask(w);
			due = now - due < BEAT_US ? due + BEAT_US : now + BEAT_US;
		}
		turn(w, due);
	}
	for (uint64_t limit = wire_now_us() + PATIENCE_US; answered < sent && wire_now_us() < limit;)
		turn(w, limit);
	if (answered < sent)
		bench_give_up(w, "no answer within 30 s");
}

static void print_times(const char *what, const struct times *t)
{
	printf(" %sp50_us=%llu %sp999_us=%llu %slongest_us=%llu %sat_s=%.1f %sstalls=%llu", what,
	       (unsigned long long)percentile(t, 0.5), what, (unsigned long long)percentile(t, 0.999),
	       what, (unsigned long long)t->longest_us, what,
	       (double)(t->longest_at_us - began_us) / 1e6, what, (unsigned long long)t->stalls);
}

static void print(void)
{
	printf("gets=%llu", (unsigned long long)sent);
	print_times("", &answers);
	if (options.pid)
		print_times("own_", &owns);
	print_times("noise_", &beats);
	printf("\n");
}

static bool set(const char *arg)
{
	if (strncmp(arg, "port=", 5) == 0)
		options.port = (uint16_t)atoi(arg + 5);
	else if (strncmp(arg, "pid=", 4) == 0)
		options.pid = strtoull(arg + 4, NULL, 10);
	else if (strncmp(arg, "seconds=", 8) == 0)
		options.seconds = strtoull(arg + 8, NULL, 10);
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	struct wire w;
	pthread_t clock;
	for (int i = 1; i < argc; i++) {
		if (!set(argv[i])) {
			fprintf(stderr, "usage: probe [port=N] [pid=OF THE BROKER] [seconds=N]\n");
			return 2;
		}
	}
	signal(SIGTERM, stop);
	signal(SIGINT, stop);
	prctl(PR_SET_TIMERSLACK, 1);
	set_up(&w);
	open_schedstats();
	began_us = answers.longest_at_us = owns.longest_at_us = beats.longest_at_us = wire_now_us();
	if (pthread_create(&clock, NULL, beat, NULL))
		bench_give_up(&w, "a thread");
	probe(&w);
	pthread_join(clock, NULL);
	print();
	wire_close(&w);
	return 0;
}
