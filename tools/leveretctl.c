/* SPDX-License-Identifier: Apache-2.0 */
/* leveretctl: administration from the command line.  A running broker is asked through its door;
 * what can be done to the log of a stopped one is done here.  Under the name rabbitmqctl it is the
 * same. */
#include <stdio.h>
#include <string.h>

#include "management/request.h"
#include "management/verb.h"
#include "tools/ctl.h"
#include "tools/ctl_own.h"
#include "tools/ctl_words.h"

static const char head[] =
	"usage: leveretctl [--data-dir DIR | --host HOST] VERB [ARGUMENT ...]\n"
	"       leveretctl help [VERB]\n"
	"       leveretctl log verify  [--quiet] DIR\n"
	"       leveretctl log dump    [--queue N] [--from P] [--to P] [--body] [--json] DIR\n"
	"       leveretctl log salvage [--quiet] FROM TO\n"
	"\n"
	"For a running broker, which is found by its data directory (--data-dir, else the\n"
	"variable LEVERET_DATA_DIR, else ./data or, where that is not, /var/lib/leveret); its owner\n"
	"and root may ask. One that is elsewhere is asked over HTTP (--host). Verbs, columns and\n"
	"output are those of rabbitmqctl, whose name a link to this program may have, and of\n"
	"rabbitmq-diagnostics, -plugins, -queues and -upgrade:\n"
	"\n";

static const char options[] =
	"\n"
	"  -p, --vhost NAME      the virtual host (/)\n"
	"  -q, --quiet           no line that says what is being done\n"
	"  -s, --silent          nor headers of columns\n"
	"  --no-table-headers    no headers of columns\n"
	"  --formatter FORM      table, pretty_table, csv, json, json_stream (an object a line), or\n"
	"                        erlang, for lists\n"
	"  --json                as json_stream; long jobs say how far they are in such lines, too\n"
	"  --dry-run             nothing is changed: the verb is understood, and not begun;\n"
	"                        import_definitions says what it would change\n"
	"  --host HOST           [https://]NAME[:PORT] of an HTTP API, port 15672 or 15671; or the\n"
	"                        variable LEVERET_HOST\n"
	"  --username USER       who logs in there (guest), or LEVERET_USER\n"
	"  --password-stdin      the password is the first line of the input; else it is that of\n"
	"                        LEVERET_PASSWORD, or asked for\n"
	"  --cacert FILE         certificates that are trusted (those of the system)\n"
	"  -t, --timeout S       give up after so many seconds without a word\n"
	"  -n, --node NAME       taken for rabbitmqctl's sake, without effect; as is -l, --longnames\n"
	"\n"
	"For a data directory whose broker has stopped:\n"
	"\n"
	"  log verify    reads all of the log as a start would, but every record of it, and says\n"
	"                what is in it. Nothing is changed. A tail that a crash has cut off is no\n"
	"                damage.\n"
	"  log dump      prints the records, one a line. Queues are numbers: their declarations are\n"
	"                in the dump too. Bodies are printed with --body only.\n"
	"  log salvage   writes what can be read of FROM into a new directory TO, which a broker can\n"
	"                then be started on (data_dir=TO), and says what was lost. FROM is not\n"
	"                changed.\n"
	"\n"
	"  --quiet       no progress on a terminal\n"
	"\n"
	"Exit codes of verbs: 0 done, 64 usage, 65 no such thing, 69 no broker, or it could not do\n"
	"it, 75 timeout. Of log: 0 all is well, 1 damage was found, 2 usage, 3 the directory cannot\n"
	"be used.\n"
	"The format of the log is drawn in docs/log-format.md.\n";

static void put_own(struct buf *out, const struct own *o)
{
	buf_printf(out, "  %s%s%s\n      %s\n", o->name, *o->usage ? " " : "", o->usage, o->help);
}

static void help(FILE *to)
{
	struct buf verbs = { 0 };
	const struct own *o;
	verbs_print(&verbs);
	for (size_t i = 0; (o = own_at(i)); i++)
		put_own(&verbs, o);
	fputs(head, to);
	fwrite(verbs.p, 1, verbs.len, to);
	fputs(options, to);
	buf_free(&verbs);
}

static int usage(void)
{
	help(stderr);
	return CTL_USAGE;
}

static int log_command(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = { { "verify", ctl_verify }, { "dump", ctl_dump }, { "salvage", ctl_salvage } };
	for (size_t i = 0; argc > 2 && i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(argv[2], commands[i].name) != 0)
			continue;
		int code = commands[i].run(argc - 3, argv + 3);
		return code == CTL_USAGE ? usage() : code;
	}
	return usage();
}

/* One verb. */
static int explain(struct slice name)
{
	struct buf text = { 0 };
	const struct verb *v = verb_find(name), *meant = verb_nearest(name);
	const struct own *o = own_find(name);
	if (o)
		buf_printf(&text, "Usage: leveretctl %s %s\n\n  %s\n\nExample\n\n  leveretctl %s %s\n",
		           o->name, o->usage, o->help, o->name, o->example);
	if (v)
		verb_print(&text, v);
	if (v || o) {
		fwrite(text.p, 1, text.len, stdout);
		buf_free(&text);
		return CTL_OK;
	}
	fprintf(stderr, "Error: there is no verb '%.*s'%s%s\n", SLICE_ARG(name),
	        meant ? "; the nearest is " : "", meant ? meant->name : "");
	return CALL_EXIT_USAGE;
}

int own_help(struct own_call *o)
{
	const struct request *r = o->request;
	for (size_t i = 0; i < r->n; i++)
		if (r->arguments[i].p != o->verb.p && !words_is_of_option(r, i))
			return explain(r->arguments[i]);
	help(stdout);
	return CTL_OK;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return usage();
	return strcmp(argv[1], "log") == 0 ? log_command(argc, argv) : ctl_door(argc, argv);
}
