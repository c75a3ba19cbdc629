/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for the operator.  Formatting happens here; where a line goes and what time it carries
 * is decided by the sink that server/ (or a test) installs.  Without a sink lines are dropped. */
#ifndef BASE_LOGLINE_H
#define BASE_LOGLINE_H

#include <stdbool.h>

enum logline_level {
	LOGLINE_DEBUG,
	LOGLINE_INFO,
	LOGLINE_NOTICE,
	LOGLINE_WARNING,
	LOGLINE_ERROR,
	LOGLINE_CRITICAL,
	LOGLINE_NONE,
};

/* What a line is about.  A file whose lines are all about one thing says so before it includes
 * this, as LOGLINE_CATEGORY. */
enum logline_category {
	LOGLINE_GENERAL,
	LOGLINE_CONNECTION,
	LOGLINE_CHANNEL,
	LOGLINE_QUEUE,
	LOGLINE_USER,
	LOGLINE_CATEGORIES,
};

#ifndef LOGLINE_CATEGORY
#define LOGLINE_CATEGORY LOGLINE_GENERAL
#endif

/* text ends without a newline and is valid during the call; control bytes are already escaped. */
typedef void logline_sink(enum logline_category category, enum logline_level level,
                          const char *text);

/* Where lines go from now on; NULL: nowhere. */
void logline_set_sink(logline_sink *sink);

/* Lines below the level are not formatted at all; of all categories, or of one. */
void logline_set_level(enum logline_level level);
void logline_set_level_of(enum logline_category category, enum logline_level level);
bool logline_wanted(enum logline_category category, enum logline_level level);

/* "debug", "info", ...; "default", "connection", ... */
const char *logline_level_name(enum logline_level level);
const char *logline_category_name(enum logline_category category);

/* The level of that name; false: there is none. */
bool logline_level_find(const char *name, enum logline_level *out);

/* One line, cut at 1,024 bytes. */
void logline(enum logline_category category, enum logline_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define log_debug(...) logline(LOGLINE_CATEGORY, LOGLINE_DEBUG, __VA_ARGS__)
#define log_info(...) logline(LOGLINE_CATEGORY, LOGLINE_INFO, __VA_ARGS__)
#define log_notice(...) logline(LOGLINE_CATEGORY, LOGLINE_NOTICE, __VA_ARGS__)
#define log_warning(...) logline(LOGLINE_CATEGORY, LOGLINE_WARNING, __VA_ARGS__)
#define log_error(...) logline(LOGLINE_CATEGORY, LOGLINE_ERROR, __VA_ARGS__)
#define log_critical(...) logline(LOGLINE_CATEGORY, LOGLINE_CRITICAL, __VA_ARGS__)

#endif
