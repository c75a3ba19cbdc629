/* SPDX-License-Identifier: Apache-2.0 */
/* The table of routes as a page, for who looks for one; and where RabbitMQ has its script. */
#include "base/die.h"
#include "management/api.h"

/* What stars stand for, by the word ahead of them. */
static const struct naming {
	const char *after;
	const char *names[4];
} namings[] = {
	{ "attempts", { "node" } },
	{ "aliveness-test", { "vhost" } },
	{ "bindings", { "vhost" } },
	{ "certificate-expiration", { "n", "unit" } },
	{ "channels", { "channel" } },
	{ "connections", { "connection" } },
	{ "consumers", { "vhost", "connection", "channel", "tag" } },
	{ "definitions", { "vhost" } },
	{ "e", { "source", "type", "destination", "key" } },
	{ "exchanges", { "vhost", "exchange" } },
	{ "feature-flags", { "flag" } },
	{ "federation-links", { "vhost" } },
	{ "node", { "node" } },
	{ "nodes", { "node" } },
	{ "operator-policies", { "vhost", "name" } },
	{ "parameters", { "component", "vhost", "name" } },
	{ "pattern", { "pattern" } },
	{ "permissions", { "vhost", "user" } },
	{ "policies", { "vhost", "name" } },
	{ "port-listener", { "port" } },
	{ "protocol-listener", { "protocol" } },
	{ "publishers", { "vhost" } },
	{ "queues", { "vhost", "queue" } },
	{ "quorum", { "vhost", "queue" } },
	{ "shovels", { "vhost" } },
	{ "start", { "node" } },
	{ "topic-permissions", { "vhost", "user", "exchange" } },
	{ "user-limits", { "user", "limit" } },
	{ "username", { "user" } },
	{ "users", { "user" } },
	{ "vhost", { "vhost" } },
	{ "vhost-limits", { "vhost", "limit" } },
	{ "vhosts", { "vhost" } },
};

static const char *const audiences[] = {
	[FOR_ANYBODY] = "anybody",
	[FOR_USERS] = "management",
	[FOR_VHOST] = "management, in the virtual host",
	[FOR_VIEW] = "management, in the virtual host; monitoring",
	[FOR_POLICY] = "policymaker, in the virtual host",
	[FOR_POLICYMAKER] = "policymaker",
	[FOR_MONITORING] = "monitoring",
	[FOR_ADMINISTRATOR] = "administrator",
	[FOR_ADMINISTRATOR_THERE] = "administrator",
};

static const char *name_of(struct slice after, size_t star)
{
	for (size_t i = 0; i < ARRAY_LEN(namings); i++)
		if (slice_is(after, namings[i].after) && star < 4 && namings[i].names[star])
			return namings[i].names[star];
	return "name";
}

static void put_path(struct buf *out, const char *path)
{
	struct slice rest = slice_str(path), after = rest;
	for (size_t star = 0; rest.n;) {
		struct slice word = slice_cut(&rest, '/');
		if (slice_is(word, "*")) {
			buf_printf(out, "/<em>%s</em>", name_of(after, star++));
		} else {
			buf_printf(out, "/%.*s", SLICE_ARG(word));
			after = word;
			star = 0;
		}
	}
}

/* The words stand in tables of this program: there is nothing to be escaped. */
enum call_state api_reference(struct http_response *r, struct buf *out)
{
	size_t n;
	const struct http_route *routes = http_routes(&n);
	r->type = "text/html; charset=utf-8";
	buf_printf(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	                "<meta name=\"viewport\" content=\"width=device-width\">"
	                "<title>Leveret: HTTP API</title>"
	                "<link rel=\"stylesheet\" href=\"/style.css\"></head><body><main>\n"
	                "<h1>HTTP API</h1>\n<p>As RabbitMQ has it. Parts of a path are encoded: the "
	                "virtual host / is %%2F. The last column says which tag a user needs; an "
	                "administrator may do all.</p>\n<table>\n"
	                "<tr><th>Method</th><th>Path</th><th>For</th></tr>\n");
	for (size_t i = 0; i < n; i++) {
		if (strncmp(routes[i].path, "api/", 4) != 0)
			continue;
		buf_printf(out, "<tr><td>%s</td><td><code>", http_action_name(routes[i].action));
		put_path(out, routes[i].path);
		buf_printf(out, "</code></td><td>%s</td></tr>\n", audiences[routes[i].who]);
	}
	buf_printf(out, "</table>\n</main></body></html>\n");
	return CALL_DONE;
}

/* It is not ours to give away; those who have it need not be told how to use it. */
enum call_state api_script(struct http_response *r, struct buf *out)
{
	r->status = 404;
	r->type = "text/plain; charset=utf-8";
	buf_printf(out, "rabbitmqadmin does not come with Leveret, and works with it: the script is in "
	                "packages of RabbitMQ 3,\nand version 2 is a program of its own.\n");
	return CALL_DONE;
}
