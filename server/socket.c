/* SPDX-License-Identifier: Apache-2.0 */
/* Reading: into the loop's one buffer, frames are cut there and handed in as they lie; only an
 * unfinished frame is copied, into a buffer of its own that is as large as that frame.
 * Who brings little is read when it comes; those that bring much stand in line and share what a
 * turn has for them, so that a turn stays short however many they are.
 * Behind a proxy its header comes first, before TLS too: it is kept like an unfinished frame until
 * it is whole, and is no sign of life before.
 * Ending: after the last byte was written the sending side is shut and what the peer still sends
 * is thrown away until it hangs up, because closing with unread input would destroy the close
 * frame on its way. */
#define LOGLINE_CATEGORY LOGLINE_CONNECTION

#include "server/socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/die.h"
#include "base/logline.h"
#include "base/mem.h"
#include "broker/connection.h"
#include "broker/outbox.h"
#include "server/address.h"
#include "server/config.h"
#include "server/loop.h"
#include "server/proxy_header.h"
#include "server/tls.h"

enum {
	HEADER_BYTES = 8,
	FRAMES = 256,
	PIECES = 128,
	READ_BYTES = 64 << 10,   /* in one turn: then others have theirs */
	STRANGER_READ_BYTES = 8 << 10,   /* ... of who has not logged in: no login is longer */
	LIGHT_READ_BYTES = 4096, /* who brings more at a time stands in line */
	WORK_BYTES = 256,        /* cost as much as a frame */
	LIGHT_WORK = 4000,       /* frames in one turn, of those that bring little */
	LINE_WORK = 12000,       /* ... of those in line together */
	LINE_WORK_BUSY = 3000,   /* ... while others wait for quick answers */
	LONG_REST_BYTES = 4096,  /* such a rest says that frames are long: few come in a long read */
	STRANGER_BYTES = 704,            /* a socket and its connection, with what malloc adds */
	STRANGERS_CLEAR_MAX_BYTES = 6 << 20,
	STRANGERS_TLS_MAX_BYTES = 9 << 20,
	LINGER_S = 2,
	HANDSHAKES_PER_TURN = 16,        /* steps that cost a signature or a key agreement */
	ENCRYPT_BYTES = 48 << 10,        /* before it is sent: 64 KiB freed would be work for malloc */
	TLS_RECORD_BYTES = 16 << 10,
	MAGIC = 0x736f636b,
};

struct socket {
	uint32_t magic;
	int fd;
	bool reading, writing, lingering;
	bool heavy;                      /* its last read brought much */
	bool known;                      /* has logged in */
	bool by_tls;
	bool behind_proxy;               /* whose header has not come, or not all of it */
	struct loop *loop;
	struct connection *connection;   /* NULL once lost */
	struct buf rest;                 /* an unfinished frame, behind those that ... */
	bool pending;                    /* ... could not be taken yet, if there are such */
	size_t counted;                  /* what it takes as a stranger */
	struct tls *tls;                 /* NULL: in the clear, or nothing has come */
	ev_io read, write;
	ev_timer patience;               /* for the TLS handshake, then for the peer to hang up */
	struct list link;                /* among the loop's strangers, then among its sockets */
	struct list line;                /* in the loop's line of those that bring much */
};

static struct connection *introduce(struct socket *s, const struct sockaddr_storage *peer)
{
	char name[ADDRESS_PAIR_BYTES];
	address_print_pair(name, peer, s->fd);
	struct peer p = { name, address_is_loopback(peer), s->by_tls };
	return connection_new(s->loop->broker, &p, s, loop_now_ms());
}

static void introduce_again(struct socket *s, const struct proxy_header *h)
{
	char name[ADDRESS_PAIR_BYTES];
	address_print_ends(name, &h->source, &h->destination);
	connection_introduced(s->connection, &(struct peer){ name, address_is_loopback(&h->source),
	                                                     s->by_tls });
}

/* ---- strangers ---- */

static struct strangers *company(const struct socket *s)
{
	return &s->loop->strangers[s->by_tls];
}

static void count(struct socket *s, size_t now)
{
	company(s)->bytes += now - s->counted;
	s->counted = now;
}

static void become_known(struct socket *s)
{
	count(s, 0);
	s->known = true;
	list_remove(&s->link);
	list_push(&s->loop->sockets, &s->link);
}

