/* SPDX-License-Identifier: Apache-2.0 */
#include "server/accesslog.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "server/config.h"
#include "server/logfile.h"

bool accesslog_set(struct accesslog *a, const struct config *c, struct buf *why)
{
	char path[PATH_MAX];
	const char *directory = c->http_log_dir;
	snprintf(path, sizeof path, "%s/access.log", directory);
	struct logfile_options o = logfile_options_of(c, "management.http_log_dir", path);
	if (a->file && (!directory[0] || strcmp(path, logfile_path(a->file)) != 0))
		accesslog_close(a);
	if (!directory[0])
		return true;
	mkdir(directory, 0750);
	if (!a->file)
		a->file = logfile_open(&o, why);
	else
		logfile_limit(a->file, &o);
	return a->file != NULL;
}

static void print_now(char out[64])
{
	struct tm utc;
	time_t now = time(NULL);
	gmtime_r(&now, &utc);
	strftime(out, 64, "%d/%b/%Y:%H:%M:%S +0000", &utc);
}

/* One by one: so each is whole or not there. */
void accesslog_write(struct accesslog *a)
{
	char stamp[64];
	struct buf out = { 0 };
	if (!a->lines.len)
		return;
	print_now(stamp);
	for (struct slice rest = buf_slice(&a->lines); rest.n;) {
		struct slice what = slice_cut(&rest, '\n'), who = slice_cut(&what, '\t');
		buf_clear(&out);
		buf_printf(&out, "%.*s [%s] %.*s\n", SLICE_ARG(who), stamp, SLICE_ARG(what));
		if (write(logfile_fd(a->file), out.p, out.len) < 0)
			break;
	}
	buf_free(&out);
	buf_free(&a->lines);
}

void accesslog_turn(struct accesslog *a, bool rotate)
{
	if (a->file)
		logfile_turn(a->file, rotate);
}

void accesslog_close(struct accesslog *a)
{
	buf_free(&a->lines);
	logfile_close(&a->file);
}
