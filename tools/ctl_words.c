/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl_words.h"

#include "management/options.h"

/* Of what leveretctl does by itself. */
static bool is_own_with_text(struct slice name)
{
	static const char *const names[] = { "--interval", "--cipher", "--hash", "--iterations" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_is(name, names[i]))
			return true;
	return false;
}

bool words_is_of_option(const struct request *r, size_t i)
{
	struct slice a = r->arguments[i], before = i ? r->arguments[i - 1] : slice_of(NULL, 0);
	return (a.n > 1 && a.p[0] == '-') || option_has_text(before) || is_own_with_text(before);
}

size_t words_count(const struct request *r, struct slice *verb)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n; i++)
		if (!words_is_of_option(r, i))
			*verb = n++ ? *verb : r->arguments[i];
	return n;
}

size_t words_place(const struct request *r, size_t nth)
{
	for (size_t i = 0; i < r->n; i++)
		if (!words_is_of_option(r, i) && nth-- == 0)
			return i;
	return r->n;
}

/* Of options; behind "--" is none.  r->n: it is not there. */
static size_t find_option(const struct request *r, const char *name, const char *other)
{
	for (size_t i = 0; i < r->n && !slice_is(r->arguments[i], "--"); i++)
		if (slice_is(r->arguments[i], name) || slice_is(r->arguments[i], other))
			return i;
	return r->n;
}

void words_put_help_first(struct request *r)
{
	size_t i = find_option(r, "--help", "-h");
	if (i == r->n)
		return;
	memmove(&r->arguments[1], &r->arguments[0], i * sizeof *r->arguments);
	r->arguments[0] = slice_str("help");
}

bool words_ask_dry_run(const struct request *r)
{
	return find_option(r, "--dry-run", "--dry_run") < r->n;
}