/* After anything that changes what it takes.  Who was refused is a stranger to the end. */
static void weigh(struct socket *s)
{
	if (s->known)
		return;
	if (s->connection && !connection_is_stranger(s->connection))
		become_known(s);
	else
		count(s, STRANGER_BYTES + s->rest.cap + (s->tls ? tls_bytes(s->tls) : 0));
}

/* ---- ending ---- */

static void destroy(struct socket *s)
{
	must(s->magic == MAGIC && !s->connection);
	ev_io_stop(s->loop->ev, &s->read);
	ev_io_stop(s->loop->ev, &s->write);
	ev_timer_stop(s->loop->ev, &s->patience);
	close(s->fd);
	list_remove(&s->link);
	list_remove(&s->line);
	s->loop->n_sockets--;
	count(s, 0);
	buf_free(&s->rest);
	tls_free(&s->tls);
	s->magic = 0;
	mem_free(s);
}

static void lose(struct socket *s)
{
	struct connection *c = s->connection;
	s->connection = NULL;
	connection_lost(c, loop_now_ms());
}

static void hang_up(struct socket *s)
{
	if (s->connection)
		lose(s);
	destroy(s);
}

/* The oldest go: who means to log in does so at once, and is younger than those who do not. */
static void make_room(struct strangers *c, size_t max)
{
	while (c->bytes > max) {
		struct socket *s = list_entry(c->all.next, struct socket, link);
		if (s->connection)
			log_info("%s: has not logged in yet and makes room for others",
			         connection_name(s->connection));
		hang_up(s);
	}
}

/* No socket must be in use. */
static void bound_strangers(struct loop *l)
{
	make_room(&l->strangers[false], STRANGERS_CLEAR_MAX_BYTES);
	make_room(&l->strangers[true], STRANGERS_TLS_MAX_BYTES);
}

/* ---- input ---- */

static bool flush(struct socket *s);

static void keep_rest(struct socket *s, struct slice rest)
{
	struct buf kept = { 0 };
	if (rest.p == s->rest.p && rest.n == s->rest.len)
		return;
	if (rest.n)
		buf_append_slice(&kept, rest);
	buf_free(&s->rest);
	s->rest = kept;
}

static bool take_header(struct socket *s, struct slice *in, uint64_t now)
{
	if (in->n < HEADER_BYTES) {
		connection_heard(s->connection, now);
		return false;
	}
	connection_header(s->connection, slice_take(in, HEADER_BYTES), now);
	return true;
}

/* The frames from that one on wait for the next turn. */
static void put_off(struct socket *s, struct slice *in, const struct frame *first)
{
	const uint8_t *end = in->p + in->n, *from = first->payload.p - FRAME_HEAD_BYTES;
	*in = slice_of(from, (size_t)(end - from));
	s->pending = s->heavy = true;
	if (!list_linked(&s->line))
		list_push(&s->loop->waiting, &s->line);
}

/* Cuts as many frames as may be handed in at once. False when no more can be done with *in. */
static bool take_frames(struct socket *s, struct slice *in, uint64_t now)
{
	struct connection *c = s->connection;
	struct frame frames[FRAMES], bad;
	size_t n = 0, max = connection_batch_max(c);
	uint32_t limit = connection_max_payload(c);
	enum frame_result result = FRAME_OK;
	max = max < FRAMES ? max : FRAMES;
	while (n < max && (result = frame_next(in, limit, &frames[n], NULL)) == FRAME_OK)
		n++;
	if (n < max)
		bad = frames[n];
	size_t taken = n ? connection_frames(c, frames, n, now) : 0;
	s->loop->work += taken;
	if (taken < n) {
		put_off(s, in, &frames[taken]);
		return false;
	}
	if (n == 0 && result == FRAME_MORE)
		connection_heard(c, now);
	if (result == FRAME_OK)
		return true;
	if (result != FRAME_MORE && connection_wish(c) == CONNECTION_GOES_ON) {
		connection_bad_frame(c, result, &bad, now);
		in->n = 0;
	}
	return false;
}

