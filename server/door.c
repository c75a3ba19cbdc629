/* SPDX-License-Identifier: Apache-2.0 */
#include "server/door.h"

#include <errno.h>
#include <ev.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/die.h"
#include "base/list.h"
#include "base/logline.h"
#include "base/mem.h"
#include "management/call.h"
#include "server/doorway.h"
#include "server/loop.h"
#include "server/steward.h"

enum {
	CALLERS_MAX = 16,
	BACKLOG = 128,
	ACCEPTS = 8,                 /* in one turn */
	READ_BYTES = 4096,
};

static const double ask_s = 5., take_s = 30.;   /* to bring a request; to take a piece */
static const double rest_s = 1.;

struct caller {
	struct door *door;
	struct list link;
	int fd;
	ev_io read, write;
	ev_timer patience;
	struct buf in, out;
	size_t sent;                 /* of out */
	struct call *call;           /* NULL: the request is not whole */
	enum call_state state;
};

struct door {
	struct loop *loop;
	struct host *host;
	int fd;
	ev_io io;
	ev_timer rest;               /* no descriptor was left: nobody is let in for a while */
	struct list callers;         /* the oldest first */
	size_t n;
};

/* ---- a caller ---- */

static void leave(struct caller *c)
{
	struct ev_loop *ev = c->door->loop->ev;
	ev_io_stop(ev, &c->read);
	ev_io_stop(ev, &c->write);
	ev_timer_stop(ev, &c->patience);
	call_free(&c->call);
	close(c->fd);
	list_remove(&c->link);
	c->door->n--;
	buf_free(&c->in);
	buf_free(&c->out);
	mem_free(c);
}

static void set_patience(struct caller *c, double s)
{
	ev_timer_stop(c->door->loop->ev, &c->patience);
	ev_timer_set(&c->patience, s, 0.);
	ev_timer_start(c->door->loop->ev, &c->patience);
}

static void pull(struct caller *c)
{
	buf_clear(&c->out);
	c->sent = 0;
	c->state = call_pull(c->call, loop_now_ms(), &c->out);
	if (c->out.len)
		set_patience(c, take_s);
	steward_grant(c->door->loop->steward);
}

/* False when the peer is gone. */
static bool send_some(struct caller *c)
{
	ssize_t n = send(c->fd, c->out.p + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	c->sent += (size_t)n;
	set_patience(c, take_s);
	return true;
}

/* One piece, then others have their turn.  Who asked for the stop stays, see door_close. */
static void answer(struct caller *c)
{
	struct ev_loop *ev = c->door->loop->ev;
	if (c->sent == c->out.len && c->state != CALL_DONE)
		pull(c);
	if (c->sent < c->out.len && !send_some(c)) {
		leave(c);
		return;
	}
	bool all = c->sent == c->out.len;
	if (all && c->state == CALL_DONE && !c->door->host->stop) {
		leave(c);
		return;
	}
	if (all && c->state != CALL_MORE) {
		ev_io_stop(ev, &c->write);
		ev_timer_stop(ev, &c->patience);
	} else {
		ev_io_start(ev, &c->write);
	}
}

static void on_writable(struct ev_loop *ev, ev_io *w, int events)
{
	(void)ev;
	(void)events;
	answer(w->data);
}

/* What follows a whole request is nothing we know: its sender goes. */
static void take_request(struct caller *c)
{
	struct slice in = buf_slice(&c->in);
	struct request r;
	enum request_result result = request_decode(&in, &r);
	if (result == REQUEST_MORE)
		return;
	if (result == REQUEST_BAD || in.n) {
		log_info("a caller at the door makes no sense and is sent away");
		leave(c);
		return;
	}
	c->call = call_new(c->door->host, &c->in);
	c->state = CALL_MORE;
	answer(c);
}

static void on_readable(struct ev_loop *ev, ev_io *w, int events)
{
	struct caller *c = w->data;
	(void)ev;
	(void)events;
	ssize_t n = recv(c->fd, buf_reserve(&c->in, READ_BYTES), READ_BYTES, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || c->call) {
		leave(c);
		return;
	}
	c->in.len += (size_t)n;
	take_request(c);
}

static void on_impatience(struct ev_loop *ev, ev_timer *w, int events)
{
	(void)ev;
	(void)events;
	log_info("a caller at the door was too slow and is sent away");
	leave(w->data);
}

/* ---- coming in ---- */

static bool is_welcome(int fd)
{
	struct ucred peer;
	socklen_t n = sizeof peer;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0)
		return false;
	if (peer.uid == geteuid() || peer.uid == 0)
		return true;
	log_warning("the user %u is not let in at the door", peer.uid);
	return false;
}

