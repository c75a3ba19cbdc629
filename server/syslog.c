/* SPDX-License-Identifier: Apache-2.0 */
#include "server/syslog.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/die.h"
#include "base/mem.h"
#include "server/config.h"
#include "server/thread.h"

enum {
	WAITING_BYTES = 1 << 20,     /* of lines on their way to the thread, if the system lets us */
	LINE_BYTES = 16 << 10,
	LENGTH_BYTES = 8,
	PATIENCE_MS = 5000,          /* for a connection, and for room to send */
	RETRY_MS = 1000,
	LAST_MS = 200,               /* the same when somebody waits for the end, */
	END_S = 2,                   /* and for all of it */
};

struct syslog {
	char *where;                 /* "unix:/dev/log", "log.example.com", an address */
	char port[8];
	bool tcp;
	int in, out;                 /* both ends of the way to the thread */
	pthread_t thread;
	_Atomic bool hurries;        /* somebody waits for its end */
	_Atomic bool left;           /* by one of the two, thread and owner: the other one frees it */
	_Atomic uint64_t lost;
	_Atomic int error;           /* errno, or minus getaddrinfo's; 0: somebody is there */

	/* the thread's */
	int fd;                      /* -1: nobody is there */
	char line[LENGTH_BYTES + LINE_BYTES];   /* the first for its length */
};

static const char local[] = "unix:";

/* ---- on the thread ---- */

/* False when nothing came of it in time; there is little of it when somebody waits for the end. */
static bool wait_for(struct syslog *s, short events, int ms)
{
	struct pollfd p[2] = { { .fd = s->fd, .events = events }, { .fd = s->in } };
	int n = poll(p, 2, ms);
	if (n > 0 && p[1].revents && !p[0].revents)
		n = poll(p, 1, s->hurries && ms > LAST_MS ? LAST_MS : ms);
	return n > 0 && p[0].revents;
}

static bool is_ending(const struct syslog *s)
{
	struct pollfd p = { .fd = s->in };
	return poll(&p, 1, 0) > 0;
}

static bool fail(struct syslog *s, int error)
{
	s->error = error;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	return false;
}

static int error_of(int fd)
{
	int error = 0;
	socklen_t n = sizeof error;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0 ? errno : error;
}

static bool connect_to(struct syslog *s, int family, int type, const void *address, socklen_t n)
{
	s->fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return fail(s, errno);
	if (connect(s->fd, address, n) == 0)
		return true;
	if (errno != EINPROGRESS)
		return fail(s, errno);
	if (!wait_for(s, POLLOUT, PATIENCE_MS))
		return fail(s, ETIMEDOUT);
	int error = error_of(s->fd);
	return error ? fail(s, error) : true;
}

static bool connect_to_path(struct syslog *s)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	snprintf(a.sun_path, sizeof a.sun_path, "%s", s->where + strlen(local));
	return connect_to(s, AF_UNIX, SOCK_DGRAM, &a, sizeof a);
}

static bool connect_to_host(struct syslog *s)
{
	struct addrinfo wanted = { .ai_socktype = s->tcp ? SOCK_STREAM : SOCK_DGRAM }, *all;
	int error = getaddrinfo(s->where, s->port, &wanted, &all);
	if (error)
		return fail(s, error == EAI_SYSTEM ? errno : error);   /* those are below 0 */
	for (struct addrinfo *a = all; a && s->fd < 0; a = a->ai_next)
		connect_to(s, a->ai_family, wanted.ai_socktype, a->ai_addr, a->ai_addrlen);
	freeaddrinfo(all);
	return s->fd >= 0;
}

/* Daemons say nothing: what can be read is the end. */
static bool is_there(struct syslog *s)
{
	char byte;
	if (s->fd < 0 || !s->tcp)
		return s->fd >= 0;
	ssize_t n = recv(s->fd, &byte, 1, MSG_DONTWAIT);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)) ? true : fail(s, EPIPE);
}

static bool reach(struct syslog *s)
{
	if (is_there(s))
		return true;
	bool ok = syslog_is_local(s) ? connect_to_path(s) : connect_to_host(s);
	if (ok)
		s->error = 0;
	return ok;
}

static bool send_all(struct syslog *s, const char *p, size_t n)
{
	while (n) {
		ssize_t done = send(s->fd, p, n, MSG_NOSIGNAL);
		if (done >= 0) {
			p += done;
			n -= (size_t)done;
		} else if (errno != EAGAIN && errno != EINTR) {
			return fail(s, errno);
		} else if (errno == EAGAIN && !wait_for(s, POLLOUT, PATIENCE_MS)) {
			return fail(s, ETIMEDOUT);
		}
	}
	return true;
}

