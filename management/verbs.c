/* SPDX-License-Identifier: Apache-2.0 */
#include "management/verbs.h"

#include "base/die.h"

static const struct verb verbs[] = {
#define VERB(name, least, most, usage, help) { #name, least, most, usage, help, verb_##name },
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

void verbs_print(struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		buf_printf(out, "  %s%s%s\n", verbs[i].name, verbs[i].usage[0] ? " " : "", verbs[i].usage);
		buf_printf(out, "      %s\n", verbs[i].help);
	}
}
