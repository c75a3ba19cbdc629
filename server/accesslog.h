/* SPDX-License-Identifier: Apache-2.0 */
/* The log of requests over HTTP: access.log in the directory management.http_log_dir, moved aside
 * as log.file is.  Its lines are made in management/visit.h. */
#ifndef SERVER_ACCESSLOG_H
#define SERVER_ACCESSLOG_H

#include <stdbool.h>

#include "base/buf.h"

struct config;
struct logfile;

/* Zeroed: there is none. */
struct accesslog {
	struct logfile *file;
	struct buf lines;            /* to be written, with tabs where the time belongs */
};

/* As the configuration has it now.  False and a sentence in why when the file cannot be opened:
 * then there is none. */
bool accesslog_set(struct accesslog *a, const struct config *c, struct buf *why);

/* Writes the lines there are; those that find no room are lost. */
void accesslog_write(struct accesslog *a);

/* As logfile_turn. */
void accesslog_turn(struct accesslog *a, bool rotate);

void accesslog_close(struct accesslog *a);

#endif
