/* SPDX-License-Identifier: Apache-2.0 */
/* Topic exchanges: a table of known cases, an oracle that matches by brute force, and the bound on
 * the work that one routing may take. */
#include "exchange/topic.h"

#include "base/slab.h"
#include "tests/unit/exchange/fixture.h"

Suite *suite_exchange_topic(void);

/* ---- the oracle: split into words, then recursion ---- */

enum { MAX_WORDS = 24 };

struct sentence {
	char words[MAX_WORDS][8];
	int n;
};

static struct sentence split(const char *s)
{
	struct sentence out = { .n = *s ? 1 : 0 };
	size_t at = 0;
	for (; *s; s++) {
		if (*s == '.') {
			out.n++;
			at = 0;
		} else {
			out.words[out.n - 1][at++] = *s;
		}
	}
	return out;
}

static bool matches(const struct sentence *p, int i, const struct sentence *k, int j)
{
	if (i == p->n)
		return j == k->n;
	if (strcmp(p->words[i], "#") == 0)
		return matches(p, i + 1, k, j) || (j < k->n && matches(p, i, k, j + 1));
	if (j == k->n)
		return false;
	return (strcmp(p->words[i], "*") == 0 || strcmp(p->words[i], k->words[j]) == 0) &&
	       matches(p, i + 1, k, j + 1);
}

static bool oracle(const char *pattern, const char *key)
{
	struct sentence p = split(pattern), k = split(key);
	return matches(&p, 0, &k, 0);
}

/* ---- one pattern, one key ---- */

static const struct {
	const char *pattern, *key;
	bool match;
} known[] = {
	{ "", "", true },          { "", "a", false },        { "#", "", true },
	{ "#", "a", true },        { "#", "a.b.c", true },    { "#", ".", true },
	{ "*", "", false },        { "*", "a", true },        { "*", "a.b", false },
	{ "a", "a", true },        { "a", "", false },        { "a", "a.", false },
	{ "a.b", "a.b", true },    { "a.b", "a", false },     { "a.b", "ab", false },
	{ "a.#", "a", true },      { "a.#", "a.b.c", true },  { "a.#", "b.a", false },
	{ "#.a", "a", true },      { "#.a", "b.c.a", true },  { "#.a", "a.b", false },
	{ "*.b", "b", false },     { "*.b", "a.b", true },    { "*.b", ".b", true },
	{ "a..b", "a..b", true },  { "a..b", "a.b", false },  { "a.*.b", "a..b", true },
	{ "a.#.b", "a.b", true },  { "a.#.b", "a..b", true }, { "a.#.b", "a.x.y.b", true },
	{ "#.#", "", true },       { "#.#", "a", true },      { "#.*", "", false },
	{ "#.*", "a", true },      { "*.#", "a.b.c", true },  { "*.#", "", false },
	{ "#.*.#", "", false },    { "#.*.#", "a", true },    { "#.a.#", "b.a.c", true },
	{ "#.a.#", "b.c", false }, { ".", ".", true },        { "*.*", ".", true },
	{ "*", ".", false },       { "a*", "ab", false },     { "a#", "a", false },
	{ "a*", "a*", true },      { "#a", "a", false },      { "**", "a", false },
	{ "##", "a", false },      { "#.b.#.b", "b", false }, { "#.b.#.b", "b.b", true },
	{ "a.#", "a.", true },     { "*.", "x.", true },      { "*.", "x", false },
	{ ".*", ".", true },       { ".*", "", false },       { "#.", "", false },
	{ "#.", "a.", true },      { "#.", ".", true },       { "a.#.", "a.", true },
	{ "a.#.", "a", false },    { "#.b.*", "b.c", true },  { "#.b.*", "b", false },
	{ "*.#.b", "b", false },   { "*.#.b", "a.b", true },  { "a.#.a", "a", false },
	{ "a.#.a", "a.a", true },  { "*.b.#", "a.b", true },  { "*.b.#", "a.c.b", false },
	{ "a.*.#.c", "a.c", false }, { "a.*.#.c", "a.b.c", true }, { "a.b", "a.*", false },
};

