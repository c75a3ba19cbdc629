/* SPDX-License-Identifier: Apache-2.0 */
/* What a run is to be: the command line of leveret-perf (options.def). */
#ifndef TOOLS_PERF_OPTIONS_H
#define TOOLS_PERF_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct options {
#define TEXT(field, letters, name, argument, usual, text) const char *field;
#define NUMBER(field, letters, name, argument, usual, text) int64_t field;
#define FLAG(field, letters, name, argument, usual, text) bool field;
#include "tools/perf/options.def"
#undef TEXT
#undef NUMBER
#undef FLAG
	bool persistent, mandatory; /* from flags */
	bool keep;                  /* queues that are to stay */
};

extern struct options options;

/* Reads them; ends the program with a word to standard error where they make no sense. */
void options_read(int argc, char **argv);

/* How many queues there are, and the name of the nth.  Lies in a buffer of the caller's thread
 * until it asks again. */
int64_t options_queues(void);
const char *options_queue(int64_t n);

#endif
