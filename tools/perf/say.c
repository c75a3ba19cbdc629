/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/perf/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void say(const char *form, va_list values)
{
	fputs("leveret-perf: ", stderr);
	vfprintf(stderr, form, values);
	fputc('\n', stderr);
}

void say_usage(const char *form, ...)
{
	va_list values;
	va_start(values, form);
	say(form, values);
	va_end(values);
	fputs("leveret-perf --help tells all options.\n", stderr);
	exit(PERF_USAGE);
}

void say_failed(const char *form, ...)
{
	va_list values;
	va_start(values, form);
	say(form, values);
	va_end(values);
	exit(PERF_FAILED);
}
