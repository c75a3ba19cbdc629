/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever reads our lines may stop reading them, and the broker must not wait for that: a pipe is
 * opened anew for this process, without blocking, and a socket is written to without waiting.  A
 * line that finds no room is dropped and counted.
 *
 * The level of a category, where one is set, goes before that of an output, and that before the
 * default. */
#include "server/console.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/die.h"
#include "base/mem.h"
#include "broker/event.h"
#include "management/cell.h"
#include "management/livelog.h"
#include "server/config.h"
#include "server/logfile.h"
#include "server/syslog.h"
#include "server/syslog_line.h"

struct output {
	int fd;                      /* -1: there is none */
	bool socket, journal, json;
	enum logline_level level;
};

static struct {
	struct output screen, file, syslog;
	struct output exchange;      /* without a descriptor, but with ... */
	struct broker *broker;       /* ... who publishes; NULL: nobody */
	struct logfile *logfile;
	struct syslog *syslogger;
	struct syslog_form form;     /* of what goes there */
	struct livelog *live;
	bool is_set[LOGLINE_CATEGORIES];
	enum logline_level level, levels[LOGLINE_CATEGORIES];   /* the default; where is_set */
	time_t second;
	unsigned lines;
	uint64_t dropped, unsent;    /* the second: to syslog */
} console = { .screen = { .fd = STDERR_FILENO }, .file = { .fd = -1 }, .syslog = { .fd = -1 } };

/* ---- writing ---- */

static bool put(const struct output *o, const void *line, size_t n)
{
	ssize_t done;
	do
		done = o->socket ? send(o->fd, line, n, MSG_DONTWAIT | MSG_NOSIGNAL)
		                 : write(o->fd, line, n);
	while (done < 0 && errno == EINTR);
	return done == (ssize_t)n || errno != EAGAIN;
}

struct line {
	enum logline_category category;
	enum logline_level level;
	const char *text, *stamp;
};

/* "conn=12 ..." has the number in a field of its own, too. */
static void put_json(const struct line *l, struct buf *out)
{
	unsigned long long number;
	buf_printf(out, "{\"time\":\"%s+00:00\",\"level\":\"%s\",\"msg\":", l->stamp,
	           logline_level_name(l->level));
	cell_put_json(out, cell_text(l->text));
	buf_printf(out, ",\"domain\":\"%s\",\"pid\":%ld", logline_category_name(l->category),
	           (long)getpid());
	if (sscanf(l->text, "conn=%llu", &number) == 1)
		buf_printf(out, ",\"conn\":%llu", number);
	buf_printf(out, "}\n");
}

static void put_plain(const struct output *o, const struct line *l, struct buf *out)
{
	static const char priority[] = { '7', '6', '5', '4', '3', '2' };
	if (o->journal)
		buf_printf(out, "<%c>%s\n", priority[l->level], l->text);
	else
		buf_printf(out, "%s+00:00 [%s] %s\n", l->stamp, logline_level_name(l->level), l->text);
}

static bool is_wanted(const struct output *o, const struct line *l)
{
	return console.is_set[l->category] || l->level >= o->level;
}

static void print(const struct output *o, const struct line *l, struct buf *out)
{
	if (o->json)
		put_json(l, out);
	else
		put_plain(o, l, out);
}

static void write_to(const struct output *o, const struct line *l)
{
	struct buf out = { 0 };
	if (o->fd < 0 || !is_wanted(o, l))
		return;
	print(o, l, &out);
	if (!put(o, out.p, out.len))
		console.dropped++;
	buf_free(&out);
}

static void write_to_syslog(const struct line *l, const struct timespec *t)
{
	struct buf object = { 0 }, out = { 0 };
	if (console.syslog.fd < 0 || !is_wanted(&console.syslog, l))
		return;
	if (console.syslog.json)
		put_json(l, &object);
	syslog_put(&out, &console.form, l->category, l->level, t,
	           object.len ? slice_of(object.p, object.len - 1) : slice_str(l->text));
	if (!put(&console.syslog, out.p, out.len))
		console.unsent++;
	buf_free(&object);
	buf_free(&out);
}

static void publish(const struct line *l)
{
	struct buf out = { 0 };
	if (!console.broker || !is_wanted(&console.exchange, l))
		return;
	print(&console.exchange, l, &out);
	event_log(console.broker, logline_level_name(l->level), slice_of(out.p, out.len - 1));
	buf_free(&out);
}