START_TEST(known_cases)
{
	struct exchange *t = x("t", &exchange_topic);
	bind_q(t, "a", known[_i].pattern);
	ck_assert_msg((routed(t, known[_i].key)[0] == 'a') == known[_i].match, "'%s' against '%s'",
	              known[_i].pattern, known[_i].key);
	ck_assert_msg(oracle(known[_i].pattern, known[_i].key) == known[_i].match,
	              "the oracle on '%s' against '%s'", known[_i].pattern, known[_i].key);
}
END_TEST

/* The same where other patterns begin with the same word, or the same two: so a pattern stands
 * whole, or is taken apart. */
START_TEST(known_cases_in_a_crowd)
{
	struct exchange *t = x("t", &exchange_topic);
	const char *pattern = known[_i].pattern;
	struct sentence p = split(pattern);
	char other[64];
	for (int words = 0; words < p.n && words < 2; words++) {
		for (int i = 0; i < 12; i++) {
			snprintf(other, sizeof other, "%s%s%s.crowd.*.%d", p.words[0], words ? "." : "",
			         words ? p.words[1] : "", i);
			if (i == 7 && words == p.n - 1)
				bind_q(t, "a", pattern);
			bind_q(t, "z", other);
		}
	}
	bind_q(t, "a", pattern);
	ck_assert_msg((routed(t, known[_i].key)[0] == 'a') == known[_i].match, "'%s' against '%s'",
	              pattern, known[_i].key);
	unbind_q(t, "a", pattern);
	ck_assert_str_eq(routed(t, known[_i].key), "");
}
END_TEST

/* n bytes of one word, and what follows. */
static const char *long_word(int n, const char *rest)
{
	static char out[300];
	memset(out, 'w', (size_t)n);
	snprintf(out + n, sizeof out - (size_t)n, "%s", rest);
	return out;
}

START_TEST(the_longest_keys)
{
	struct exchange *t = x("t", &exchange_topic);
	char dots[256];
	memset(dots, '.', 255);
	dots[255] = 0;
	bind_q(t, "plain", long_word(255, ""));
	bind_q(t, "star", long_word(253, ".*"));
	bind_q(t, "hash", long_word(253, ".#"));
	bind_q(t, "dots", dots);
	ck_assert_str_eq(routed(t, long_word(255, "")), "plain");
	ck_assert_str_eq(routed(t, long_word(254, "")), "");
	ck_assert_str_eq(routed(t, long_word(253, "")), "hash");
	ck_assert_str_eq(routed(t, long_word(253, ".x")), "hash star");
	ck_assert_str_eq(routed(t, dots), "dots");
	ck_assert_str_eq(routed(t, dots + 1), "");
}
END_TEST

/* ---- many patterns, many keys ---- */

static unsigned dice_state;

static unsigned dice(unsigned sides)
{
	dice_state = dice_state * 1664525u + 1013904223u;
	return (dice_state >> 16) % sides;
}

/* Words are drawn from few, so that patterns share beginnings and keys are hit. */
static void make(char *out, const char *const *words, unsigned n_words, unsigned max)
{
	unsigned n = dice(max + 1);
	*out = 0;
	for (unsigned i = 0; i < n; i++) {
		strcat(out, i ? "." : "");
		strcat(out, words[dice(n_words)]);
	}
}

static void make_pattern(char *out)
{
	static const char *const words[] = { "a", "b", "", "*", "#", "#", "ab" };
	make(out, words, 7, 7);
}

static void make_key(char *out)
{
	static const char *const words[] = { "a", "b", "", "ab", "c" };
	make(out, words, 5, 8);
}

enum { PATTERNS = 60, KEYS = 200 };

static char patterns[PATTERNS][64];
static bool bound[PATTERNS];

static const char *nth_queue(unsigned i)
{
	static char name[8];
	snprintf(name, sizeof name, "q%02u", i);
	return name;
}

static void expect_as_oracle(struct exchange *t, const char *key)
{
	char wanted[PATTERNS * 4 + 1] = "";
	for (unsigned i = 0; i < PATTERNS; i++)
		if (bound[i] && oracle(patterns[i], key)) {
			strcat(wanted, wanted[0] ? " " : "");
			strcat(wanted, nth_queue(i));
		}
	ck_assert_msg(strcmp(routed(t, key), wanted) == 0, "'%s' went to '%s', not to '%s'", key,
	              routed(t, key), wanted);
}

