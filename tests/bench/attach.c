/* SPDX-License-Identifier: Apache-2.0 */
/* How soon a consumer that begins to read a stream at a time gets its first message: so many times
 * at random within a span, each with a connection of its own, counted from its basic.consume.  The
 * stream is one that flood filled with a single publisher; of two times the later must not have the
 * earlier message. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amqp/table.h"
#include "base/endian.h"
#include "tests/bench/bench.h"

enum { TIMES_MAX = 1000, BEGINNING = 12 };

static struct {
	uint64_t port, from, to, times, seed;
} options = { .port = 5672, .times = 20, .seed = 1 };

static struct attached {
	uint64_t second, sequence, us;
} attached[TIMES_MAX];

static struct method consume_since(uint64_t second, struct buf *arguments)
{
	struct field f = { .letter = 'T', .timestamp = second };
	table_put(arguments, slice_str("x-stream-offset"), &f);
	return (struct method){ .id = METHOD_basic_consume,
		                    .basic_consume = { .queue = slice_str("flood.000"),
		                                       .arguments = buf_slice(arguments) } };
}

/* The sequence number of the first message. */
static uint64_t await_first(struct wire *w)
{
	struct frame f[3];   /* method, header, body */
	struct slice rest;
	if (!wire_await(w, f, 3, &rest))
		bench_give_up(w, "waiting");
	if (f[2].type != FRAME_BODY || f[2].payload.n < BEGINNING)
		bench_give_up(w, "something else than a message came");
	uint64_t sequence = get_be64(f[2].payload.p + 4);
	wire_done(w, rest);
	return sequence;
}

static void attach(struct attached *a)
{
	struct wire w;
	struct buf arguments = { 0 };
	struct method qos = { .id = METHOD_basic_qos, .basic_qos = { .prefetch_count = 1 } };
	struct method consume = consume_since(a->second, &arguments);
	if (!wire_open(&w, (uint16_t)options.port))
		bench_give_up(&w, "connecting");
	bench_call(&w, &qos, METHOD_basic_qos_ok);
	uint64_t began_us = wire_now_us();
	bench_call(&w, &consume, METHOD_basic_consume_ok);
	a->sequence = await_first(&w);
	a->us = wire_now_us() - began_us;
	wire_close(&w);
	buf_free(&arguments);
}

static int by_second(const void *a, const void *b)
{
	const struct attached *x = a, *y = b;
	return x->second < y->second ? -1 : x->second > y->second;
}

static int by_us(const void *a, const void *b)
{
	const struct attached *x = a, *y = b;
	return x->us < y->us ? -1 : x->us > y->us;
}

static bool are_in_order(void)
{
	qsort(attached, options.times, sizeof *attached, by_second);
	for (uint64_t i = 1; i < options.times; i++)
		if (attached[i].sequence < attached[i - 1].sequence)
			return false;
	return true;
}

static const struct { const char *name; uint64_t *value; } keys[] = {
	{ "port=", &options.port },   { "from=", &options.from }, { "to=", &options.to },
	{ "times=", &options.times }, { "seed=", &options.seed },
};

static bool set(const char *arg)
{
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		size_t n = strlen(keys[i].name);
		if (strncmp(arg, keys[i].name, n) != 0)
			continue;
		*keys[i].value = strtoull(arg + n, NULL, 10);
		return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	bool ok = true;
	for (int i = 1; i < argc; i++)
		ok = ok && set(argv[i]);
	if (!ok || options.from >= options.to || options.times - 1 >= TIMES_MAX) {
		fprintf(stderr, "usage: attach from=SECOND to=SECOND [port=N] [times=N] [seed=N]\n");
		return 2;
	}
	srand((unsigned)options.seed);
	for (uint64_t i = 0; i < options.times; i++) {
		attached[i].second = options.from + (uint64_t)rand() % (options.to - options.from);
		attach(&attached[i]);
	}
	ok = are_in_order();
	qsort(attached, options.times, sizeof *attached, by_us);
	printf("times=%llu median_ms=%.2f max_ms=%.2f verify=%s\n", (unsigned long long)options.times,
	       (double)attached[options.times / 2].us / 1000,
	       (double)attached[options.times - 1].us / 1000, ok ? "ok" : "order");
	return ok ? 0 : 1;
}
