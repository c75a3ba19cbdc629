/* SPDX-License-Identifier: Apache-2.0 */
#define LOGLINE_CATEGORY LOGLINE_CONNECTION

#include "server/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/die.h"
#include "base/logline.h"
#include "base/mem.h"
#include "management/host.h"
#include "server/config.h"
#include "server/loop.h"
#include "server/socket.h"
#include "server/web.h"

enum {
	ACCEPTS = 8,   /* in one turn: a newcomer costs as much as a hundred messages */
	LISTENERS = 2 * CONFIG_LISTENERS_MAX + 1,
	WEB_LISTENERS = 4 * HTTP_SERVICES + 1,
};

union address {
	struct sockaddr any;
	struct sockaddr_storage storage;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* ---- options ---- */

static void set_number(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof value);
}

/* What is accepted inherits them. */
static void set_options(const struct config *c, int fd)
{
	set_number(fd, IPPROTO_TCP, TCP_NODELAY, c->nodelay);
	set_number(fd, SOL_SOCKET, SO_KEEPALIVE, c->keepalive);
}

/* What cannot be taken back. */
static void set_buffers(const struct config *c, int fd)
{
	if (c->sndbuf)
		set_number(fd, SOL_SOCKET, SO_SNDBUF, (int)c->sndbuf);
	if (c->recbuf)
		set_number(fd, SOL_SOCKET, SO_RCVBUF, (int)c->recbuf);
}

/* ---- accepting ---- */

/* No descriptor is left: the spare one is spent on taking the caller off the queue and hanging up,
 * so that it does not wait for nothing and the loop does not spin. */
static void turn_away(struct listener *s)
{
	close(s->spare_fd);
	int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	log_error("out of file descriptors: a connection was turned away (raise the limit of open "
	          "files, or lower connection_max)");
}

static bool accept_one(struct listener *s)
{
	struct loop *l = s->loop;
	struct sockaddr_storage peer;
	socklen_t n = sizeof peer;
	int fd = accept4(s->fd, (struct sockaddr *)&peer, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
		turn_away(s);
		return true;
	}
	if (fd < 0)
		return errno == ECONNABORTED || errno == EINTR;
	set_buffers(l->config, fd);
	if (s->web) {
		web_new(l, fd, &peer, s->service, s->tls);
		return true;
	}
	if (l->max_sockets && l->n_sockets >= l->max_sockets) {
		close(fd);
		log_error("connection_max (%llu) is reached: a connection was turned away",
		          (unsigned long long)l->max_sockets);
		return true;
	}
	socket_new(l, fd, &peer, s->tls);
	return true;
}

static void on_readable(struct ev_loop *ev, ev_io *w, int events)
{
	(void)ev;
	(void)events;
	for (int i = 0; i < ACCEPTS && accept_one(w->data); i++)
		;
}

/* ---- opening ---- */

