/* SPDX-License-Identifier: Apache-2.0 */
/* Who is read when, and who has to go: a loop with a broker and real sockets, run one iteration at
 * a time.  Peers that bring much share what a turn has for them; one that brings little is answered
 * meanwhile.  Strangers take what they may all together, and the oldest make room. */
#include "server/socket.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "broker/broker.h"
#include "server/config.h"
#include "server/loop.h"
#include "tls_pair.h"

#define BYTES(text) slice_of(text, sizeof(text) - 1)

enum { FLOODERS = 20, FLOOD_BYTES = 256 << 10, TURN_BYTES = 384 << 10, PATIENCE = 1000,
       STRANGERS = 250 };

static const char login[] =
	"AMQP\0\0\x09\x01"
	"\1\0\0\0\0\0\x24\0\x0a\0\x0b\0\0\0\0\5PLAIN\0\0\0\x0c\0guest\0guest\5en_US\xce"
	"\1\0\0\0\0\0\x0c\0\x0a\0\x1f\7\xff\0\2\0\0\0\0\xce"
	"\1\0\0\0\0\0\x08\0\x0a\0\x28\1/\0\0\xce"
	"\1\0\1\0\0\0\5\0\x14\0\x0a\0\xce";
static const char publish[] =
	"\1\0\1\0\0\0\x0c\0\x3c\0\x28\0\0\0\3abc\0\xce"
	"\2\0\1\0\0\0\x0e\0\x3c\0\0\0\0\0\0\0\0\0\0\0\0\xce";
static const char qos[] = "\1\0\1\0\0\0\x0b\0\x3c\0\x0a\0\0\0\0\0\0\0\xce";

static struct config config;
static struct loop loop;

struct flooder {
	int fd;
	size_t sent;
};

static struct flooder flooders[FLOODERS];

static void no_entropy(void *p, size_t n)
{
	memset(p, 1, n);
}

static void set_up(void)
{
	struct broker_options o;
	config_init(&config);
	broker_options_default(&o);
	o.entropy = no_entropy;
	loop_init(&loop, &config);
	loop.broker = broker_new(&o, loop_now_ms());
	ck_assert_int_eq(broker_recover(loop.broker, NULL), 0);
}

static void tear_down(void)
{
	for (size_t i = 0; i < FLOODERS; i++)
		if (flooders[i].fd > 0)
			close(flooders[i].fd);
	loop_free(&loop);
	ck_assert_int_eq(broker_free(loop.broker), 0);
	config_free(&config);
}