START_TEST(random_patterns_and_keys_as_the_oracle_says)
{
	struct exchange *t = x("t", &exchange_topic);
	char key[64];
	dice_state = 1000u + (unsigned)_i;
	for (unsigned i = 0; i < PATTERNS; i++) {
		make_pattern(patterns[i]);
		bind_q(t, nth_queue(i), patterns[i]);
		bound[i] = true;
	}
	for (unsigned k = 0; k < KEYS; k++) {
		unsigned i = dice(PATTERNS);
		make_key(key);
		expect_as_oracle(t, key);
		(bound[i] ? unbind_q : bind_q)(t, nth_queue(i), patterns[i]);
		bound[i] = !bound[i];
	}
}
END_TEST

START_TEST(the_trie_is_empty_when_the_last_pattern_is_gone)
{
	struct exchange *t = x("t", &exchange_topic);
	dice_state = 77;
	for (unsigned i = 0; i < PATTERNS; i++) {
		make_pattern(patterns[i]);
		bind_q(t, nth_queue(i), patterns[i]);
	}
	ck_assert_uint_gt(topic_nodes(t), 50);
	for (unsigned i = 0; i < PATTERNS; i++)
		unbind_q(t, nth_queue((i * 7) % PATTERNS), patterns[(i * 7) % PATTERNS]);
	ck_assert_uint_eq(topology.n_bindings, 0);
	ck_assert_uint_eq(topic_nodes(t), 0);
	ck_assert_str_eq(routed(t, "a.b"), "");
}
END_TEST

START_TEST(patterns_that_mean_the_same_are_bindings_of_their_own)
{
	struct exchange *t = x("t", &exchange_topic);
	bind_q(t, "a", "#");
	bind_q(t, "a", "#.#");
	bind_q(t, "b", "#.#.#");
	ck_assert_uint_eq(topology.n_bindings, 3);
	unbind_q(t, "a", "#");
	ck_assert_str_eq(routed(t, "k"), "a b");
	unbind_q(t, "a", "#.#");
	ck_assert_str_eq(routed(t, "k"), "b");
}
END_TEST

START_TEST(bindings_of_one_pattern)
{
	struct exchange *t = x("t", &exchange_topic), *f = x("f", &exchange_fanout);
	static const char *const same[] = { "k.*", "k.v" };
	bind_q(f, "behind", "");
	for (int i = 0; i < 2; i++) {
		const char *pattern = same[i];
		bind_x(t, f, pattern);
		ck_assert_str_eq(routed(t, "k.v"), "behind");
		bind_q(t, "a", pattern);
		bind_q(t, "b", pattern);
		ck_assert_str_eq(routed(t, "k.v"), "a b behind");
		unbind_x(t, f, pattern);
		ck_assert_str_eq(routed(t, "k.v"), "a b");
		unbind_q(t, "a", pattern);
		ck_assert_str_eq(routed(t, "k.v"), "b");
		bind_x(t, f, pattern);
		unbind_q(t, "b", pattern);
		ck_assert_str_eq(routed(t, "k.v"), "behind");
		unbind_x(t, f, pattern);
		ck_assert_str_eq(routed(t, "k.v"), "");
	}
}
END_TEST

/* Three hundred patterns of four kinds, three of which share their first words. */
static const char *numbered(unsigned i)
{
	static const char *const kinds[] = { "dev.%u.*", "dev.x.*.%u", "#.%u.a", "dev.%u" };
	static char pattern[32];
	snprintf(pattern, sizeof pattern, kinds[i % 4], i / 4 % 75);
	return pattern;
}

enum { NUMBERED = 300 };

/* In the order in which they came, the other way round, or neither. */
START_TEST(all_is_given_back_whatever_goes_first)
{
	static const unsigned factors[] = { 1, NUMBERED - 1, 7 };
	struct exchange *t = x("t", &exchange_topic);
	size_t before = slab_bytes();
	for (unsigned i = 0; i < NUMBERED; i++)
		bind_q(t, "a", numbered(i));
	ck_assert_str_eq(routed(t, "dev.74"), "a");
	for (unsigned i = 0; i < NUMBERED; i++) {
		ck_assert_uint_gt(topic_nodes(t), 0);
		unbind_q(t, "a", numbered(i * factors[_i] % NUMBERED));
	}
	ck_assert_uint_eq(topic_nodes(t), 0);
	ck_assert_uint_eq(slab_bytes(), before);
	ck_assert_str_eq(routed(t, "dev.74"), "");
}
END_TEST

