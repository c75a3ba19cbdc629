/* SPDX-License-Identifier: Apache-2.0 */
/* What a policy may say, in RabbitMQ's words where it may not; which of several counts; and what
 * those that count amount to. */
#include "broker/policies.h"

#include <check.h>
#include <stdio.h>

#include "broker/term.h"
#include "management/json.h"

Suite *suite_broker_policies(void);

static struct policies policies;
static struct buf room, why, shown;

static void set_up(void)
{
	policies_init(&policies);
}

static void tear_down(void)
{
	policies_free(&policies);
	buf_free(&room);
	buf_free(&why);
	buf_free(&shown);
}

static const char *text(struct buf *b)
{
	*buf_reserve(b, 1) = 0;
	return (const char *)b->p;
}

static struct policy_spec spec(const char *name, const char *pattern, const char *definition,
                               int64_t priority, const char *apply_to)
{
	struct field f;
	ck_assert_msg(json_read(slice_str(definition), &room, &f) && f.letter == 'F', "%s",
	              definition);
	return (struct policy_spec){ slice_str(name), slice_str(pattern), slice_str(apply_to), f.bytes,
		                         priority };
}

/* ---- one policy ---- */

static const struct {
	const char *definition, *why;
	enum policy_kind kind;
} refused[] = {
	{ "{}", "no policy provided\n", 0 },
	{ "{\"foo\":1,\"bar\":\"x\"}",
	  "[{<<\"bar\">>,<<\"x\">>},{<<\"foo\">>,1}] are not recognised policy settings\n", 0 },
	{ "{\"x\":\"\xc3\xbc\\\"q\",\"y\":null,\"z\":[true,1.0,1e30,{\"k\":2}],\"e\":\"\",\"l\":[]}",
	  "[{<<\"e\">>,<<>>},{<<\"l\">>,[]},{<<\"x\">>,<<\"\xc3\xbc\\\"q\"/utf8>>},{<<\"y\">>,null},"
	  "{<<\"z\">>,[true,1.0,1.0e30,#{<<\"k\">> => 2}]}] are not recognised policy settings\n",
	  0 },
	{ "{\"max-length\":-1}", "-1 is not a valid maximum length\n", 0 },
	{ "{\"max-length\":\"x\"}", "<<\"x\">> is not a valid maximum length\n", 0 },
	{ "{\"max-length\":1.5}", "1.5 is not a valid maximum length\n", 0 },
	{ "{\"max-length\":{\"a\":[1,null]}}",
	  "#{<<\"a\">> => [1,null]} is not a valid maximum length\n", 0 },
	{ "{\"message-ttl\":true,\"expires\":0}", "0 is not a valid queue expiry\n", 0 },
	{ "{\"max-length\":-1,\"foo\":1}", "-1 is not a valid maximum length\n", 0 },
	{ "{\"overflow\":\"x\"}", "<<\"x\">> is not a valid overflow value\n", 0 },
	{ "{\"overflow\":\"drop-head reject-publish\"}",
	  "<<\"drop-head reject-publish\">> is not a valid overflow value\n", 0 },
	{ "{\"overflow\":\"\"}", "<<>> is not a valid overflow value\n", 0 },
	{ "{\"dead-letter-exchange\":5}", "5 is not a valid dead letter exchange name\n", 0 },
	{ "{\"dead-letter-routing-key\":3}", "3 is not a valid dead letter routing key\n", 0 },
	{ "{\"dead-letter-strategy\":\"x\"}", "<<\"x\">> is not a valid dead letter strategy\n", 0 },
	{ "{\"alternate-exchange\":3}", "3 is not a valid alternate exchange name\n", 0 },
	{ "{\"consumer-timeout\":\"x\"}", "<<\"x\">> is not a valid consumer timeout\n", 0 },
	{ "{\"max-length-bytes\":\"3\"}", "<<\"3\">> is not a valid maximum length in bytes\n", 0 },
	{ "{\"message-ttl\":-3}", "-3 is not a valid message TTL\n", 0 },
	{ "{\"queue-mode\":\"x\"}", "<<\"x\">> is not a valid queue-mode value\n", 0 },
	{ "{\"queue-version\":3}", "3 is not a valid queue-version value\n", 0 },
	{ "{\"max-age\":\"3\"}", "<<\"3\">> is not a valid max age\n", 0 },
	{ "{\"max-age\":\"D\"}", "<<\"D\">> is not a valid max age\n", 0 },
	{ "{\"delivery-limit\":\"1\"}", "<<\"1\">> is not a valid delivery limit\n", 0 },
	{ "{\"unroutable\":\"drop\"}", "<<\"drop\">> is not a valid unroutable value\n", 0 },
	{ "{\"stream-filter-size-bytes\":\"3\"}",
	  "<<\"3\">> is not a valid filter size. Valid range is 16-255\n", 0 },
	{ "{\"dead-letter-exchange\":\"x\"}",
	  "[{<<\"dead-letter-exchange\">>,<<\"x\">>}] are not recognised policy settings\n",
	  POLICY_OPERATOR },
};

