/* SPDX-License-Identifier: Apache-2.0 */
/* One call of a verb, asked of a broker: its answer comes piece by piece. */
#ifndef TOOLS_CTL_ASKING_H
#define TOOLS_CTL_ASKING_H

#include "management/request.h"
#include "tools/ctl_wire.h"

struct http_reply;

enum { EXIT_TIMEOUT = 75 };    /* as rabbitmqctl has it, of who waited too long */

struct asking {
	const struct whom *whom;
	struct wire wire;
	struct buf in, room;         /* pieces that came; the one that was given last */
	struct http_reply *reply;         /* of HTTP; NULL: through the door */
	bool quiet;                  /* that nobody is there is not said */
	int code;                    /* the exit code, at the end */
};

/* Asks; false when that failed, with the exit code, and why on stderr.  The request's first plain
 * word has to be the verb, for HTTP.  A zeroed one, but for whom and quiet. */
bool asking_open(struct asking *a, const struct request *r, struct slice verb);

/* The next piece, valid until the one after it; false at the end.  What went wrong on the way is on
 * stderr. */
bool asking_next(struct asking *a, struct answer_piece *out);

/* Harmless when it was not opened. */
void asking_close(struct asking *a);

/* All of it: what it puts out goes to out, complaints to stderr.  The exit code. */
int asking_collect(const struct whom *w, const struct request *r, struct slice verb,
                   struct buf *out);

#endif
