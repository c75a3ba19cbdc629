/* SPDX-License-Identifier: Apache-2.0 */
/* What can be called (verbs.def): names, arguments and help, for the broker and for those who call
 * it. */
#ifndef MANAGEMENT_VERB_H
#define MANAGEMENT_VERB_H

#include "base/buf.h"

enum { VERB_MANY = 1000 };

/* Who may from afar. */
enum verb_right {
	VERB_LOOKS,                  /* with the tag monitoring */
	VERB_RULES,                  /* administrators */
	VERB_HERE,                   /* nobody: through the door alone */
};

struct verb {
	const char *name;
	enum verb_right who;
	size_t least, most;          /* arguments, without options */
	const char *usage, *help;
	const char *example;         /* its arguments */
};

/* NULL: there is none. */
const struct verb *verb_find(struct slice name);

/* The i-th of the table, NULL behind the last; and which one it is. */
const struct verb *verb_at(size_t i);
size_t verb_index(const struct verb *v);

/* With --dry-run it says what it would do; else it is not begun. */
bool verb_rehearses(const struct verb *v);

/* The one that was meant, perhaps, by who wrote that; NULL: nothing looks like it. */
const struct verb *verb_nearest(struct slice name);

/* All of them, two lines each. */
void verbs_print(struct buf *out);

/* One, with its example. */
void verb_print(struct buf *out, const struct verb *v);

#endif
