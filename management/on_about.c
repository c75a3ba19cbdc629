/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that tell of the process: where it listens, what it knows, what it says. */
#include <inttypes.h>

#include "amqp/table.h"
#include "base/die.h"
#include "base/mem.h"
#include "base/quantity.h"
#include "broker/counters.h"
#include "broker/state.h"
#include "broker/vhost.h"
#include "management/call.h"
#include "management/livelog.h"
#include "management/memory_use.h"
#include "management/node.h"
#include "management/object.h"
#include "management/port.h"
#include "management/verbs.h"
#include "queue/queue.h"

/* ---- listeners ---- */

enum call_state verb_listeners(struct call *c, struct buf *out)
{
	call_banner(c, out, "Asking the broker in %s to report its protocol listeners ...",
	            c->host->data_dir);
	if (!c->options.json) {
		ports_put(c->host, out);
		return CALL_DONE;
	}
	object_open(out, NULL);
	ports_put_json(c->host, "listeners", out);
	object_close(out);
	buf_u8(out, '\n');
	return CALL_DONE;
}

/* ---- TLS ---- */

enum call_state verb_tls_versions(struct call *c, struct buf *out)
{
	call_banner(c, out, "Listing all TLS versions that can be spoken ...");
	buf_printf(out, c->options.json ? "{\"versions\":[\"tlsv1.3\",\"tlsv1.2\"]}\n"
	                                : "tlsv1.3\ntlsv1.2\n");
	return CALL_DONE;
}

enum call_state verb_cipher_suites(struct call *c, struct buf *out)
{
	const char *between = "";
	call_banner(c, out, "Listing the cipher suites of the broker in %s ...", c->host->data_dir);
	if (!c->host->ciphers.len)
		return call_fail(c, CALL_EXIT_UNAVAILABLE, "the broker in %s does not listen with TLS",
		                 c->host->data_dir);
	if (c->options.json)
		buf_printf(out, "{\"cipher_suites\":[");
	for (struct slice rest = buf_slice(&c->host->ciphers); rest.n; between = ",") {
		struct slice name = slice_cut(&rest, ':');
		if (c->options.json)
			buf_printf(out, "%s\"%.*s\"", between, SLICE_ARG(name));
		else
			buf_printf(out, "%.*s\n", SLICE_ARG(name));
	}
	if (c->options.json)
		buf_printf(out, "]}\n");
	return CALL_DONE;
}

/* ---- versions and flags ---- */

enum call_state verb_server_version(struct call *c, struct buf *out)
{
	const char *version = c->host->broker->options.version;
	call_banner(c, out, "Asking the broker in %s for its RabbitMQ version...",
	            c->host->data_dir);
	buf_printf(out, c->options.json ? "{\"value\":\"%s\"}\n" : "%s\n", version);
	return CALL_DONE;
}

enum call_state verb_list_feature_flags(struct call *c, struct buf *out)
{
	static const char *const names[] = { "name", "state" };
	call_banner(c, out, "Listing feature flags ...");
	call_grid(c, out, names, ARRAY_LEN(names));
	for (size_t i = 0; node_feature(i).name; i++) {
		grid_put(&c->grid, cell_atom(node_feature(i).name), out);
		grid_put(&c->grid, cell_atom("enabled"), out);
	}
	grid_end(&c->grid, out);
	return CALL_DONE;
}

/* All that are known are enabled. */
enum call_state verb_enable_feature_flag(struct call *c, struct buf *out)
{
	struct slice name = c->arguments[0];
	if (slice_is(name, "all"))
		call_banner(c, out, "Enabling all feature flags ...");
	else
		call_banner(c, out, "Enabling feature flag \"%.*s\" ...", SLICE_ARG(name));
	return node_has_feature(name)
	           ? CALL_DONE
	           : call_fail(c, CALL_EXIT_SOFTWARE, "Feature flag \"%.*s\" is not supported",
	                       SLICE_ARG(name));
}

