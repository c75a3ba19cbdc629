/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a line that is a pattern, the rest a text.  A search takes no more steps than it may, says
 * the same twice, and where it says something, pcre2 without our bounds says it too. */
#include "base/mem.h"
#include "base/pattern.h"
#include "tests/fuzz/fuzz.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* True when pcre2 came to an answer; *found is it. */
static bool plain(struct slice pattern, struct slice text, bool *found)
{
	int error;
	size_t at;
	pcre2_code *code = pcre2_compile(pattern.p, pattern.n, 0, &error, &at, NULL);
	must(code);
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	pcre2_match_context *limits = pcre2_match_context_create(NULL);
	pcre2_set_match_limit(limits, PATTERN_MAX_STEPS);
	int n = pcre2_match(code, text.p, text.n, 0, 0, data, limits);
	pcre2_match_context_free(limits);
	pcre2_match_data_free(data);
	pcre2_code_free(code);
	*found = n >= 0;
	return n >= 0 || n == PCRE2_ERROR_NOMATCH;
}

static void check(const struct pattern *p, struct slice pattern, struct slice text)
{
	struct pattern_room *r = pattern_room_new();
	bool found;
	enum pattern_answer a = pattern_search(p, r, text);
	must(pattern_steps(r) <= PATTERN_MAX_STEPS + 1);
	must(pattern_search(p, r, text) == a);
	if (a != PATTERN_GAVE_UP && plain(pattern, text, &found))
		must(found == (a == PATTERN_FOUND));
	pattern_room_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size);
	const uint8_t *end = memchr(data, '\n', size);
	struct slice pattern = slice_take(&text, end ? (size_t)(end - data) : size);
	struct pattern_fault fault;
	if (pattern.n == 0)
		return 0;
	if (text.n)
		slice_take(&text, 1);
	struct pattern *p = pattern_new(pattern, &fault);
	if (p)
		check(p, pattern, text);
	else
		must(fault.at <= pattern.n && memchr(fault.text, 0, sizeof fault.text));
	pattern_free(&p);
	return 0;
}
