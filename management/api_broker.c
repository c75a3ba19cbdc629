/* SPDX-License-Identifier: Apache-2.0 */
/* The broker as a whole over HTTP.  There is one node; what RabbitMQ tells of Erlang is empty or
 * nought, and lists of what there is none of are empty. */
#include <inttypes.h>
#include <stdio.h>

#include "base/die.h"
#include "base/entries.h"
#include "base/mem.h"
#include "broker/state.h"
#include "exchange/exchange.h"
#include "management/api.h"
#include "management/node.h"
#include "management/object.h"
#include "management/port.h"

static struct cell node_name(const struct http_response *r)
{
	return cell_text(r->host->broker->options.cluster_name);
}

static void put_empty_list(struct buf *out, const char *key)
{
	object_open_list(out, key);
	object_close_list(out);
}

static void put_empty(struct buf *out, const char *key)
{
	object_open(out, key);
	object_close(out);
}

/* Names with a text each (base/entries.h). */
static void put_entries(struct buf *out, const char *key, const char *entries)
{
	struct slice name, value;
	object_open(out, key);
	for (struct slice rest = slice_str(entries); entries_next(&rest, &name, &value);) {
		char *text = mem_copy(name);
		object_put(out, text, cell_slice(value));
		mem_free(text);
	}
	object_close(out);
}

static void put_names(struct buf *out, const char *key, const char *const *names, size_t n)
{
	object_open_list(out, key);
	for (size_t i = 0; i < n; i++) {
		object_open(out, NULL);
		object_put(out, "name", cell_text(names[i]));
		object_put(out, "description", cell_text(""));
		object_put(out, "enabled", cell_boolean(true));
		object_close(out);
	}
	object_close_list(out);
}

static void put_exchange_types(struct buf *out)
{
	const char *names[EXCHANGE_TYPES_MAX];
	put_names(out, "exchange_types", names, exchange_type_names(names));
}

static void put_mechanisms(struct buf *out, const struct broker_options *o)
{
	const char *names[3];
	size_t n = 0;
	if (o->plain)
		names[n++] = "PLAIN";
	if (o->amqplain)
		names[n++] = "AMQPLAIN";
	if (o->external)
		names[n++] = "EXTERNAL";
	put_names(out, "auth_mechanisms", names, n);
}

/* ---- overview ---- */

static void put_versions(const struct http_response *r, struct buf *out)
{
	const struct broker_options *o = &r->host->broker->options;
	object_put(out, "management_version", cell_text(o->version));
	object_put(out, "rabbitmq_version", cell_text(o->version));
	object_put(out, "product_name", cell_text("Leveret"));
	object_put(out, "product_version", cell_text(r->host->version));
	object_put(out, "erlang_version", cell_text(""));
	object_put(out, "erlang_full_version", cell_text(""));
	object_put(out, "crypto_lib_version", cell_text(r->host->crypto ? r->host->crypto : ""));
	object_put(out, "cluster_name", cell_slice(broker_cluster_name(r->host->broker)));
	object_put(out, "node", node_name(r));
	object_put(out, "default_queue_type", cell_text(o->queue_type[0] ? o->queue_type : "classic"));
	object_put(out, "rates_mode", cell_text("basic"));
	object_put(out, "disable_stats", cell_boolean(false));
	object_put(out, "enable_queue_totals", cell_boolean(true));
	object_put(out, "statistics_db_event_queue", cell_number(0));
}

static void put_listeners(const struct http_response *r, struct buf *out)
{
	object_open_list(out, "listeners");
	for (size_t i = 0; i < r->host->n_ports; i++) {
		const struct host_port *p = &r->host->ports[i];
		object_open(out, NULL);
		object_put(out, "node", node_name(r));
		object_put(out, "protocol", cell_text(p->protocol));
		object_put(out, "ip_address", cell_text(p->address));
		object_put(out, "port", cell_number(p->port));
		put_empty(out, "socket_opts");
		object_close(out);
	}
	object_close_list(out);
}

/* A number of the broker as a whole, and how fast it changes. */
static void put_rated(const struct http_response *r, struct buf *out, const char *key,
                      uint64_t value, uint64_t measures)
{
	const struct broker *b = r->host->broker;
	stats_put(out, key, value, b, &b->sampling.motion, measures, &r->spans);
}

