/* SPDX-License-Identifier: Apache-2.0 */
/* What tells an object of definitions from all others, and a set of them: which objects a file
 * names. */
#ifndef MANAGEMENT_NAMES_H
#define MANAGEMENT_NAMES_H

#include "base/buf.h"
#include "base/map.h"

/* All slices are borrowed; what an object of that section has none of stays empty. */
struct designation {
	const char *section;         /* as in definitions */
	struct slice vhost;
	struct slice name;           /* of a permission the user, of a binding the source */
	struct slice other;          /* of a parameter the component, of a right the exchange */
	struct slice to, key;        /* of a binding: for the eye only ... */
	struct slice identity;       /* ... as this says it all; owned */
};

/* For the eye: its name; of a binding "source -> destination (key)". */
void designation_print(struct buf *out, const struct designation *d);

struct names_page;

struct names {
	struct map map;              /* by digest */
	struct names_page *pages;    /* where those lie */
};

/* Adds it; harmless when it is in it. */
void names_add(struct names *n, const struct designation *d);
bool names_has(const struct names *n, const struct designation *d);
void names_free(struct names *n);

#endif
