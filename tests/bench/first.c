/* SPDX-License-Identifier: Apache-2.0 */
/* How soon after its start a broker is of use: dials until somebody listens, gets the first
 * message of a queue that flood has filled, looks at its body and hands it back; then publishes a
 * persistent message over a new connection, to a queue of its own, and waits for its confirm.  Both
 * are counted from a moment that is given, in nanoseconds of the clock of `date +%s%N`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "amqp/props.h"
#include "base/endian.h"
#include "tests/bench/bench.h"

enum { DIAL_US = 500, PATIENCE_S = 600, BODY_MAX = 120000 };

static struct {
	uint64_t since_ns;
	uint16_t port;
	size_t size;
	const char *queue;
} options = { .port = 5672, .size = 100, .queue = "flood.000" };

static double ms_since(uint64_t ns)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (double)((int64_t)t.tv_sec * 1000000000 + t.tv_nsec - (int64_t)ns) / 1e6;
}

static void dial(struct wire *w)
{
	uint64_t limit = wire_now_us() + PATIENCE_S * 1000000ull;
	while (!wire_open(w, options.port)) {
		if (wire_now_us() > limit)
			bench_give_up(w, "connecting");
		wire_close(w);
		usleep(DIAL_US);
	}
}

static struct slice await(struct wire *w, struct frame *out, int n)
{
	struct slice rest;
	if (!wire_await(w, out, n, &rest))
		bench_give_up(w, "waiting");
	return rest;
}

/* As flood made it: message 0 of publisher 0, and filler. */
static bool is_first(struct slice body)
{
	static uint8_t wanted[BODY_MAX];
	memset(wanted, 'x', options.size);
	put_be32(wanted, 0);
	put_be64(wanted + 4, 0);
	return body.n == options.size && memcmp(body.p, wanted, body.n) == 0;
}

static void get(struct wire *w)
{
	struct method get = { .id = METHOD_basic_get,
		                  .basic_get = { .queue = slice_str(options.queue) } };
	struct method reject = { .id = METHOD_basic_reject,
		                     .basic_reject = { .delivery_tag = 1, .requeue = true } };
	struct frame f[2];   /* header, body */
	bench_call(w, &get, METHOD_basic_get_ok);
	struct slice rest = await(w, f, 2);
	if (f[1].type != FRAME_BODY || !is_first(f[1].payload))
		bench_give_up(w, "the first message has another body");
	wire_done(w, rest);
	bench_call(w, &reject, 0);
}

static void confirm(struct wire *w)
{
	struct method declare = { .id = METHOD_queue_declare,
		                      .queue_declare = { .queue = slice_str("first"), .durable = true } };
	struct method select = { .id = METHOD_confirm_select };
	struct method publish = { .id = METHOD_basic_publish,
		                      .basic_publish = { .routing_key = slice_str("first") } };
	struct props props = { .class_id = CLASS_BASIC, .body_bytes = 5, .flags = PROP_delivery_mode,
		                   .delivery_mode = 2 };
	struct buf b = { 0 };
	bench_call(w, &declare, METHOD_queue_declare_ok);
	bench_call(w, &select, METHOD_confirm_select_ok);
	props_encode(&b, &props);
	bench_call(w, &publish, 0);
	frame_write(&w->out, FRAME_HEADER, 1, buf_slice(&b));
	frame_write(&w->out, FRAME_BODY, 1, slice_str("fresh"));
	buf_free(&b);
	struct frame f;
	if (!wire_write(w) || w->out.len)
		bench_give_up(w, "publishing");
	await(w, &f, 1);
	if (f.type != FRAME_METHOD || get_be32(f.payload.p) != METHOD_basic_ack)
		bench_give_up(w, "no confirm");
}

static bool set(const char *arg)
{
	if (strncmp(arg, "port=", 5) == 0)
		options.port = (uint16_t)atoi(arg + 5);
	else if (strncmp(arg, "since=", 6) == 0)
		options.since_ns = strtoull(arg + 6, NULL, 10);
	else if (strncmp(arg, "size=", 5) == 0)
		options.size = strtoull(arg + 5, NULL, 10);
	else if (strncmp(arg, "queue=", 6) == 0)
		options.queue = arg + 6;
	else
		return false;
	return options.size >= 12 && options.size <= BODY_MAX;
}

int main(int argc, char **argv)
{
	struct wire w;
	for (int i = 1; i < argc; i++) {
		if (!set(argv[i])) {
			fprintf(stderr, "usage: first since=NANOSECONDS [port=N] [size=BYTES] [queue=NAME]\n");
			return 2;
		}
	}
	dial(&w);
	double open_ms = ms_since(options.since_ns);
	get(&w);
	double get_ms = ms_since(options.since_ns);
	wire_close(&w);
	dial(&w);
	confirm(&w);
	printf("open_ms=%.1f get_ms=%.1f confirm_ms=%.1f\n", open_ms, get_ms,
	       ms_since(options.since_ns));
	wire_close(&w);
	return 0;
}
