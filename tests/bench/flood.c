/* SPDX-License-Identifier: Apache-2.0 */
/* A load generator that is cheaper than the broker it measures: publishes are encoded once and
 * sent again and again with only their sequence number patched, and what comes back is walked
 * frame by frame without being decoded further than needed.  One thread, poll(2), loopback.
 *
 * It checks what it measures (consumer.h); after the window everything that was published must
 * arrive and be confirmed.  Options: options.def.  Figures are one line of key=value. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "base/mem.h"
#include "tests/bench/bench.h"
#include "tests/bench/consumer.h"
#include "tests/bench/figures.h"
#include "tests/bench/options.h"
#include "tests/bench/publisher.h"
#include "tests/bench/scene.h"

enum { PAUSE_MAX_US = 20000 };

static struct publisher publishers[MAX_PEERS];
static struct consumer consumers[MAX_PEERS];

static uint64_t published(void)
{
	uint64_t n = 0;
	for (uint64_t i = 0; i < options.publishers; i++)
		n += publishers[i].published;
	return n;
}

static uint64_t delivered(void)
{
	uint64_t n = 0;
	for (uint64_t i = 0; i < options.consumers; i++)
		n += consumers[i].delivered;
	return n;
}

static uint64_t least_delivered(void)
{
	uint64_t least = UINT64_MAX;
	for (uint64_t i = 0; i < options.consumers; i++) {
		uint64_t own = consumers[i].delivered - consumers[i].before;
		least = own < least ? own : least;
	}
	return least;
}

static void begin_window(void)
{
	for (uint64_t i = 0; i < options.consumers; i++)
		consumers[i].before = consumers[i].delivered;
	figures_forget_latency();
}

static uint64_t confirmed(void)
{
	uint64_t n = 0;
	for (uint64_t i = 0; i < options.publishers; i++)
		n += publishers[i].confirmed;
	return n;
}

/* What a pace is measured of. */
static uint64_t done(void)
{
	if (!options.publishers)
		return delivered();
	return options.confirm ? confirmed() : published();
}

static struct figures_sample sample(void)
{
	return figures_sample(published(), delivered(), least_delivered());
}

/* How many deliveries one message becomes. */
static uint64_t copies(void)
{
	return options.fanout ? options.queues : 1;
}

static bool is_confirmed(void)
{
	for (uint64_t i = 0; options.confirm && i < options.publishers; i++)
		if (publishers[i].confirmed < publishers[i].published)
			return false;
	return true;
}

static bool is_drained(void)
{
	if (options.consumers == 0)
		return is_confirmed();
	uint64_t wanted = options.publishers ? published() * copies() : options.count;
	return delivered() >= wanted && is_confirmed();
}

/* ---- one turn of poll ---- */

static uint64_t pause_us(void)
{
	uint64_t us = PAUSE_MAX_US;
	for (uint64_t i = 0; i < options.publishers && options.rate; i++) {
		uint64_t own = publisher_pause_us(&publishers[i]);
		us = own < us ? own : us;
	}
	return us;
}

static void serve(const struct pollfd *fds)
{
	for (uint64_t i = 0; i < options.consumers; i++, fds++) {
		if (fds->revents & (POLLIN | POLLHUP | POLLERR))
			consumer_read(&consumers[i]);
		if (consumer_is_able(&consumers[i]))
			consumer_write(&consumers[i]);
	}
	for (uint64_t i = 0; i < options.publishers; i++, fds++) {
		if (fds->revents & (POLLIN | POLLHUP | POLLERR))
			publisher_read(&publishers[i]);
		if (fds->revents & POLLOUT)
			publisher_write(&publishers[i]);
	}
}

static struct pollfd watch(const struct wire *w, bool writes)
{
	return (struct pollfd){ w->fd, writes ? POLLIN | POLLOUT : POLLIN, 0 };
}

static void turn(void)
{
	struct pollfd fds[2 * MAX_PEERS];
	nfds_t n = 0;
	for (uint64_t i = 0; i < options.consumers; i++)
		fds[n++] = watch(&consumers[i].wire, consumer_is_able(&consumers[i]));
	for (uint64_t i = 0; i < options.publishers; i++)
		fds[n++] = watch(&publishers[i].wire, publisher_is_able(&publishers[i]));
	struct timespec t = { 0, (long)pause_us() * 1000 };
	int ready = ppoll(fds, n, &t, NULL);
	if (ready > 0)
		serve(fds);
	if (options.each)
		figures_done(done());
}

/* ---- the run ---- */

static void run_for(uint64_t us)
{
	for (uint64_t end = wire_now_us() + us; wire_now_us() < end;)
		turn();
}

/* The numbers 0 to n - 1 of each publisher have come once each, else the sums differ. */
static void check_sum(void)
{
	uint64_t sent = 0, seen = 0;
	for (uint64_t i = 0; i < options.publishers; i++)
		sent += publishers[i].published * (publishers[i].published - 1) / 2 * copies();
	for (uint64_t i = 0; i < options.consumers; i++)
		seen += consumers[i].sequences;
	if (options.publishers && options.consumers && sent != seen)
		figures_fault(FAULT_LOST);
}

static void drain(void)
{
	uint64_t limit = wire_now_us() + options.drain_s * 1000000;
	while (!is_drained() && wire_now_us() < limit)
		turn();
	if (!is_drained())
		figures_fault(FAULT_LOST);
	check_sum();
}

static int run(void)
{
	struct figures_sample begin = sample(), a = begin, b, end;
	if (options.count) {
		uint64_t limit = wire_now_us() + options.drain_s * 1000000;
		while (published() < options.count * !!options.publishers && wire_now_us() < limit)
			turn();
		drain();
		end = b = sample();
	} else {
		run_for(options.warmup_ms * 1000);
		begin_window();
		a = sample();
		run_for(options.seconds * 1000000);
		b = sample();
		publishers_stop();
		drain();
		end = sample();
	}
	return figures_print(&begin, &a, &b, &end);
}

int main(int argc, char **argv)
{
	struct wire setup;
	options_read(argc, argv);
	if (options.tls)
		wire_use_tls(true);
	prctl(PR_SET_TIMERSLACK, 1);
	if (!wire_open(&setup, (uint16_t)options.port))
		bench_give_up(&setup, "connecting");
	scene_make(&setup);
	for (uint64_t i = 0; i < options.consumers; i++)
		consumer_start(&consumers[i], (uint32_t)i, publishers);
	for (uint64_t i = 0; i < options.publishers; i++)
		publisher_start(&publishers[i], (uint32_t)i);
	int code = run();
	for (uint64_t i = 0; i < options.consumers; i++)
		wire_close(&consumers[i].wire);
	for (uint64_t i = 0; i < options.publishers; i++)
		wire_close(&publishers[i].wire);
	scene_remove(&setup);
	wire_close(&setup);
	return code;
}
