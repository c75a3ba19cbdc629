/* SPDX-License-Identifier: Apache-2.0 */
#include "base/entries.h"

bool entries_next(struct slice *rest, struct slice *name, struct slice *value)
{
	if (!rest->n)
		return false;
	*value = slice_cut(rest, '\n');
	*name = slice_cut(value, '=');
	return true;
}

struct slice entries_find(struct slice text, struct slice wanted)
{
	struct slice name, value;
	while (entries_next(&text, &name, &value))
		if (slice_eq(name, wanted))
			return value;
	return slice_of(NULL, 0);
}

static void put(struct buf *out, struct slice name, struct slice value)
{
	buf_printf(out, "%.*s=%.*s\n", SLICE_ARG(name), SLICE_ARG(value));
}

void entries_with(struct buf *out, struct slice text, struct slice wanted, struct slice set)
{
	struct slice name, value;
	bool met = false;
	while (entries_next(&text, &name, &value)) {
		bool is = slice_eq(name, wanted);
		met |= is;
		put(out, name, is ? set : value);
	}
	if (!met)
		put(out, wanted, set);
}
