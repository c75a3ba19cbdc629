/* SPDX-License-Identifier: Apache-2.0 */
/* A file in place of the standard output.  It comes to be when all of it is there: until then what
 * was there before stays, and stays for good where the answer ends badly. */
#ifndef TOOLS_CTL_OUTPUT_H
#define TOOLS_CTL_OUTPUT_H

#include <limits.h>
#include <stdbool.h>

enum { OUTPUT_PATH_BYTES = PATH_MAX + 8 };

/* Zeroed there is none. */
struct output {
	char path[PATH_MAX];
	char beside[OUTPUT_PATH_BYTES];   /* where it is written to; "": to its own place at once */
};

/* What is printed goes there.  A new file is for its owner alone; what is no file, a pipe for
 * instance, is written to as it is.  False, with errno: it cannot be written. */
bool output_begin(struct output *o, const char *path);

/* What was printed is flushed.  False: it could not be put in its place. */
bool output_end(struct output *o, bool whole);

#endif
