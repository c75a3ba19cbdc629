/* SPDX-License-Identifier: Apache-2.0 */
/* How large the terminal is, and the line on it that says how far something is. */
#ifndef TOOLS_CTL_TERMINAL_H
#define TOOLS_CTL_TERMINAL_H

#include <stdbool.h>

#include "base/slice.h"

/* Of the terminal that is open there, unless the variables COLUMNS and LINES say something else;
 * 80 and 24 where there is none. */
void terminal_measure(int fd, size_t *columns, size_t *lines);

/* Whether progress is shown: where errors go to a terminal. */
bool terminal_shows(void);

/* Shows a line there, in place of the one before; what is wider than the terminal is cut off, since
 * it could not be taken back.  Nothing where none is shown. */
void terminal_show(struct slice line);

/* Takes it back, if there is one, so that something else can be written. */
void terminal_wipe(void);

#endif
