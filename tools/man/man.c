/* SPDX-License-Identifier: Apache-2.0 */
/* The manual pages, from the tables that the programs are made of: man PAGE prints one. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/version.h"

static void title(const char *name, const char *section, const char *what)
{
	printf(".\\\" SPDX-License-Identifier: Apache-2.0\n"
	       ".TH %s %s \"\" \"Leveret " VERSION "\" \"Leveret\"\n"
	       ".SH NAME\n%s \\- %s\n",
	       name, section, name, what);
}

/* Text of a table: what would mean something to the formatter is meant as it is. */
static void text(const char *s)
{
	if (*s == '.' || *s == '\'')
		fputs("\\&", stdout);
	for (; *s; s++)
		if (*s == '\\')
			fputs("\\e", stdout);
		else if (*s == '-')
			fputs("\\-", stdout);
		else
			putchar(*s);
}

/* Bold, then as it is; then what it means. */
static void item(const char *bold, const char *rest, const char *meaning)
{
	fputs(".TP\n\\fB", stdout);
	text(bold);
	fputs("\\fR", stdout);
	text(rest);
	putchar('\n');
	text(meaning);
	putchar('\n');
}

static void paragraphs(const char *const *all)
{
	for (; *all; all++)
		printf("%s\n", *all);
}

/* ---- leveret(8) ---- */

static void leveret(void)
{
	title("leveret", "8", "an AMQP 0-9-1 message broker that clients for RabbitMQ use unchanged");
	paragraphs((const char *const[]){
		".SH SYNOPSIS",
		".B leveret",
		"[\\fB\\-c\\fR \\fIFILE\\fR] [\\fIkey\\fR=\\fIvalue\\fR ...]",
		".SH DESCRIPTION",
		"Takes messages over AMQP 0-9-1, routes them into queues and hands them to consumers. What",
		"is durable is kept in one log in the data directory, and confirmed when it is safe there.",
		"When it takes connections it writes one line with the word ready to standard error, and",
		"tells systemd.",
		".SH OPTIONS",
		".TP",
		".BI \\-c \" FILE\"",
		"a configuration file, see leveret.conf(5); conf.d/*.conf beside it is read after it",
		".TP",
		".IR key = value",
		"any key of the configuration; it wins over the file",
		".TP",
		".B \\-\\-check\\-config",
		"checks the configuration, certificates too, prints what would be in force, and ends",
		".TP",
		".B \\-\\-version",
		"prints the version",
		".SH SIGNALS",
		"TERM and INT stop in order: clients are told, then the log is closed; a second one stops",
		"at once. HUP reads certificates again. USR1 writes the state to standard error.",
		".SH EXIT STATUS",
		"0 after an orderly stop; 2 for a wrong command line or configuration; 3 when the data",
		"directory is refused (locked, or damaged: see leveretctl log verify); 4 when the log",
		"could not be written any more.",
		".SH EXAMPLES",
		".nf",
		"leveret listeners.tcp.1=127.0.0.1:5700 data_dir=/tmp/leveret",
		"leveret \\-c /etc/leveret/leveret.conf \\-\\-check\\-config",
		".fi",
		".SH SEE ALSO",
		".BR leveret.conf (5),",
		".BR leveretctl (8),",
		".BR leveret\\-perf (1)",
		NULL });
}

/* ---- leveret.conf(5) ---- */

static const struct {
	const char *name, *usual, *meaning;
} keys[] = {
#define KEY(name, kind, field, when, usual, least, most, meaning) { name, usual, meaning },
#include "server/config.def"
#undef KEY
};

static void conf(void)
{
	char rest[256];
	title("leveret.conf", "5", "configuration of leveret");
	paragraphs((const char *const[]){
		".SH DESCRIPTION",
		"The form is that of rabbitmq.conf: a line for each key, \\fIkey\\fR = \\fIvalue\\fR, and",
		"comments that begin with #. Later lines win over earlier ones, and all of them over",
		"defaults. Sizes are bytes, or like 64KB, 16MB, 1GB. Keys of RabbitMQ that mean nothing",
		"here are taken and counted; a key that nobody knows is refused, with the nearest that is",
		"known.", ".SH LISTENERS",
		"\\fBlisteners.tcp.default\\fR = 5672, or listeners.tcp.1 = 127.0.0.1:5672 and so on;",
		"\\fBlisteners.ssl.default\\fR likewise, with TLS. The value none is no listener.",
		".SH KEYS", NULL });
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		snprintf(rest, sizeof rest, " = %s", *keys[i].usual ? keys[i].usual : "(empty)");
		item(keys[i].name, rest, keys[i].meaning);
	}
	puts(".SH SEE ALSO\n.BR leveret (8)");
}

/* ---- leveretctl(8) ---- */