START_TEST(a_definition_that_is_none_is_refused)
{
	struct policy_spec s = spec("p", "^a", refused[_i].definition, 0, "all");
	ck_assert_ptr_null(policy_new(&s, refused[_i].kind, &why));
	ck_assert_str_eq(text(&why), refused[_i].why);
}
END_TEST

START_TEST(all_that_is_wrong_is_said)
{
	char long_name[257];
	memset(long_name, 'n', 256);
	long_name[256] = 0;
	struct policy_spec s = spec(long_name, "(", "{\"foo\":5}", 0, "bogus");
	ck_assert_ptr_null(policy_new(&s, POLICY_USER, &why));
	ck_assert_str_eq(text(&why),
	                 "[{<<\"foo\">>,5}] are not recognised policy settings\n"
	                 "apply-to 'bogus' unrecognised; should be one of: 'queues', 'classic_queues', "
	                 " 'quorum_queues', 'streams', 'exchanges', or 'all'\n"
	                 "pattern should be regular expression but is invalid: "
	                 "{\"missing closing parenthesis\",1}\n"
	                 "name should be less than 256 bytes, actually was 256\n");
}
END_TEST

START_TEST(no_name_is_longer_than_amqp_has_room_for)
{
	char definition[512];
	snprintf(definition, sizeof definition, "{\"dead-letter-routing-key\":\"%0255d\"}", 0);
	struct policy_spec s = spec("p", "", definition, 0, "all");
	struct policy *p = policy_new(&s, POLICY_USER, &why);
	ck_assert_msg(p != NULL, "%s", text(&why));
	policy_free(&p);
	snprintf(definition, sizeof definition, "{\"dead-letter-routing-key\":\"%0256d\"}", 0);
	s = spec("p", "", definition, 0, "all");
	ck_assert_ptr_null(policy_new(&s, POLICY_USER, &why));
	ck_assert_ptr_nonnull(strstr(text(&why), "is not a valid dead letter routing key\n"));
}
END_TEST

/* Every key, with a value of each kind that it takes. */
START_TEST(what_rabbitmq_takes_is_taken)
{
	static const char *const taken[] = {
		"{\"alternate-exchange\":\"\",\"dead-letter-exchange\":\"x\",\"unroutable\":\"nack\","
		"\"dead-letter-routing-key\":\"k\",\"dead-letter-strategy\":\"at-least-once\"}",
		"{\"consumer-timeout\":0,\"delivery-limit\":-1,\"expires\":1,\"max-length\":0,"
		"\"max-length-bytes\":5000000000,\"message-ttl\":999999999999999}",
		"{\"initial-cluster-size\":3,\"max-age\":\"10D\",\"max-in-memory-bytes\":1,"
		"\"max-in-memory-length\":1,\"overflow\":\"reject-publish-dlx\",\"queue-mode\":\"lazy\","
		"\"queue-leader-locator\":\"balanced\",\"queue-version\":2,\"target-group-size\":3,"
		"\"stream-filter-size-bytes\":16,\"stream-max-segment-size-bytes\":100}",
	};
	for (int i = 0; i < 3; i++) {
		struct policy_spec s = spec("", "", taken[i], INT64_MIN, "all");
		struct policy *p = policy_new(&s, POLICY_USER, &why);
		ck_assert_msg(p != NULL, "%s", text(&why));
		policy_free(&p);
	}
}
END_TEST

