/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs about the broker as a whole. */
#include <inttypes.h>

#include "base/die.h"
#include "broker/state.h"
#include "management/call.h"
#include "management/node.h"
#include "management/object.h"
#include "management/port.h"
#include "management/verbs.h"

enum call_state verb_version(struct call *c, struct buf *out)
{
	buf_printf(out, "%s\n", c->host->version);
	return CALL_DONE;
}

enum call_state verb_ping(struct call *c, struct buf *out)
{
	call_banner(c, out, "Will ping the broker in %s", c->host->data_dir);
	if (c->options.json)
		buf_printf(out, "{\"message\":\"Ping succeeded\"}\n");
	else if (!c->options.quiet)
		buf_printf(out, "Ping succeeded\n");
	return CALL_DONE;
}

enum call_state verb_stop(struct call *c, struct buf *out)
{
	call_banner(c, out, "Stopping the broker in %s ...", c->host->data_dir);
	c->host->stop = true;
	return CALL_DONE;
}

/* ---- status ---- */

struct status {
	struct buf *out;
	bool json, more;             /* something was put in this object */
};

static void section(struct status *s, const char *name, const char *key)
{
	if (s->json)
		buf_printf(s->out, "%s\"%s\":{", s->more ? "," : "", key);
	else
		buf_printf(s->out, "%s\n\n", name);
	s->more = false;
}

static void section_end(struct status *s)
{
	buf_printf(s->out, s->json ? "}" : "\n");
	s->more = true;
}

static void tell(struct status *s, const char *name, const char *key, struct cell value)
{
	if (s->json) {
		buf_printf(s->out, "%s\"%s\":", s->more ? "," : "", key);
		cell_put_json(s->out, value);
	} else {
		buf_printf(s->out, "%s: ", name);
		cell_put(s->out, value);
		buf_u8(s->out, '\n');
	}
	s->more = true;
}

static void tell_runtime(struct status *s, const struct host *h)
{
	const struct broker *b = h->broker;
	section(s, "Runtime", "runtime");
	tell(s, "OS PID", "pid", cell_number(h->pid));
	tell(s, "Uptime (seconds)", "uptime", cell_number((b->now_ms - b->started_ms) / 1000));
	tell(s, "Leveret version", "leveret_version", cell_text(h->version));
	tell(s, "RabbitMQ version", "rabbitmq_version", cell_text(b->options.version));
	tell(s, "Cluster name", "cluster_name", cell_slice(broker_cluster_name(b)));
	section_end(s);
	section(s, "Data directory", "data");
	tell(s, "Node data directory", "data_directory", cell_text(h->data_dir));
	section_end(s);
}

static void tell_alarms(struct status *s, const struct broker *b)
{
	const struct alarms *a = &b->alarms;
	if (s->json) {
		buf_printf(s->out, ",\"alarms\":[%s%s%s]", a->memory ? "\"memory\"" : "",
		           a->memory && a->disk ? "," : "", a->disk ? "\"disk\"" : "");
		return;
	}
	buf_printf(s->out, "Alarms\n\n%s%s%s\n",
	           a->memory ? "Memory alarm: publishers are blocked\n" : "",
	           a->disk ? "Free disk space alarm: publishers are blocked\n" : "",
	           alarms_any(a) ? "" : "(none)\n");
}

/* What was seen last; no watermark and no limit are not shown. */
static void tell_resources(struct status *s, const struct alarms *a)
{
	section(s, "Memory", "memory");
	tell(s, "Total memory used (bytes)", "total", cell_number(a->memory_used));
	if (a->memory_watermark != UINT64_MAX)
		tell(s, "Memory high watermark (bytes)", "high_watermark",
		     cell_number(a->memory_watermark));
	section_end(s);
	section(s, "Free Disk Space", "disk");
	tell(s, "Low free disk space watermark (bytes)", "disk_free_limit",
	     cell_number(a->disk_free_limit));
	if (a->disk_free != UINT64_MAX)
		tell(s, "Free disk space (bytes)", "disk_free", cell_number(a->disk_free));
	section_end(s);
}