/* ---- the cost ---- */

/* unit, n times, with dots between. */
static const char *repeat(const char *unit, int n)
{
	static char out[4096];
	out[0] = 0;
	for (int i = 0; i < n; i++) {
		strcat(out, i ? "." : "");
		strcat(out, unit);
	}
	return out;
}

static void expect_bounded(struct exchange *t, uint64_t words)
{
	ck_assert_uint_gt(topic_steps(t), 0);
	ck_assert_uint_le(topic_steps(t), words * (topic_nodes(t) + 1));
}

START_TEST(a_hundred_and_twenty_hashes_against_as_many_words)
{
	struct exchange *t = x("t", &exchange_topic);
	bind_q(t, "a", repeat("#", 120));
	ck_assert_str_eq(routed(t, repeat("w", 120)), "a");
	expect_bounded(t, 120);
	ck_assert_uint_le(topic_steps(t), 120 * 120);
}
END_TEST

START_TEST(hashes_between_words_do_not_multiply)
{
	struct exchange *t = x("t", &exchange_topic);
	bind_q(t, "a", repeat("#.w", 60));
	bind_q(t, "b", repeat("#.w.*", 40));
	char pattern[256];
	snprintf(pattern, sizeof pattern, "%s.end", repeat("#.w", 50));
	bind_q(t, "c", pattern);
	ck_assert_str_eq(routed(t, repeat("w", 120)), "a b");
	expect_bounded(t, 120);
	ck_assert_str_eq(routed(t, repeat("w", 59)), "");
	expect_bounded(t, 59);
}
END_TEST

START_TEST(unrelated_bindings_cost_nothing)
{
	struct exchange *t = x("t", &exchange_topic);
	char pattern[64];
	bind_q(t, "a", "stock.*.usd");
	bind_q(t, "b", "stock.#");
	ck_assert_str_eq(routed(t, "stock.nyse.usd"), "a b");
	uint64_t before = topic_steps(t);
	for (int i = 0; i < 2000; i++) {
		snprintf(pattern, sizeof pattern, "other.%d.#.x", i);
		bind_q(t, "c", pattern);
	}
	ck_assert_str_eq(routed(t, "stock.nyse.usd"), "a b");
	ck_assert_uint_eq(topic_steps(t), before);
}
END_TEST

START_TEST(a_pattern_is_taken_apart_no_further_than_it_must)
{
	struct exchange *t = x("t", &exchange_topic);
	char key[64];
	for (int i = 0; i < 2000; i++) {
		snprintf(key, sizeof key, "dev.%d.*.end", i);
		bind_q(t, "a", key);
	}
	ck_assert_uint_eq(topic_nodes(t), 2000 + 1);
	ck_assert_str_eq(routed(t, "dev.1234.x.end"), "a");
	ck_assert_uint_le(topic_steps(t), 6);
	bind_q(t, "b", "dev.1234.x.end");
	ck_assert_uint_eq(topic_nodes(t), 2000 + 2);
	ck_assert_str_eq(routed(t, "dev.1234.x.end"), "a b");
}
END_TEST

Suite *suite_exchange_topic(void)
{
	Suite *s = suite_create("exchange/topic");
	TCase *c = topology_case(s, "topic");
	tcase_add_loop_test(c, known_cases, 0, sizeof known / sizeof known[0]);
	tcase_add_loop_test(c, known_cases_in_a_crowd, 0, sizeof known / sizeof known[0]);
	tcase_add_test(c, the_longest_keys);
	tcase_add_loop_test(c, random_patterns_and_keys_as_the_oracle_says, 0, 20);
	tcase_add_test(c, the_trie_is_empty_when_the_last_pattern_is_gone);
	tcase_add_test(c, patterns_that_mean_the_same_are_bindings_of_their_own);
	tcase_add_test(c, bindings_of_one_pattern);
	tcase_add_loop_test(c, all_is_given_back_whatever_goes_first, 0, 3);
	tcase_add_test(c, a_hundred_and_twenty_hashes_against_as_many_words);
	tcase_add_test(c, hashes_between_words_do_not_multiply);
	tcase_add_test(c, unrelated_bindings_cost_nothing);
	tcase_add_test(c, a_pattern_is_taken_apart_no_further_than_it_must);
	return s;
}