static void feed(struct socket *s, struct slice in)
{
	uint64_t now = loop_now_ms();
	while (connection_wish(s->connection) == CONNECTION_GOES_ON && in.n) {
		bool header = connection_wants_header(s->connection);
		if (!(header ? take_header(s, &in, now) : take_frames(s, &in, now)))
			break;
	}
	if (connection_wish(s->connection) != CONNECTION_GOES_ON)
		in.n = 0;
	keep_rest(s, in);
}

/* New bytes behind what is left of before. */
static void feed_bytes(struct socket *s, struct slice bytes)
{
	if (s->rest.len) {
		buf_append_slice(&s->rest, bytes);
		bytes = buf_slice(&s->rest);
	}
	feed(s, bytes);
}

/* Ciphertext is a sign of life too.  Who the peer is is known before its first byte of AMQP. False:
 * the peer has to go. */
static bool feed_ciphertext(struct socket *s, struct slice in)
{
	struct loop *l = s->loop;
	struct buf why = { 0 };
	if (!s->tls)
		s->tls = tls_new(l->tls);
	bool shaking = tls_is_shaking(s->tls);
	l->handshakes += shaking;
	connection_heard(s->connection, loop_now_ms());
	_Static_assert((int)LOOP_PLAIN_BYTES - (int)LOOP_INPUT_BYTES >= (int)TLS_PLAIN_SLACK_BYTES,
	               "the loop has room for it");
	long n = tls_decrypt(s->tls, in, l->plain, LOOP_PLAIN_BYTES, &why);
	if (shaking && !tls_is_shaking(s->tls)) {
		struct security *security = tls_security(s->tls);
		connection_secured(s->connection, &security);
		ev_timer_stop(l->ev, &s->patience);
	}
	if (why.len)
		log_info("%s: TLS: %.*s", connection_name(s->connection), SLICE_ARG(buf_slice(&why)));
	buf_free(&why);
	if (n > 0)
		feed_bytes(s, slice_of(l->plain, (size_t)n));
	return flush(s) && !tls_is_over(s->tls);
}

/* False: the peer has to go. */
static bool feed_input(struct socket *s, struct slice in)
{
	if (s->by_tls)
		return feed_ciphertext(s, in);
	feed_bytes(s, in);
	return true;
}

/* What comes before anything else from who stands behind a proxy, and what has come with it.  False
 * as above. */
static bool feed_proxied(struct socket *s, struct slice in)
{
	struct proxy_header h = { 0 };
	buf_append_slice(&s->rest, in);
	enum proxy_header_result r = proxy_header_read(buf_slice(&s->rest), &h);
	if (r == PROXY_HEADER_BAD)
		log_info("%s: PROXY header refused: %s", connection_name(s->connection), h.fault);
	if (r != PROXY_HEADER_OK)
		return r == PROXY_HEADER_MORE;
	s->behind_proxy = false;
	if (h.named)
		introduce_again(s, &h);
	connection_heard(s->connection, loop_now_ms());
	struct buf all = s->rest;
	s->rest = (struct buf){ 0 };
	bool stays = all.len == h.n || feed_input(s, slice_of(all.p + h.n, all.len - h.n));
	buf_free(&all);
	return stays;
}

/* A turn is as long as the messages in it, not the bytes: what publishers bring in one read must
 * be less than consumers can be given before the next. */
static size_t read_max(const struct socket *s)
{
	if (!s->known)
		return STRANGER_READ_BYTES;
	return s->rest.len > LONG_REST_BYTES ? LOOP_INPUT_BYTES : READ_BYTES;
}

static void read_some(struct socket *s)
{
	uint8_t *input = s->loop->input;
	ssize_t n = recv(s->fd, input, read_max(s), 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(s);
		return;
	}
	s->heavy = n > LIGHT_READ_BYTES;
	s->loop->moved_bytes += (uint64_t)n;
	s->loop->work += (uint64_t)n / WORK_BYTES;
	if (s->lingering)
		return;
	connection_received(s->connection, (size_t)n);
	struct slice in = slice_of(input, (size_t)n);
	if (!(s->behind_proxy ? feed_proxied(s, in) : feed_input(s, in))) {
		hang_up(s);
		return;
	}
	weigh(s);
}

/* What was put off goes before what is to be read. */
static void go_on(struct socket *s)
{
	s->pending = false;
	feed(s, buf_slice(&s->rest));
	weigh(s);
}