static void write_line(enum logline_category category, enum logline_level level,
                       const char *text, const struct timespec *t)
{
	char stamp[LIVELOG_STAMP];
	struct tm utc;
	gmtime_r(&t->tv_sec, &utc);
	size_t n = strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &utc);
	snprintf(stamp + n, sizeof stamp - n, ".%06ld", t->tv_nsec / 1000);
	struct line line = { category, level, text, stamp };
	write_to(&console.screen, &line);
	write_to(&console.file, &line);
	write_to_syslog(&line, t);
	publish(&line);
	livelog_add(console.live, level, text, stamp);
}

static void say_unsent(const struct timespec *t)
{
	struct buf text = { 0 };
	uint64_t unsent = console.unsent + (console.syslogger ? syslog_lost(console.syslogger) : 0);
	console.unsent = 0;
	if (!unsent || !console.syslogger)
		return;
	buf_printf(&text, "%llu log lines did not reach syslog at ", (unsigned long long)unsent);
	syslog_describe(console.syslogger, &text);
	buf_u8(&text, '\0');
	write_line(LOGLINE_GENERAL, LOGLINE_WARNING, (const char *)text.p, t);
	buf_free(&text);
}

static void begin_second(const struct timespec *t)
{
	char text[120];
	uint64_t lost = console.logfile ? logfile_lost(console.logfile) : 0;
	uint64_t dropped = console.dropped;
	say_unsent(t);
	console.second = t->tv_sec;
	console.lines = 0;
	console.dropped = 0;
	snprintf(text, sizeof text, "%llu log lines were dropped: too many, or nobody reads them",
	         (unsigned long long)dropped);
	if (dropped)
		write_line(LOGLINE_GENERAL, LOGLINE_WARNING, text, t);
	snprintf(text, sizeof text, "%llu bytes of log lines could not be written to the log file",
	         (unsigned long long)lost);
	if (lost)
		write_line(LOGLINE_GENERAL, LOGLINE_WARNING, text, t);
}

static void sink(enum logline_category category, enum logline_level level, const char *text)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	if (t.tv_sec != console.second)
		begin_second(&t);
	if (level < LOGLINE_ERROR && console.lines++ >= CONSOLE_LINES_PER_S)
		console.dropped++;
	else
		write_line(category, level, text, &t);
}

/* ---- outputs ---- */

/* The flag of a descriptor that others share is not ours to change. */
static int open_screen(int fd, bool *is_socket)
{
	char path[32];
	struct stat s;
	if (fstat(fd, &s) < 0)
		return fd;
	*is_socket = S_ISSOCK(s.st_mode);
	if (!S_ISFIFO(s.st_mode))
		return fd;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int own = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (own < 0)
		return fd;
	return own;
}

static enum logline_level level_of(const char *name, enum logline_level otherwise)
{
	enum logline_level level = otherwise;
	logline_level_find(name, &level);
	return level;
}

static void set_screen(const struct config *c)
{
	struct output *o = &console.screen;
	int fd = strcmp(c->log_stdio, "stdout") == 0 ? STDOUT_FILENO : STDERR_FILENO;
	if (o->fd > STDERR_FILENO)
		close(o->fd);
	*o = (struct output){ .fd = -1 };
	if (!c->log_console)
		return;
	o->fd = open_screen(fd, &o->socket);
	o->json = strcmp(c->log_console_formatter, "json") == 0;
	o->journal = !o->json && getenv("JOURNAL_STREAM") != NULL;
	o->level = level_of(c->log_console_level, console.level);
}

static void set_exchange(const struct config *c)
{
	console.exchange.json = strcmp(c->log_exchange_formatter, "json") == 0;
	console.exchange.level = level_of(c->log_exchange_level, console.level);
}

void console_publish(struct broker *b)
{
	console.broker = b;
}

/* A name alone is one in log.dir, and that is data_dir unless it is said. */
static void print_path(const struct config *c, char out[PATH_MAX])
{
	const char *directory = c->log_dir[0] ? c->log_dir : c->data_dir;
	if (c->log_file[0] == '/') {
		snprintf(out, PATH_MAX, "%s", c->log_file);
	} else {
		mkdir(directory, 0750);
		snprintf(out, PATH_MAX, "%s/%s", directory, c->log_file);
	}
}

