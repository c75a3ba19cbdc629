/* SPDX-License-Identifier: Apache-2.0 */
/* A file that log lines go to, by way of a pipe and a thread of its own: a disk that is slow keeps
 * nobody waiting, and a line that finds the pipe full is dropped.  What grows too large is moved
 * aside: FILE.0 is the newest of those, and the oldest goes. */
#ifndef SERVER_LOGFILE_H
#define SERVER_LOGFILE_H

#include <stdint.h>

#include "base/buf.h"
#include "server/rotation.h"

struct config;
struct logfile;

struct logfile_options {
	const char *path;
	const char *key;             /* of the configuration, for sentences */
	uint64_t max_bytes;          /* moved aside when it has so many; 0: never */
	unsigned keep;               /* so many that were */
	struct rotation rotation;    /* ... and at these times, before the next line */
};

/* As log.file.rotation says it. */
struct logfile_options logfile_options_of(const struct config *c, const char *key,
                                          const char *path);

/* Opens it, at its end.  NULL and a sentence in why. */
struct logfile *logfile_open(const struct logfile_options *o, struct buf *why);

/* What lines are written to, each with one call; it does not block. */
int logfile_fd(const struct logfile *f);

/* As it was opened. */
const char *logfile_path(const struct logfile *f);

/* From now on it may grow so far, and is moved aside at these times. */
void logfile_limit(struct logfile *f, const struct logfile_options *o);

/* Before the next line: it is opened anew if somebody has moved it, else moved aside (rotate), or
 * left alone. */
void logfile_turn(struct logfile *f, bool rotate);

/* Bytes that could not be written, since this was asked last. */
uint64_t logfile_lost(struct logfile *f);

/* Writes what there is and closes it. */
void logfile_close(struct logfile **f);

#endif