START_TEST(it_is_for_what_it_applies_to)
{
	static const struct {
		const char *apply_to;
		unsigned targets;
	} rows[] = {
		{ "all", 15 }, { "exchanges", 1 }, { "queues", 14 },
		{ "classic_queues", 2 }, { "quorum_queues", 4 }, { "streams", 8 },
	};
	struct pattern_room *r = pattern_room_new();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct policy_spec s = spec("p", "^q", "{\"message-ttl\":1}", 0, rows[i].apply_to);
		struct policy *p = policy_new(&s, POLICY_USER, &why);
		ck_assert_str_eq(policy_apply_to(p), rows[i].apply_to);
		for (unsigned target = 1; target <= 8; target *= 2) {
			ck_assert_int_eq(policy_matches(p, r, target, slice_str("q")),
			                 (rows[i].targets & target) != 0);
			ck_assert(!policy_matches(p, r, target, slice_str("xq")));
		}
		policy_free(&p);
	}
	pattern_room_free(&r);
}
END_TEST

/* ---- several ---- */

static void set(enum policy_kind kind, const char *name, const char *definition, int64_t priority)
{
	struct policy_spec s = spec(name, "^q", definition, priority, "all");
	struct policy *p = policy_new(&s, kind, &why);
	ck_assert_msg(p != NULL, "%s", text(&why));
	policies_put(&policies, kind, &p);
	ck_assert_ptr_null(p);
}

static struct ruling *rule(const char *name)
{
	return policies_rule(&policies, POLICY_CLASSIC, slice_str(name));
}

static const char *definition(const char *name)
{
	buf_clear(&shown);
	struct ruling *r = rule(name);
	if (r)
		term_put_pairs(&shown, r->definition);
	return text(&shown);
}

static const char *origins(const char *name)
{
	buf_clear(&shown);
	term_put_pairs(&shown, rule(name)->origins);
	return text(&shown);
}

START_TEST(the_highest_priority_counts_alone)
{
	set(POLICY_USER, "low", "{\"max-length\":1,\"expires\":9}", -1);
	set(POLICY_USER, "high", "{\"max-length\":5}", 7);
	set(POLICY_USER, "mid", "{\"max-length\":2}", 3);
	ck_assert_str_eq(definition("q"), "[{<<\"max-length\">>,5}]");
	ck_assert(slice_is(rule("q")->policy, "high") && rule("q")->operator_policy.n == 0);
	ck_assert_ptr_null(rule("x"));
	set(POLICY_USER, "low", "{\"max-length\":1}", 8);
	ck_assert_uint_eq(policies.count[POLICY_USER], 3);
	ck_assert_str_eq(definition("q"), "[{<<\"max-length\">>,1}]");
	ck_assert(policies_remove(&policies, POLICY_USER, slice_str("low")));
	ck_assert(!policies_remove(&policies, POLICY_USER, slice_str("low")));
	ck_assert_str_eq(definition("q"), "[{<<\"max-length\">>,5}]");
}
END_TEST

START_TEST(of_equal_priority_the_last_name_counts)
{
	set(POLICY_USER, "b", "{\"max-length\":2}", 0);
	set(POLICY_USER, "c", "{\"max-length\":3}", 0);
	set(POLICY_USER, "a", "{\"max-length\":1}", 0);
	set(POLICY_USER, "bb", "{\"max-length\":4}", 0);
	ck_assert(slice_is(rule("q")->policy, "c"));
	policies_remove(&policies, POLICY_USER, slice_str("c"));
	ck_assert(slice_is(rule("q")->policy, "bb"));
}
END_TEST

