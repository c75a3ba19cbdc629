/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of leveretctl, and what they share.  Arguments are those behind the command's
 * name; the answer is the exit code. */
#ifndef TOOLS_CTL_H
#define TOOLS_CTL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "persistence/log.h"

enum { CTL_OK, CTL_DAMAGED, CTL_USAGE, CTL_REFUSED };

int ctl_verify(int argc, char **argv);
int ctl_dump(int argc, char **argv);
int ctl_salvage(int argc, char **argv);

/* A verb for a running broker; arguments are all of the program's. */
int ctl_door(int argc, char **argv);

struct disk;

/* The disk of a data directory that exists, locked; NULL and a message on stderr when there is none
 * or a broker has it. */
struct disk *ctl_lock(const char *directory);

/* ---- progress: a line on stderr that is written over, where stderr is a terminal ---- */

struct progress {
	const char *what;
	uint64_t all, done;      /* bytes */
	uint64_t began_ms, told_ms;
	bool on;
};

void progress_begin(struct progress *p, const char *what, uint64_t all, bool quiet);
void progress_at(struct progress *p, uint64_t done);
void progress_end(struct progress *p);

/* ---- the log, read as a start reads it, without changing anything ---- */

struct reading {
	struct disk *disk, *still;
	struct log *log;
	uint64_t bytes;          /* of all segments */
	uint64_t segments, summaries;
	log_position first;      /* of the first record read, 0: none so far */
	struct buf why;          /* why it cannot be read */
};

/* False: the directory has no log in it.  Nothing is touched: it may be anybody's. */
bool reading_finds(const char *directory);

/* whole: every record is read, and summaries are not looked at.  False when the directory cannot be
 * used (why is empty: it was said already) or its segments make no log. */
bool reading_open(struct reading *r, const char *directory, bool whole);

/* As log_next, with every record. */
int reading_next(struct reading *r, struct log_record *out);

void reading_close(struct reading *r);

#endif