static void put_totals(const struct http_response *r, struct buf *out)
{
	const struct broker *b = r->host->broker;
	const struct topology_totals *t = &b->totals;
	object_open(out, "object_totals");
	object_put(out, "connections", cell_number(b->n_connections));
	object_put(out, "channels", cell_number(b->n_channels));
	object_put(out, "queues", cell_number(t->queues));
	object_put(out, "exchanges", cell_number(t->exchanges));
	object_put(out, "consumers", cell_number(b->n_consumers));
	object_close(out);
	object_open(out, "queue_totals");
	put_rated(r, out, "messages", tally_messages(&t->messages), STATS_MESSAGES);
	put_rated(r, out, "messages_ready", t->messages.ready, STATS_OF(messages_ready));
	put_rated(r, out, "messages_unacknowledged", t->messages.unacked,
	          STATS_OF(messages_unacknowledged));
	object_close(out);
}

static void put_measure(const struct http_response *r, struct buf *out, const char *key,
                        uint64_t measures)
{
	const struct broker *b = r->host->broker;
	put_rated(r, out, key, sampling_now(b, &b->sampling.motion, measures), measures);
}

/* Under its own name. */
#define PUT_MEASURE(name) put_measure(r, out, #name, STATS_OF(name))

static void put_churn(const struct http_response *r, struct buf *out)
{
	PUT_MEASURE(connection_created);
	PUT_MEASURE(connection_closed);
	PUT_MEASURE(channel_created);
	PUT_MEASURE(channel_closed);
	PUT_MEASURE(queue_declared);
	PUT_MEASURE(queue_created);
	PUT_MEASURE(queue_deleted);
}

/* What is told of each virtual host, and how it is called there. */
static const struct {
	enum roster_kind kind;
	const char *path;
	uint64_t measures;
} rated[] = {
#define FIELD(kind, path, column)
#define OWN(kind, path, value)
#define SAMPLED(kind, path, name, measures)
#define RATED(kind, path, name, measures) { ROSTER_##kind, path, measures },
#include "management/fields.def"
#undef FIELD
#undef OWN
#undef SAMPLED
#undef RATED
};

static void put_message_stats(const struct http_response *r, struct buf *out)
{
	static const char in[] = "message_stats.";
	object_open(out, "message_stats");
	for (size_t i = 0; i < ARRAY_LEN(rated); i++)
		if (rated[i].kind == ROSTER_VHOSTS && strncmp(rated[i].path, in, strlen(in)) == 0)
			put_measure(r, out, rated[i].path + strlen(in), rated[i].measures);
	PUT_MEASURE(disk_reads);
	PUT_MEASURE(disk_writes);
	object_close(out);
}

/* Where HTTP is spoken.  A port is a text here, as with RabbitMQ. */
static void put_contexts(const struct http_response *r, struct buf *out)
{
	object_open_list(out, "contexts");
	for (size_t i = 0; i < r->host->n_ports; i++) {
		const struct host_port *p = &r->host->ports[i];
		char port[8];
		if (!slice_starts(slice_str(p->protocol), "http"))
			continue;
		snprintf(port, sizeof port, "%u", p->port);
		object_open(out, NULL);
		object_put(out, "node", node_name(r));
		object_put(out, "description", cell_text(port_purpose(p)));
		object_put(out, "path", cell_text("/"));
		object_put(out, "ip", cell_text(p->address));
		object_put(out, "port", cell_text(port));
		object_close(out);
	}
	object_close_list(out);
}

/* Seconds, from the finest steps to the coarsest. */
static void put_kept(const struct http_response *r, struct buf *out, const char *key,
                     unsigned spans)
{
	struct buf list = { 0 };
	for (unsigned i = 0; i <= spans; i++)
		buf_printf(&list, "%c%" PRIu64, i ? ',' : '[', sampling_kept_s(r->host->broker, i));
	buf_u8(&list, ']');
	object_put(out, key, cell_json(buf_slice(&list)));
	buf_free(&list);
}

static void put_retention(const struct http_response *r, struct buf *out)
{
	object_open(out, "sample_retention_policies");
	put_kept(r, out, "global", SAMPLING_SPANS);
	put_kept(r, out, "basic", 0);
	put_kept(r, out, "detailed", 0);
	object_close(out);
}

