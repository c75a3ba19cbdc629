/* SPDX-License-Identifier: Apache-2.0 */
/* Where the configuration comes from: files, then the environment, then arguments, later ones
 * winning.  It is read from all of them each time, so that what was taken out of a file is gone. */
#ifndef SERVER_SOURCES_H
#define SERVER_SOURCES_H

#include <stdbool.h>

#include "base/buf.h"

struct config;

struct sources {
	int argc;                    /* of main */
	char **argv;                 /* copies, owned */
	char *typed;                 /* the passphrase of what is encrypted, owned; NULL: none yet */
	enum {
		SOURCES_RUN, SOURCES_CHECK, SOURCES_HELP, SOURCES_VERSION
	} wanted;
};

/* Looks at the options; false and a sentence in why when they make no sense.  Secrets among the
 * arguments are blanked where they are: lists of processes show them. */
bool sources_look(struct sources *s, int argc, char **argv, struct buf *why);

/* Reads everything into c, which config_init has made; false and a sentence in why.  Somebody is
 * asked for a passphrase once at most. */
bool sources_read(struct sources *s, struct config *c, struct buf *why);

void sources_free(struct sources *s);

#endif