/* When all places are taken the oldest goes that has not asked yet; else the new one. */
static bool make_room(struct door *d)
{
	if (d->n < CALLERS_MAX)
		return true;
	list_each(it, &d->callers) {
		struct caller *c = list_entry(it, struct caller, link);
		if (c->call)
			continue;
		leave(c);
		return true;
	}
	return false;
}

static void welcome(struct door *d, int fd)
{
	struct caller *c = mem_zalloc(sizeof *c);
	c->door = d;
	c->fd = fd;
	list_push(&d->callers, &c->link);
	d->n++;
	ev_io_init(&c->read, on_readable, fd, EV_READ);
	ev_io_init(&c->write, on_writable, fd, EV_WRITE);
	ev_timer_init(&c->patience, on_impatience, ask_s, 0.);
	c->read.data = c->write.data = c->patience.data = c;
	ev_io_start(d->loop->ev, &c->read);
	ev_timer_start(d->loop->ev, &c->patience);
}

static bool accept_one(struct door *d)
{
	struct ev_loop *ev = d->loop->ev;
	int fd = accept4(d->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
		ev_io_stop(ev, &d->io);
		ev_timer_set(&d->rest, rest_s, 0.);
		ev_timer_start(ev, &d->rest);
	}
	if (fd < 0)
		return false;
	if (is_welcome(fd) && make_room(d))
		welcome(d, fd);
	else
		close(fd);
	return true;
}

static void on_caller(struct ev_loop *ev, ev_io *w, int events)
{
	(void)ev;
	(void)events;
	for (int i = 0; i < ACCEPTS && accept_one(w->data); i++)
		;
}

static void on_rested(struct ev_loop *ev, ev_timer *w, int events)
{
	struct door *d = w->data;
	(void)events;
	ev_io_start(ev, &d->io);
}

bool door_turn(struct door *d)
{
	bool any = false;
	list_each_safe(it, &d->callers) {
		struct caller *c = list_entry(it, struct caller, link);
		if (!c->call || c->state != CALL_WAITS || c->sent != c->out.len)
			continue;
		any = true;
		answer(c);
	}
	return any;
}

/* ---- open and close ---- */

/* The mode is set before the name is there. */
static int bind_door(int fd, const char *data_dir)
{
	struct sockaddr_un address;
	int directory, error = doorway_address(data_dir, &address, &directory);
	if (error)
		return error;
	unlink(address.sun_path);
	if (fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(fd, BACKLOG) < 0)
		error = -errno;
	if (directory >= 0)
		close(directory);
	return error;
}

int door_open(struct loop *l, struct host *h)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error = fd < 0 ? -errno : bind_door(fd, h->data_dir);
	if (error) {
		if (fd >= 0)
			close(fd);
		return error;
	}
	struct door *d = l->door = mem_zalloc(sizeof *d);
	d->loop = l;
	d->host = h;
	d->fd = fd;
	list_init(&d->callers);
	ev_io_init(&d->io, on_caller, fd, EV_READ);
	ev_timer_init(&d->rest, on_rested, rest_s, 0.);
	d->io.data = d->rest.data = d;
	ev_io_start(l->ev, &d->io);
	return 0;
}

static void remove_name(const struct door *d)
{
	struct sockaddr_un address;
	int directory;
	if (doorway_address(d->host->data_dir, &address, &directory) == 0)
		unlink(address.sun_path);
	if (directory >= 0)
		close(directory);
}

void door_close(struct door **door)
{
	struct door *d = *door;
	if (!d)
		return;
	list_each_safe(it, &d->callers) {
		struct caller *c = list_entry(it, struct caller, link);
		if (d->host->stop)
			c->fd = dup(c->fd);
		leave(c);
	}
	ev_io_stop(d->loop->ev, &d->io);
	ev_timer_stop(d->loop->ev, &d->rest);
	remove_name(d);
	close(d->fd);
	mem_free(d);
	*door = NULL;
}
