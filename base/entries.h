/* SPDX-License-Identifier: Apache-2.0 */
/* A few names with a value each, kept as one text: a line of name=value for each.  No name has an
 * equals sign, neither has a control byte. */
#ifndef BASE_ENTRIES_H
#define BASE_ENTRIES_H

#include <stdbool.h>

#include "base/buf.h"

/* Takes the next one off the text; false at its end. */
bool entries_next(struct slice *rest, struct slice *name, struct slice *value);

/* The value of a name; p == NULL: there is none. */
struct slice entries_find(struct slice text, struct slice name);

/* Appends the text to out, with this value in place of the one of that name, or behind all. */
void entries_with(struct buf *out, struct slice text, struct slice name, struct slice value);

#endif