enum call_state verb_list_deprecated_features(struct call *c, struct buf *out)
{
	static const char *const names[] = { "name", "deprecation_phase" };
	call_banner(c, out, "Listing deprecated features ...");
	call_grid(c, out, names, ARRAY_LEN(names));
	grid_end(&c->grid, out);
	return CALL_DONE;
}

enum call_state verb_check_if_any_deprecated_features_are_used(struct call *c, struct buf *out)
{
	call_banner(c, out, "Checking if any deprecated features are used ...");
	call_banner(c, out, "Cluster reported no deprecated features in use");
	return CALL_DONE;
}

/* ---- one node ---- */

static void put_nodes(struct call *c, struct buf *out)
{
	const struct broker *b = c->host->broker;
	object_open(out, NULL);
	object_put(out, "cluster_name", cell_slice(broker_cluster_name(b)));
	for (int i = 0; i < 2; i++) {
		buf_printf(out, ",\"%s\":[", i ? "running_nodes" : "disk_nodes");
		cell_put_json(out, cell_text(b->options.cluster_name));
		buf_u8(out, ']');
	}
	buf_printf(out, ",\"ram_nodes\":[],\"partitions\":{},\"alarms\":[%s%s%s]}\n",
	           b->alarms.memory ? "\"memory\"" : "",
	           b->alarms.memory && b->alarms.disk ? "," : "", b->alarms.disk ? "\"disk\"" : "");
}

enum call_state verb_cluster_status(struct call *c, struct buf *out)
{
	const struct broker *b = c->host->broker;
	const char *name = b->options.cluster_name;
	call_banner(c, out, "Cluster status of the broker in %s ...", c->host->data_dir);
	if (c->options.json) {
		put_nodes(c, out);
		return CALL_DONE;
	}
	buf_printf(out, "Basics\n\nCluster name: %.*s\n\n", SLICE_ARG(broker_cluster_name(b)));
	buf_printf(out, "Disk Nodes\n\n%s\n\nRunning Nodes\n\n%s\n\nVersions\n\n%s: Leveret %s\n\n",
	           name, name, name, c->host->version);
	buf_printf(out, "Maintenance status\n\nNode: %s, status: %s\n\n", name,
	           c->host->suspended ? "lets nobody in" : "not under maintenance");
	buf_printf(out, "Alarms\n\n%s%s%s\nNetwork Partitions\n\n(none)\n",
	           b->alarms.memory ? "memory\n" : "", b->alarms.disk ? "disk\n" : "",
	           alarms_any(&b->alarms) ? "" : "(none)\n");
	return CALL_DONE;
}

enum call_state verb_await_online_nodes(struct call *c, struct buf *out)
{
	uint64_t n;
	if (!quantity_count(c->arguments[0], &n))
		return call_refuse(c, "'%.*s' is not a number of nodes", SLICE_ARG(c->arguments[0]));
	call_banner(c, out, "Will wait for at least %" PRIu64 " nodes ...", n);
	return n <= 1 ? CALL_DONE
	              : call_fail(c, CALL_EXIT_UNAVAILABLE, "this broker is one node, and stays so");
}

enum call_state verb_rebalance(struct call *c, struct buf *out)
{
	call_banner(c, out, "Re-balancing leaders ...");
	call_banner(c, out, "All queues are where they can be: there is one node");
	return CALL_DONE;
}

