/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever reads our lines may stop reading them, and the broker must not wait for that: a pipe is
 * opened anew for this process, without blocking, and a socket is written to without waiting.  A
 * line that finds no room is dropped and counted. */
#include "server/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/logline.h"
#include "management/livelog.h"

static struct {
	int fd;
	bool journal, socket;
	struct livelog *live;
	time_t second;
	unsigned lines, dropped;
} console = { .fd = STDERR_FILENO };

static bool put(const char *line, size_t n)
{
	ssize_t done;
	do
		done = console.socket ? send(console.fd, line, n, MSG_DONTWAIT | MSG_NOSIGNAL)
		                      : write(console.fd, line, n);
	while (done < 0 && errno == EINTR);
	return done == (ssize_t)n || errno != EAGAIN;
}

static void write_line(enum logline_level level, const char *text, const struct timespec *t)
{
	static const char priority[] = { '7', '6', '5', '4', '3', '2' };
	char line[1200], stamp[LIVELOG_STAMP];
	struct tm utc;
	gmtime_r(&t->tv_sec, &utc);
	size_t n = strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &utc);
	snprintf(stamp + n, sizeof stamp - n, ".%06ld", t->tv_nsec / 1000);
	if (console.journal)
		n = (size_t)snprintf(line, sizeof line, "<%c>%s\n", priority[level], text);
	else
		n = (size_t)snprintf(line, sizeof line, "%s+00:00 [%s] %s\n", stamp,
		                     logline_level_name(level), text);
	if (!put(line, n))
		console.dropped++;
	livelog_add(console.live, level, text, stamp);
}

static void begin_second(const struct timespec *t)
{
	char text[80];
	unsigned dropped = console.dropped;
	console.second = t->tv_sec;
	console.lines = console.dropped = 0;
	snprintf(text, sizeof text, "%u log lines were dropped: too many, or nobody reads them",
	         dropped);
	if (dropped)
		write_line(LOGLINE_WARNING, text, t);
}

static void sink(enum logline_level level, const char *text)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	if (t.tv_sec != console.second)
		begin_second(&t);
	if (level < LOGLINE_ERROR && console.lines++ >= CONSOLE_LINES_PER_S)
		console.dropped++;
	else
		write_line(level, text, &t);
}

/* The flag of a descriptor that others share is not ours to change. */
static void open_output(void)
{
	struct stat s;
	if (fstat(STDERR_FILENO, &s) < 0)
		return;
	console.socket = S_ISSOCK(s.st_mode);
	if (S_ISFIFO(s.st_mode)) {
		int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		console.fd = fd < 0 ? STDERR_FILENO : fd;
		/* cppcheck-suppress resourceLeak ; it stays open for the life of the process */
	}
}

void console_open(const char *level, struct livelog *live)
{
	console.live = live;
	console.journal = getenv("JOURNAL_STREAM") != NULL;
	open_output();
	for (int i = LOGLINE_DEBUG; i <= LOGLINE_NONE; i++)
		if (strcmp(level, logline_level_name((enum logline_level)i)) == 0)
			logline_set_level((enum logline_level)i);
	logline_set_sink(sink);
}
