/* SPDX-License-Identifier: Apache-2.0 */
#include "base/logline.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

static logline_sink *sink;
static enum logline_level level = LOGLINE_INFO;

void logline_set_sink(logline_sink *s)
{
	sink = s;
}

void logline_set_level(enum logline_level l)
{
	level = l;
}

bool logline_wanted(enum logline_level l)
{
	return sink && l >= level;
}

const char *logline_level_name(enum logline_level l)
{
	static const char *const names[] = { "debug", "info",     "notice", "warning",
		                                 "error", "critical", "none" };
	return names[l];
}

/* What strangers put into names must not forge lines or steer terminals. */
static void escape(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7F)
			*text = '?';
}

void logline(enum logline_level l, const char *format, ...)
{
	char text[1024];
	if (!logline_wanted(l))
		return;
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	escape(text);
	sink(l, text);
}
