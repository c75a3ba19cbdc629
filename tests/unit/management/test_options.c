/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>

#include "management/options.h"

Suite *suite_management_options(void);

static struct options o;

/* The option at the front of these arguments, up to a NULL; *n: how many it is. */
static enum option take(size_t *n, const char *first, const char *second)
{
	struct request r = { .arguments = { slice_str(first) }, .n = 1 };
	size_t i = 0;
	if (second)
		r.arguments[r.n++] = slice_str(second);
	o = (struct options){ 0 };
	enum option taken = options_take(&o, &r, &i);
	*n = i + 1;
	return taken;
}

static void assert_taken(size_t most, const char *first, const char *second)
{
	size_t n;
	ck_assert_msg(take(&n, first, second) == OPTION_TAKEN, "%s", first);
	ck_assert_uint_eq(n, most);
}

START_TEST(flags_have_several_names)
{
	assert_taken(1, "--if-empty", "q");
	ck_assert(o.if_empty);
	assert_taken(1, "--if_empty", "q");
	ck_assert(o.if_empty && !o.if_unused);
	assert_taken(1, "-e", NULL);
	ck_assert(o.if_empty && !o.quiet);
	assert_taken(1, "-s", NULL);
	ck_assert(o.quiet && o.bare);
	assert_taken(1, "--json", NULL);
	ck_assert(o.json && o.lines && o.format == FORMAT_JSON_STREAM);
	assert_taken(1, "--all", NULL);
	ck_assert(o.idle);
}
END_TEST

START_TEST(a_text_is_inside_or_comes_next)
{
	assert_taken(1, "--vhost=a=b", "c");
	ck_assert(slice_is(o.vhost, "a=b"));
	assert_taken(1, "--vhost=", "c");
	ck_assert(o.vhost.p && !o.vhost.n);
	assert_taken(2, "-p", "--quiet");
	ck_assert(slice_is(o.vhost, "--quiet") && !o.quiet);
	assert_taken(2, "--apply_to", "queues");
	ck_assert(slice_is(o.apply_to, "queues"));
	assert_taken(2, "--formatter", "csv");
	ck_assert(o.format == FORMAT_CSV && o.quiet && !o.json);
	assert_taken(1, "--formatter=json", NULL);
	ck_assert(o.format == FORMAT_JSON && o.json);
}
END_TEST

START_TEST(what_is_no_option_is_told_from_what_is_a_bad_one)
{
	static const char *const words[] = { "", "-", "list_queues", "=" };
	static const char *const bad[] = { "--", "--vhost", "--vhos=x", "--quiet=x", "--formatter",
		                               "-x", "--formatter=none" };
	size_t n;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		ck_assert_int_eq(take(&n, words[i], NULL), OPTION_NONE);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(take(&n, bad[i], NULL) == OPTION_BAD, "%s", bad[i]);
}
END_TEST

/* leveretctl tells by that which words are the verb and its arguments. */
START_TEST(it_is_known_what_has_its_text_in_the_next_word)
{
	static const char *const have[] = { "-p", "--vhost", "--before", "--apply_to", "--formatter" };
	static const char *const have_not[] = { "", "--vhost=x", "--formatter=csv", "-q", "x" };
	for (size_t i = 0; i < 5; i++) {
		ck_assert_msg(option_has_text(slice_str(have[i])), "%s", have[i]);
		ck_assert_msg(!option_has_text(slice_str(have_not[i])), "%s", have_not[i]);
	}
	ck_assert(!option_has_text(slice_of(NULL, 0)));
}
END_TEST

Suite *suite_management_options(void)
{
	Suite *s = suite_create("management_options");
	TCase *t = tcase_create("all");
	tcase_add_test(t, flags_have_several_names);
	tcase_add_test(t, a_text_is_inside_or_comes_next);
	tcase_add_test(t, what_is_no_option_is_told_from_what_is_a_bad_one);
	tcase_add_test(t, it_is_known_what_has_its_text_in_the_next_word);
	suite_add_tcase(s, t);
	return s;
}
