/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/wire/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
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

/* ---- TLS ---- */

static SSL_CTX *tls;
static SSL_SESSION *ticket;

static int keep_ticket(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	SSL_SESSION_free(ticket);
	ticket = session;
	return 1;
}

void wire_use_tls(bool resume)
{
	signal(SIGPIPE, SIG_IGN);
	tls = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (!resume)
		return;
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(tls, keep_ticket);
}

static bool begin_tls(struct wire *w)
{
	w->ssl = SSL_new(tls);
	SSL_set_fd(w->ssl, w->fd);
	if (ticket)
		SSL_set_session(w->ssl, ticket);
	return SSL_connect(w->ssl) == 1 || fail(w, "TLS");
}

/* As recv and send say it. */
static ssize_t told(struct wire *w, int n)
{
	if (n > 0)
		return n;
	int error = SSL_get_error(w->ssl, n);
	errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
	return error == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

/* As many records as there is room for, each of them whole: of what OpenSSL kept back poll(2) would
 * not know. */
static ssize_t receive_tls(struct wire *w, uint8_t *p, size_t max)
{
	size_t have = 0;
	ssize_t n;
	do {
		n = told(w, SSL_read(w->ssl, p + have, (int)(max - have)));
		have += n > 0 ? (size_t)n : 0;
	} while (n > 0 && w->unblocked && max - have >= SSL3_RT_MAX_PLAIN_LENGTH);
	return have ? (ssize_t)have : n;
}

ssize_t wire_send(struct wire *w, const void *p, size_t n)
{
	return w->ssl ? told(w, SSL_write(w->ssl, p, (int)n)) : send(w->fd, p, n, MSG_NOSIGNAL);
}

/* ---- */

static bool send_all(struct wire *w, struct slice s)
{
	while (s.n) {
		ssize_t n = wire_send(w, s.p, s.n);
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

bool wire_await(struct wire *w, struct frame *out, int n, struct slice *rest)
{
	*rest = buf_slice(&w->in);
	for (int i = 0; i < n;) {
		if (wire_next(rest, &out[i])) {
			i++;
			continue;
		}
		if (!wire_read(w))
			return fail(w, "the broker hung up");
		*rest = buf_slice(&w->in);
		i = 0;
	}
	return true;
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
	return (!tls || begin_tls(w)) && handshake(w);
}

void wire_close(struct wire *w)
{
	SSL_free(w->ssl);
	if (w->fd >= 0)
		close(w->fd);
	buf_free(&w->in);
	buf_free(&w->out);
	*w = (struct wire){ .fd = -1 };
}

void wire_unblock(struct wire *w)
{
	fcntl(w->fd, F_SETFL, O_NONBLOCK);
	w->unblocked = true;
}

bool wire_read(struct wire *w)
{
	uint8_t *room = buf_reserve(&w->in, READ_BYTES);
	ssize_t n = w->ssl ? receive_tls(w, room, READ_BYTES) : recv(w->fd, room, READ_BYTES, 0);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		return false;
	w->in.len += n > 0 ? (size_t)n : 0;
	return true;
}

bool wire_write(struct wire *w)
{
	if (w->sent == w->out.len)
		return true;
	ssize_t n = wire_send(w, w->out.p + w->sent, w->out.len - w->sent);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return false;
	w->sent += n > 0 ? (size_t)n : 0;
	if (w->sent == w->out.len) {
		buf_clear(&w->out);
		w->sent = 0;
	}
	return true;
}
