/* SPDX-License-Identifier: Apache-2.0 */
/* Makes count durable queues, each with a binding (unless bind=0), and deletes them again; every
 * pipeline-th declare waits for its answer (1: each one). Prints how long it took and what each
 * costs; keep=1 leaves them there. */
#include <stdio.h>

#include "tests/bench/bench.h"
#include "tests/bench/scene.h"

static struct {
	unsigned port, count, pipeline, pid, bind, keep;
} options = { .port = 5672, .count = 10000, .pipeline = 1, .bind = 1 };

static unsigned long resident_kb(void)
{
	char path[64], line[128];
	unsigned long kb = 0;
	snprintf(path, sizeof path, "/proc/%u/status", options.pid);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		sscanf(line, "VmRSS: %lu", &kb);
	if (f)
		fclose(f);
	return kb;
}

static struct slice name_of(char *out, unsigned i)
{
	snprintf(out, NAME_BYTES, "flood.declared.%06u", i);
	return slice_str(out);
}

static bool waits(unsigned i)
{
	return (i + 1) % options.pipeline == 0 || i + 1 == options.count;
}

static void make(struct wire *w, unsigned i)
{
	char name[NAME_BYTES];
	struct slice queue = name_of(name, i);
	bool wait = waits(i);
	struct method declare = { .id = METHOD_queue_declare,
		                      .queue_declare = { .queue = queue, .durable = true,
		                                         .no_wait = !wait } };
	struct method bind = { .id = METHOD_queue_bind,
		                   .queue_bind = { .queue = queue, .exchange = slice_str("amq.direct"),
		                                   .routing_key = queue, .no_wait = !wait } };
	bench_call(w, &declare, wait ? METHOD_queue_declare_ok : 0);
	if (options.bind)
		bench_call(w, &bind, wait ? METHOD_queue_bind_ok : 0);
}

static void unmake(struct wire *w, unsigned i)
{
	char name[NAME_BYTES];
	struct method m = { .id = METHOD_queue_delete,
		                .queue_delete = { .queue = name_of(name, i), .no_wait = !waits(i) } };
	bench_call(w, &m, waits(i) ? METHOD_queue_delete_ok : 0);
}

static double time_all(struct wire *w, void (*step)(struct wire *, unsigned))
{
	uint64_t began = wire_now_us();
	for (unsigned i = 0; i < options.count; i++)
		step(w, i);
	return (double)(wire_now_us() - began) / 1e6;
}

static bool set(const char *arg)
{
	return sscanf(arg, "port=%u", &options.port) == 1 ||
	       sscanf(arg, "count=%u", &options.count) == 1 ||
	       sscanf(arg, "pipeline=%u", &options.pipeline) == 1 ||
	       sscanf(arg, "bind=%u", &options.bind) == 1 ||
	       sscanf(arg, "keep=%u", &options.keep) == 1 ||
	       sscanf(arg, "pid=%u", &options.pid) == 1;
}

int main(int argc, char **argv)
{
	struct wire w;
	for (int i = 1; i < argc; i++) {
		if (!set(argv[i]) || !options.count || !options.pipeline) {
			fprintf(stderr, "usage: declare [port=N] [count=N] [pipeline=N] [pid=N] [bind=0]\n"
			                "               [keep=1]\n");
			return 2;
		}
	}
	if (!wire_open(&w, (uint16_t)options.port))
		bench_give_up(&w, "connecting");
	unsigned long before = resident_kb();
	double made = time_all(&w, make);
	unsigned long after = resident_kb();
	double deleted = options.keep ? 0 : time_all(&w, unmake);
	printf("declared=%u pipeline=%u declare_s=%.3f delete_s=%.3f resident_per_queue=%.0f "
	       "verify=ok\n",
	       options.count, options.pipeline, made, deleted,
	       ((double)after - (double)before) * 1024 / options.count);
	wire_close(&w);
	return 0;
}