enum call_state api_overview(struct http_response *r, struct buf *out)
{
	if (!api_spans(r, out))
		return CALL_DONE;
	counters_settle(r->host->broker);
	object_open(out, NULL);
	put_versions(r, out);
	put_exchange_types(out);
	object_open(out, "churn_rates");
	put_churn(r, out);
	object_close(out);
	put_totals(r, out);
	put_message_stats(r, out);
	put_listeners(r, out);
	put_contexts(r, out);
	put_retention(r, out);
	put_entries(out, "cluster_tags", r->host->broker->options.cluster_tags);
	put_entries(out, "node_tags", r->host->broker->options.node_tags);
	object_close(out);
	return CALL_DONE;
}

/* ---- nodes ---- */

/* No limit, or nothing that is known, is nought. */
static struct cell limit(uint64_t bytes)
{
	return cell_number(bytes == UINT64_MAX ? 0 : bytes);
}

/* Milliseconds that one took, of all, and as their rate of those in the last step. */
static void put_average(const struct http_response *r, struct buf *out, const char *key,
                        uint64_t us, uint64_t count)
{
	const struct broker *b = r->host->broker;
	const struct motion *m = &b->sampling.motion;
	uint64_t n = sampling_now(b, m, count), sum = sampling_now(b, m, us);
	double step = sampling_rate(b, m, count);
	struct buf value = { 0 };
	buf_real(&value, n ? (double)sum / (double)n / 1e3 : 0);
	object_put(out, key, cell_json(buf_slice(&value)));
	buf_clear(&value);
	buf_printf(&value, "%s_details", key);
	buf_u8(&value, 0);
	object_open(out, (const char *)value.p);
	buf_clear(&value);
	buf_real(&value, step > 0 ? sampling_rate(b, m, us) / step / 1e3 : 0);
	object_put(out, "rate", cell_json(buf_slice(&value)));
	object_close(out);
	buf_free(&value);
}

static void put_disk(const struct http_response *r, struct buf *out)
{
	PUT_MEASURE(io_read_count);
	PUT_MEASURE(io_read_bytes);
	PUT_MEASURE(io_write_count);
	PUT_MEASURE(io_write_bytes);
	PUT_MEASURE(io_sync_count);
	put_average(r, out, "io_sync_avg_time", STATS_OF(io_sync_us), STATS_OF(io_sync_count));
}

static void put_resources(const struct http_response *r, struct buf *out)
{
	const struct broker *b = r->host->broker;
	const struct alarms *a = &b->alarms;
	PUT_MEASURE(mem_used);
	object_put(out, "mem_limit", limit(a->memory_watermark));
	object_put(out, "mem_alarm", cell_boolean(a->memory));
	PUT_MEASURE(disk_free);
	object_put(out, "disk_free_limit", cell_number(a->disk_free_limit));
	object_put(out, "disk_free_alarm", cell_boolean(a->disk));
	object_put(out, "mem_calculation_strategy", cell_text("rss"));
	object_put(out, "fd_total", cell_number(r->host->max_descriptors));
	PUT_MEASURE(fd_used);
	object_put(out, "sockets_total", cell_number(r->host->max_connections));
	PUT_MEASURE(sockets_used);
	put_disk(r, out);
	object_put(out, "proc_total", cell_number(r->host->max_threads));
	object_put(out, "proc_used", cell_number(r->host->process.threads));
	object_put(out, "run_queue", cell_number(0));
	object_put(out, "processors", cell_number(r->host->processors));
}

/* Where clients look for the version of a node. */
static void put_application(const struct http_response *r, struct buf *out)
{
	object_open_list(out, "applications");
	object_open(out, NULL);
	object_put(out, "name", cell_text("rabbit"));
	object_put(out, "description", cell_text("Leveret"));
	object_put(out, "version", cell_text(r->host->broker->options.version));
	object_close(out);
	object_close_list(out);
}

static void put_node(struct http_response *r, struct buf *out)
{
	const struct broker *b = r->host->broker;
	buf_clear(&r->room);
	buf_printf(&r->room, "%" PRIu64, r->host->pid);
	object_open(out, NULL);
	object_put(out, "name", node_name(r));
	object_put(out, "type", cell_text("disc"));
	object_put(out, "running", cell_boolean(true));
	object_put(out, "being_drained", cell_boolean(r->host->suspended));
	object_put(out, "os_pid", cell_slice(buf_slice(&r->room)));
	object_put(out, "uptime", cell_number(b->now_ms - b->started_ms));
	object_put(out, "rates_mode", cell_text("basic"));
	object_put(out, "db_dir", cell_text(r->host->data_dir));
	put_resources(r, out);
	put_churn(r, out);
	put_exchange_types(out);
	put_mechanisms(out, &b->options);
	node_put_plugins(out, "enabled_plugins");
	put_application(r, out);
	node_put_files(r->host, out);
	put_contexts(r, out);
	put_empty_list(out, "partitions");
	put_empty_list(out, "cluster_links");
	put_empty(out, "metrics_gc_queue_length");
	object_close(out);
}

