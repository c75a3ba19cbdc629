/* SPDX-License-Identifier: Apache-2.0 */
#include "base/logline.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static logline_sink *sink;
static enum logline_level levels[LOGLINE_CATEGORIES] = {
	[0 ... LOGLINE_CATEGORIES - 1] = LOGLINE_INFO
};

void logline_set_sink(logline_sink *s)
{
	sink = s;
}

void logline_set_level(enum logline_level l)
{
	for (int i = 0; i < LOGLINE_CATEGORIES; i++)
		levels[i] = l;
}

void logline_set_level_of(enum logline_category category, enum logline_level l)
{
	levels[category] = l;
}

bool logline_wanted(enum logline_category category, enum logline_level l)
{
	return sink && l >= levels[category];
}

const char *logline_level_name(enum logline_level l)
{
	static const char *const names[] = { "debug", "info",     "notice", "warning",
		                                 "error", "critical", "none" };
	return names[l];
}

const char *logline_category_name(enum logline_category category)
{
	static const char *const names[] = { "default", "connection", "channel", "queue", "user" };
	return names[category];
}

bool logline_level_find(const char *name, enum logline_level *out)
{
	for (int i = LOGLINE_DEBUG; i <= LOGLINE_NONE; i++)
		if (strcmp(name, logline_level_name((enum logline_level)i)) == 0) {
			*out = (enum logline_level)i;
			return true;
		}
	return false;
}

/* What strangers put into names must not forge lines or steer terminals. */
static void escape(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7F)
			*text = '?';
}

void logline(enum logline_category category, enum logline_level l, const char *format, ...)
{
	char text[1024];
	if (!logline_wanted(category, l))
		return;
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	escape(text);
	sink(category, l, text);
}
