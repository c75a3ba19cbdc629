/* SPDX-License-Identifier: Apache-2.0 */
/* The options of a call (options.def): "--name", "--name=text", "--name text", "-n text". */
#ifndef MANAGEMENT_OPTIONS_H
#define MANAGEMENT_OPTIONS_H

#include "management/format.h"
#include "management/request.h"

/* Zeroed none is said; texts are borrowed from the request, p == NULL: not said. */
struct options {
	enum format format;          /* of lists: --formatter ... */
	bool json;                   /* ... which is JSON, and so is all else that is answered */
	bool lines;                  /* --json: how far it is, too, as objects among the output */
	bool idle;                   /* one was said that is of no use here */
#define FLAG(field, name, letter, other) bool field;
#define IDLE(name, letter, other)
#define TEXT(field, name, other) struct slice field;
#include "management/options.def"
#undef FLAG
#undef IDLE
#undef TEXT
};

enum option {
	OPTION_NONE,                 /* it is a word */
	OPTION_TAKEN,
	OPTION_BAD,                  /* it is not known, or its text is missing */
};

/* Takes the option at *i of the arguments; *i goes on to its text where that is the next one. */
enum option options_take(struct options *o, const struct request *r, size_t *i);

/* It is the name of one whose text may be the next argument. */
bool option_has_text(struct slice name);

#endif
