/* SPDX-License-Identifier: Apache-2.0 */
/* leveret-perf: a thread for each producer and each consumer, and this one, which looks at what
 * they count. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tools/perf/link.h"
#include "tools/perf/meter.h"
#include "tools/perf/options.h"
#include "tools/perf/report.h"
#include "tools/perf/run.h"
#include "tools/perf/say.h"

atomic_bool run_over;

static atomic_int at_work;
static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

static void sleep_us(uint64_t us)
{
	struct timespec t = { .tv_sec = (time_t)(us / 1000000),
		                  .tv_nsec = (long)(us % 1000000) * 1000 };
	nanosleep(&t, NULL);
}

void run_pace(int64_t n, uint64_t began_us, int64_t rate)
{
	enum { NAP_US = 20000 };
	if (rate < 0)
		return;
	uint64_t due_us = began_us + (uint64_t)n * 1000000 / (uint64_t)rate, now_us;
	while (!run_over && (now_us = meter_now_us()) < due_us)
		sleep_us(due_us - now_us < NAP_US ? due_us - now_us : NAP_US);
}

/* ---- threads ---- */

struct peer {
	void *(*run)(void *);
	void *number;
};

static void *work(void *arg)
{
	struct peer *p = arg;
	p->run(p->number);
	atomic_fetch_sub(&at_work, 1);
	return NULL;
}

static pthread_t *start(struct peer *peers, int64_t n)
{
	pthread_t *threads = calloc((size_t)n, sizeof *threads);
	for (int64_t i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, work, &peers[i]))
			say_failed("the system gives no more threads");
	return threads;
}

/* Consumers first, so that they are there when the first message comes. */
static struct peer *all_peers(void)
{
	struct peer *peers = calloc((size_t)(options.producers + options.consumers), sizeof *peers);
	int64_t n = 0;
	for (intptr_t i = 0; i < options.consumers; i++)
		peers[n++] = (struct peer){ consumer_run, (void *)i };
	for (intptr_t i = 0; i < options.producers; i++)
		peers[n++] = (struct peer){ producer_run, (void *)i };
	return peers;
}

/* ---- looking on ---- */

static bool is_over(uint64_t began_us)
{
	return ended || !at_work ||
	       (options.seconds > 0 &&
	        meter_now_us() - began_us >= (uint64_t)options.seconds * 1000000);
}

static void look_on(const struct reading *first)
{
	enum { NAP_US = 10000 };
	static struct reading last, now;
	static struct stretch s;
	uint64_t interval_us = (uint64_t)options.interval * 1000000;
	last = *first;
	while (!is_over(first->at_us)) {
		sleep_us(NAP_US);
		if (meter_now_us() - last.at_us < interval_us)
			continue;
		meter_read(&now);
		stretch_between(&s, &last, &now, first->at_us);
		report_interval(&s);
		last = now;
	}
}

int main(int argc, char **argv)
{
	static struct reading first, end;
	static struct stretch whole;
	struct link control;
	options_read(argc, argv);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGPIPE, SIG_IGN);
	report_begin();
	link_open(&control, "control", 0);
	link_declare(&control);
	int64_t n = options.producers + options.consumers;
	struct peer *peers = all_peers();
	at_work = (int)n;
	meter_read(&first);
	pthread_t *threads = start(peers, n);
	look_on(&first);
	meter_read(&end);
	run_over = true;
	for (int64_t i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	stretch_between(&whole, &first, &end, first.at_us);
	report_end(&whole);
	link_delete(&control);
	link_close(&control);
	free(threads);
	free(peers);
	return PERF_OK;
}
