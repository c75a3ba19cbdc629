/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/wire/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

enum { READ_BYTES = 1 << 18 };

uint64_t wire_now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static bool fail(struct wire *w, const char *what)
{
	snprintf(w->why, sizeof w->why, "%s: %s", what, strerror(errno));
	return false;
}

static bool send_all(struct wire *w, struct slice s)
{
	while (s.n) {
		ssize_t n = send(w->fd, s.p, s.n, MSG_NOSIGNAL);
		if (n <= 0)
			return fail(w, "write");
		slice_take(&s, (size_t)n);
	}
	return true;
}

bool wire_next(struct slice *rest, struct frame *out)
{
	return frame_next(rest, 0, out, NULL) == FRAME_OK;
}

void wire_done(struct wire *w, struct slice rest)
{
	buf_consume(&w->in, w->in.len - rest.n);
}

static bool is_close(uint32_t id)
{
	return id == METHOD_connection_close || id == METHOD_channel_close;
}

/* Waits for a method, dropping others. */
static bool expect(struct wire *w, uint32_t id)
{
	for (;;) {
		struct slice in = buf_slice(&w->in);
		struct frame f;
		struct method m = { 0 };
		if (!wire_next(&in, &f)) {
			if (!wire_read(w))
				return fail(w, "the broker hung up");
			continue;
		}
		bool method = f.type == FRAME_METHOD && method_decode(f.payload, &m) == METHOD_OK;
		if (method && m.id != id && is_close(m.id)) {
			snprintf(w->why, sizeof w->why, "refused: %.*s",
			         SLICE_ARG(m.connection_close.reply_text));
			return false;
		}
		wire_done(w, in);
		if (method && m.id == id)
			return true;
	}
}

static bool ask(struct wire *w, uint16_t channel, const struct method *m, uint32_t answer)
{
	struct buf b = { 0 };
	method_encode(&b, channel, m);
	bool ok = send_all(w, buf_slice(&b));
	buf_free(&b);
	return ok && (!answer || expect(w, answer));
}

bool wire_call(struct wire *w, const struct method *m, uint32_t answer)
{
	return ask(w, 1, m, answer);
}

static bool handshake(struct wire *w)
{
	struct method start_ok = { .id = METHOD_connection_start_ok,
		                       .connection_start_ok = {
			                       .mechanism = slice_str("PLAIN"),
			                       .response = slice_of("\0guest\0guest", 12),
			                       .locale = slice_str("en_US") } };
	struct method tune_ok = { .id = METHOD_connection_tune_ok,
		                      .connection_tune_ok = { 2047, 131072, 0, 0 } };
	struct method open = { .id = METHOD_connection_open,
		                   .connection_open = { .virtual_host = slice_str("/") } };
	struct method channel = { .id = METHOD_channel_open };
	return send_all(w, slice_of("AMQP\0\0\x09\x01", 8)) && expect(w, METHOD_connection_start) &&
	       ask(w, 0, &start_ok, METHOD_connection_tune) && ask(w, 0, &tune_ok, 0) &&
	       ask(w, 0, &open, METHOD_connection_open_ok) &&
	       ask(w, 1, &channel, METHOD_channel_open_ok);
}

bool wire_open(struct wire *w, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port),
		                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1;
	*w = (struct wire){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	if (w->fd < 0 || connect(w->fd, (struct sockaddr *)&to, sizeof to))
		return fail(w, "connect");
	setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return handshake(w);
}

void wire_close(struct wire *w)
{
	if (w->fd >= 0)
		close(w->fd);
	buf_free(&w->in);
	buf_free(&w->out);
	*w = (struct wire){ .fd = -1 };
}

void wire_unblock(struct wire *w)
{
	fcntl(w->fd, F_SETFL, O_NONBLOCK);
}

bool wire_read(struct wire *w)
{
	ssize_t n = recv(w->fd, buf_reserve(&w->in, READ_BYTES), READ_BYTES, 0);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		return false;
	w->in.len += n > 0 ? (size_t)n : 0;
	return true;
}

bool wire_write(struct wire *w)
{
	if (w->sent == w->out.len)
		return true;
	ssize_t n = send(w->fd, w->out.p + w->sent, w->out.len - w->sent, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return false;
	w->sent += n > 0 ? (size_t)n : 0;
	if (w->sent == w->out.len) {
		buf_clear(&w->out);
		w->sent = 0;
	}
	return true;
}
