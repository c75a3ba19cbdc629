/* SPDX-License-Identifier: Apache-2.0 */
#include "management/verbs.h"

verb_handler *verb_handler_of(const struct verb *v)
{
	static verb_handler *const handlers[] = {
#define VERB(name, who, least, most, usage, help, example) verb_##name,
#include "management/verbs.def"
#undef VERB
	};
	return handlers[verb_index(v)];
}
