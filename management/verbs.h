/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs: one handler for each line of verbs.def.  A handler is called until it says CALL_DONE;
 * each time it appends a piece of its output, which stays short, so that a long list neither makes
 * others wait nor is ever there whole. */
#ifndef MANAGEMENT_VERBS_H
#define MANAGEMENT_VERBS_H

#include "base/buf.h"
#include "management/piece.h"
#include "management/verb.h"

struct call;

typedef enum call_state verb_handler(struct call *c, struct buf *out);

/* The handler of that verb. */
verb_handler *verb_handler_of(const struct verb *v);

#define VERB(name, who, least, most, usage, help, example) verb_handler verb_##name;
#include "management/verbs.def"
#undef VERB

#endif
