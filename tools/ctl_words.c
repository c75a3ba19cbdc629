/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl_words.h"

bool words_is_of_option(const struct request *r, size_t i)
{
	static const char *const valued[] = {
		"-p", "--vhost", "--formatter", "--user", "--description", "--tags",
		"--default-queue-type", "--priority", "--apply-to", "--unit", "--within", "--duration",
		"-d", "--number", "-N", "--sort", "--from", "--count", "--search", "--interval",
		"--arguments", "--properties", "--pattern", "--cipher", "--hash", "--iterations",
	};
	struct slice a = r->arguments[i], before = i ? r->arguments[i - 1] : slice_of(NULL, 0);
	for (size_t k = 0; k < sizeof valued / sizeof *valued; k++)
		if (slice_is(before, valued[k]))
			return true;
	return a.n > 1 && a.p[0] == '-';
}

size_t words_count(const struct request *r, struct slice *verb)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n; i++)
		if (!words_is_of_option(r, i))
			*verb = n++ ? *verb : r->arguments[i];
	return n;
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
