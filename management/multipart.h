/* SPDX-License-Identifier: Apache-2.0 */
/* A body that is a form of many parts (RFC 7578, in the syntax of RFC 2046 section 5.1.1), as
 * browsers send a file. */
#ifndef MANAGEMENT_MULTIPART_H
#define MANAGEMENT_MULTIPART_H

#include "base/slice.h"

enum { MULTIPART_BOUNDARY_MAX = 70, MULTIPART_PARTS_MAX = 64 };

/* The boundary that the header Content-Type names, borrowed from it; n == 0: it is no such form, or
 * names none that may be one. */
struct slice multipart_boundary(struct slice content_type);

/* The first part of that name, borrowed from the body.  False: it has none, or is not whole, or has
 * so many parts that nobody looks further. */
bool multipart_find(struct slice body, struct slice boundary, const char *name,
                    struct slice *out);

#endif