static void read_if_wanted(struct socket *s)
{
	struct loop *l = s->loop;
	bool may = s->reading && (s->lingering || !connection_yields(s->connection));
	if (may && s->pending)
		go_on(s);
	else if (may)
		read_some(s);
	else if (s->reading && s->pending)
		list_push(&l->waiting, &s->line);
	bound_strangers(l);
}

static bool is_shaking(const struct socket *s)
{
	return s->by_tls && !s->lingering && (!s->tls || tls_is_shaking(s->tls));
}

static void on_readable(struct ev_loop *ev, ev_io *w, int events)
{
	struct socket *s = w->data;
	struct loop *l = s->loop;
	(void)ev;
	(void)events;
	must(s->magic == MAGIC);
	if (s->pending || (is_shaking(s) && l->handshakes >= HANDSHAKES_PER_TURN))
		return;   /* in the next turn */
	if (!s->heavy && l->work < LIGHT_WORK)
		read_if_wanted(s);
	else if (!list_linked(&s->line))
		list_push(&l->line, &s->line);
}

/* Who could not be read now is named again by the next iteration, and stands at the end; who has
 * something that was put off waits for it. */
void sockets_read(struct loop *l)
{
	list_splice(&l->line, &l->waiting);
	uint64_t enough = l->work + (l->work ? LINE_WORK_BUSY : LINE_WORK);
	for (struct list *it; l->work < enough && (it = list_pop(&l->line));)
		read_if_wanted(list_entry(it, struct socket, line));
	l->work = 0;
}

/* ---- output ---- */

static void set_writing(struct socket *s, bool on)
{
	if (on == s->writing)
		return;
	s->writing = on;
	if (on)
		ev_io_start(s->loop->ev, &s->write);
	else
		ev_io_stop(s->loop->ev, &s->write);
}

static void set_reading(struct socket *s, bool on)
{
	if (on == s->reading)
		return;
	s->reading = on;
	if (on && s->pending && !list_linked(&s->line))
		list_push(&s->loop->waiting, &s->line);
	if (on)
		ev_io_start(s->loop->ev, &s->read);
	else
		ev_io_stop(s->loop->ev, &s->read);
}

static ssize_t send_pieces(int fd, const struct slice *pieces, size_t n)
{
	struct iovec iov[PIECES];
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = n };
	for (size_t i = 0; i < n; i++)
		iov[i] = (struct iovec){ (void *)pieces[i].p, pieces[i].n };
	return sendmsg(fd, &m, MSG_NOSIGNAL);
}

/* What the next record holds: as it lies where that is long enough, else put together in room. */
static struct slice next_record(const struct outbox *o, uint8_t room[TLS_RECORD_BYTES])
{
	struct slice pieces[PIECES];
	size_t n = outbox_front(o, pieces, PIECES), have = 0;
	if (pieces[0].n >= TLS_RECORD_BYTES)
		return slice_of(pieces[0].p, TLS_RECORD_BYTES);
	if (n == 1)
		return pieces[0];
	for (size_t i = 0; i < n && have < TLS_RECORD_BYTES; i++) {
		size_t left = TLS_RECORD_BYTES - have, part = pieces[i].n < left ? pieces[i].n : left;
		memcpy(room + have, pieces[i].p, part);
		have += part;
	}
	return slice_of(room, have);
}

/* Encrypts a stretch of the outbox, in records as large as they may be. */
static bool encrypt_some(struct socket *s)
{
	struct outbox *o = connection_outbox(s->connection);
	uint8_t room[TLS_RECORD_BYTES];
	size_t done = 0;
	tls_expect(s->tls, o->bytes < ENCRYPT_BYTES ? o->bytes : ENCRYPT_BYTES);
	while (o->bytes && done < ENCRYPT_BYTES) {
		struct slice record = next_record(o, room);
		if (!tls_encrypt(s->tls, record.p, record.n))
			return false;
		connection_sent(s->connection, record.n);
		done += record.n;
	}
	return true;
}

/* 1: all was sent, 0: the socket is full, -1: the peer is gone. */
static int send_ciphertext(struct socket *s)
{
	for (struct slice out; (out = tls_output(s->tls)).n;) {
		ssize_t done = send(s->fd, out.p, out.n, MSG_NOSIGNAL);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno == EAGAIN ? 0 : -1;
		tls_sent(s->tls, (size_t)done);
		s->loop->moved_bytes += (uint64_t)done;
	}
	return 1;
}

