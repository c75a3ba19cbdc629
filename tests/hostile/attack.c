/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/hostile/siege.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FLOOD_BYTES = 1 << 20, DIALS_A_ROUND = 200, DRIP_MS = 1000, TURN_MS = 20, NICE = 19 };

/* Not blocking; -1 when it is not to be had now. */
static int dial(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port),
		                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	return fd;
}

static void pass(uint32_t ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };
	nanosleep(&t, NULL);
}

static size_t content(const struct attack *a, char **out)
{
	*out = calloc(1, a->n_bytes + a->zeros + 1);
	if (!*out)
		_exit(1);
	memcpy(*out, a->bytes, a->n_bytes);
	return a->n_bytes + a->zeros;
}

static struct pollfd *sockets(const struct attack *a)
{
	struct pollfd *all = calloc((size_t)a->n, sizeof *all);
	for (int i = 0; all && i < a->n; i++)
		all[i].fd = -1;
	if (!all)
		_exit(1);
	return all;
}

/* What came is thrown away; true when the broker has hung up. */
static bool is_cut_off(int fd)
{
	char bin[4096];
	ssize_t n = recv(fd, bin, sizeof bin, MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno != EAGAIN);
}

static void forget(struct pollfd *p)
{
	close(p->fd);
	p->fd = -1;
}

void attack_hold(const struct attack *a)
{
	char *bytes;
	size_t n = content(a, &bytes);
	struct pollfd *all = sockets(a);
	for (;;) {
		int dials = 0;
		for (int i = 0; i < a->n && dials < DIALS_A_ROUND; i++) {
			if (all[i].fd >= 0)
				continue;
			all[i] = (struct pollfd){ .fd = dial(a->port), .events = POLLIN };
			dials++;
			if (all[i].fd >= 0)
				send(all[i].fd, bytes, n, MSG_NOSIGNAL);
		}
		if (poll(all, (nfds_t)a->n, TURN_MS) > 0)
			for (int i = 0; i < a->n; i++)
				if (all[i].fd >= 0 && all[i].revents && is_cut_off(all[i].fd))
					forget(&all[i]);
	}
}

void attack_drip(const struct attack *a)
{
	char *bytes;
	size_t n = content(a, &bytes);
	struct pollfd *all = sockets(a);
	size_t *at = calloc((size_t)a->n, sizeof *at);
	for (int turn = 0; at; turn = (turn + 1) % (DRIP_MS / TURN_MS)) {
		for (int i = turn; i < a->n; i += DRIP_MS / TURN_MS) {
			if (all[i].fd < 0) {
				all[i].fd = dial(a->port);
				at[i] = 0;
			} else if (is_cut_off(all[i].fd)) {
				forget(&all[i]);
			} else {
				send(all[i].fd, bytes + at[i]++ % n, 1, MSG_NOSIGNAL);
			}
		}
		pass(TURN_MS);
	}
}

/* What comes once, then what comes again, so often that a call of the system takes much of it. */
static size_t flood_content(const struct attack *a, char **out)
{
	size_t n = a->n_bytes, times = FLOOD_BYTES / a->n_again;
	*out = malloc(n + times * a->n_again);
	if (!*out)
		_exit(1);
	memcpy(*out, a->bytes, n);
	for (; times; times--, n += a->n_again)
		memcpy(*out + n, a->again, a->n_again);
	return n;
}

void attack_flood(const struct attack *a)
{
	char *bytes;
	size_t n = flood_content(a, &bytes);
	struct pollfd *all = sockets(a);
	size_t *at = calloc((size_t)a->n, sizeof *at);
	while (at) {
		for (int i = 0; i < a->n; i++) {
			if (all[i].fd < 0) {
				all[i] = (struct pollfd){ .fd = dial(a->port), .events = POLLIN | POLLOUT };
				at[i] = 0;
			}
			if (!all[i].revents)
				continue;
			ssize_t done = send(all[i].fd, bytes + at[i], n - at[i], MSG_NOSIGNAL);
			at[i] = done > 0 ? at[i] + (size_t)done : at[i];
			if (at[i] == n)
				at[i] = a->n_bytes;
			if ((done < 0 && errno != EAGAIN) || is_cut_off(all[i].fd))
				forget(&all[i]);
			all[i].revents = 0;
		}
		poll(all, (nfds_t)a->n, TURN_MS);
	}
}

void attack_churn(const struct attack *a)
{
	char *bytes;
	size_t n = content(a, &bytes);
	for (;;) {
		for (int i = 0; i < a->n; i++) {
			int fd = dial(a->port);
			if (fd < 0)
				continue;
			send(fd, bytes, n, MSG_NOSIGNAL);
			close(fd);
		}
		pass(1);
	}
}

/* ---- with TLS ---- */

uint32_t attack_client_hello(char *bytes, uint32_t max)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(context);
	BIO *out = BIO_new(BIO_s_mem());
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
	SSL_connect(ssl);
	int n = BIO_read(out, bytes, (int)max);
	SSL_free(ssl);
	SSL_CTX_free(context);
	return n > 0 ? (uint32_t)n : 0;
}

static SSL *begin_session(SSL_CTX *context, int fd)
{
	SSL *ssl = SSL_new(context);
	SSL_set_fd(ssl, fd);
	return ssl;
}

/* Of no use any more: once all is sent the broker may wait, our side needs no session. */
static void end_session(SSL **ssl)
{
	SSL_free(*ssl);
	*ssl = NULL;
}

/* Goes on with the handshake; when it is done the bytes follow. */
static void greet(SSL **ssl, const char *bytes, size_t n)
{
	int result = SSL_connect(*ssl);
	if (result < 0 && SSL_get_error(*ssl, result) == SSL_ERROR_WANT_READ)
		return;
	if (result == 1 && n)
		SSL_write(*ssl, bytes, (int)n);
	end_session(ssl);
}

void attack_greet(const struct attack *a)
{
	char *bytes;
	size_t n = content(a, &bytes);
	struct pollfd *all = sockets(a);
	SSL **sessions = calloc((size_t)a->n, sizeof *sessions);
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	while (sessions) {
		int dials = 0;
		for (int i = 0; i < a->n; i++) {
			if (all[i].fd < 0 && dials < DIALS_A_ROUND) {
				dials++;
				all[i] = (struct pollfd){ .fd = dial(a->port), .events = POLLIN };
				if (all[i].fd >= 0)
					sessions[i] = begin_session(context, all[i].fd);
				if (all[i].fd >= 0)
					greet(&sessions[i], bytes, n);
			} else if (all[i].fd >= 0 && all[i].revents && sessions[i]) {
				greet(&sessions[i], bytes, n);
			} else if (all[i].fd >= 0 && all[i].revents && is_cut_off(all[i].fd)) {
				forget(&all[i]);
			}
		}
		poll(all, (nfds_t)a->n, TURN_MS);
	}
}

/* ---- begin and end ---- */

/* Those who attack are elsewhere, and do not take the processor from the broker. */
static void step_back(void)
{
	struct sched_param usual = { 0 };
	sched_setscheduler(0, SCHED_OTHER, &usual);
	setpriority(PRIO_PROCESS, 0, NICE);
}

int attack_begin(struct attack a, const struct siege *s)
{
	struct rlimit most = { 20000, 20000 };
	a.port = a.tls ? s->tls_port : s->port;
	fflush(stdout);
	int pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setrlimit(RLIMIT_NOFILE, &most);
		step_back();
		a.run(&a);
		_exit(0);
	}
	return pid;
}

void attack_end(int pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