static const struct command {
	const char *name, *who, *usage, *meaning, *example;
} verbs[] = {
#define VERB(name, who, least, most, usage, meaning, example) \
	{ #name, #who, usage, meaning, example },
#include "management/verbs.def"
#undef VERB
}, owns[] = {
#define OWN(name, way, least, most, usage, meaning, example) { #name, "", usage, meaning, example },
#include "tools/ctl_own.def"
#undef OWN
};

static void example(const char *name, const char *arguments)
{
	if (!*arguments)
		return;
	fputs(".br\nFor example: \\fIleveretctl ", stdout);
	text(name);
	putchar(' ');
	text(arguments);
	puts("\\fR");
}

static void items(const struct command *all, size_t n)
{
	char rest[256];
	for (size_t i = 0; i < n; i++) {
		snprintf(rest, sizeof rest, " %s", all[i].usage);
		item(all[i].name, rest, all[i].meaning);
		example(all[i].name, all[i].example);
	}
}

static void leveretctl(void)
{
	title("leveretctl", "8", "administration of leveret");
	paragraphs((const char *const[]){
		".SH SYNOPSIS",
		".B leveretctl",
		"[\\fB\\-\\-data\\-dir\\fR \\fIDIR\\fR | \\fB\\-\\-host\\fR \\fIHOST\\fR]",
		"[\\fIoptions\\fR]",
		"\\fIVERB\\fR [\\fIargument\\fR ...]",
		".br",
		".B leveretctl log",
		"\\fBverify\\fR | \\fBdump\\fR | \\fBsalvage\\fR ...",
		".SH DESCRIPTION",
		"Asks a running broker, which it finds by its data directory: that of",
		"\\fB\\-\\-data\\-dir\\fR, of the variable LEVERET_DATA_DIR, ./data, or",
		"/var/lib/leveret. Its owner and root may ask. Verbs, columns and output are those of",
		"rabbitmqctl, rabbitmq-diagnostics, rabbitmq-plugins, rabbitmq-queues and",
		"rabbitmq-upgrade, whose names links to this program have in /usr/lib/leveret/bin.",
		"\\fBlog\\fR works on the data directory of a broker that has stopped.",
		".SH OPTIONS",
		".TP\n.BI \\-p \" VHOST\"\nthe virtual host (/)",
		".TP\n.B \\-q\nno line that says what is being done",
		".TP\n.B \\-s\nnor headers of columns",
		".TP\n.BI \\-\\-formatter \" FORM\"\ntable, pretty_table, csv, json, or json_stream",
		".TP\n.BI \\-\\-host \" HOST\"",
		"[https://]NAME[:PORT] of an HTTP API: the broker is asked there,",
		"by a user with the tag monitoring or administrator; or the variable LEVERET_HOST",
		".TP\n.BI \\-\\-username \" USER\"\nwho logs in there (guest), or LEVERET_USER",
		".TP\n.B \\-\\-password\\-stdin",
		"the password is the first line of the input; else it is that",
		"of the variable LEVERET_PASSWORD, or asked for",
		".TP\n.BI \\-\\-cacert \" FILE\"\ncertificates that are trusted (those of the system)",
		".TP\n.BI \\-t \" S\"\ngive up after so many seconds without a word",
		".SH VERBS",
		NULL });
	items(verbs, sizeof verbs / sizeof *verbs);
	puts(".SH ITS OWN");
	items(owns, sizeof owns / sizeof *owns);
	paragraphs((const char *const[]){
		".SH LOGS", ".TP\n.BI \"log verify\" \" DIR\"",
		"reads every record, and says what is in it and what is damaged",
		".TP\n.BI \"log dump\" \" DIR\"\nprints the records, one a line",
		".TP\n.BI \"log salvage\" \" FROM TO\"",
		"writes what can be read into a new directory, which a broker can be started on",
		".SH EXIT STATUS",
		"0 done, 64 usage, 65 no such thing, 69 no broker, or it could not do it, 75 timeout. Of",
		"log: 0 all is well, 1 damage was found, 2 usage, 3 the directory cannot be used.",
		".SH SEE ALSO", ".BR leveret (8)", NULL });
}

/* ---- docs/commands.md ---- */

/* Inside a cell of a table. */
static void cell(const char *s)
{
	for (; *s; s++)
		if (*s == '|')
			fputs("\\|", stdout);
		else
			putchar(*s);
}

static const char *right(const char *who)
{
	if (strcmp(who, "LOOKS") == 0)
		return "monitoring";
	return strcmp(who, "RULES") == 0 ? "administrator" : "-";
}

static void rows(const struct command *all, size_t n, bool rights)
{
	for (size_t i = 0; i < n; i++) {
		printf("| `%s%s", all[i].name, *all[i].usage ? " " : "");
		cell(all[i].usage);
		printf("` | ");
		cell(all[i].meaning);
		printf(rights ? " | %s |" : " |%s", rights ? right(all[i].who) : "");
		putchar('\n');
	}
}

static void commands(void)
{
	paragraphs((const char *const[]){
		"# What leveretctl can do",
		"",
		"`make` makes this of `management/verbs.def` and `tools/ctl_own.def`;",
		"`leveretctl help VERB` has an example of each. The broker is found by its data directory,",
		"or asked from afar, `--host [https://]NAME[:PORT]`, where the last column says which tag",
		"the user needs.",
		"`rabbitmqctl`, `rabbitmq-diagnostics`, `rabbitmq-plugins`, `rabbitmq-queues` and",
		"`rabbitmq-upgrade` are links to it, in `/usr/lib/leveret/bin` of the package and in",
		"`build/bin`.",
		"",
		"| verb | what it does | from afar |",
		"|---|---|---|", NULL });
	rows(verbs, sizeof verbs / sizeof *verbs, true);
	paragraphs((const char *const[]){
		"", "What it does by itself, with answers to these:", "", "| verb | what it does |",
		"|---|---|", NULL });
	rows(owns, sizeof owns / sizeof *owns, false);
}

/* ---- leveret-perf(1) ---- */

static const struct {
	const char *letters, *name, *argument, *meaning;
} options[] = {
#define TEXT(field, letters, name, argument, usual, text) { letters, name, argument, text },
#define NUMBER(field, letters, name, argument, usual, text) { letters, name, argument, text },
#define FLAG(field, letters, name, argument, usual, text) { letters, name, argument, text },
#include "tools/perf/options.def"
#undef TEXT
#undef NUMBER
#undef FLAG
};

static void perf(void)
{
	char bold[64], rest[64];
	title("leveret-perf", "1", "load for AMQP 0-9-1 brokers");
	paragraphs((const char *const[]){
		".SH SYNOPSIS", ".B leveret\\-perf", "[\\fIoption\\fR ...]", ".SH DESCRIPTION",
		"Publishes to a broker, consumes from it, and says how fast both went and how long",
		"messages took. Options have the names that PerfTest gave them.", ".SH OPTIONS", NULL });
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		const char *letters = options[i].letters;
		snprintf(bold, sizeof bold, "%s%s%s--%s", *letters ? "-" : "", letters,
		         *letters ? ", " : "", options[i].name);
		snprintf(rest, sizeof rest, " %s", options[i].argument);
		item(bold, rest, options[i].meaning);
	}
	paragraphs((const char *const[]){
		".SH EXIT STATUS",
		"0 when the run went as it should, 1 when the broker refused something or went away, 2 for",
		"a wrong command line.", ".SH EXAMPLES", ".nf", "leveret\\-perf \\-z 10",
		"leveret\\-perf \\-x 4 \\-y 4 \\-u orders \\-f persistent \\-c 500 \\-z 30 \\-\\-report "
	    "run.html",
		".fi", NULL });
}

