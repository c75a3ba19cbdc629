/* SPDX-License-Identifier: Apache-2.0 */
/* Whom leveretctl asks: the broker of a data directory, or one that is far away. */
#ifndef TOOLS_CTL_WHOM_H
#define TOOLS_CTL_WHOM_H

#include <stdbool.h>

struct whom {
	const char *data_dir;
	const char *host;            /* NULL: through the door of the data directory */
	char *name;                  /* of the host, and its port; owned */
	const char *port;            /* in name */
	bool tls;
	const char *user;
	char *password;              /* owned */
	bool password_from_input;
	const char *ca;              /* certificates that are trusted; NULL: the system's */
	long timeout_s;              /* 0: as long as it takes */
};

/* What the environment says: LEVERET_DATA_DIR, LEVERET_HOST, LEVERET_USER. */
void whom_init(struct whom *w);

/* Takes the option at argv[*i], and its value, if it is about whom to ask.  NULL in *why: it was
 * taken, or it is another one (false). */
bool whom_take(struct whom *w, char **argv, int *i, const char **why);

/* When all options are known: takes the host apart, and has the password from the input, from
 * LEVERET_PASSWORD, or from the terminal.  0, or the exit code, and why on stderr. */
int whom_settle(struct whom *w);

void whom_free(struct whom *w);

/* For messages. */
const char *whom_print(const struct whom *w);

/* ---- what others need too ---- */

/* "--name VALUE" or "--name=VALUE" at argv[*i]; false: it is another one.  *value is NULL when none
 * follows. */
bool option_takes(const char *name, char **argv, int *i, const char **value);

#endif
