/* SPDX-License-Identifier: Apache-2.0 */
/* Who is read when: a loop with a broker and real sockets, run one iteration at a time.  Peers that
 * bring much share what a turn has for them; one that brings little is answered meanwhile. */
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

#define BYTES(text) slice_of(text, sizeof(text) - 1)

enum { FLOODERS = 20, FLOOD_BYTES = 256 << 10, TURN_BYTES = 384 << 10, PATIENCE = 1000 };

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

static void set_up(void)
{
	struct broker_options o;
	config_init(&config);
	broker_options_default(&o);
	loop_init(&loop, &config);
	loop.broker = broker_new(&o, loop_now_ms());
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
static int connect_one(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof a;
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&a, n), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	getsockname(listener, (struct sockaddr *)&a, &n);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, n), 0);
	int theirs = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	ck_assert_int_ge(theirs, 0);
	close(listener);
	socket_new(&loop, theirs, false);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
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
	return s;
}
