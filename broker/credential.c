/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/credential.h"

#include "base/pattern.h"
#include "broker/state.h"

static bool is_found(struct broker *b, const char *pattern, struct slice text)
{
	return pattern_search_once(slice_str(pattern), b->patterns, text) == PATTERN_FOUND;
}

bool credential_check(struct broker *b, struct slice text, struct buf *why)
{
	const struct broker_options *o = &b->options;
	if (text.n < o->password_min_bytes)
		buf_printf(why, "minimum required password length is %u", o->password_min_bytes);
	else if (o->password_pattern[0] && !is_found(b, o->password_pattern, text))
		buf_printf(why, "provided password does not match the validator regular expression");
	else
		return true;
	return false;
}
