/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions that are more than one call may carry, however large: they are read twice, once to
 * see that it is all JSON what is to be taken in, and once to be sent, section by section in the
 * order in which they are taken in, each in calls of about a megabyte.  Memory holds no more than
 * one of these. */
#ifndef TOOLS_CTL_IMPORT_H
#define TOOLS_CTL_IMPORT_H

#include "management/request.h"

struct whom;

/* r is the call without its last argument; the definitions are in the file, or (path NULL) what was
 * read of the input and the rest of it.  The exit code. */
int import_in_parts(const struct whom *w, const struct request *r, struct slice verb,
                    const char *path, struct slice read);

#endif