enum call_state verb_quorum_status(struct call *c, struct buf *out)
{
	static const char *const names[] = { "Node Name", "Raft State" };
	struct slice name = c->arguments[0];
	struct field f;
	call_banner(c, out, "Status of quorum queue %.*s ...", SLICE_ARG(name));
	struct vhost *v = call_vhost(c);
	const struct queue *q = v ? topology_queue(&v->topology, name) : NULL;
	bool typed = q && table_find(queue_arguments(q), "x-queue-type", &f) && f.letter == 'S';
	if (!q)
		return v ? call_fail(c, CALL_EXIT_UNAVAILABLE, "not_found") : CALL_DONE;
	if (!typed || !slice_is(f.bytes, "quorum"))
		return call_fail(c, CALL_EXIT_UNAVAILABLE, "%s_queue_not_supported",
		                 typed && slice_is(f.bytes, "stream") ? "stream" : "classic");
	call_grid(c, out, names, ARRAY_LEN(names));
	grid_put(&c->grid, cell_text(c->host->broker->options.cluster_name), out);
	grid_put(&c->grid, cell_atom("leader"), out);
	grid_end(&c->grid, out);
	return CALL_DONE;
}

/* No queue has a process of its own that could be stuck while others answer. */
enum call_state verb_list_unresponsive_queues(struct call *c, struct buf *out)
{
	static const char *const names[] = { "name" };
	call_banner(c, out, "Listing unresponsive queues for vhost %.*s ...", SLICE_ARG(c->vhost));
	if (!call_vhost(c))
		return CALL_DONE;
	call_grid(c, out, names, ARRAY_LEN(names));
	grid_end(&c->grid, out);
	return CALL_DONE;
}

/* ---- what was counted ---- */

enum call_state verb_message_size_stats(struct call *c, struct buf *out)
{
	static const char *const names[] = { "up_to_bytes", "messages" };
	const struct counters *n = &c->host->broker->counters;
	counters_settle(c->host->broker);
	call_banner(c, out, "Gathering message size statistics of the broker in %s ...",
	            c->host->data_dir);
	call_grid(c, out, names, ARRAY_LEN(names));
	for (size_t i = 0; i < SIZE_CLASSES; i++) {
		bool last = counters_sizes[i] == UINT64_MAX;
		struct cell more = c->options.json ? cell_json(slice_str("null")) : cell_atom("more");
		grid_put(&c->grid, last ? more : cell_number(counters_sizes[i]), out);
		grid_put(&c->grid, cell_number(n->sizes[i]), out);
	}
	grid_end(&c->grid, out);
	return CALL_DONE;
}

enum call_state verb_list_node_auth_attempt_stats(struct call *c, struct buf *out)
{
	static const char *const names[] = { "protocol", "auth_attempts", "auth_attempts_failed",
		                                 "auth_attempts_succeeded" };
	const struct attempts *a = &c->host->broker->attempts;
	call_banner(c, out, "Listing authentication attempts for the broker in %s ...",
	            c->host->data_dir);
	call_grid(c, out, names, ARRAY_LEN(names));
	for (size_t i = 0; i < ATTEMPT_PROTOCOLS; i++) {
		const struct attempt_count *n = &a->totals[i];
		grid_put(&c->grid, cell_text(attempts_protocol((enum attempt_protocol)i)), out);
		grid_put(&c->grid, cell_number(n->failed + n->succeeded), out);
		grid_put(&c->grid, cell_number(n->failed), out);
		grid_put(&c->grid, cell_number(n->succeeded), out);
	}
	grid_end(&c->grid, out);
	return CALL_DONE;
}

/* ---- memory ---- */

static void put_share(struct call *c, struct buf *out, const char *name, uint64_t bytes,
                      uint64_t total)
{
	double percent = total ? 100. * (double)bytes / (double)total : 0;
	if (c->options.json)
		buf_printf(out, "%s\"%s\":{\"bytes\":%" PRIu64 ",\"percentage\":%.2f}",
		           out->p[out->len - 1] == '{' ? "" : ",", name, bytes, percent);
	else
		buf_printf(out, "%s: %.4f gb (%.2f%%)\n", name, (double)bytes / 1e9, percent);
}