START_TEST(one_with_a_key_of_another_type_is_none)
{
	set(POLICY_USER, "quorums", "{\"max-length\":2,\"delivery-limit\":3}", 9);
	set(POLICY_USER, "all", "{\"max-length\":3}", 0);
	ck_assert(slice_is(rule("q")->policy, "all"));
	struct ruling *r = policies_rule(&policies, POLICY_QUORUM, slice_str("q"));
	ck_assert(slice_is(r->policy, "quorums"));
	ck_assert_int_eq(r->settings.delivery_limit, 3);
}
END_TEST

/* Numbers are the smaller, whatever the policy's priority; for the rest the operator's count. */
START_TEST(an_operators_policy_comes_over_a_users)
{
	set(POLICY_USER, "p",
	    "{\"max-length\":5,\"message-ttl\":10,\"overflow\":\"drop-head\","
	    "\"dead-letter-exchange\":\"x\"}", 99);
	set(POLICY_OPERATOR, "o",
	    "{\"max-length\":3,\"message-ttl\":20,\"overflow\":\"reject-publish\",\"expires\":7}", 0);
	ck_assert_str_eq(definition("q"),
	                 "[{<<\"dead-letter-exchange\">>,<<\"x\">>},{<<\"expires\">>,7},"
	                 "{<<\"max-length\">>,3},{<<\"message-ttl\">>,10},"
	                 "{<<\"overflow\">>,<<\"reject-publish\">>}]");
	ck_assert_str_eq(origins("q"),
	                 "[{<<\"dead-letter-exchange\">>,<<\"p\">>},{<<\"expires\">>,<<\"o\">>},"
	                 "{<<\"max-length\">>,<<\"o\">>},{<<\"message-ttl\">>,<<\"p\">>},"
	                 "{<<\"overflow\">>,<<\"o\">>}]");
	const struct settings *s = &rule("q")->settings;
	ck_assert_int_eq(s->ttl_ms, 10);
	ck_assert_int_eq(s->lease_ms, 7);
	ck_assert_uint_eq(s->max_length, 3);
	ck_assert_int_eq(s->overflow, OVERFLOW_REJECT_PUBLISH);
	ck_assert(slice_is(s->dead_exchange, "x") && !s->dead_key.p);
	ck_assert(slice_is(rule("q")->policy, "p") && slice_is(rule("q")->operator_policy, "o"));
	policies_remove(&policies, POLICY_USER, slice_str("p"));
	ck_assert_str_eq(definition("q"), "[{<<\"expires\">>,7},{<<\"max-length\">>,3},"
	                                  "{<<\"message-ttl\">>,20},"
	                                  "{<<\"overflow\">>,<<\"reject-publish\">>}]");
	ck_assert_uint_eq(rule("q")->policy.n, 0);
}
END_TEST

START_TEST(merged_each_key_comes_from_the_strongest_that_has_it)
{
	set(POLICY_USER, "low", "{\"max-length\":1,\"expires\":9,\"message-ttl\":4}", -1);
	set(POLICY_USER, "high", "{\"max-length\":5}", 7);
	set(POLICY_USER, "mid", "{\"max-length\":2,\"expires\":8}", 3);
	set(POLICY_OPERATOR, "o1", "{\"max-length\":9}", 1);
	set(POLICY_OPERATOR, "o2", "{\"message-ttl\":3,\"max-length\":4}", 0);
	ck_assert_str_eq(definition("q"), "[{<<\"max-length\">>,5}]");
	policies_set_merge(&policies, true);
	ck_assert_str_eq(definition("q"),
	                 "[{<<\"expires\">>,8},{<<\"max-length\">>,5},{<<\"message-ttl\">>,3}]");
	ck_assert_str_eq(origins("q"), "[{<<\"expires\">>,<<\"mid\">>},{<<\"max-length\">>,<<\"high\">>"
	                               "},{<<\"message-ttl\">>,<<\"o2\">>}]");
	ck_assert(slice_is(rule("q")->policy, "high") && slice_is(rule("q")->operator_policy, "o1"));
	policies_set_merge(&policies, false);
	ck_assert_str_eq(definition("q"), "[{<<\"max-length\">>,5}]");
}
END_TEST