/* ---- leveret-migrate(1) ---- */

static const struct {
	const char *name, *argument, *meaning;
} migrate_options[] = {
#define NUMBER(field, name, argument, usual, text) { name, argument, text },
#define FLAG(field, name, argument, text) { name, argument, text },
#include "tools/migrate/options.def"
#undef NUMBER
#undef FLAG
};

static void migrate(void)
{
	char bold[64], rest[64];
	title("leveret-migrate", "1", "messages go from one AMQP 0-9-1 broker to another");
	paragraphs((const char *const[]){
		".SH SYNOPSIS", ".B leveret\\-migrate", "[\\fIoption\\fR ...] \\fIfrom\\fR \\fIto\\fR",
		"\\fIqueue\\fR ...", ".SH DESCRIPTION",
		"Consumes from queues of one broker and publishes to the queues of the same names at",
		"another. A message is acked at the source when the target has confirmed it. Both are",
		"amqp://user:password@host:5672/vhost; with - in place of queues their names are read from",
		"the input, a line each.", ".SH OPTIONS", NULL });
	for (size_t i = 0; i < sizeof migrate_options / sizeof *migrate_options; i++) {
		snprintf(bold, sizeof bold, "--%s", migrate_options[i].name);
		snprintf(rest, sizeof rest, " %s", migrate_options[i].argument);
		item(bold, rest, migrate_options[i].meaning);
	}
	paragraphs((const char *const[]){
		".SH EXIT STATUS",
		"0 when all that came was confirmed, 1 when a broker refused something or went away: what",
		"was not confirmed is at the source then; 2 for a wrong command line.",
		".SH SEE ALSO", ".BR leveretctl (8)", NULL });
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} pages[] = { { "leveret.8", leveret },
		          { "leveret.conf.5", conf },
		          { "leveretctl.8", leveretctl },
		          { "commands.md", commands },
		          { "leveret-perf.1", perf },
		          { "leveret-migrate.1", migrate } };
	for (size_t i = 0; argc == 2 && i < sizeof pages / sizeof *pages; i++)
		if (strcmp(argv[1], pages[i].name) == 0) {
			pages[i].print();
			return 0;
		}
	fputs("usage: man leveret.8 | leveret.conf.5 | leveretctl.8 | leveret-perf.1 | "
	      "leveret-migrate.1 | commands.md\n", stderr);
	return 2;
}