/* Under RabbitMQ's names, as over HTTP: those that there is something of. */
enum call_state verb_memory_breakdown(struct call *c, struct buf *out)
{
	struct memory_use m = memory_use_of(c->host, c->host->broker->alarms.memory_used);
	call_banner(c, out, "Reporting memory breakdown on the broker in %s...", c->host->data_dir);
	if (c->options.json)
		buf_u8(out, '{');
	put_share(c, out, "binary", m.binary, m.total);
	put_share(c, out, "msg_index", m.small, m.total);
	put_share(c, out, "code", m.code, m.total);
	put_share(c, out, "other_system", m.rest, m.total);
	if (c->options.json)
		buf_printf(out, "}\n");
	return CALL_DONE;
}

enum call_state verb_force_gc(struct call *c, struct buf *out)
{
	call_banner(c, out, "Will give memory that is free back to the system, on the broker in %s",
	            c->host->data_dir);
	mem_rest();
	return CALL_DONE;
}

/* ---- the log of lines ---- */

enum call_state verb_log_location(struct call *c, struct buf *out)
{
	call_banner(c, out, "Log file location(s) of the broker in %s ...", c->host->data_dir);
	const char *path = node_log_file(c->host);
	if (c->options.json)
		buf_printf(out, "{\"paths\":[");
	if (c->options.json)
		cell_put_json(out, cell_text(path));
	else
		buf_printf(out, "%s", path);
	buf_printf(out, c->options.json ? "]}\n" : "\n");
	return CALL_DONE;
}

enum { LINES_AT_ONCE = 64 };

struct tail {
	uint64_t next;               /* number of a line */
	uint64_t until_ms;           /* where they are followed */
};

/* Appends what is there; false: all of it was. */
static bool put_lines(struct call *c, struct tail *t, struct buf *out)
{
	const struct livelog_line *line;
	for (int i = 0; i < LINES_AT_ONCE; i++) {
		if (!(line = livelog_read(c->host->livelog, &t->next)))
			return false;
		if (c->options.json) {
			livelog_put(out, line);
			buf_u8(out, '\n');
		} else {
			buf_printf(out, "%s [%s] %s\n", line->stamp, logline_level_name(line->level),
			           line->text);
		}
	}
	return true;
}

/* The number of the line to begin with. */
static uint64_t line_before(const struct livelog *l, uint64_t lines)
{
	return l->next > lines ? l->next - lines : 0;
}

enum call_state verb_log_tail(struct call *c, struct buf *out)
{
	struct tail *t = call_keep(c, sizeof *t, NULL);
	uint64_t lines = 50;
	if (c->options.number.p && !quantity_count(c->options.number, &lines))
		return call_refuse(c, "--number takes a number of lines");
	if (!c->host->livelog)
		return CALL_DONE;
	if (!c->begun) {
		call_banner(c, out, "Last %" PRIu64 " log lines of the broker in %s ...", lines,
		            c->host->data_dir);
		t->next = line_before(c->host->livelog, lines);
	}
	return put_lines(c, t, out) ? CALL_MORE : CALL_DONE;
}

/* Until the caller goes, or for so many seconds. */
enum call_state verb_log_tail_stream(struct call *c, struct buf *out)
{
	enum { SECONDS_MAX = 1000000 };
	struct tail *t = call_keep(c, sizeof *t, NULL);
	uint64_t now_ms = c->host->broker->now_ms, s = 0;
	if (c->options.duration.p && (!quantity_count(c->options.duration, &s) || s > SECONDS_MAX))
		return call_refuse(c, "--duration takes a number of seconds");
	if (!c->host->livelog)
		return CALL_DONE;
	if (!c->begun && !call_follow(c))
		return CALL_DONE;
	if (!c->begun) {
		call_banner(c, out, "Streaming logs of the broker in %s ...", c->host->data_dir);
		t->next = c->host->livelog->next;
		t->until_ms = s ? now_ms + s * 1000 : UINT64_MAX;
	}
	if (put_lines(c, t, out))
		return CALL_MORE;
	return now_ms < t->until_ms ? CALL_WAITS : CALL_DONE;
}
