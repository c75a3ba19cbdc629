/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/bench.h"

struct options options = {
#define OPTION(name, default, text) .name = default,
#include "tests/bench/options.def"
#undef OPTION
};

static const struct row {
	const char *name;
	uint64_t *value;
	const char *text;
} rows[] = {
#define OPTION(name, default, text) { #name, &options.name, text },
#include "tests/bench/options.def"
#undef OPTION
};

enum { ROWS = sizeof rows / sizeof *rows };

_Noreturn static void usage(int code)
{
	printf("usage: flood [key=number ...]\n"
	       "Publishes to a broker and consumes from it, checks order and completeness, and prints\n"
	       "what it measured in one line of key=value.\n\n");
	for (int i = 0; i < ROWS; i++)
		printf("  %-10s %5llu  %s\n", rows[i].name, (unsigned long long)*rows[i].value,
		       rows[i].text);
	exit(code);
}

static bool set(const char *arg)
{
	const char *equals = strchr(arg, '=');
	char *end;
	for (int i = 0; equals && i < ROWS; i++) {
		size_t n = strlen(rows[i].name);
		if (n != (size_t)(equals - arg) || strncmp(rows[i].name, arg, n) != 0)
			continue;
		*rows[i].value = strtoull(equals + 1, &end, 10);
		return equals[1] && !*end;
	}
	return false;
}

void options_read(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!set(argv[i]))
			usage(strcmp(argv[i], "--help") ? 2 : 0);
	struct options *o = &options;
	if (o->size < 12 || o->size > 120000 || !o->window || !o->ack_every || !o->queues ||
	    o->queues > MAX_QUEUES || o->first > 1000 || o->publishers > MAX_PEERS ||
	    o->consumers > MAX_PEERS || (!o->publishers && !o->count && !o->consumers) ||
	    o->bindings > 999999 || o->window > WINDOW_MAX)
		usage(2);
}
