/* SPDX-License-Identifier: Apache-2.0 */
/* Makes count durable queues, each with a binding (unless bind=0), and deletes them again; every
 * pipeline-th declare waits for its answer (1: each one). Prints how long it took and what each
 * costs; use=1 then puts a message into each, transient and empty, and takes it out; keep=1 leaves
 * the queues there. */
#include <stdio.h>

#include "amqp/props.h"
#include "tests/bench/bench.h"
#include "tests/bench/scene.h"

static struct {
	unsigned port, count, pipeline, pid, bind, use, keep;
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

/* A message and a get for it. */
static void put_use(struct buf *b, struct slice queue)
{
	struct method publish = { .id = METHOD_basic_publish,
		                      .basic_publish = { .routing_key = queue } };
	struct method get = { .id = METHOD_basic_get,
		                  .basic_get = { .queue = queue, .no_ack = true } };
	struct props p = { .class_id = CLASS_BASIC };
	method_encode(b, 1, &publish);
	size_t mark = frame_begin(b, FRAME_HEADER, 1);
	props_encode(b, &p);
	frame_end(b, mark);
	method_encode(b, 1, &get);
}

static void use(struct wire *w, unsigned i)
{
	static struct buf b;
	static unsigned asked;
	char name[NAME_BYTES];
	struct frame answer[2];
	struct slice rest;
	put_use(&b, name_of(name, i));
	asked++;
	if (!waits(i))
		return;
	if (wire_send(w, b.p, b.len) != (ssize_t)b.len)
		bench_give_up(w, "publishing");
	for (; asked && wire_await(w, answer, 2, &rest); asked--)
		wire_done(w, rest);
	if (asked)
		bench_give_up(w, "getting");
	buf_clear(&b);
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
	       sscanf(arg, "use=%u", &options.use) == 1 ||
	       sscanf(arg, "keep=%u", &options.keep) == 1 ||
	       sscanf(arg, "pid=%u", &options.pid) == 1;
}

int main(int argc, char **argv)
{
	struct wire w;
	for (int i = 1; i < argc; i++) {
		if (!set(argv[i]) || !options.count || !options.pipeline) {
			fprintf(stderr, "usage: declare [port=N] [count=N] [pipeline=N] [pid=N] [bind=0]\n"
			                "               [use=1] [keep=1]\n");
			return 2;
		}
	}
	if (!wire_open(&w, (uint16_t)options.port))
		bench_give_up(&w, "connecting");
	unsigned long before = resident_kb();
	double made = time_all(&w, make);
	unsigned long after = resident_kb();
	if (options.use)
		time_all(&w, use);
	double deleted = options.keep ? 0 : time_all(&w, unmake);
	printf("declared=%u pipeline=%u declare_s=%.3f delete_s=%.3f resident_per_queue=%.0f "
	       "verify=ok\n",
	       options.count, options.pipeline, made, deleted,
	       ((double)after - (double)before) * 1024 / options.count);
	wire_close(&w);
	return 0;
}
