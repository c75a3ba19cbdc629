/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that come and go: each connects, logs in, opens a channel, closes in order.  With
 * hold=N so many come and stay, and what each costs the broker (pid=N) is printed. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/bench/bench.h"

enum { THREADS_MAX = 64 };

static struct {
	unsigned port, threads, seconds, hold, pid;
} options = { .port = 5672, .threads = 1, .seconds = 5 };

static uint64_t ends_us;

/* The reset at the end leaves no port waiting; the broker has answered everything by then. */
static void come_and_go(void)
{
	struct wire w;
	struct linger none = { 1, 0 };
	struct method close = { .id = METHOD_connection_close,
		                    .connection_close = { .reply_code = 200 } };
	struct buf b = { 0 };
	if (!wire_open(&w, (uint16_t)options.port))
		bench_give_up(&w, "connecting");
	method_encode(&b, 0, &close);
	buf_append_slice(&w.out, buf_slice(&b));
	buf_free(&b);
	while (w.out.len)
		if (!wire_write(&w))
			bench_give_up(&w, "closing");
	struct frame f;
	struct slice in = buf_slice(&w.in);
	while (!wire_next(&in, &f)) {
		if (!wire_read(&w))
			bench_give_up(&w, "no close-ok");
		in = buf_slice(&w.in);
	}
	setsockopt(w.fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	wire_close(&w);
}

static void *churn(void *count)
{
	while (wire_now_us() < ends_us) {
		come_and_go();
		++*(uint64_t *)count;
	}
	return NULL;
}

static void run_threads(void)
{
	pthread_t threads[THREADS_MAX];
	uint64_t counts[THREADS_MAX] = { 0 }, all = 0, began = wire_now_us();
	ends_us = began + options.seconds * 1000000ull;
	for (unsigned i = 0; i < options.threads; i++)
		pthread_create(&threads[i], NULL, churn, &counts[i]);
	for (unsigned i = 0; i < options.threads; i++) {
		pthread_join(threads[i], NULL);
		all += counts[i];
	}
	printf("threads=%u connections_per_s=%.0f verify=ok\n", options.threads,
	       (double)all * 1e6 / (double)(wire_now_us() - began));
}

static uint64_t resident_bytes(void)
{
	char path[64];
	unsigned long pages = 0;
	snprintf(path, sizeof path, "/proc/%u/statm", options.pid);
	FILE *f = fopen(path, "r");
	if (!f || fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void hold(void)
{
	struct rlimit r;
	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
	struct wire *wires = mem_zalloc(options.hold * sizeof *wires);
	uint64_t before = resident_bytes(), began = wire_now_us();
	for (unsigned i = 0; i < options.hold; i++) {
		if (!wire_open(&wires[i], (uint16_t)options.port))
			bench_give_up(&wires[i], "connecting");
		buf_free(&wires[i].in);
	}
	double seconds = (double)(wire_now_us() - began) / 1e6;
	sleep(2);
	printf("held=%u connections_per_s=%.0f resident_per_connection=%.0f verify=ok\n",
	       options.hold, options.hold / seconds,
	       ((double)resident_bytes() - (double)before) / options.hold);
	for (unsigned i = 0; i < options.hold; i++)
		wire_close(&wires[i]);
	mem_free(wires);
}

static bool set(const char *arg)
{
	return sscanf(arg, "port=%u", &options.port) == 1 ||
	       sscanf(arg, "threads=%u", &options.threads) == 1 ||
	       sscanf(arg, "seconds=%u", &options.seconds) == 1 ||
	       sscanf(arg, "hold=%u", &options.hold) == 1 || sscanf(arg, "pid=%u", &options.pid) == 1;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!set(argv[i]) || options.threads > THREADS_MAX) {
			fprintf(stderr, "usage: churn [port=N] [threads=N] [seconds=N] [hold=N] [pid=N]\n");
			return 2;
		}
	}
	if (options.hold)
		hold();
	else
		run_threads();
	return 0;
}
