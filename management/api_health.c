/* SPDX-License-Identifier: Apache-2.0 */
/* Health checks over HTTP: 200 when all is well, 503 with a reason when it is not. */
#include "base/die.h"
#include "base/quantity.h"
#include "broker/state.h"
#include "management/api.h"
#include "management/object.h"
#include "management/port.h"

enum call_state api_check_well(struct http_response *r, struct buf *out)
{
	(void)r;
	buf_printf(out, "{\"status\":\"ok\"}");
	return CALL_DONE;
}

/* What concerns one virtual host, or one node, and is well where there is one. */
enum call_state api_check_quorum_in(struct http_response *r, struct buf *out)
{
	return vhost_find(r->host->broker, r->parts[0]) ? api_check_well(r, out)
	                                                : http_not_found(r, out);
}

enum call_state api_check_node(struct http_response *r, struct buf *out)
{
	return api_is_here(r) ? api_check_well(r, out) : http_not_found(r, out);
}

static void open_failure(struct http_response *r, struct buf *out, const char *reason)
{
	r->status = 503;
	object_open(out, NULL);
	object_put(out, "status", cell_text("failed"));
	object_put(out, "reason", cell_text(reason));
}

static void put_alarm(const struct http_response *r, struct buf *out, const char *resource)
{
	object_open(out, NULL);
	object_put(out, "node", cell_text(r->host->broker->options.cluster_name));
	object_put(out, "resource", cell_text(resource));
	object_close(out);
}

enum call_state api_check_alarms(struct http_response *r, struct buf *out)
{
	const struct alarms *a = &r->host->broker->alarms;
	if (!alarms_any(a))
		return api_check_well(r, out);
	open_failure(r, out, "There are alarms in effect");
	object_open_list(out, "alarms");
	if (a->memory)
		put_alarm(r, out, "memory");
	if (a->disk)
		put_alarm(r, out, "disk");
	object_close_list(out);
	object_close(out);
	return CALL_DONE;
}

enum call_state api_check_port(struct http_response *r, struct buf *out)
{
	uint64_t port;
	if (!quantity_count(r->parts[0], &port))
		return http_bad_request(r, out, "Invalid port");
	if (port_find_number(r->host, port)) {
		object_open(out, NULL);
		object_put(out, "status", cell_text("ok"));
		object_put(out, "port", cell_number(port));
		object_close(out);
		return CALL_DONE;
	}
	open_failure(r, out, "No active listener");
	object_put(out, "missing", cell_number(port));
	object_close(out);
	return CALL_DONE;
}

/* Each once, however many addresses it listens on. */
static void put_protocols(const struct http_response *r, struct buf *out)
{
	object_open_list(out, "protocols");
	for (size_t i = 0; i < r->host->n_ports; i++) {
		const struct host_port *one = &r->host->ports[i];
		if (port_find_protocol(r->host, slice_str(one->protocol)) == one)
			object_put(out, NULL, cell_text(one->protocol));
	}
	object_close_list(out);
}

static void fail_protocols(struct http_response *r, struct buf *out)
{
	open_failure(r, out, "No active listener");
	object_open_list(out, "missing");
	for (struct slice rest = r->parts[0]; rest.n;) {
		struct slice one = slice_cut(&rest, ',');
		if (!port_find_protocol(r->host, one))
			object_put(out, NULL, cell_slice(one));
	}
	object_close_list(out);
	put_protocols(r, out);
	object_close(out);
}

/* One, or several with commas between, which all have to be there. */
enum call_state api_check_protocol(struct http_response *r, struct buf *out)
{
	const struct host_port *port = NULL;
	struct slice rest = r->parts[0];
	do
		port = port_find_protocol(r->host, slice_cut(&rest, ','));
	while (port && rest.n);
	if (!port) {
		fail_protocols(r, out);
		return CALL_DONE;
	}
	object_open(out, NULL);
	object_put(out, "status", cell_text("ok"));
	object_put(out, "protocol", cell_text(port->protocol));
	object_close(out);
	return CALL_DONE;
}

/* ---- certificates ---- */

/* Of the clock RabbitMQ has text; here are seconds since 1970, and how long that is from now. */
static void put_expiry(const struct http_response *r, struct buf *out,
                       const struct host_certificate *one, int64_t now_s)
{
	object_open(out, NULL);
	object_put(out, "node", cell_text(r->host->broker->options.cluster_name));
	object_put(out, "certfile", cell_text(one->file));
	object_put(out, "certfile_expires_at", cell_integer(one->expires_s));
	object_put(out, "days_left", cell_integer((one->expires_s - now_s) / 86400));
	object_close(out);
}

/* Those that expire by then. */
static void put_expiries(struct http_response *r, struct buf *out, int64_t now_s, int64_t by_s)
{
	for (size_t i = 0; i < ARRAY_LEN(r->host->certificates); i++) {
		const struct host_certificate *one = &r->host->certificates[i];
		if (!one->file || one->expires_s > by_s)
			continue;
		if (out->len == 0) {
			open_failure(r, out, "Certificates expiring");
			object_open_list(out, "expired");
		}
		put_expiry(r, out, one, now_s);
	}
}

enum call_state api_check_certificates(struct http_response *r, struct buf *out)
{
	enum { MOST = 100000 };
	uint64_t n;
	int64_t unit_s = quantity_unit_s(r->parts[1]);
	int64_t now_s = (int64_t)(broker_wall_ms(r->host->broker) / 1000);
	if (!quantity_count(r->parts[0], &n) || n > MOST)
		return http_bad_request(r, out, "Invalid expiration value.");
	if (!unit_s)
		return http_bad_request(r, out, "Time unit not recognised. Supported units: days, weeks, "
		                                "months, years.");
	put_expiries(r, out, now_s, now_s + (int64_t)n * unit_s);
	if (out->len == 0)
		return api_check_well(r, out);
	object_close_list(out);
	object_close(out);
	return CALL_DONE;
}

/* ---- clients ---- */

enum call_state api_check_in_service(struct http_response *r, struct buf *out)
{
	if (!r->host->suspended)
		return api_check_well(r, out);
	open_failure(r, out, "the broker lets nobody in");
	object_close(out);
	return CALL_DONE;
}

enum call_state api_check_connections(struct http_response *r, struct buf *out)
{
	if (r->host->broker->n_connections < r->host->max_connections)
		return api_check_well(r, out);
	open_failure(r, out, "node connection limit is reached");
	object_close(out);
	return CALL_DONE;
}

/* A message goes into a queue and comes out again. */
enum call_state api_aliveness(struct http_response *r, struct buf *out)
{
	static const char name[] = "aliveness-test";
	struct proxy_word word;
	enum call_state state;
	struct method declare = { .id = METHOD_queue_declare,
		                      .queue_declare = { .queue = slice_str(name) } };
	struct method publish = { .id = METHOD_basic_publish,
		                      .basic_publish = { .routing_key = slice_str(name) } };
	struct method get = { .id = METHOD_basic_get,
		                  .basic_get = { .queue = slice_str(name), .no_ack = true } };
	if (!r->begun) {
		api_open(r);
		proxy_say(&r->proxy, &declare, r->now_ms);
		proxy_publish(&r->proxy, &publish, &(struct props){ 0 }, slice_str("test_message"),
		              r->now_ms);
		proxy_say(&r->proxy, &get, r->now_ms);
	}
	while (api_hear(r, out, &word, &state))
		if (word.method.id == METHOD_basic_get_ok)
			return api_check_well(r, out);
	return state;
}
