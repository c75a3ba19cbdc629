/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/perf/options.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/perf/say.h"

enum { NAME_MOST = 256, LEAST_BODY = 12, MOST_PEERS = 1000, MOST_QUEUES = 1000000 };

struct options options = {
#define TEXT(field, letters, name, argument, usual, text) .field = usual,
#define NUMBER(field, letters, name, argument, usual, text) .field = usual,
#define FLAG(field, letters, name, argument, usual, text) .field = usual,
#include "tools/perf/options.def"
#undef TEXT
#undef NUMBER
#undef FLAG
};

static const struct row {
	const char *letters, *name, *argument, *text;
	const char **string;
	int64_t *number;
	bool *flag;
} rows[] = {
#define TEXT(field, letters, name, argument, usual, text)                                          \
	{ letters, name, argument, text, .string = &options.field },
#define NUMBER(field, letters, name, argument, usual, text)                                        \
	{ letters, name, argument, text, .number = &options.field },
#define FLAG(field, letters, name, argument, usual, text)                                          \
	{ letters, name, argument, text, .flag = &options.field },
#include "tools/perf/options.def"
#undef TEXT
#undef NUMBER
#undef FLAG
};

enum { ROWS = sizeof rows / sizeof *rows };

static const char head[] =
	"usage: leveret-perf [OPTION ...]\n"
	"Publishes to an AMQP 0-9-1 broker, consumes from it, and says how fast both went and how\n"
	"long messages took. Options have the names that PerfTest gave them.\n"
	"\n"
	"  leveret-perf -z 10                                   as fast as it goes, for ten seconds\n"
	"  leveret-perf -x 4 -y 4 -u orders -f persistent -c 500 -q 500 -z 30 --report run.html\n"
	"  leveret-perf -x 1 -y 0 -u orders -C 100000 -ad false a hundred thousand messages that stay\n"
	"\n";

static void help(void)
{
	fputs(head, stdout);
	for (int i = 0; i < ROWS; i++) {
		const struct row *r = &rows[i];
		char left[64];
		snprintf(left, sizeof left, "%s%s%s--%s %s", *r->letters ? "-" : "", r->letters,
		         *r->letters ? ", " : "", r->name, r->argument);
		printf("  %-34s %s\n", left, r->text);
	}
	exit(0);
}

static const struct row *row_of(const char *word)
{
	for (int i = 0; i < ROWS; i++)
		if ((word[0] == '-' && word[1] == '-' && strcmp(word + 2, rows[i].name) == 0) ||
		    (word[0] == '-' && *rows[i].letters && strcmp(word + 1, rows[i].letters) == 0))
			return &rows[i];
	return NULL;
}

static int64_t number_of(const char *option, const char *word)
{
	char *end;
	errno = 0;
	long long n = strtoll(word, &end, 10);
	if (errno || end == word || *end || n < -1)
		say_usage("%s takes a number, not '%s'", option, word);
	return n;
}

static void read_flags(void)
{
	char *words = strdup(options.flags), *rest = words;
	for (char *w; (w = strsep(&rest, ","));)
		if (strcmp(w, "persistent") == 0)
			options.persistent = true;
		else if (strcmp(w, "mandatory") == 0)
			options.mandatory = true;
		else if (*w)
			say_usage("-f takes persistent or mandatory, not '%s'", w);
	free(words);
}

/* printf does with it what was meant: it has one %d, and no other. */
static bool is_pattern(const char *form)
{
	const char *at = strchr(form, '%');
	if (!at)
		return false;
	at++;
	while (isdigit((unsigned char)*at))
		at++;
	return *at == 'd' && !strchr(at, '%');
}

static void check(void)
{
	struct options *o = &options;
	if (o->size < LEAST_BODY)
		o->size = LEAST_BODY;
	if (o->producers < 0 || o->consumers < 0 || o->producers > MOST_PEERS ||
	    o->consumers > MOST_PEERS || o->producers + o->consumers == 0)
		say_usage("there must be a producer or a consumer, and at most %d of each", MOST_PEERS);
	if (o->confirm == 0 || o->rate == 0 || o->consumer_rate == 0 || o->interval < 1 ||
	    o->ack_every < 1)
		say_usage("-c, -r, -R, -i and -A are at least 1");
	if (o->qos < 0 || o->qos > UINT16_MAX || o->global_qos < 0 || o->global_qos > UINT16_MAX)
		say_usage("a prefetch is at most %d", UINT16_MAX);
	if (o->confirm > 0 && o->producer_tx > 0)
		say_usage("a channel has confirms (-c) or transactions (-m), not both");
	if (*o->pattern &&
	    (!is_pattern(o->pattern) || o->pattern_from < 0 || o->pattern_to < o->pattern_from ||
	     o->pattern_to - o->pattern_from >= MOST_QUEUES))
		say_usage("--queue-pattern is like perf-%%d, with --queue-pattern-from and -to");
	if (strcmp(o->json, "-") == 0)
		o->quiet = true; /* standard output is the summary's */
	if (o->stream && o->qos == 0)
		o->qos = 500; /* streams want one */
	o->keep = strcmp(o->auto_delete, "false") == 0;
	if (!o->keep && strcmp(o->auto_delete, "true") != 0)
		say_usage("--auto-delete is true or false");
}

static void name_run(void)
{
	static char id[40], queue[64];
	time_t now = time(NULL);
	if (!*options.id) {
		struct tm at;
		strftime(id, sizeof id, "perf-%Y%m%d-%H%M%S", localtime_r(&now, &at));
		options.id = id;
	}
	if (!*options.queue && !*options.pattern) {
		snprintf(queue, sizeof queue, "%.50s", options.id);
		options.queue = queue;
	}
}

void options_read(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const struct row *r = row_of(argv[i]);
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-?") == 0)
			help();
		if (!r)
			say_usage("'%s' is no option", argv[i]);
		if (r->flag) {
			*r->flag = true;
			continue;
		}
		if (++i == argc)
			say_usage("%s wants %s", argv[i - 1], r->argument);
		if (r->number)
			*r->number = number_of(argv[i - 1], argv[i]);
		else
			*r->string = argv[i];
	}
	read_flags();
	check();
	name_run();
}

int64_t options_queues(void)
{
	return *options.pattern ? options.pattern_to - options.pattern_from + 1 : 1;
}

const char *options_queue(int64_t n)
{
	static _Thread_local char name[NAME_MOST];
	if (!*options.pattern)
		return options.queue;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* is_pattern has looked at it */
	snprintf(name, sizeof name, options.pattern, (int)(options.pattern_from + n));
#pragma GCC diagnostic pop
	return name;
}
