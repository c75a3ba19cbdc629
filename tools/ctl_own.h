/* SPDX-License-Identifier: Apache-2.0 */
/* What leveretctl does by itself (ctl_own.def). */
#ifndef TOOLS_CTL_OWN_H
#define TOOLS_CTL_OWN_H

#include "management/request.h"
#include "tools/ctl_whom.h"

/* Options that are its own were taken out; words are those left, without the first. */
struct own_call {
	struct whom *whom;
	struct request *request;     /* as it came, the options of broker's verbs too */
	struct slice verb;
	const char *sort;
	const char *cipher, *hash, *iterations;   /* NULL: not said */
	bool lists_ciphers, lists_hashes;
	long count, interval_s, number;   /* 0: not said */
	struct slice words[REQUEST_MAX_ARGUMENTS];
	size_t n;
};

typedef int own_handler(struct own_call *o);

struct own {
	const char *name;
	enum own_way { OWN_ALONE, OWN_ASKS } way;   /* ASKS: whom has to be settled */
	size_t least, most;
	const char *usage, *help, *example;
	own_handler *handle;
};

/* NULL: there is none, or behind the last one. */
const struct own *own_find(struct slice name);
const struct own *own_at(size_t i);

/* Takes its options out of the request, and calls it; the exit code. */
int own_run(const struct own *own, struct whom *w, struct request *r, struct slice verb);

#define OWN(name, way, least, most, usage, help, example) own_handler own_##name;
#include "tools/ctl_own.def"
#undef OWN

#endif
