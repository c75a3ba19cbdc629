/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be sent lies in out, as clear text; with TLS all of it is encrypted before more is
 * pulled.  Ending is as in socket.c: the sending side is shut, and what still comes is thrown
 * away, because closing with unread input would destroy the answer on its way. */
#include "server/web.h"

#include <errno.h>
#include <ev.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/logline.h"
#include "base/mem.h"
#include "management/host.h"
#include "management/http.h"
#include "server/address.h"
#include "server/config.h"
#include "server/loop.h"
#include "server/process.h"
#include "server/steward.h"
#include "server/tls.h"

enum { READ_BYTES = 16 << 10, RECORD_BYTES = 16 << 10 };

_Static_assert((int)READ_BYTES + (int)TLS_PLAIN_SLACK_BYTES <= (int)HTTP_INPUT_BYTES,
               "what was read at once may be handed in at once");

static const double linger_s = 2.;

struct web {
	struct loop *loop;
	struct list link;
	int fd;
	enum http_service service;
	bool by_tls, over, lingering;
	ev_io read, write;
	ev_timer patience;
	enum http_phase phase;       /* for which patience is had */
	enum http_state state;
	struct http *http;
	struct tls *tls;             /* NULL: in the clear, or nothing has come */
	struct buf out;
	size_t sent;                 /* of out */
};

/* ---- ending ---- */

static void leave(struct web *w)
{
	struct ev_loop *ev = w->loop->ev;
	ev_io_stop(ev, &w->read);
	ev_io_stop(ev, &w->write);
	ev_timer_stop(ev, &w->patience);
	http_free(&w->http);
	tls_free(&w->tls);
	buf_free(&w->out);
	close(w->fd);
	list_remove(&w->link);
	w->loop->n_webs[w->by_tls]--;
	mem_free(w);
}

static void be_patient(struct web *w, double s)
{
	ev_timer_stop(w->loop->ev, &w->patience);
	ev_timer_set(&w->patience, s, 0.);
	ev_timer_start(w->loop->ev, &w->patience);
}

/* Behind the last byte. */
static void linger(struct web *w)
{
	w->lingering = true;
	http_free(&w->http);
	shutdown(w->fd, SHUT_WR);
	ev_io_stop(w->loop->ev, &w->write);
	ev_io_start(w->loop->ev, &w->read);
	be_patient(w, linger_s);
}

static bool is_shaking(const struct web *w)
{
	return w->by_tls && (!w->tls || tls_is_shaking(w->tls));
}

static double request_s(const struct web *w)
{
	const struct config *c = w->loop->config;
	bool other = w->by_tls && c->management_ssl_request_ms;
	return (double)(other ? c->management_ssl_request_ms : c->management_request_ms) / 1e3;
}

static double idle_s(const struct web *w)
{
	const struct config *c = w->loop->config;
	bool other = w->by_tls && c->management_ssl_idle_ms;
	return (double)(other ? c->management_ssl_idle_ms : c->management_idle_ms) / 1e3;
}

/* A head has its time from its first byte on, and so has the handshake of TLS; all else goes on as
 * long as bytes do. */
static void set_patience(struct web *w, bool moved)
{
	enum http_phase phase = http_phase(w->http);
	bool head = phase == HTTP_READS_HEAD || is_shaking(w);
	if (phase == w->phase && (head || !moved))
		return;
	w->phase = phase;
	be_patient(w, head ? request_s(w) : idle_s(w));
}

static void on_impatience(struct ev_loop *ev, ev_timer *t, int events)
{
	(void)ev;
	(void)events;
	leave(t->data);
}

/* ---- out ---- */

/* True when nothing is left to be sent. */
static bool is_flushed(const struct web *w)
{
	return w->sent == w->out.len && (!w->tls || tls_output(w->tls).n == 0);
}

