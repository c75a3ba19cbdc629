/* SPDX-License-Identifier: Apache-2.0 */
/* Queues are flood.000, flood.001 and so on, with a fourth digit where there are so many; the
 * exchange of a fan-out or of topics is flood. */
#include "tests/bench/scene.h"

#include <stdio.h>

#include "amqp/table.h"
#include "tests/bench/bench.h"
#include "tests/bench/options.h"

enum { PIPELINE = 100 };

struct slice scene_queue(char *out, uint64_t i)
{
	bool many = options.first + options.queues > 1000;
	snprintf(out, NAME_BYTES, "flood.%0*u", many ? 4 : 3, (unsigned)(options.first + i) % 10000);
	return slice_str(out);
}

struct slice scene_exchange(void)
{
	return slice_str(options.fanout || options.bindings ? "flood" : "");
}

struct slice scene_key(char *out, uint64_t i)
{
	if (!options.bindings)
		return scene_queue(out, i);
	snprintf(out, NAME_BYTES, "dev.%06u.x.end", 0);
	return slice_str(out);
}

static void bind_queue(struct wire *w, struct slice queue, const char *key, bool no_wait)
{
	struct method m = { .id = METHOD_queue_bind,
		                .queue_bind = { .queue = queue, .exchange = slice_str("flood"),
		                                .routing_key = slice_str(key), .no_wait = no_wait } };
	bench_call(w, &m, no_wait ? 0 : METHOD_queue_bind_ok);
}

/* All bindings lead to the first queue; every hundredth waits for its answer. */
static void bind_topics(struct wire *w)
{
	char name[NAME_BYTES], key[NAME_BYTES];
	struct slice queue = scene_queue(name, 0);
	for (uint64_t i = 0; i < options.bindings; i++) {
		snprintf(key, sizeof key, "dev.%06u.*.end", (unsigned)i % 1000000);
		bind_queue(w, queue, key, i % PIPELINE != 0 && i + 1 < options.bindings);
	}
}

static void declare_exchange(struct wire *w)
{
	struct method m = { .id = METHOD_exchange_declare,
		                .exchange_declare = { .exchange = slice_str("flood"),
		                                      .type = slice_str(options.fanout ? "fanout"
		                                                                       : "topic") } };
	bench_call(w, &m, METHOD_exchange_declare_ok);
}

static void put_number(struct buf *table, const char *key, uint64_t value)
{
	struct field f = { .letter = 'l', .integer = (int64_t)value };
	if (value)
		table_put(table, slice_str(key), &f);
}

static void declare_queue(struct wire *w, struct slice name)
{
	struct buf arguments = { 0 };
	if (options.stream)
		table_put_str(&arguments, "x-queue-type", "stream");
	if (options.quorum)
		table_put_str(&arguments, "x-queue-type", "quorum");
	if (options.grouped)
		table_put_str(&arguments, "x-group-header", SCENE_GROUP_HEADER);
	put_number(&arguments, "x-max-priority", options.priority);
	put_number(&arguments, "x-message-ttl", options.ttl);
	put_number(&arguments, "x-max-length", options.limit);
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = name, .durable = options.durable,
		                                   .arguments = buf_slice(&arguments) } };
	bench_call(w, &m, METHOD_queue_declare_ok);
	buf_free(&arguments);
}

void scene_remove(struct wire *w)
{
	char name[NAME_BYTES];
	struct method x = { .id = METHOD_exchange_delete,
		                .exchange_delete = { .exchange = slice_str("flood") } };
	if (options.keep)
		return;
	bench_call(w, &x, METHOD_exchange_delete_ok);
	for (uint64_t i = 0; i < options.queues; i++) {
		struct method q = { .id = METHOD_queue_delete,
			                .queue_delete = { .queue = scene_queue(name, i) } };
		bench_call(w, &q, METHOD_queue_delete_ok);
	}
}

void scene_make(struct wire *w)
{
	char name[NAME_BYTES];
	scene_remove(w);
	if (options.fanout || options.bindings)
		declare_exchange(w);
	for (uint64_t i = 0; i < options.queues; i++) {
		declare_queue(w, scene_queue(name, i));
		if (options.fanout)
			bind_queue(w, scene_queue(name, i), "", false);
	}
	bind_topics(w);
}
