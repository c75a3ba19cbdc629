/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl_asking.h"

#include <errno.h>
#include <stdio.h>

#include "base/base64.h"
#include "management/http_reply.h"
#include "management/request.h"
#include "tools/ctl_whom.h"

/* ---- asking ---- */

static void put_part(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool plain = c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		             (c >= 'A' && c <= 'Z');
		buf_printf(out, plain ? "%c" : "%%%02X", c);
	}
}

static void put_http(const struct whom *w, struct slice verb, const struct buf *body,
                     struct buf *out)
{
	struct buf login = { 0 };
	bool bracket = strchr(w->name, ':') != NULL;
	buf_printf(out, "POST /api/verbs/");
	put_part(out, verb);
	buf_printf(out, " HTTP/1.1\r\nHost: %s%s%s:%s\r\nAuthorization: Basic ", bracket ? "[" : "",
	           w->name, bracket ? "]" : "", w->port);
	buf_printf(&login, "%s:%s", w->user, w->password);
	base64_put(out, buf_slice(&login));
	buf_printf(out, "\r\nContent-Type: application/x-leveret-request\r\nContent-Length: %zu\r\n"
	           "Connection: close\r\n\r\n", body->len);
	buf_append_slice(out, buf_slice(body));
	explicit_bzero(login.p, login.len);
	buf_free(&login);
}

bool asking_open(struct asking *a, const struct request *r, struct slice verb)
{
	struct buf body = { 0 }, http = { 0 };
	a->wire.fd = -1;
	a->code = CALL_EXIT_USAGE;
	if (!request_encode(&body, r)) {
		fprintf(stderr, "Error: the arguments are too long\n");
		return false;
	}
	a->code = wire_open(&a->wire, a->whom, a->quiet);
	if (!a->code && a->whom->host) {
		a->reply = http_reply_new();
		put_http(a->whom, verb, &body, &http);
	}
	if (!a->code)
		wire_send(&a->wire, buf_slice(a->reply ? &http : &body));
	if (http.len)
		explicit_bzero(http.p, http.len);
	buf_free(&body);
	buf_free(&http);
	return a->code == CALL_EXIT_OK;
}

/* ---- the answer ---- */

static bool fail(struct asking *a, int code, const char *why)
{
	fprintf(stderr, "Error: %s\n", why);
	a->code = code;
	return false;
}

/* The peer hung up, or was silent for too long. */
static bool fail_to_hear(struct asking *a, long n)
{
	char text[128];
	snprintf(text, sizeof text, "the broker did not answer within %ld s", a->whom->timeout_s);
	if (n == -EAGAIN)
		return fail(a, EXIT_TIMEOUT, text);
	if (a->whom->host)
		return fail(a, CALL_EXIT_UNAVAILABLE, "the connection ended before the answer did");
	return fail(a, CALL_EXIT_UNAVAILABLE, "the broker hung up: it has ended, or this user may not "
	            "ask it (its owner and root may)");
}

static void complain(struct asking *a)
{
	struct buf why = { 0 };
	a->code = http_reply_explain(a->reply, &why);
	fprintf(stderr, "Error: %s: %.*s\n", whom_print(a->whom), SLICE_ARG(buf_slice(&why)));
	buf_free(&why);
}

/* Makes more pieces of what comes; false when nothing more will, which was said then. */
static bool hear(struct asking *a)
{
	struct buf bytes = { 0 };
	long n = wire_hear(&a->wire, a->reply ? &bytes : &a->in);
	bool ok = n > 0;
	if (!ok)
		fail_to_hear(a, n);
	else if (a->reply)
		ok = http_reply_take(a->reply, buf_slice(&bytes), &a->in);
	if (n > 0 && !ok)
		complain(a);
	buf_free(&bytes);
	return ok;
}

/* The broker hangs up behind its answer; when it was to stop it does so by ending. */
static void wait_for_end(struct asking *a)
{
	struct buf rest = { 0 };
	while (wire_hear(&a->wire, &rest) > 0)
		buf_clear(&rest);
	buf_free(&rest);
}

bool asking_next(struct asking *a, struct answer_piece *out)
{
	enum request_result result;
	for (;;) {
		struct slice rest = buf_slice(&a->in);
		result = answer_decode(&rest, out);
		if (result != REQUEST_MORE || !hear(a))
			break;
	}
	if (result == REQUEST_MORE)
		return false;
	if (result == REQUEST_BAD)
		return fail(a, CALL_EXIT_SOFTWARE, "the broker answers what this program does not "
		            "understand");
	size_t bytes = ANSWER_HEAD_BYTES + out->bytes.n;
	buf_clear(&a->room);
	buf_append_slice(&a->room, out->bytes);
	out->bytes = buf_slice(&a->room);
	buf_consume(&a->in, bytes);
	if (out->kind != ANSWER_END)
		return true;
	a->code = (int)out->code;
	if (!a->reply)
		wait_for_end(a);
	return false;
}

void asking_close(struct asking *a)
{
	if (a->wire.fd >= 0)
		wire_close(&a->wire);
	http_reply_free(&a->reply);
	buf_free(&a->in);
	buf_free(&a->room);
}

int asking_collect(const struct whom *w, const struct request *r, struct slice verb,
                   struct buf *out)
{
	struct asking a = { .whom = w };
	struct answer_piece p;
	if (asking_open(&a, r, verb))
		while (asking_next(&a, &p)) {
			if (p.kind == ANSWER_OUTPUT)
				buf_append_slice(out, p.bytes);
			if (p.kind == ANSWER_ERROR)
				fwrite(p.bytes.p, 1, p.bytes.n, stderr);
		}
	asking_close(&a);
	return a.code;
}
