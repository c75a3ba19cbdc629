/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks over HTTP, and where they came in. */
#ifndef MANAGEMENT_HTTP_PEER_H
#define MANAGEMENT_HTTP_PEER_H

#include <stdbool.h>

/* What is served where the peer came in: one of them, and nothing of the others. */
enum http_service {
	HTTP_API,                    /* management: the API and the web UI (routes.def) */
	HTTP_METRICS,                /* for Prometheus (scrapes.def) */
	HTTP_SERVICES,
};

/* What the carrier knows of the peer; copied. */
struct http_peer {
	const char *name;            /* for log lines */
	bool loopback;
	enum http_service service;
};

#endif
