/* SPDX-License-Identifier: Apache-2.0 */
#include "management/port.h"

#include "base/die.h"
#include "management/call.h"

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
	};
	for (size_t i = 0; i < ARRAY_LEN(purposes); i++)
		if (strcmp(p->protocol, purposes[i].protocol) == 0)
			return purposes[i].purpose;
	return p->protocol;
}
