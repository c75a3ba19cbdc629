/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl_terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "management/format.h"

enum { USUAL_COLUMNS = 80, USUAL_LINES = 24 };

static bool shown;

static size_t from_variable(const char *name, size_t otherwise)
{
	const char *said = getenv(name);
	long n = said ? atol(said) : 0;
	return n > 0 && n < 10000 ? (size_t)n : otherwise;
}

void terminal_measure(int fd, size_t *columns, size_t *lines)
{
	struct winsize w = { 0 };
	if (ioctl(fd, TIOCGWINSZ, &w) != 0)
		w = (struct winsize){ 0 };
	*columns = from_variable("COLUMNS", w.ws_col ? w.ws_col : USUAL_COLUMNS);
	*lines = from_variable("LINES", w.ws_row ? w.ws_row : USUAL_LINES);
}

bool terminal_shows(void)
{
	return isatty(STDERR_FILENO);
}

/* The last column is left free: some terminals go to the next line behind it. */
void terminal_show(struct slice line)
{
	size_t columns, lines;
	if (!terminal_shows())
		return;
	terminal_measure(STDERR_FILENO, &columns, &lines);
	struct slice cut = format_cut(line, columns - 1);
	fprintf(stderr, "\r%.*s\033[K", SLICE_ARG(cut));
	shown = true;
}

void terminal_wipe(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = false;
}
