/* SPDX-License-Identifier: Apache-2.0 */
/* Headers exchanges: the four modes, every type of value, and what a binding may not say. */
#include "tests/unit/exchange/fixture.h"

#include "amqp/refusal.h"

Suite *suite_exchange_headers(void);

static struct exchange *h;
static struct buf arguments, headers, text;

static void set_up(void)
{
	topology_set_up();
	h = x("h", &exchange_headers);
}

static void tear_down(void)
{
	topology_tear_down();
	buf_free(&arguments);
	buf_free(&headers);
	buf_free(&text);
}

/* Writes "x-match=all a=1 b" as a table: name=text for a string, a name alone for void. */
static struct slice table(struct buf *out, const char *pairs)
{
	static char words[512];
	snprintf(words, sizeof words, "%s", pairs);
	buf_clear(out);
	for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
		struct field nothing = { .letter = 'V' };
		char *value = strchr(word, '=');
		if (value) {
			*value = '\0';
			table_put_str(out, word, value + 1);
		} else {
			table_put(out, slice_str(word), &nothing);
		}
	}
	return buf_slice(out);
}

static const struct refusal *bind_args(const char *queue, struct slice encoded)
{
	log_position wait_for;
	struct binding_spec spec = { .source = h, .queue = q(queue), .key = slice_str(""),
		                         .arguments = encoded };
	buf_clear(&text);
	return topology_bind(&topology, &spec, &wait_for, &text);
}

/* The sentence of the last refusal. */
static const char *sentence(void)
{
	static char out[256];
	snprintf(out, sizeof out, "%.*s", SLICE_ARG(buf_slice(&text)));
	return out;
}

static void bind_h(const char *queue, const char *pairs)
{
	ck_assert_ptr_null(bind_args(queue, table(&arguments, pairs)));
}

static bool hits(const char *pairs)
{
	return routed_with(h, "", table(&headers, pairs))[0] != 0;
}

START_TEST(all_wants_every_argument)
{
	bind_h("a", "x-match=all a=1 b=2");
	ck_assert(hits("a=1 b=2"));
	ck_assert(hits("c=3 b=2 a=1"));
	ck_assert(!hits("a=1"));
	ck_assert(!hits("a=1 b=3"));
	ck_assert(!hits(""));
}
END_TEST

START_TEST(any_wants_one_of_them)
{
	bind_h("a", "x-match=any a=1 b=2");
	ck_assert(hits("a=1"));
	ck_assert(hits("b=2 a=7"));
	ck_assert(!hits("a=2 b=1"));
	ck_assert(!hits("c=1"));
	ck_assert(!hits(""));
}
END_TEST

START_TEST(all_is_meant_when_nothing_is_said)
{
	bind_h("a", "a=1 b=2");
	ck_assert(hits("a=1 b=2"));
	ck_assert(!hits("a=1"));
}
END_TEST

START_TEST(without_arguments_all_matches_everything_and_any_nothing)
{
	bind_h("all", "x-match=all");
	bind_h("any", "x-match=any");
	bind_h("bare", "");
	ck_assert_str_eq(routed_with(h, "", table(&headers, "a=1")), "all bare");
	ck_assert_str_eq(routed_with(h, "", slice_str("")), "all bare");
}
END_TEST

START_TEST(headers_that_begin_with_x_do_not_count)
{
	bind_h("all", "x-match=all x-a=1 b=2");
	bind_h("any", "x-match=any x-a=1 b=2");
	bind_h("only", "x-match=any x-a=1");
	ck_assert_str_eq(routed_with(h, "", table(&headers, "b=2")), "all any");
	ck_assert_str_eq(routed_with(h, "", table(&headers, "x-a=1")), "");
}
END_TEST

START_TEST(headers_that_begin_with_x_count_where_it_is_said)
{
	bind_h("all", "x-match=all-with-x x-a=1 b=2");
	bind_h("any", "x-match=any-with-x x-a=1 b=2");
	ck_assert_str_eq(routed_with(h, "", table(&headers, "b=2")), "any");
	ck_assert_str_eq(routed_with(h, "", table(&headers, "x-a=1")), "any");
	ck_assert_str_eq(routed_with(h, "", table(&headers, "x-a=1 b=2")), "all any");
	ck_assert_str_eq(routed_with(h, "", table(&headers, "x-a=2")), "");
}
END_TEST