/* Both ends of a connection by way of the loopback interface; the loop has one. */
static int connect_by(bool tls)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof a;
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&a, n), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	getsockname(listener, (struct sockaddr *)&a, &n);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, n), 0);
	struct sockaddr_storage peer;
	n = sizeof peer;
	int theirs = accept4(listener, (struct sockaddr *)&peer, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
	ck_assert_int_ge(theirs, 0);
	close(listener);
	socket_new(&loop, theirs, &peer, tls);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static int connect_one(void)
{
	return connect_by(false);
}

static void say(int fd, struct slice s)
{
	ck_assert_int_eq(send(fd, s.p, s.n, MSG_NOSIGNAL), (ssize_t)s.n);
}

/* One turn, and the bytes that it read or wrote. */
static uint64_t turn(void)
{
	uint64_t before = loop.moved_bytes;
	ev_run(loop.ev, EVRUN_NOWAIT);
	return loop.moved_bytes - before;
}

static size_t hear(int fd)
{
	char bytes[4096];
	ssize_t n = recv(fd, bytes, sizeof bytes, 0);
	return n > 0 ? (size_t)n : 0;
}

/* channel.open-ok is the last that a login is answered with. */
static bool ends_logged_in(int fd, size_t *heard)
{
	static const char last[] = "\1\0\1\0\0\0\x08\0\x14\0\x0b\0\0\0\0\xce";
	static char bytes[4096];
	ssize_t n = recv(fd, bytes + *heard, sizeof bytes - *heard, 0);
	*heard += n > 0 ? (size_t)n : 0;
	return *heard > sizeof last &&
	       memcmp(bytes + *heard - (sizeof last - 1), last, sizeof last - 1) == 0;
}

static int logged_in(void)
{
	int fd = connect_one();
	say(fd, BYTES(login));
	size_t heard = 0;
	for (int i = 0; i < PATIENCE && !ends_logged_in(fd, &heard); i++)
		turn();
	return fd;
}

/* As much as the system takes of what it has to say. */
static void flood(struct flooder *f)
{
	static const size_t n = sizeof publish - 1;
	ssize_t done = 1;
	while (done > 0 && f->sent < FLOOD_BYTES / n * n) {
		done = send(f->fd, publish + f->sent % n, n - f->sent % n, MSG_NOSIGNAL);
		f->sent += done > 0 ? (size_t)done : 0;
	}
}

static void let_them_flood(void)
{
	for (size_t i = 0; i < FLOODERS; i++)
		flooders[i] = (struct flooder){ .fd = logged_in() };
	for (size_t i = 0; i < FLOODERS; i++)
		flood(&flooders[i]);
}

START_TEST(a_turn_is_short_however_many_bring_much)
{
	let_them_flood();
	uint64_t all = 0, n;
	int silent = 0;
	for (int i = 0; i < PATIENCE && silent < 10; i++, all += n) {
		n = turn();
		ck_assert_uint_le(n, TURN_BYTES);
		silent = n ? 0 : silent + 1;
		for (size_t f = 0; f < FLOODERS; f++)
			flood(&flooders[f]);
	}
	ck_assert_uint_eq(all, FLOODERS * (FLOOD_BYTES / (sizeof publish - 1) * (sizeof publish - 1)));
}
END_TEST

START_TEST(who_brings_little_is_answered_in_the_same_turn)
{
	int good = logged_in();
	let_them_flood();
	for (int i = 0; i < 50; i++) {
		say(good, BYTES(qos));
		turn();
		turn();   /* the first may have been waiting for the system */
		ck_assert_uint_eq(hear(good), 12);
		for (size_t f = 0; f < FLOODERS; f++)
			flood(&flooders[f]);
	}
	close(good);
}
END_TEST

/* Each asks a question at the end: when the first has its answer the last is not far. */
START_TEST(those_that_bring_much_take_turns)
{
	int answered = 0, first = 0, last = 0;
	let_them_flood();
	for (size_t f = 0; f < FLOODERS; f++)
		say(flooders[f].fd, BYTES(qos));
	for (int i = 1; i < PATIENCE && answered < FLOODERS; i++) {
		turn();
		for (size_t f = 0; f < FLOODERS; f++)
			answered += hear(flooders[f].fd) > 0;
		first = answered && !first ? i : first;
		last = i;
	}
	ck_assert_int_eq(answered, FLOODERS);
	ck_assert_int_le(last - first, FLOODERS / 2);
	ck_assert_int_ge(first, FLOODERS / 2);
}
END_TEST

/* ---- strangers ---- */

static bool is_cut_off(int fd)
{
	char byte;
	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

/* How many of them the broker has hung up on; those come first, being the oldest. */
static int turned_out(int fds[STRANGERS])
{
	int n = 0;
	while (n < STRANGERS && is_cut_off(fds[n]))
		n++;
	for (int i = n; i < STRANGERS; i++)
		ck_assert(!is_cut_off(fds[i]));
	return n;
}

static void bring_strangers(int fds[STRANGERS], bool tls, struct slice first, size_t zeros)
{
	static const uint8_t nothing[16 << 10];
	for (int i = 0; i < STRANGERS; i++) {
		fds[i] = connect_by(tls);
		say(fds[i], first);
		say(fds[i], slice_of(nothing, zeros));
		turn();
		turn();
		ck_assert_uint_le(loop.strangers[false].bytes, 6 << 20);
		ck_assert_uint_le(loop.strangers[true].bytes, 9 << 20);
	}
}

static void leave(int fds[STRANGERS])
{
	for (int i = 0; i < STRANGERS; i++)
		close(fds[i]);
	for (int i = 0; i < STRANGERS; i++)
		turn();
}

/* A ClientHello of 16 KB that lacks an end: the 60 KB that OpenSSL takes for it are the peer's. */
START_TEST(sessions_of_strangers_are_weighed_and_the_oldest_go)
{
	struct pair pair;
	int fds[STRANGERS], good;
	pair_init(&pair);
	ck_assert(pair_load(&pair));
	loop.tls = pair.context;
	good = logged_in();
	bring_strangers(fds, true, BYTES("\x16\x03\x01\x40\x00\1\0\x3f\xfc\3\3"), 10000);
	ck_assert_uint_ge(loop.strangers[true].bytes, 8 << 20);
	int n = turned_out(fds);
	ck_assert_int_gt(n, STRANGERS / 4);
	ck_assert_int_lt(n, STRANGERS);
	ck_assert(!is_cut_off(good));
	leave(fds);
	close(good);
	turn();
	ck_assert_uint_eq(loop.strangers[true].bytes, 0);
	ck_assert_uint_eq(loop.n_sockets, 0);
	loop.tls = NULL;
	pair_free(&pair);
}
END_TEST

START_TEST(who_says_nothing_has_no_session)
{
	struct pair pair;
	int fds[STRANGERS];
	pair_init(&pair);
	ck_assert(pair_load(&pair));
	loop.tls = pair.context;
	bring_strangers(fds, true, BYTES(""), 0);
	ck_assert_uint_le(loop.strangers[true].bytes, STRANGERS * 1000);
	ck_assert_int_eq(turned_out(fds), 0);
	leave(fds);
	loop.tls = NULL;
	pair_free(&pair);
}
END_TEST

START_TEST(unfinished_frames_of_strangers_are_weighed)
{
	int fds[STRANGERS], good = logged_in();
	ck_assert_uint_eq(loop.strangers[false].bytes, 0);
	bring_strangers(fds, false, BYTES("AMQP\0\0\x09\x01\1\0\0\0\0\x20\0\0\x0a\0\x0b"), 8187);
	ck_assert_uint_ge(loop.strangers[false].bytes, STRANGERS * 8192);
	leave(fds);
	ck_assert_uint_eq(loop.strangers[false].bytes, 0);
	ck_assert(!is_cut_off(good));
	close(good);
}
END_TEST

/* ---- behind a proxy ---- */

#define NAMED "PROXY TCP4 192.0.2.1 198.51.100.1 4001 5672\r\n"

/* True once the peer is logged in, false when the broker has hung up, or after a while. */
static bool gets_in(int fd)
{
	size_t heard = 0;
	for (int i = 0; i < PATIENCE; i++) {
		if (ends_logged_in(fd, &heard))
			return true;
		turn();
	}
	return false;
}

/* Guest comes from this machine alone, and the header says where that is. */
START_TEST(the_header_says_where_guest_comes_from)
{
	config.proxy_protocol = true;
	int near = connect_one(), far = connect_one();
	say(near, BYTES("PROXY TCP6 ::1 ::1 4000 5672\r\n"));
	say(near, BYTES(login));
	ck_assert(gets_in(near));
	say(far, BYTES(NAMED));
	say(far, BYTES(login));
	ck_assert(!gets_in(far));
	close(near);
	close(far);
}
END_TEST

START_TEST(a_header_may_come_byte_by_byte)
{
	static const char header[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\1\x7f\0\0\2\1\2\3\4";
	config.proxy_protocol = true;
	int fd = connect_one();
	for (size_t i = 0; i < sizeof header - 1; i++) {
		say(fd, slice_of(header + i, 1));
		turn();
	}
	say(fd, BYTES(login));
	ck_assert(gets_in(fd));
	close(fd);
	turn();
	ck_assert_uint_eq(loop.strangers[false].bytes, 0);
}
END_TEST

START_TEST(without_a_header_nobody_gets_in)
{
	config.proxy_protocol = true;
	int fd = connect_one();
	say(fd, BYTES(login));
	ck_assert(!gets_in(fd));
	ck_assert_uint_eq(loop.n_sockets, 0);
	close(fd);
}
END_TEST

/* Nobody looks for one unless it is said. */
START_TEST(a_header_that_is_not_asked_for_is_no_amqp)
{
	int fd = connect_one();
	say(fd, BYTES("PROXY TCP6 ::1 ::1 4000 5672\r\n"));
	say(fd, BYTES(login));
	ck_assert(!gets_in(fd));
	close(fd);
}
END_TEST

START_TEST(unfinished_headers_are_weighed)
{
	int fds[STRANGERS];
	config.proxy_protocol = true;
	bring_strangers(fds, false, BYTES("\r\n\r\n\0\r\nQUIT\n\x20\0\x0f\xf0"), 4000);
	ck_assert_uint_ge(loop.strangers[false].bytes, STRANGERS * 4016);
	ck_assert_int_eq(turned_out(fds), 0);
	leave(fds);
	ck_assert_uint_eq(loop.strangers[false].bytes, 0);
}
END_TEST

Suite *suite_server_socket(void);

Suite *suite_server_socket(void)
{
	Suite *s = suite_create("server/socket");
	TCase *c = tcase_create("reading");
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, a_turn_is_short_however_many_bring_much);
	tcase_add_test(c, who_brings_little_is_answered_in_the_same_turn);
	tcase_add_test(c, those_that_bring_much_take_turns);
	suite_add_tcase(s, c);
	c = tcase_create("strangers");
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, sessions_of_strangers_are_weighed_and_the_oldest_go);
	tcase_add_test(c, who_says_nothing_has_no_session);
	tcase_add_test(c, unfinished_frames_of_strangers_are_weighed);
	suite_add_tcase(s, c);
	c = tcase_create("behind a proxy");
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, the_header_says_where_guest_comes_from);
	tcase_add_test(c, a_header_may_come_byte_by_byte);
	tcase_add_test(c, without_a_header_nobody_gets_in);
	tcase_add_test(c, a_header_that_is_not_asked_for_is_no_amqp);
	tcase_add_test(c, unfinished_headers_are_weighed);
	suite_add_tcase(s, c);
	return s;
}
