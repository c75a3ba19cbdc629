/* SPDX-License-Identifier: Apache-2.0 */
/* Who administers the broker of the simulator: verbs of leveretctl, asked inside the process. */
#ifndef SIM_ADMIN_H
#define SIM_ADMIN_H

#include "management/request.h"
#include "tests/sim/inside.h"

/* Asks, and pulls the answer while the broker has its turns.  What is said, errors too, is appended
 * to said.  The exit code; or -1 when the answer does not come: the log thread gets no time, or the
 * disk is down. */
int admin_ask(struct inside *in, const struct request *r, struct buf *said);

/* The same with words, up to a NULL. */
int admin_say(struct inside *in, struct buf *said, const char *first, ...)
	__attribute__((sentinel));

#endif