static int listen_on(const struct config *c, const union address *a)
{
	int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	set_number(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (a->any.sa_family == AF_INET6)
		set_number(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	set_options(c, fd);
	socklen_t n = a->any.sa_family == AF_INET ? sizeof a->v4 : sizeof a->v6;
	if (bind(fd, &a->any, n) == 0 && listen(fd, (int)c->backlog) == 0)
		return fd;
	int error = -errno;
	close(fd);
	return error;
}

/* A file that is no socket refuses, too. */
static bool is_socket(const char *path)
{
	struct stat s;
	return lstat(path, &s) == 0 && S_ISSOCK(s.st_mode);
}

/* A socket that nobody listens on any more is in the way.  Who may come is a matter of the
 * directory and of the group. */
static int listen_on_path(const struct config *c, const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	must(strlen(path) < sizeof a.sun_path);
	memcpy(a.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0 && errno == ECONNREFUSED &&
	    is_socket(path))
		unlink(path);
	close(fd);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && chmod(path, 0660) == 0 &&
	    listen(fd, (int)c->backlog) == 0)
		return fd;
	int error = -errno;
	close(fd);
	return error;
}

/* The descriptor itself stays open, so that listening can end and begin again. */
static int listen_on_inherited(const struct config *c, int inherited)
{
	int listens = 0;
	socklen_t n = sizeof listens;
	if (getsockopt(inherited, SOL_SOCKET, SO_ACCEPTCONN, &listens, &n) < 0)
		return -errno;
	if (!listens)
		return -EINVAL;
	int fd = fcntl(inherited, F_DUPFD_CLOEXEC, 0);
	if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	fcntl(inherited, F_SETFD, FD_CLOEXEC);
	set_options(c, fd);
	return fd;
}

static bool parse_host(const char *host, uint16_t port, union address *a)
{
	*a = (union address){ 0 };
	a->v4.sin_port = htons(port);
	if (inet_pton(AF_INET, host, &a->v4.sin_addr) == 1) {
		a->any.sa_family = AF_INET;
		return true;
	}
	a->v6.sin6_port = htons(port);
	a->any.sa_family = AF_INET6;
	return inet_pton(AF_INET6, host, &a->v6.sin6_addr) == 1;
}

struct place {
	const char *host;
	uint16_t port;
	bool tls, optional;
	const struct config_web *web;   /* for HTTP; NULL: for AMQP */
	enum http_service service;
};

static void add(struct loop *l, struct listener *all, int fd, const struct place *p)
{
	struct listener *s = all;
	while (s->fd >= 0)
		s++;
	must(s < all + (p->web ? WEB_LISTENERS : LISTENERS) - 1);
	s->loop = l;
	s->web = p->web != NULL;
	s->service = p->service;
	s->tls = p->tls;
	s->fd = fd;
	s->port = p->port;
	snprintf(s->address, sizeof s->address, "%s", p->host);
	s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ev_io_init(&s->io, on_readable, fd, EV_READ);
	s->io.data = s;
	ev_io_start(l->ev, &s->io);
}

static bool open_at(struct loop *l, struct place p, struct buf *where, struct buf *why)
{
	const char *host = p.host;
	union address a;
	bool v6 = strchr(host, ':') != NULL;
	if (!parse_host(host, p.port, &a)) {
		buf_printf(why, "'%s' is not an IP address", host);
		return false;
	}
	int fd = listen_on(l->config, &a);
	if (fd < 0 && p.optional)
		return true;
	if (fd < 0) {
		buf_printf(why, "cannot listen on %s port %u: %s", host, p.port, strerror(-fd));
		if (fd == -EADDRINUSE)
			buf_printf(why, " (is another broker running? choose another port with %s=PORT)",
			           p.web ? p.web->key : "listeners.tcp.default");
		return false;
	}
	add(l, p.web ? l->web_listeners : l->listeners, fd, &p);
	buf_printf(where, v6 ? "%s[%s]:%u%s" : "%s%s:%u%s", where->len ? ", " : "", host, p.port,
	           p.tls ? " (TLS)" : "");
	return true;
}

/* What it listens on is told by the system. */
static bool open_inherited(struct loop *l, struct place p, struct buf *where, struct buf *why)
{
	union address a = { 0 };
	socklen_t n = sizeof a;
	char host[sizeof ((struct listener *)NULL)->address] = "unix";
	int inherited = p.port, fd = listen_on_inherited(l->config, inherited);
	if (fd < 0) {
		buf_printf(why, "descriptor %d is no listening socket: %s", inherited, strerror(-fd));
		return false;
	}
	getsockname(fd, &a.any, &n);
	bool v6 = a.any.sa_family == AF_INET6;
	p.port = a.any.sa_family == AF_UNIX ? 0 : ntohs(v6 ? a.v6.sin6_port : a.v4.sin_port);
	if (a.any.sa_family != AF_UNIX)
		inet_ntop(a.any.sa_family, v6 ? (void *)&a.v6.sin6_addr : (void *)&a.v4.sin_addr, host,
		          sizeof host);
	p.host = host;
	add(l, l->listeners, fd, &p);
	buf_printf(where, v6 ? "%s[%s]:%u%s (descriptor %d)" : "%s%s:%u%s (descriptor %d)",
	           where->len ? ", " : "", host, p.port, p.tls ? " (TLS)" : "", inherited);
	return true;
}

static bool open_path(struct loop *l, struct place p, struct buf *where, struct buf *why)
{
	int fd = listen_on_path(l->config, p.host);
	if (fd < 0) {
		buf_printf(why, "cannot listen on unix:%s: %s", p.host, strerror(-fd));
		return false;
	}
	add(l, l->listeners, fd, &p);
	buf_printf(where, "%sunix:%s%s", where->len ? ", " : "", p.host, p.tls ? " (TLS)" : "");
	return true;
}

/* Without a host: all addresses, IPv6 only where the system has it. */
static bool open_place(struct loop *l, struct place p, struct buf *where, struct buf *why)
{
	if (!p.web && p.host[0] == '/')
		return open_path(l, p, where, why);
	if (!p.web && strcmp(p.host, "fd") == 0)
		return open_inherited(l, p, where, why);
	if (p.host[0])
		return open_at(l, p, where, why);
	struct place v4 = p, v6 = p;
	v4.host = "0.0.0.0";
	v6.host = "::";
	v6.optional = true;
	return open_at(l, v4, where, why) && open_at(l, v6, where, why);
}

static bool open_one(struct loop *l, const char *address, bool tls, struct buf *where,
                     struct buf *why)
{
	char host[CONFIG_HOST_BYTES];
	uint16_t port;
	bool ok = config_address(address, host, &port);
	must(ok);
	return open_place(l, (struct place){ .host = host, .port = port, .tls = tls }, where, why);
}

static struct listener *none_open(size_t n)
{
	struct listener *all = mem_zalloc(n * sizeof *all);
	for (size_t i = 0; i < n; i++)
		all[i].fd = -1;
	return all;
}

bool listeners_open(struct loop *l, struct buf *where, struct buf *why)
{
	const struct config *c = l->config;
	l->listeners = none_open(LISTENERS);
	bool clear = false;          /* something is said about listeners without TLS */
	for (uint32_t i = 0; i < c->n_listeners; i++) {
		const struct config_listener *one = &c->listeners[i];
		clear |= !one->tls;
		if (strcmp(one->address, "none") != 0 && !open_one(l, one->address, one->tls, where, why))
			return false;
	}
	return clear || open_one(l, "5672", false, where, why);
}

/* Who names no port did not ask for it. */
static void open_unasked(struct loop *l, struct place p, struct buf *where)
{
	struct buf why = { 0 };
	if (!open_place(l, p, where, &why))
		log_warning("without %s: %.*s", p.web->what, SLICE_ARG(buf_slice(&why)));
	buf_free(&why);
}

bool listeners_open_web(struct loop *l, enum http_service s, struct buf *where, struct buf *why)
{
	struct config_web web = config_web(l->config, s);
	struct place clear = { web.ip, web.port, .web = &web, .service = s };
	struct place tls = { web.ssl_ip, web.ssl_port, .web = &web, .service = s, .tls = true };
	if (!l->web_listeners)
		l->web_listeners = none_open(WEB_LISTENERS);
	if (!clear.port && !tls.port && !l->config->n_listeners) {
		clear.port = web.standard_port;
		open_unasked(l, clear, where);
		return true;
	}
	return (!clear.port || open_place(l, clear, where, why)) &&
	       (!tls.port || open_place(l, tls, where, why));
}

static void close_all(struct loop *l, struct listener **all)
{
	for (struct listener *s = *all; s && s->fd >= 0; s++) {
		ev_io_stop(l->ev, &s->io);
		close(s->fd);
		if (s->address[0] == '/')
			unlink(s->address);
		close(s->spare_fd);
	}
	mem_free(*all);
	*all = NULL;
}

static void set_all(const struct config *c, const struct listener *all)
{
	for (const struct listener *s = all; s && s->fd >= 0; s++) {
		set_options(c, s->fd);
		listen(s->fd, (int)c->backlog);
	}
}

void listeners_set_options(struct loop *l)
{
	set_all(l->config, l->listeners);
	set_all(l->config, l->web_listeners);
}

void listeners_close(struct loop *l)
{
	close_all(l, &l->listeners);
}

void listeners_close_web(struct loop *l)
{
	close_all(l, &l->web_listeners);
}

/* ---- telling ---- */

static size_t tell(const struct listener *all, struct host_port *out)
{
	static const char *const amqp[] = { "amqp", "amqp/ssl" };
	static const char *const web[][2] = { [HTTP_API] = { "http", "https" },
		                                  [HTTP_METRICS] = { "http/prometheus",
		                                                     "https/prometheus" } };
	size_t n = 0;
	for (const struct listener *s = all; s && s->fd >= 0; s++, n++) {
		out[n].protocol = s->web ? web[s->service][s->tls] : amqp[s->tls];
		out[n].port = s->port;
		memcpy(out[n].address, s->address, sizeof out[n].address);
	}
	return n;
}

struct host_port *listeners_ports(const struct loop *l, size_t *n)
{
	struct host_port *all = mem_alloc((LISTENERS + WEB_LISTENERS) * sizeof *all);
	*n = tell(l->listeners, all);
	*n += tell(l->web_listeners, all + *n);
	return all;
}
