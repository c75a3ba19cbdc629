/* SPDX-License-Identifier: Apache-2.0 */
/* A daemon of the test's own, which reads when it is told to. */
#include "server/syslog.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/config.h"

enum { LINES = 400, PATIENCE_S = 30 };   /* more than the system holds for who does not read */

Suite *suite_server_syslog(void);

static char directory[32];
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static struct config config;
static struct syslog *way;
static int daemon_fd;

static void set_up(void)
{
	struct timeval patience = { .tv_sec = PATIENCE_S };
	struct buf why = { 0 };
	char host[sizeof address.sun_path + 5];
	snprintf(directory, sizeof directory, "/tmp/syslog.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(address.sun_path, sizeof address.sun_path, "%s/log", directory);
	daemon_fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(daemon_fd, (struct sockaddr *)&address, sizeof address), 0);
	setsockopt(daemon_fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	config_init(&config);
	snprintf(host, sizeof host, "unix:%s", address.sun_path);
	ck_assert(config_set(&config, slice_str("log.syslog.host"), slice_str(host), "", &why));
	way = syslog_open(&config);
}

static void tear_down(void)
{
	syslog_close(&way);
	config_free(&config);
	close(daemon_fd);
	unlink(address.sun_path);
	rmdir(directory);
}

static void say_lines(void)
{
	char line[32];
	for (int i = 0; i < LINES; i++) {
		int n = snprintf(line, sizeof line, "line %d", i);
		ck_assert_int_eq(send(syslog_fd(way), line, (size_t)n, MSG_DONTWAIT), n);
	}
}

static void hear_lines(void)
{
	char line[32], got[32];
	for (int i = 0; i < LINES; i++) {
		ssize_t n = recv(daemon_fd, got, sizeof got - 1, 0);
		ck_assert_int_gt(n, 0);
		got[n] = '\0';
		snprintf(line, sizeof line, "line %d", i);
		ck_assert_str_eq(got, line);
	}
}

START_TEST(lines_arrive_in_order)
{
	say_lines();
	hear_lines();
	ck_assert_uint_eq(syslog_lost(way), 0);
}
END_TEST

/* Who leaves does not wait: the daemon reads nothing until then. */
START_TEST(who_leaves_waits_for_nobody)
{
	say_lines();
	syslog_leave(&way);
	ck_assert_ptr_null(way);
	hear_lines();
}
END_TEST

Suite *suite_server_syslog(void)
{
	Suite *s = suite_create("server/syslog");
	TCase *t = tcase_create("way");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, lines_arrive_in_order);
	tcase_add_test(t, who_leaves_waits_for_nobody);
	suite_add_tcase(s, t);
	return s;
}
