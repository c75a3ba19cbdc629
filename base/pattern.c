/* SPDX-License-Identifier: Apache-2.0 */
/* pcre2 counts its match limit anew at each place of the text where a match could begin; what
 * bounds a whole search is a callout before each item of a pattern.  Options that a pattern could
 * ask for itself and that cost more than they bring are refused (UTF, \C). */
#include "base/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"

struct pattern {
	pcre2_code *code;
};

struct pattern_room {
	pcre2_match_data *data;
	pcre2_match_context *limits;
	unsigned steps;
};

static void *take(size_t n, void *ignored)
{
	(void)ignored;
	return mem_alloc(n);
}

static void give(void *p, void *ignored)
{
	(void)ignored;
	mem_free(p);
}

static pcre2_code *compile(struct slice text, int *error, size_t *at)
{
	const uint32_t options = PCRE2_AUTO_CALLOUT | PCRE2_NO_AUTO_POSSESS | PCRE2_NEVER_UTF |
		PCRE2_NEVER_BACKSLASH_C;
	pcre2_general_context *memory = pcre2_general_context_create(take, give, NULL);
	pcre2_compile_context *limits = pcre2_compile_context_create(memory);
	pcre2_set_max_pattern_length(limits, PATTERN_MAX_BYTES);
	pcre2_set_parens_nest_limit(limits, PATTERN_MAX_NESTING);
	pcre2_code *code = pcre2_compile(text.p, text.n, options, error, at, limits);
	pcre2_compile_context_free(limits);
	pcre2_general_context_free(memory);
	return code;
}

struct pattern *pattern_new(struct slice text, struct pattern_fault *fault)
{
	int error = 0;
	pcre2_code *code = compile(text.n ? text : slice_str(""), &error, &fault->at);
	if (!code) {
		pcre2_get_error_message(error, (PCRE2_UCHAR *)fault->text, sizeof fault->text);
		return NULL;
	}
	struct pattern *p = mem_alloc(sizeof *p);
	p->code = code;
	return p;
}

void pattern_free(struct pattern **p)
{
	if (!*p)
		return;
	pcre2_code_free((*p)->code);
	mem_free(*p);
	*p = NULL;
}

static int count_step(pcre2_callout_block *block, void *room)
{
	struct pattern_room *r = room;
	(void)block;
	return ++r->steps > PATTERN_MAX_STEPS ? PCRE2_ERROR_MATCHLIMIT : 0;
}

struct pattern_room *pattern_room_new(void)
{
	struct pattern_room *r = mem_zalloc(sizeof *r);
	pcre2_general_context *memory = pcre2_general_context_create(take, give, NULL);
	r->data = pcre2_match_data_create(1, memory);
	r->limits = pcre2_match_context_create(memory);
	pcre2_general_context_free(memory);
	pcre2_set_match_limit(r->limits, PATTERN_MAX_STEPS);
	pcre2_set_heap_limit(r->limits, PATTERN_MAX_ROOM_KB);
	pcre2_set_callout(r->limits, count_step, r);
	return r;
}

void pattern_room_free(struct pattern_room **r)
{
	if (!*r)
		return;
	pcre2_match_data_free((*r)->data);
	pcre2_match_context_free((*r)->limits);
	mem_free(*r);
	*r = NULL;
}

enum pattern_answer pattern_search(const struct pattern *p, struct pattern_room *r,
	struct slice text)
{
	if (text.n > PATTERN_MAX_SUBJECT)
		return PATTERN_GAVE_UP;
	struct slice in = text.n ? text : slice_str("");
	r->steps = 0;
	int n = pcre2_match(p->code, in.p, in.n, 0, 0, r->data, r->limits);
	if (n >= 0)
		return PATTERN_FOUND;
	return n == PCRE2_ERROR_NOMATCH ? PATTERN_NOT_FOUND : PATTERN_GAVE_UP;
}

enum pattern_answer pattern_search_once(struct slice pattern, struct pattern_room *r,
	struct slice text)
{
	struct pattern_fault fault;
	struct pattern *p = pattern_new(pattern, &fault);
	enum pattern_answer a = p ? pattern_search(p, r, text) : PATTERN_NOT_FOUND;
	pattern_free(&p);
	return a;
}

unsigned pattern_steps(const struct pattern_room *r)
{
	return r->steps;
}