START_TEST(the_mode_itself_is_never_compared)
{
	bind_h("a", "x-match=any-with-x a=1");
	bind_h("b", "x-match=all-with-x a=1");
	ck_assert_str_eq(routed_with(h, "", table(&headers, "x-match=any-with-x")), "");
	ck_assert_str_eq(routed_with(h, "", table(&headers, "x-match=any-with-x a=1")), "a b");
}
END_TEST

START_TEST(a_void_argument_asks_only_that_the_header_is_there)
{
	bind_h("a", "x-match=all a");
	ck_assert(hits("a=1"));
	ck_assert(hits("a"));
	ck_assert(!hits("b=1"));
}
END_TEST

START_TEST(a_void_header_equals_no_value)
{
	bind_h("a", "a=1");
	ck_assert(!hits("a"));
}
END_TEST

/* ---- values ---- */

static struct field number(char letter, int64_t v)
{
	return (struct field){ .letter = letter, .integer = v };
}

static struct field bytes(char letter, const char *s)
{
	return (struct field){ .letter = letter, .bytes = slice_str(s) };
}

static struct field decimal(uint8_t scale, uint32_t value)
{
	struct field f = { .letter = 'D' };
	f.decimal.scale = scale;
	f.decimal.value = value;
	return f;
}

/* One of each type; the tables and arrays are encoded here as their bytes. */
static size_t values(struct field *out)
{
	const struct field all[] = {
		{ .letter = 't', .boolean = true }, { .letter = 't', .boolean = false },
		number('b', -7),     number('B', 200),      number('s', -300),
		number('u', 60000),  number('I', -70000),   number('i', 3000000000),
		number('l', -(1ll << 40)), number('L', 1ll << 41),
		{ .letter = 'f', .real = 1.5 }, { .letter = 'd', .real = 0.1 },
		decimal(2, 314),     bytes('S', "text"),    bytes('S', ""),
		bytes('A', "t\x01"), { .letter = 'T', .timestamp = 1700000000 },
		bytes('F', "\x01kt\x01"), bytes('x', "\x01\x02"),
	};
	memcpy(out, all, sizeof all);
	return sizeof all / sizeof all[0];
}

static struct slice one(struct buf *out, const struct field *f)
{
	buf_clear(out);
	table_put(out, slice_str("k"), f);
	ck_assert(table_check(buf_slice(out)));
	return buf_slice(out);
}

START_TEST(a_value_of_each_type_equals_itself_and_no_other)
{
	struct field all[32];
	size_t n = values(all);
	for (size_t i = 0; i < n; i++) {
		char name[24];
		snprintf(name, sizeof name, "%02zu", i);
		ck_assert_ptr_null(bind_args(name, one(&arguments, &all[i])));
	}
	for (size_t i = 0; i < n; i++) {
		char name[24];
		snprintf(name, sizeof name, "%02zu", i);
		ck_assert_str_eq(routed_with(h, "", one(&headers, &all[i])), name);
	}
}
END_TEST

START_TEST(integers_are_equal_whatever_their_width)
{
	const char letters[] = "bBsuIilL";
	struct field five = number('I', 5), six = number('l', 6), text_five = bytes('S', "5");
	ck_assert_ptr_null(bind_args("a", one(&arguments, &five)));
	for (size_t i = 0; letters[i]; i++) {
		struct field f = number(letters[i], 5);
		ck_assert_str_eq(routed_with(h, "", one(&headers, &f)), "a");
	}
	ck_assert_str_eq(routed_with(h, "", one(&headers, &six)), "");
	ck_assert_str_eq(routed_with(h, "", one(&headers, &text_five)), "");
}
END_TEST

START_TEST(floats_are_equal_by_value)
{
	struct field wide = { .letter = 'd', .real = 0.5 }, narrow = { .letter = 'f', .real = 0.5 },
				 other = { .letter = 'f', .real = 0.25 };
	ck_assert_ptr_null(bind_args("a", one(&arguments, &wide)));
	ck_assert_str_eq(routed_with(h, "", one(&headers, &narrow)), "a");
	ck_assert_str_eq(routed_with(h, "", one(&headers, &other)), "");
}
END_TEST

/* ---- what is refused ---- */

START_TEST(an_unknown_mode_is_refused)
{
	const struct refusal *r = bind_args("a", table(&arguments, "x-match=some a=1"));
	ck_assert_ptr_eq(r, &PRECONDITION_FAILED);
	ck_assert_str_eq(sentence(), "Invalid x-match field value some; expected all, any, "
	                             "all-with-x, or any-with-x");
	ck_assert_uint_eq(topology.n_bindings, 0);
	ck_assert(!hits("a=1"));
}
END_TEST

