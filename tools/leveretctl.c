/* SPDX-License-Identifier: Apache-2.0 */
/* leveretctl: administration from the command line.  So far what can be done to the log of a data
 * directory that no broker runs on. */
#include <stdio.h>
#include <string.h>

#include "tools/ctl.h"

static const char help[] =
	"usage: leveretctl log verify  [--quiet] DIR\n"
	"       leveretctl log dump    [--queue N] [--from P] [--to P] [--body] [--json] DIR\n"
	"       leveretctl log salvage [--quiet] FROM TO\n"
	"\n"
	"For a data directory whose broker has stopped:\n"
	"\n"
	"  verify    reads all of the log as a start would, but every record of it, and says what is\n"
	"            in it. Nothing is changed. A tail that a crash has cut off is no damage.\n"
	"  dump      prints the records, one a line. Queues are numbers: their declarations are in\n"
	"            the dump too. Bodies are printed with --body only.\n"
	"  salvage   writes what can be read of FROM into a new directory TO, which a broker can then\n"
	"            be started on (data_dir=TO), and says what was lost. FROM is not changed.\n"
	"\n"
	"  --quiet   no progress on a terminal\n"
	"\n"
	"Exit codes: 0 all is well, 1 damage was found, 2 usage, 3 the directory cannot be used.\n"
	"The format of the log is drawn in docs/log-format.md.\n";

static int usage(void)
{
	fputs(help, stderr);
	return CTL_USAGE;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = { { "verify", ctl_verify }, { "dump", ctl_dump }, { "salvage", ctl_salvage } };
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		fputs(help, stdout);
		return CTL_OK;
	}
	if (argc < 3 || strcmp(argv[1], "log") != 0)
		return usage();
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(argv[2], commands[i].name) != 0)
			continue;
		int code = commands[i].run(argc - 3, argv + 3);
		return code == CTL_USAGE ? usage() : code;
	}
	return usage();
}