/* The bytes sent; -1: the peer is gone, 0: it takes none. */
static ssize_t send_slice(struct web *w, struct slice s)
{
	ssize_t n = send(w->fd, s.p, s.n, MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	w->loop->moved_bytes += (uint64_t)n;
	return n;
}

/* False when the session is over. */
static bool encrypt(struct web *w)
{
	tls_expect(w->tls, w->out.len - w->sent);
	while (w->sent < w->out.len) {
		size_t left = w->out.len - w->sent, n = left < RECORD_BYTES ? left : RECORD_BYTES;
		if (!tls_encrypt(w->tls, w->out.p + w->sent, n))
			return false;
		w->sent += n;
	}
	return true;
}

/* False when the peer is gone. */
static bool send_some(struct web *w)
{
	if (w->by_tls && !is_shaking(w) && !encrypt(w))
		return false;
	struct slice s = w->tls ? tls_output(w->tls)
	                        : slice_of(w->out.p + w->sent, w->out.len - w->sent);
	ssize_t n = s.n ? send_slice(w, s) : 0;
	if (n > 0 && w->tls)
		tls_sent(w->tls, (size_t)n);
	else if (n > 0)
		w->sent += (size_t)n;
	if (n > 0)
		set_patience(w, true);
	return n >= 0;
}

static void pull(struct web *w)
{
	if (w->service == HTTP_METRICS)
		process_look(w->loop->host);
	buf_clear(&w->out);
	w->sent = 0;
	w->state = http_pull(w->http, loop_now_ms(), &w->out);
	steward_grant(w->loop->steward);
	w->over |= w->state == HTTP_OVER;
	if (w->over && w->tls && w->out.len == 0)
		tls_say_goodbye(w->tls);
}

/* What is watched for: room in the socket while there is something to send, or the next piece to be
 * pulled; input while a request may come, and otherwise that the peer hangs up. */
static void watch(struct web *w)
{
	struct ev_loop *ev = w->loop->ev;
	bool flushed = is_flushed(w);
	if (!flushed || w->state == HTTP_MORE)
		ev_io_start(ev, &w->write);
	else
		ev_io_stop(ev, &w->write);
	if (flushed && w->state == HTTP_READ)
		ev_io_start(ev, &w->read);
	else
		ev_io_stop(ev, &w->read);
}

/* One piece, then others have their turn. */
static void go_on(struct web *w)
{
	if (is_flushed(w) && w->state != HTTP_OVER && !is_shaking(w))
		pull(w);
	if (!send_some(w)) {
		leave(w);
		return;
	}
	set_patience(w, false);
	if (is_flushed(w) && (w->over || (w->tls && tls_is_over(w->tls)))) {
		linger(w);
		return;
	}
	if (is_flushed(w))
		buf_free(&w->out);
	w->sent = w->out.len ? w->sent : 0;
	watch(w);
}

static void on_writable(struct ev_loop *ev, ev_io *io, int events)
{
	(void)ev;
	(void)events;
	go_on(io->data);
}

void webs_turn(struct loop *l)
{
	accesslog_write(&l->accesslog);
	l->web_waits = false;
	list_each_safe(it, &l->webs) {
		struct web *w = list_entry(it, struct web, link);
		if (w->state != HTTP_WAIT || w->lingering || !is_flushed(w))
			continue;
		l->web_waits = true;
		go_on(w);
	}
}

/* ---- in ---- */

/* False when the session is over. */
static bool take_ciphertext(struct web *w, struct slice in)
{
	struct loop *l = w->loop;
	struct buf why = { 0 };
	if (!w->tls)
		w->tls = tls_new(l->web_tls[w->service].context);
	l->handshakes += tls_is_shaking(w->tls);
	long n = tls_decrypt(w->tls, in, l->plain, LOOP_PLAIN_BYTES, &why);
	buf_free(&why);
	if (n > 0 && http_wants_input(w->http))
		http_take(w->http, slice_of(l->plain, (size_t)n));
	return n >= 0;
}

static void on_readable(struct ev_loop *ev, ev_io *io, int events)
{
	struct web *w = io->data;
	struct loop *l = w->loop;
	(void)ev;
	(void)events;
	ssize_t n = recv(w->fd, l->input, READ_BYTES, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		leave(w);
		return;
	}
	if (w->lingering)
		return;
	l->moved_bytes += (uint64_t)n;
	list_remove(&w->link);
	list_push(&l->webs, &w->link);
	struct slice in = slice_of(l->input, (size_t)n);
	if (!w->by_tls)
		http_take(w->http, in);
	else
		w->over |= !take_ciphertext(w, in);
	if (!is_shaking(w))
		w->state = HTTP_MORE;    /* it may be that something else is to be sent before */
	set_patience(w, true);
	go_on(w);
}

/* ---- beginning ---- */

/* Those with TLS may have a limit of their own. */
static bool is_full(const struct loop *l, bool tls)
{
	const struct config *c = l->config;
	if (!c->management_ssl_connections)
		return l->n_webs[false] + l->n_webs[true] >= c->management_connections;
	return l->n_webs[tls] >= (tls ? c->management_ssl_connections : c->management_connections);
}

static bool make_room(struct loop *l, bool tls)
{
	bool apart = l->config->management_ssl_connections != 0;
	if (!is_full(l, tls))
		return true;
	list_each(it, &l->webs) {
		struct web *w = list_entry(it, struct web, link);
		if (!w->lingering && http_phase(w->http) == HTTP_ANSWERS)
			continue;
		if (apart && w->by_tls != tls)
			continue;
		leave(w);
		return true;
	}
	return false;
}

void web_new(struct loop *l, int fd, const struct sockaddr_storage *peer, enum http_service s,
             bool tls)
{
	char name[ADDRESS_PAIR_BYTES];
	if (!make_room(l, tls)) {
		log_info("management.%s.max_connections is reached: a client was turned away",
		         tls && l->config->management_ssl_connections ? "ssl" : "tcp");
		close(fd);
		return;
	}
	struct web *w = mem_zalloc(sizeof *w);
	w->loop = l;
	w->fd = fd;
	w->service = s;
	w->by_tls = tls;
	address_print_pair(name, peer, fd);
	w->http = http_new(l->host, &(struct http_peer){ name, address_is_loopback(peer), s });
	list_push(&l->webs, &w->link);
	l->n_webs[tls]++;
	ev_io_init(&w->read, on_readable, fd, EV_READ);
	ev_io_init(&w->write, on_writable, fd, EV_WRITE);
	ev_init(&w->patience, on_impatience);
	w->read.data = w->write.data = w->patience.data = w;
	ev_io_start(l->ev, &w->read);
	be_patient(w, request_s(w));
}

void webs_close(struct loop *l)
{
	while (!list_empty(&l->webs))
		leave(list_entry(l->webs.next, struct web, link));
}