static void tell_totals(struct status *s, const struct host *h)
{
	const struct broker *b = h->broker;
	const struct topology_totals *t = &b->totals;
	section(s, "Totals", "totals");
	tell(s, "Connection count", "connection_count", cell_number(b->n_connections));
	tell(s, "Connection limit", "connection_limit", cell_number(h->max_connections));
	tell(s, "Queue count", "queue_count", cell_number(t->queues));
	tell(s, "Exchange count", "exchange_count", cell_number(t->exchanges));
	tell(s, "Binding count", "binding_count", cell_number(t->bindings));
	tell(s, "Virtual host count", "virtual_host_count", cell_number(b->vhosts.count));
	tell(s, "Messages ready", "messages_ready", cell_number(t->messages.ready));
	tell(s, "Messages unacknowledged", "messages_unacknowledged", cell_number(t->messages.unacked));
	tell(s, "Messages in memory (bytes)", "message_bytes_ram", cell_number(b->store.resident));
	section_end(s);
}

static void tell_log(struct status *s, const struct broker *b)
{
	struct log_stats l = { 0 };
	if (b->options.log)
		log_stats(b->options.log, &l);
	section(s, "Log", "log");
	tell(s, "Batches since the start", "batches", cell_number(l.batches));
	tell(s, "Records since the start", "records", cell_number(l.records));
	tell(s, "Bytes since the start", "bytes", cell_number(l.bytes));
	tell(s, "Segments", "segments", cell_number(l.segments));
	tell(s, "Bytes on disk", "disk_bytes", cell_number(l.disk_bytes));
	section_end(s);
}

/* What RabbitMQ's status has and the sections do not, where its scripts look for it. */
static void tell_flat(const struct host *h, struct buf *out)
{
	const struct broker *b = h->broker;
	object_put(out, "pid", cell_number(h->pid));
	object_put(out, "uptime", cell_number((b->now_ms - b->started_ms) / 1000));
	object_put(out, "os", cell_text("Linux"));
	object_put(out, "rabbitmq_version", cell_text(b->options.version));
	object_put(out, "is_under_maintenance", cell_boolean(h->suspended));
	object_put(out, "data_directory", cell_text(h->data_dir));
	if (b->alarms.disk_free != UINT64_MAX)
		object_put(out, "disk_free", cell_number(b->alarms.disk_free));
	object_put(out, "disk_free_limit", cell_number(b->alarms.disk_free_limit));
	if (b->alarms.memory_watermark != UINT64_MAX)
		object_put(out, "vm_memory_limit", cell_number(b->alarms.memory_watermark));
	object_open(out, "file_descriptors");
	object_put(out, "total_limit", cell_number(h->max_descriptors));
	object_put(out, "sockets_limit", cell_number(h->max_connections));
	object_put(out, "sockets_used", cell_number(b->n_connections));
	object_close(out);
	node_put_plugins(out, "active_plugins");
	node_put_files(h, out);
	ports_put_json(h, "listeners", out);
}

/* The sections that tell of more than numbers. */
static void tell_lists(const struct host *h, struct buf *out)
{
	buf_printf(out, "Plugins\n\nEnabled plugins:\n\n");
	for (size_t i = 0; node_plugin(i); i++)
		buf_printf(out, " * %s\n", node_plugin(i));
	buf_printf(out, "\nConfig files\n\n");
	for (struct slice rest = h->config_files; rest.n;) {
		struct slice file = slice_cut(&rest, '\n');
		buf_printf(out, " * %.*s\n", SLICE_ARG(file));
	}
	buf_printf(out, "\nLog file(s)\n\n * %s\n\nFile Descriptors\n\n"
	           "Total: %" PRIu64 " limit\nSockets: %u used, %" PRIu64 " limit\n\nListeners\n\n",
	           node_log_file(h), h->max_descriptors,
	           (unsigned)h->broker->n_connections, h->max_connections);
	ports_put(h, out);
}

enum call_state verb_status(struct call *c, struct buf *out)
{
	const struct host *h = c->host;
	struct status s = { out, c->options.json, false };
	counters_settle(h->broker);
	call_banner(c, out, "Status of the broker in %s ...", h->data_dir);
	if (s.json)
		buf_u8(out, '{');
	tell_runtime(&s, h);
	tell_alarms(&s, h->broker);
	tell_resources(&s, &h->broker->alarms);
	tell_totals(&s, h);
	tell_log(&s, h->broker);
	if (!s.json) {
		tell_lists(h, out);
		return CALL_DONE;
	}
	tell_flat(h, out);
	buf_printf(out, "}\n");
	return CALL_DONE;
}
