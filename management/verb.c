/* SPDX-License-Identifier: Apache-2.0 */
#include "management/verb.h"

#include <string.h>

#include "base/die.h"
#include "base/spelling.h"

static const struct verb verbs[] = {
#define VERB(name, who, least, most, usage, help, example) \
	{ #name, VERB_##who, least, most, usage, help, example },
#include "management/verbs.def"
#undef VERB
};

const struct verb *verb_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (slice_is(name, verbs[i].name))
			return &verbs[i];
	return NULL;
}

const struct verb *verb_at(size_t i)
{
	return i < ARRAY_LEN(verbs) ? &verbs[i] : NULL;
}

size_t verb_index(const struct verb *v)
{
	return (size_t)(v - verbs);
}

bool verb_rehearses(const struct verb *v)
{
	static const char *const names[] = { "import_definitions" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(v->name, names[i]) == 0)
			return true;
	return false;
}

/* A third of the letters may be wrong. */
const struct verb *verb_nearest(struct slice name)
{
	const struct verb *best = NULL;
	size_t least = name.n / 3 + 1;
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		size_t d = spelling_distance(verbs[i].name, name);
		if (d >= least)
			continue;
		least = d;
		best = &verbs[i];
	}
	return best;
}

static void put_usage(struct buf *out, const struct verb *v)
{
	buf_printf(out, "%s%s%s\n", v->name, v->usage[0] ? " " : "", v->usage);
}

void verbs_print(struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		buf_printf(out, "  ");
		put_usage(out, &verbs[i]);
		buf_printf(out, "      %s\n", verbs[i].help);
	}
}

void verb_print(struct buf *out, const struct verb *v)
{
	static const char *const rights[] = {
		[VERB_LOOKS] = "a user with the tag monitoring may",
		[VERB_RULES] = "an administrator may",
		[VERB_HERE] = "nobody may",
	};
	buf_printf(out, "Usage: leveretctl ");
	put_usage(out, v);
	buf_printf(out, "\n  %s\n\nExample\n\n  leveretctl %s%s%s\n\nFrom afar (--host) %s.\n", v->help,
	           v->name, v->example[0] ? " " : "", v->example, rights[v->who]);
}