static bool set_file(const struct config *c, struct buf *why)
{
	char path[PATH_MAX];
	bool wanted = c->log_file[0] && strcmp(c->log_file, "false") != 0;
	if (wanted)
		print_path(c, path);
	if (console.logfile && (!wanted || strcmp(path, logfile_path(console.logfile)) != 0)) {
		console.file.fd = -1;
		logfile_close(&console.logfile);
	}
	if (!wanted)
		return true;
	struct logfile_options o = logfile_options_of(c, "log.file", path);
	if (!console.logfile && !(console.logfile = logfile_open(&o, why)))
		return false;
	logfile_limit(console.logfile, &o);
	console.file.fd = logfile_fd(console.logfile);
	console.file.json = strcmp(c->log_file_formatter, "json") == 0;
	console.file.level = level_of(c->log_file_level, console.level);
	return true;
}

static void set_syslog(const struct config *c)
{
	struct syslog_form *f = &console.form;
	if (console.syslogger && (!c->log_syslog || !syslog_leads_to(console.syslogger, c))) {
		console.syslog.fd = -1;
		syslog_leave(&console.syslogger);
	}
	if (!c->log_syslog)
		return;
	if (!console.syslogger)
		console.syslogger = syslog_open(c);
	console.syslog = (struct output){ .fd = syslog_fd(console.syslogger), .socket = true };
	console.syslog.json = strcmp(c->log_syslog_formatter, "json") == 0;
	console.syslog.level = level_of(c->log_syslog_level, console.level);
	*f = (struct syslog_form){ .by_5424 = strcmp(c->log_syslog_protocol, "rfc5424") == 0,
		                       .pid = (long)getpid() };
	f->facility = (unsigned)syslog_facility(slice_str(c->log_syslog_facility));
	snprintf(f->identity, sizeof f->identity, "%s", c->log_syslog_identity);
	if (!syslog_is_local(console.syslogger) || f->by_5424)
		gethostname(f->host, sizeof f->host - 1);
}

/* ---- levels ---- */

/* What no output wants is not even formatted. */
static void set_gates(void)
{
	enum logline_level least = console.level;
	const struct output *all[] = { &console.screen, &console.file, &console.syslog };
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (all[i]->fd >= 0 && all[i]->level < least)
			least = all[i]->level;
	if (console.exchange.level < least)
		least = console.exchange.level;
	for (int i = 0; i < LOGLINE_CATEGORIES; i++)
		logline_set_level_of((enum logline_category)i,
		                     console.is_set[i] ? console.levels[i] : least);
}

static void set_categories(const struct config *c)
{
	const char *const names[LOGLINE_CATEGORIES] = {
		[LOGLINE_GENERAL] = "",
		[LOGLINE_CONNECTION] = c->log_connection_level,
		[LOGLINE_CHANNEL] = c->log_channel_level,
		[LOGLINE_QUEUE] = c->log_queue_level,
		[LOGLINE_USER] = c->log_user_level,
	};
	for (int i = 0; i < LOGLINE_CATEGORIES; i++)
		console.is_set[i] = logline_level_find(names[i], &console.levels[i]);
}

void console_set_level(enum logline_level level)
{
	console.level = console.screen.level = console.file.level = level;
	console.syslog.level = console.exchange.level = level;
	set_gates();
}

/* ---- as a whole ---- */

bool console_set(const struct config *c, struct buf *why)
{
	console.level = level_of(c->log_level, LOGLINE_INFO);
	set_categories(c);
	set_screen(c);
	set_exchange(c);
	set_syslog(c);
	bool ok = set_file(c, why);
	set_gates();
	return ok;
}

bool console_open(const struct config *c, struct livelog *live, struct buf *why)
{
	console.live = live;
	bool ok = console_set(c, why);
	logline_set_sink(sink);
	return ok;
}

void console_turn(bool rotate)
{
	if (console.logfile)
		logfile_turn(console.logfile, rotate);
}

const char *console_file(void)
{
	return console.logfile ? logfile_path(console.logfile) : NULL;
}

void console_close(void)
{
	logline_set_sink(NULL);
	console.syslog.fd = -1;
	syslog_close(&console.syslogger);
	console.file.fd = -1;
	logfile_close(&console.logfile);
}
