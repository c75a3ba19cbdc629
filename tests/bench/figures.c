/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/figures.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/bench/options.h"
#include "tests/wire/wire.h"

enum { SLOTS = 1 << 20 };   /* microseconds; what is longer counts as the last */

static uint32_t confirmed[SLOTS], arrived[SLOTS];
static uint64_t faults[FAULT_LOST + 1];
static struct {
	uint64_t n, at_us;           /* done at the last mark, and when that was */
	double first, last, slowest; /* per second */
} pace;
static const char *const fault_names[] = { "order", "tags", "confirms", "lost" };

void figures_fault(enum fault f)
{
	faults[f]++;
}

static void note(uint32_t *slots, uint64_t us)
{
	slots[us < SLOTS ? us : SLOTS - 1]++;
}

void figures_confirmed(uint64_t us)
{
	note(confirmed, us);
}

void figures_arrived(uint64_t us)
{
	note(arrived, us);
}

void figures_done(uint64_t n)
{
	uint64_t now = wire_now_us();
	if (pace.at_us && n - pace.n < options.each)
		return;
	if (pace.at_us) {
		pace.last = (double)(n - pace.n) * 1e6 / (double)(now - pace.at_us);
		pace.first = pace.first > 0 ? pace.first : pace.last;
		pace.slowest = pace.slowest > 0 && pace.slowest < pace.last ? pace.slowest : pace.last;
	}
	pace.n = n;
	pace.at_us = now;
}

void figures_forget_latency(void)
{
	memset(confirmed, 0, sizeof confirmed);
	memset(arrived, 0, sizeof arrived);
}

/* ---- clocks ---- */

static double process_cpu_s(uint64_t pid)
{
	char path[64];
	unsigned long user = 0, system = 0;
	snprintf(path, sizeof path, "/proc/%llu/stat", (unsigned long long)pid);
	FILE *f = pid ? fopen(path, "r") : NULL;
	if (!f)
		return 0;
	if (fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
	           &system) != 2)
		user = system = 0;
	fclose(f);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static double machine_cpu_s(void)
{
	unsigned long user = 0, nice = 0, system = 0, irq = 0, softirq = 0;
	FILE *f = fopen("/proc/stat", "r");
	if (!f)
		return 0;
	if (fscanf(f, "cpu %lu %lu %lu %*u %*u %lu %lu", &user, &nice, &system, &irq, &softirq) != 5)
		user = nice = 0;
	fclose(f);
	return (double)(user + nice + system + irq + softirq) / (double)sysconf(_SC_CLK_TCK);
}

static uint64_t broker_resident_kb(void)
{
	char path[64];
	unsigned long pages = 0;
	snprintf(path, sizeof path, "/proc/%llu/statm", (unsigned long long)options.pid);
	FILE *f = options.pid ? fopen(path, "r") : NULL;
	if (!f)
		return 0;
	if (fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

struct figures_sample figures_sample(uint64_t published, uint64_t delivered, uint64_t least)
{
	return (struct figures_sample){ wire_now_us(), published, delivered, least,
		                            process_cpu_s(options.pid),
		                            process_cpu_s((uint64_t)getpid()), machine_cpu_s() };
}

/* ---- the line ---- */

static uint64_t percentile(const uint32_t *slots, double q)
{
	uint64_t all = 0, seen = 0;
	for (size_t i = 0; i < SLOTS; i++)
		all += slots[i];
	for (size_t i = 0; i < SLOTS; i++)
		if ((seen += slots[i]) > (uint64_t)(q * (double)all))
			return i;
	return 0;
}

static void print_latency(const char *what, const uint32_t *slots)
{
	uint64_t p50 = percentile(slots, 0.5), p99 = percentile(slots, 0.99);
	if (p50 || p99)
		printf(" %s_p50_us=%llu %s_p99_us=%llu", what, (unsigned long long)p50, what,
		       (unsigned long long)p99);
}

static double seconds(const struct figures_sample *a, const struct figures_sample *b)
{
	return (double)(b->at_us - a->at_us) / 1e6;
}

static int print_faults(void)
{
	int code = 0;
	printf(" verify=");
	for (int i = 0; i <= FAULT_LOST; i++) {
		if (faults[i])
			printf("%s%s:%llu", code ? "," : "", fault_names[i], (unsigned long long)faults[i]);
		code = code || faults[i];
	}
	printf("%s\n", code ? "" : "ok");
	return code;
}

int figures_print(const struct figures_sample *begin, const struct figures_sample *a,
                  const struct figures_sample *b, const struct figures_sample *end)
{
	double s = seconds(a, b);
	double broker = (b->broker_cpu_s - a->broker_cpu_s) / s;
	double own = (b->own_cpu_s - a->own_cpu_s) / s;
	double all = (b->all_cpu_s - a->all_cpu_s) / s;
	double delivered = (double)(b->delivered - a->delivered) / s;
	printf("seconds=%.1f published_per_s=%.0f delivered_per_s=%.0f drained_per_s=%.0f", s,
	       (double)(b->published - a->published) / s, delivered,
	       (double)end->delivered / seconds(begin, end));
	print_latency("confirm", confirmed);
	print_latency("e2e", arrived);
	if (options.consumers > 1)
		printf(" least_per_s=%.0f", (double)b->least / s);
	if (pace.first > 0)
		printf(" first_per_s=%.0f last_per_s=%.0f slowest_per_s=%.0f", pace.first, pace.last,
		       pace.slowest);
	printf(" own_cores=%.2f", own);
	if (options.pid)
		printf(" broker_cores=%.2f others_cores=%.2f per_core_s=%.0f resident_kb=%llu", broker,
		       all - broker - own, broker > 0 ? delivered / broker : 0,
		       (unsigned long long)broker_resident_kb());
	return print_faults();
}
