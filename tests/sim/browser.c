/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/browser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/die.h"
#include "management/http_request.h"
#include "management/parsing.h"

enum { PULLS_MAX = 100000 };

void browser_visit(struct browser *b, enum http_service service, bool loopback)
{
	struct http_peer peer = { "127.0.0.1:1 -> 127.0.0.1:2", loopback, service };
	http_free(&b->http);
	b->http = http_new(&b->host, &peer);
}

void browser_open(struct browser *b, struct inside *in, bool loopback)
{
	*b = (struct browser){ .in = in };
	b->host = (struct host){ .broker = in->broker,
		                     .livelog = &b->livelog,
		                     .version = "9.9",
		                     .data_dir = "/data",
		                     .listeners = "here",
		                     .pid = 7,
		                     .max_connections = 100,
		                     .max_body_bytes = HTTP_BODY_MAX_BYTES,
		                     .metrics_path = "/metrics" };
	browser_visit(b, HTTP_API, loopback);
}

void browser_close(struct browser *b)
{
	http_free(&b->http);
	buf_free(&b->output);
	buf_free(&b->body);
	buf_free(&b->head);
	livelog_free(&b->livelog);
}

/* As another thread would. */
static void parse(struct browser *b)
{
	struct parsing *p = b->host.aside ? parsing_next(b->host.aside) : NULL;
	if (!p || !parsing_do(p))
		return;
	parsing_back(p, b->host.aside);
	b->parsed++;
}

static void listen(struct browser *b)
{
	for (int i = 0; i < PULLS_MAX && !b->over; i++) {
		size_t before = b->output.len;
		enum http_state s = http_pull(b->http, b->in->now_ms, &b->output);
		b->pulls++;
		b->pieces += b->output.len > before;
		b->over = s == HTTP_OVER;
		if (s == HTTP_READ)
			return;
		if (s == HTTP_WAIT) {
			inside_pass(b->in, 1);
			parse(b);
		}
	}
	must(b->over);
}

void browser_send(struct browser *b, struct slice bytes, size_t some_at_once)
{
	b->pulls = b->pieces = 0;
	if (some_at_once == 0)
		some_at_once = HTTP_INPUT_BYTES;
	while (bytes.n && !b->over) {
		must(http_wants_input(b->http));
		http_take(b->http, slice_take(&bytes, bytes.n < some_at_once ? bytes.n : some_at_once));
		listen(b);
	}
}

/* The value of a header of the head, or NULL. */
static const char *header(const struct browser *b, const char *name)
{
	const char *at = strstr((const char *)b->head.p, name);
	return at ? at + strlen(name) : NULL;
}

static void read_chunks(struct browser *b, struct slice *rest)
{
	for (;;) {
		size_t n = strtoul((const char *)rest->p, NULL, 16);
		slice_cut(rest, '\n');
		must(rest->n >= n + 2);
		buf_append_slice(&b->body, slice_take(rest, n));
		must(slice_is(slice_take(rest, 2), "\r\n"));
		if (n == 0)
			return;
	}
}

unsigned browser_read(struct browser *b, bool to_head)
{
	struct slice rest = buf_slice(&b->output);
	const uint8_t *end = rest.n ? memmem(rest.p, rest.n, "\r\n\r\n", 4) : NULL;
	buf_clear(&b->body);
	buf_clear(&b->head);
	if (!end)
		return 0;
	buf_append_slice(&b->head, slice_take(&rest, (size_t)(end + 4 - rest.p)));
	buf_u8(&b->head, '\0');
	unsigned status = (unsigned)atoi((const char *)b->head.p + strlen("HTTP/1.1 "));
	const char *length = header(b, "content-length: ");
	size_t n = length ? strtoul(length, NULL, 10) : 0;
	must(length == NULL || to_head || rest.n >= n);
	if (!to_head && length)
		buf_append_slice(&b->body, slice_take(&rest, n));
	if (!to_head && header(b, "transfer-encoding: chunked"))
		read_chunks(b, &rest);
	buf_consume(&b->output, b->output.len - rest.n);
	return status;
}

unsigned browser_ask_as(struct browser *b, const char *who, const char *method, const char *target,
                        const char *body)
{
	struct buf request = { 0 };
	buf_printf(&request, "%s %s HTTP/1.1\r\nHost: here\r\n", method, target);
	if (who) {
		buf_printf(&request, "Authorization: Basic ");
		base64_put(&request, slice_str(who));
		buf_printf(&request, "\r\n");
	}
	if (body)
		buf_printf(&request, "Content-Length: %zu\r\n", strlen(body));
	buf_printf(&request, "\r\n%s", body ? body : "");
	browser_send(b, buf_slice(&request), 0);
	buf_free(&request);
	return browser_read(b, strcmp(method, "HEAD") == 0);
}

unsigned browser_ask(struct browser *b, const char *method, const char *target, const char *body)
{
	return browser_ask_as(b, "guest:guest", method, target, body);
}

const char *browser_watch(struct browser *b)
{
	buf_clear(&b->output);
	while (http_pull(b->http, b->in->now_ms, &b->output) == HTTP_MORE)
		;
	*buf_reserve(&b->output, 1) = '\0';
	return (const char *)b->output.p;
}

const char *browser_body(struct browser *b)
{
	*buf_reserve(&b->body, 1) = '\0';
	return (const char *)b->body.p;
}
