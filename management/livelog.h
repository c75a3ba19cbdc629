/* SPDX-License-Identifier: Apache-2.0 */
/* The last lines of the log, for those who watch it from afar. */
#ifndef MANAGEMENT_LIVELOG_H
#define MANAGEMENT_LIVELOG_H

#include "base/buf.h"
#include "base/logline.h"

enum { LIVELOG_LINES = 256, LIVELOG_STAMP = 32 };

struct livelog {
	uint64_t next;               /* number of the next line; they begin at 0 */
	struct livelog_line {
		char stamp[LIVELOG_STAMP];   /* when, as it stands in the log */
		enum logline_level level;
		char *text;              /* owned; NULL: there has been none yet */
	} lines[LIVELOG_LINES];      /* each at its number modulo their count */
};

/* Takes a line in; the oldest makes room for it. */
void livelog_add(struct livelog *l, enum logline_level level, const char *text,
                 const char *stamp);

/* The line with the number *next, or the oldest that there still is after it; *next is one more
 * then.  NULL: it has not been said yet. */
const struct livelog_line *livelog_read(const struct livelog *l, uint64_t *next);

/* Appends it as an object of JSON. */
void livelog_put(struct buf *out, const struct livelog_line *line);

void livelog_free(struct livelog *l);

#endif
