/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs: one handler for each line of verbs.def.  A handler is called until it says CALL_DONE;
 * each time it appends a piece of its output, which stays short, so that a long list neither makes
 * others wait nor is ever there whole. */
#ifndef MANAGEMENT_VERBS_H
#define MANAGEMENT_VERBS_H

#include "management/call.h"

enum { VERB_MANY = 1000 };

typedef enum call_state verb_handler(struct call *c, struct buf *out);

struct verb {
	const char *name;
	size_t least, most;          /* arguments, without options */
	const char *usage, *help;
	verb_handler *handle;
};

/* NULL: there is none. */
const struct verb *verb_find(struct slice name);

/* All of them, a line each. */
void verbs_print(struct buf *out);

#define VERB(name, least, most, usage, help) verb_handler verb_##name;
#include "management/verbs.def"
#undef VERB

#endif