/* What is too long for the other side of a path, or for UDP, is no reason to try again. */
static bool send_line(struct syslog *s, size_t n)
{
	char length[LENGTH_BYTES + 1];
	size_t digits = s->tcp ? (size_t)snprintf(length, sizeof length, "%zu ", n) : 0;
	char *p = s->line + LENGTH_BYTES - digits;
	memcpy(p, length, digits);
	if (reach(s) && send_all(s, p, digits + n))
		return true;
	if (s->error != EMSGSIZE)
		return false;
	s->error = 0;
	s->lost++;
	return true;
}

/* The first failure may be one of before, of which the system tells only now. */
static bool deliver(struct syslog *s, size_t n)
{
	for (bool again = false; !send_line(s, n); again = true)
		if (again) {
			wait_for(s, 0, RETRY_MS);
			if (is_ending(s))
				return false;
		}
	return true;
}

static void leave(struct syslog *s)
{
	if (!atomic_exchange(&s->left, true))
		return;
	if (s->fd >= 0)
		close(s->fd);
	close(s->in);
	mem_free(s->where);
	mem_free(s);
}

static void *work(void *arg)
{
	struct syslog *s = arg;
	for (ssize_t n; (n = recv(s->in, s->line + LENGTH_BYTES, LINE_BYTES, 0)) != 0;)
		if (n > 0 && !deliver(s, (size_t)n))
			break;
	leave(s);
	return NULL;
}

/* ---- outside ---- */

/* RabbitMQ sends to this machine by UDP where nothing is said; who says nothing of UDP gets what
 * every daemon listens to. */
static const char *where_of(const struct config *c)
{
	return c->log_syslog_host[0]        ? c->log_syslog_host
	       : c->log_syslog_transport[0] ? "127.0.0.1"
	                                    : "unix:/dev/log";
}

static bool is_tcp(const struct config *c)
{
	return strcmp(c->log_syslog_transport, "tcp") == 0 &&
	       strncmp(where_of(c), local, strlen(local)) != 0;
}

struct syslog *syslog_open(const struct config *c)
{
	int ends[2], room = WAITING_BYTES;
	int error = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
	must(error == 0);
	struct syslog *s = mem_zalloc(sizeof *s);
	s->where = mem_strdup(where_of(c));
	s->tcp = is_tcp(c);
	snprintf(s->port, sizeof s->port, "%u", (unsigned)c->log_syslog_port);
	s->in = ends[0];
	s->out = ends[1];
	s->fd = -1;
	setsockopt(s->out, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	s->thread = thread_begin(work, s);
	return s;
}

int syslog_fd(const struct syslog *s)
{
	return s->out;
}

bool syslog_leads_to(const struct syslog *s, const struct config *c)
{
	return strcmp(s->where, where_of(c)) == 0 && s->tcp == is_tcp(c) &&
	       (syslog_is_local(s) || (uint64_t)atoi(s->port) == c->log_syslog_port);
}

bool syslog_is_local(const struct syslog *s)
{
	return strncmp(s->where, local, strlen(local)) == 0;
}

uint64_t syslog_lost(struct syslog *s)
{
	return atomic_exchange(&s->lost, 0);
}

void syslog_describe(const struct syslog *s, struct buf *out)
{
	int error = s->error;
	buf_printf(out, "%s", s->where);
	if (!syslog_is_local(s))
		buf_printf(out, " port %s (%s)", s->port, s->tcp ? "TCP" : "UDP");
	if (error)
		buf_printf(out, ": %s", error < 0 ? gai_strerror(error) : strerror(error));
}

void syslog_leave(struct syslog **ps)
{
	struct syslog *s = *ps;
	if (!s)
		return;
	*ps = NULL;
	close(s->out);
	pthread_detach(s->thread);
	leave(s);
}

/* A thread that waits for the name of a machine cannot be woken: it is left where it is. */
void syslog_close(struct syslog **ps)
{
	struct syslog *s = *ps;
	struct timespec until;
	if (!s)
		return;
	*ps = NULL;
	s->hurries = true;
	close(s->out);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += END_S;
	if (pthread_timedjoin_np(s->thread, NULL, &until) != 0)
		pthread_detach(s->thread);
	leave(s);
}
