/* SPDX-License-Identifier: Apache-2.0 */
#include "server/known.h"

#include "base/die.h"

static const struct {
	const char *name;
	const char *only;            /* the values that are taken, bars between; NULL: any */
	const char *instead;
} known[] = {
#define ONLY(name, value, instead) { name, value, instead },
#define IGNORED(name) { name, NULL, NULL },
#include "server/ignored.def"
#undef ONLY
#undef IGNORED
};

/* The last part of a pattern may be the beginning of more. */
static bool matches(const char *pattern, struct slice name)
{
	struct slice rest = slice_str(pattern);
	char last = pattern[rest.n - 1];
	if (last == '.' || last == '_')
		return name.n > rest.n && slice_starts(name, pattern);
	while (rest.n && name.n) {
		struct slice wanted = slice_cut(&rest, '.'), part = slice_cut(&name, '.');
		if (!slice_is(wanted, "*") && !slice_eq(wanted, part))
			return false;
	}
	return rest.n == 0 && name.n == 0;
}

bool known_take(struct slice name, struct slice value, struct buf *why)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (!matches(known[i].name, name))
			continue;
		if (!known[i].only || slice_has_word(slice_str(known[i].only), '|', value))
			return true;
		buf_printf(why, "'%.*s' is not supported: %s", SLICE_ARG(value), known[i].instead);
		return false;
	}
	return false;
}