static bool flush_encrypted(struct socket *s)
{
	struct outbox *o = connection_outbox(s->connection);
	int sent;
	if (!s->tls)
		return o->bytes == 0;
	while ((sent = send_ciphertext(s)) == 1 && o->bytes)
		if (!encrypt_some(s))
			return false;
	set_writing(s, sent == 0);
	return sent >= 0;
}

/* True when nothing is left to be sent. */
static bool is_flushed(const struct socket *s)
{
	return connection_outbox(s->connection)->bytes == 0 && (!s->tls || tls_output(s->tls).n == 0);
}

/* Writes until the outbox is empty or the socket is full. False when the peer is gone. */
static bool flush(struct socket *s)
{
	if (s->by_tls)
		return flush_encrypted(s);
	struct outbox *o = connection_outbox(s->connection);
	struct slice pieces[PIECES];
	while (o->bytes) {
		size_t n = outbox_front(o, pieces, PIECES);
		ssize_t done = send_pieces(s->fd, pieces, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && errno == EAGAIN)
			break;
		if (done < 0)
			return false;
		connection_sent(s->connection, (size_t)done);
		s->loop->moved_bytes += (uint64_t)done;
	}
	set_writing(s, o->bytes > 0);
	return true;
}

static void on_patience_over(struct ev_loop *ev, ev_timer *w, int events)
{
	struct socket *s = w->data;
	(void)ev;
	(void)events;
	if (s->connection)
		log_info("%s: TLS: handshake timeout", connection_name(s->connection));
	hang_up(s);
}

static void be_patient(struct socket *s, double seconds)
{
	ev_timer_stop(s->loop->ev, &s->patience);
	ev_timer_set(&s->patience, seconds, 0.);
	ev_timer_start(s->loop->ev, &s->patience);
}

/* Everything was said: the connection ends for the broker, the socket waits for the peer. */
static void linger(struct socket *s)
{
	lose(s);
	buf_free(&s->rest);
	s->pending = false;
	s->lingering = true;
	if (s->tls) {
		tls_say_goodbye(s->tls);
		send_ciphertext(s);
		tls_free(&s->tls);
	}
	weigh(s);
	shutdown(s->fd, SHUT_WR);
	set_writing(s, false);
	set_reading(s, true);
	be_patient(s, LINGER_S);
}

void socket_serve(struct socket *s)
{
	must(s->magic == MAGIC);
	enum connection_wish wish = connection_wish(s->connection);
	if (wish == CONNECTION_WANTS_DROP || !flush(s)) {
		hang_up(s);
		return;
	}
	weigh(s);
	wish = connection_wish(s->connection);
	if (wish == CONNECTION_WANTS_FLUSH_AND_CLOSE && is_flushed(s))
		linger(s);
	else
		set_reading(s, connection_wants_input(s->connection));
}

static void on_writable(struct ev_loop *ev, ev_io *w, int events)
{
	(void)ev;
	(void)events;
	socket_serve(w->data);
}

/* ---- begin and end ---- */

void socket_new(struct loop *l, int fd, const struct sockaddr_storage *peer, bool tls)
{
	struct socket *s = mem_zalloc(sizeof *s);
	s->magic = MAGIC;
	s->fd = fd;
	s->loop = l;
	ev_io_init(&s->read, on_readable, fd, EV_READ);
	ev_io_init(&s->write, on_writable, fd, EV_WRITE);
	ev_init(&s->patience, on_patience_over);
	s->read.data = s->write.data = s->patience.data = s;
	list_init(&s->line);
	s->by_tls = tls;
	s->behind_proxy = l->config->proxy_protocol;
	list_push(&company(s)->all, &s->link);
	weigh(s);
	l->n_sockets++;
	s->connection = introduce(s, peer);
	if (tls)
		be_patient(s, (double)l->config->ssl_handshake_timeout_ms / 1e3);
	set_reading(s, true);
}

static void hang_up_all(struct list *all)
{
	while (!list_empty(all))
		hang_up(list_entry(all->next, struct socket, link));
}

void sockets_close(struct loop *l)
{
	hang_up_all(&l->strangers[false].all);
	hang_up_all(&l->strangers[true].all);
	hang_up_all(&l->sockets);
}
