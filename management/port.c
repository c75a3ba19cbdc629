/* SPDX-License-Identifier: Apache-2.0 */
#include "management/port.h"

#include "base/die.h"
#include "broker/state.h"
#include "management/host.h"
#include "management/object.h"

bool port_is_open(const struct host *h, const struct host_port *p)
{
	return !h->suspended || slice_starts(slice_str(p->protocol), "http");
}

const struct host_port *port_find_number(const struct host *h, uint64_t number)
{
	for (size_t i = 0; i < h->n_ports; i++)
		if (h->ports[i].port == number && port_is_open(h, &h->ports[i]))
			return &h->ports[i];
	return NULL;
}

/* Other names of the same. */
static struct slice meant(struct slice protocol)
{
	if (slice_is(protocol, "amqp091"))
		return slice_str("amqp");
	if (slice_is(protocol, "amqps") || slice_is(protocol, "amqp/tls"))
		return slice_str("amqp/ssl");
	return protocol;
}

const struct host_port *port_find_protocol(const struct host *h, struct slice protocol)
{
	struct slice name = meant(protocol);
	for (size_t i = 0; i < h->n_ports; i++)
		if (slice_is(name, h->ports[i].protocol) && port_is_open(h, &h->ports[i]))
			return &h->ports[i];
	return NULL;
}

const char *port_purpose(const struct host_port *p)
{
	static const struct {
		const char *protocol, *purpose;
	} purposes[] = {
		{ "amqp", "AMQP 0-9-1" },
		{ "amqp/ssl", "AMQP 0-9-1 over TLS" },
		{ "http", "HTTP API" },
		{ "https", "HTTP API over TLS (HTTPS)" },
		{ "http/prometheus", "Prometheus exporter API over HTTP" },
		{ "https/prometheus", "Prometheus exporter API over TLS (HTTPS)" },
	};
	for (size_t i = 0; i < ARRAY_LEN(purposes); i++)
		if (strcmp(p->protocol, purposes[i].protocol) == 0)
			return purposes[i].purpose;
	return p->protocol;
}

void ports_put_json(const struct host *h, const char *key, struct buf *out)
{
	object_open_list(out, key);
	for (size_t i = 0; i < h->n_ports; i++) {
		const struct host_port *p = &h->ports[i];
		if (!port_is_open(h, p))
			continue;
		object_open(out, NULL);
		object_put(out, "interface", cell_text(p->address));
		object_put(out, "node", cell_text(h->broker->options.cluster_name));
		object_put(out, "port", cell_number(p->port));
		object_put(out, "protocol", cell_text(p->protocol));
		object_put(out, "purpose", cell_text(port_purpose(p)));
		object_close(out);
	}
	object_close_list(out);
}

void ports_put(const struct host *h, struct buf *out)
{
	for (size_t i = 0; i < h->n_ports; i++)
		if (port_is_open(h, &h->ports[i]))
			buf_printf(out, "Interface: %s, port: %u, protocol: %s, purpose: %s\n",
			           h->ports[i].address, h->ports[i].port, h->ports[i].protocol,
			           port_purpose(&h->ports[i]));
}
