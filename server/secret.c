/* SPDX-License-Identifier: Apache-2.0 */
#include "server/secret.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* What is typed is not shown. */
static bool hide(struct termios *before)
{
	struct termios hidden;
	if (tcgetattr(STDIN_FILENO, before) != 0)
		return false;
	hidden = *before;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	return tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0;
}

char *secret_read(const char *prompt)
{
	char *line = NULL;
	size_t cap = 0;
	struct termios before;
	bool asked = isatty(STDIN_FILENO), hidden = asked && hide(&before);
	if (asked)
		fputs(prompt, stderr);
	ssize_t n = getline(&line, &cap, stdin);
	if (hidden)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	if (asked)
		fputc('\n', stderr);
	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		line[--n] = '\0';
	if (n > 0)
		return line;
	free(line);
	return NULL;
}

void secret_free(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}