START_TEST(exchanges_have_keys_of_their_own)
{
	set(POLICY_USER, "p", "{\"alternate-exchange\":\"ae\",\"unroutable\":\"nack\"}", 0);
	struct ruling *r = policies_rule(&policies, POLICY_EXCHANGES, slice_str("q"));
	ck_assert(slice_is(r->alternate, "ae") && r->nacks);
	set(POLICY_USER, "p", "{\"unroutable\":\"ack\"}", 0);
	r = policies_rule(&policies, POLICY_EXCHANGES, slice_str("q"));
	ck_assert(!r->alternate.p && !r->nacks);
}
END_TEST

/* ---- rulings ---- */

START_TEST(objects_with_the_same_policies_share_a_ruling)
{
	set(POLICY_USER, "p", "{\"max-length\":5}", 0);
	struct ruling *r = rule("q1");
	ck_assert_ptr_eq(rule("q2"), r);
	set(POLICY_USER, "p", "{\"max-length\":6}", 0);
	ck_assert_ptr_ne(rule("q1"), r);
	ck_assert_uint_eq(r->settings.max_length, 5);   /* others may still go by it */
	ck_assert_uint_eq(policies.rulings.count, 2);
	policies_forget(&policies);
	ck_assert_uint_eq(policies.rulings.count, 1);
	ck_assert_uint_eq(rule("q2")->settings.max_length, 6);
	policies_remove(&policies, POLICY_USER, slice_str("p"));
	policies_forget(&policies);
	ck_assert_uint_eq(policies.rulings.count, 0);
}
END_TEST

START_TEST(a_pattern_that_gives_up_does_not_match)
{
	struct policy_spec s = spec("bomb", "(a+)+[bc]", "{\"max-length\":1}", 5, "all");
	struct policy *p = policy_new(&s, POLICY_USER, &why);
	char name[201];
	memset(name, 'a', 200);
	name[200] = 0;
	policies_put(&policies, POLICY_USER, &p);
	set(POLICY_USER, "p", "{\"max-length\":2}", 0);
	ck_assert_ptr_null(rule(name));
	ck_assert_uint_gt(policies.steps, 10000);
	ck_assert(slice_is(rule("qab")->policy, "bomb"));
}
END_TEST

Suite *suite_broker_policies(void)
{
	Suite *s = suite_create("broker_policies");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, a_definition_that_is_none_is_refused, 0,
	                    sizeof refused / sizeof *refused);
	tcase_add_test(t, all_that_is_wrong_is_said);
	tcase_add_test(t, no_name_is_longer_than_amqp_has_room_for);
	tcase_add_test(t, what_rabbitmq_takes_is_taken);
	tcase_add_test(t, it_is_for_what_it_applies_to);
	tcase_add_test(t, the_highest_priority_counts_alone);
	tcase_add_test(t, of_equal_priority_the_last_name_counts);
	tcase_add_test(t, one_with_a_key_of_another_type_is_none);
	tcase_add_test(t, an_operators_policy_comes_over_a_users);
	tcase_add_test(t, merged_each_key_comes_from_the_strongest_that_has_it);
	tcase_add_test(t, exchanges_have_keys_of_their_own);
	tcase_add_test(t, objects_with_the_same_policies_share_a_ruling);
	tcase_add_test(t, a_pattern_that_gives_up_does_not_match);
	suite_add_tcase(s, t);
	return s;
}
