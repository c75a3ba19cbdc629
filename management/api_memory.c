/* SPDX-License-Identifier: Apache-2.0 */
/* Where the memory of the node is, under the names that RabbitMQ has for Erlang's: what there is
 * nothing of here is nought, and what nobody counts is other_system. */
#include "base/die.h"
#include "broker/state.h"
#include "management/api.h"
#include "management/memory_use.h"
#include "management/object.h"

enum { MEMORY_NAMES = 26 };

struct memory_part {
	const char *name;
	uint64_t bytes;
};

/* In RabbitMQ's order. */
static void name_all(const struct memory_use *m, struct memory_part out[MEMORY_NAMES])
{
	const struct memory_part all[] = {
		{ "connection_readers", 0 },
		{ "connection_writers", 0 },
		{ "connection_channels", 0 },
		{ "connection_other", 0 },
		{ "queue_procs", 0 },
		{ "queue_slave_procs", 0 },
		{ "quorum_queue_procs", 0 },
		{ "quorum_queue_dlx_procs", 0 },
		{ "stream_queue_procs", 0 },
		{ "stream_queue_replica_reader_procs", 0 },
		{ "stream_queue_coordinator_procs", 0 },
		{ "plugins", 0 },
		{ "metadata_store", 0 },
		{ "other_proc", 0 },
		{ "metrics", 0 },
		{ "mgmt_db", 0 },
		{ "mnesia", 0 },
		{ "quorum_ets", 0 },
		{ "metadata_store_ets", 0 },
		{ "other_ets", 0 },
		{ "binary", m->binary },
		{ "msg_index", m->small },
		{ "code", m->code },
		{ "atom", 0 },
		{ "other_system", m->rest },
		{ "allocated_unused", 0 },
	};
	_Static_assert(ARRAY_LEN(all) == MEMORY_NAMES, "each has its place");
	memcpy(out, all, sizeof all);
}

/* False when another node is asked for. */
static bool begin(struct http_response *r, struct buf *out, struct memory_use *m,
                  struct memory_part parts[MEMORY_NAMES])
{
	if (!api_is_here(r))
		return false;
	*m = memory_use_of(r->host, r->host->broker->alarms.memory_used);
	name_all(m, parts);
	object_open(out, NULL);
	object_open(out, "memory");
	return true;
}

enum call_state api_memory(struct http_response *r, struct buf *out)
{
	struct memory_use m;
	struct memory_part parts[MEMORY_NAMES];
	if (!begin(r, out, &m, parts))
		return http_not_found(r, out);
	for (size_t i = 0; i < MEMORY_NAMES; i++)
		object_put(out, parts[i].name, cell_number(parts[i].bytes));
	object_put(out, "reserved_unallocated", cell_number(0));
	object_put(out, "strategy", cell_text("rss"));
	object_open(out, "total");
	object_put(out, "erlang", cell_number(m.total));
	object_put(out, "rss", cell_number(m.total));
	object_put(out, "allocated", cell_number(m.total));
	object_close(out);
	object_close(out);
	object_close(out);
	return CALL_DONE;
}

/* Of a hundred; what is there at all is at least one. */
enum call_state api_memory_relative(struct http_response *r, struct buf *out)
{
	struct memory_use m;
	struct memory_part parts[MEMORY_NAMES];
	if (!begin(r, out, &m, parts))
		return http_not_found(r, out);
	object_put(out, "total", cell_number(100));
	for (size_t i = 0; i < MEMORY_NAMES; i++)
		object_put(out, parts[i].name,
		           cell_number(m.total ? (parts[i].bytes * 100 + m.total - 1) / m.total : 0));
	object_put(out, "reserved_unallocated", cell_number(0));
	object_close(out);
	object_close(out);
	return CALL_DONE;
}
