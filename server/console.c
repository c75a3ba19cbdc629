/* SPDX-License-Identifier: Apache-2.0 */
#include "server/console.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/logline.h"

static struct {
	bool journal;
	time_t second;
	unsigned lines, dropped;
} console;

static bool allowed(time_t now)
{
	if (now != console.second) {
		unsigned dropped = console.dropped;
		console.second = now;
		console.lines = console.dropped = 0;
		if (dropped)
			log_warning("%u log lines were dropped: more than %d a second", dropped,
			            CONSOLE_LINES_PER_S);
	}
	return console.lines++ < CONSOLE_LINES_PER_S;
}

static void write_line(enum logline_level level, const char *text)
{
	static const char priority[] = { '7', '6', '5', '4', '3', '2' };
	struct timespec t;
	struct tm utc;
	char stamp[32];
	clock_gettime(CLOCK_REALTIME, &t);
	if (level < LOGLINE_ERROR && !allowed(t.tv_sec)) {
		console.dropped++;
		return;
	}
	if (console.journal) {
		fprintf(stderr, "<%c>%s\n", priority[level], text);
		return;
	}
	gmtime_r(&t.tv_sec, &utc);
	strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &utc);
	fprintf(stderr, "%s.%06ld+00:00 [%s] %s\n", stamp, t.tv_nsec / 1000,
	        logline_level_name(level), text);
}

void console_open(const char *level)
{
	console.journal = getenv("JOURNAL_STREAM") != NULL;
	for (int i = LOGLINE_DEBUG; i <= LOGLINE_NONE; i++)
		if (strcmp(level, logline_level_name((enum logline_level)i)) == 0)
			logline_set_level((enum logline_level)i);
	logline_set_sink(write_line);
}