START_TEST(a_mode_that_is_no_string_is_refused)
{
	buf_clear(&arguments);
	table_put_int(&arguments, "x-match", 1);
	ck_assert_ptr_eq(bind_args("a", buf_slice(&arguments)), &PRECONDITION_FAILED);
	ck_assert_str_eq(sentence(),
	                 "Invalid x-match field type signedint (value expected to be longstr)");
	ck_assert_uint_eq(topology.n_bindings, 0);
}
END_TEST

START_TEST(other_exchanges_do_not_look_at_the_mode)
{
	h = find_x("amq.direct");
	ck_assert_ptr_null(bind_args("a", table(&arguments, "x-match=some")));
	h = find_x("amq.match");
	ck_assert_ptr_nonnull(bind_args("a", table(&arguments, "x-match=some")));
}
END_TEST

/* h0=v, h1=v, ...: with first, what the first of them is. */
static struct slice many(struct buf *out, int n, const char *first)
{
	char key[16];
	buf_clear(out);
	for (int i = 0; i < n; i++) {
		snprintf(key, sizeof key, "h%d", i);
		table_put_str(out, key, i ? "v" : first);
	}
	return buf_slice(out);
}

START_TEST(among_many_headers_each_is_found)
{
	ck_assert_ptr_null(bind_args("a", many(&arguments, 200, "v")));
	ck_assert_str_eq(routed_with(h, "", many(&headers, 300, "v")), "a");
	ck_assert_str_eq(routed_with(h, "", many(&headers, 300, "w")), "");
	ck_assert_str_eq(routed_with(h, "", many(&headers, 199, "v")), "");
	table_put_str(&headers, "h199", "v");
	table_put_str(&headers, "h0", "w");
	ck_assert_str_eq(routed_with(h, "", buf_slice(&headers)), "");
	table_put_str(&headers, "h0", "v");
	ck_assert_str_eq(routed_with(h, "", buf_slice(&headers)), "a");
}
END_TEST

/* Looking for each argument through all headers takes minutes. */
START_TEST(many_bindings_and_many_headers_are_not_multiplied)
{
	char queue[16];
	for (int i = 0; i < 1000; i++) {
		snprintf(queue, sizeof queue, "q%d", i);
		many(&arguments, 100, "v");
		table_put_str(&arguments, "h5000", queue);
		ck_assert_ptr_null(bind_args(queue, buf_slice(&arguments)));
	}
	many(&headers, 4000, "v");
	for (int i = 0; i < 50; i++)
		ck_assert_str_eq(routed_with(h, "", buf_slice(&headers)), "");
	table_put_str(&headers, "h5000", "q7");
	ck_assert_str_eq(routed_with(h, "", buf_slice(&headers)), "q7");
}
END_TEST

Suite *suite_exchange_headers(void)
{
	Suite *s = suite_create("exchange/headers");
	TCase *c = tcase_create("headers");
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, all_wants_every_argument);
	tcase_add_test(c, any_wants_one_of_them);
	tcase_add_test(c, all_is_meant_when_nothing_is_said);
	tcase_add_test(c, without_arguments_all_matches_everything_and_any_nothing);
	tcase_add_test(c, headers_that_begin_with_x_do_not_count);
	tcase_add_test(c, headers_that_begin_with_x_count_where_it_is_said);
	tcase_add_test(c, the_mode_itself_is_never_compared);
	tcase_add_test(c, a_void_argument_asks_only_that_the_header_is_there);
	tcase_add_test(c, a_void_header_equals_no_value);
	tcase_add_test(c, a_value_of_each_type_equals_itself_and_no_other);
	tcase_add_test(c, integers_are_equal_whatever_their_width);
	tcase_add_test(c, floats_are_equal_by_value);
	tcase_add_test(c, among_many_headers_each_is_found);
	tcase_add_test(c, many_bindings_and_many_headers_are_not_multiplied);
	tcase_add_test(c, an_unknown_mode_is_refused);
	tcase_add_test(c, a_mode_that_is_no_string_is_refused);
	tcase_add_test(c, other_exchanges_do_not_look_at_the_mode);
	suite_add_tcase(s, c);
	return s;
}