enum call_state api_nodes(struct http_response *r, struct buf *out)
{
	if (!api_spans(r, out))
		return CALL_DONE;
	buf_u8(out, '[');
	put_node(r, out);
	buf_u8(out, ']');
	return CALL_DONE;
}

enum call_state api_node(struct http_response *r, struct buf *out)
{
	if (!api_is_here(r))
		return http_not_found(r, out);
	if (!api_spans(r, out))
		return CALL_DONE;
	put_node(r, out);
	return CALL_DONE;
}

/* ---- small things ---- */

enum call_state api_version(struct http_response *r, struct buf *out)
{
	object_open(out, NULL);
	object_put(out, "version", cell_text(r->host->broker->options.version));
	object_put(out, "product_name", cell_text("Leveret"));
	object_put(out, "product_version", cell_text(r->host->version));
	object_close(out);
	return CALL_DONE;
}

enum call_state api_cluster_name(struct http_response *r, struct buf *out)
{
	object_open(out, NULL);
	object_put(out, "name", cell_slice(broker_cluster_name(r->host->broker)));
	object_close(out);
	return CALL_DONE;
}

/* It is a global parameter, as RabbitMQ keeps it. */
enum call_state api_cluster_name_put(struct http_response *r, struct buf *out)
{
	static const char *const needed[] = { "name", NULL }, *const none[] = { NULL };
	if (!r->begun && (!http_read_body(r, out) || !api_has_keys(r, out, needed)))
		return CALL_DONE;
	if (!r->begun) {
		struct field name = { .letter = 'S', .bytes = http_text(r, "name") };
		if (!name.bytes.n)
			return http_bad_request(r, out, "name should be a text");
		table_put_str(&r->room, "name", "cluster_name");
		table_put(&r->room, slice_str("value"), &name);
		r->body.bytes = buf_slice(&r->room);
	}
	return api_take(r, out, "global_parameters", none, true);
}

/* What the pages of others ask for first. */
enum call_state api_extensions(struct http_response *r, struct buf *out)
{
	(void)r;
	object_open_list(out, NULL);
	object_open(out, NULL);
	object_put(out, "javascript", cell_text("dispatcher.js"));
	object_close(out);
	object_close_list(out);
	return CALL_DONE;
}

enum call_state api_nothing(struct http_response *r, struct buf *out)
{
	(void)r;
	buf_printf(out, "[]");
	return CALL_DONE;
}

/* Rates and samples begin anew; counts, which others look at too, go on. */
enum call_state api_reset(struct http_response *r, struct buf *out)
{
	(void)out;
	sampling_forget(r->host->broker);
	return http_status(r, 204);
}

enum call_state api_reset_node(struct http_response *r, struct buf *out)
{
	return api_is_here(r) ? api_reset(r, out) : http_not_found(r, out);
}

/* There is one place for queues to be in. */
enum call_state api_rebalance(struct http_response *r, struct buf *out)
{
	(void)out;
	return http_status(r, 204);
}

/* ---- feature flags ---- */

/* They are on already. */
enum call_state api_feature_flag_enable(struct http_response *r, struct buf *out)
{
	return node_has_feature(r->parts[0])
	           ? http_status(r, 204)
	           : http_bad_request(r, out, "The feature flag does not exist");
}

enum call_state api_feature_flags(struct http_response *r, struct buf *out)
{
	struct node_feature f;
	(void)r;
	object_open_list(out, NULL);
	for (size_t i = 0; (f = node_feature(i)).name; i++) {
		object_open(out, NULL);
		object_put(out, "name", cell_text(f.name));
		object_put(out, "state", cell_text("enabled"));
		object_put(out, "desc", cell_text(f.about));
		object_put(out, "doc_url", cell_text(""));
		object_put(out, "stability", cell_text("stable"));
		object_put(out, "provided_by", cell_text("leveret"));
		object_close(out);
	}
	object_close_list(out);
	return CALL_DONE;
}
