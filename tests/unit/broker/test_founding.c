/* SPDX-License-Identifier: Apache-2.0 */
/* What new virtual hosts begin with, what new passwords have to be like, and how they are kept. */
#include "broker/founding.h"

#include <check.h>
#include <stdio.h>

#include "broker/state.h"
#include "broker/user.h"
#include "tests/sim/admin.h"
#include "tests/sim/talk.h"

Suite *suite_broker_founding(void);

static struct inside in;
static struct buf said;

static void set_up(void)
{
	inside_init(&in);
	in.durable = true;
	in.options.founding[FOUNDING_LIMITS] = "few.pattern=^team\nfew.max_queues=2\n"
	                                       "many.max_connections=7\nmany.max_queues=9\n";
	in.options.founding[FOUNDING_POLICIES] = "old.vhost_pattern=^team\nold.message_ttl=1h\n"
	                                         "old.classic_queues.queue_version=2\n"
	                                         "big.max_length_bytes=1MB\nbig.queue_pattern=^big\n"
	                                         "big.apply_to=queues\n";
	in.options.founding[FOUNDING_USERS] = "kate.password=pw\nkate.tags=management, monitoring\n"
	                                      "kate.vhost_pattern=^team\nkate.configure=^k\n"
	                                      "guest.read=^g\n";
}

static void tear_down(void)
{
	inside_stop(&in);
	inside_forget(&in);
	buf_free(&said);
}

static void start(void)
{
	ck_assert(inside_start(&in, &said));
}

static struct vhost *add(const char *name)
{
	ck_assert_int_eq(admin_say(&in, &said, "add_vhost", name, NULL), 0);
	return vhost_find(in.broker, slice_str(name));
}

static void expect_shown(const char *wanted, const char *verb, const char *vhost)
{
	char text[4096];
	ck_assert_int_eq(admin_say(&in, &said, verb, "-p", vhost, "-s", NULL), 0);
	snprintf(text, sizeof text, "%.*s", SLICE_ARG(buf_slice(&said)));
	ck_assert_msg(strstr(text, wanted) != NULL, "'%s' is not in '%s'", wanted, text);
}

START_TEST(the_first_limits_that_fit_count)
{
	start();
	struct vhost *team = add("team-a"), *other = add("other");
	ck_assert_uint_eq(team->about.max_queues, 2);
	ck_assert_uint_eq(team->about.max_connections, LEDGER_NO_LIMIT);
	ck_assert_uint_eq(other->about.max_queues, 9);
	ck_assert_uint_eq(other->about.max_connections, 7);
	ck_assert_uint_eq(vhost_find(in.broker, slice_str("/"))->about.max_queues, 9);
}
END_TEST

START_TEST(all_policies_that_fit_are_set)
{
	start();
	struct policies *team = &add("team-a")->policies, *other = &add("other")->policies;
	ck_assert_uint_eq(team->count[POLICY_OPERATOR], 2);
	ck_assert_uint_eq(other->count[POLICY_OPERATOR], 1);
	expect_shown("\"message-ttl\":3600000", "list_operator_policies", "team-a");
	expect_shown("\"queue-version\":2", "list_operator_policies", "team-a");
	expect_shown("big\t^big\tqueues\t{\"max-length-bytes\":1048576}", "list_operator_policies",
	             "other");
}
END_TEST

START_TEST(users_are_made_once_and_get_their_rights)
{
	start();
	ck_assert_ptr_null(user_find(in.broker, slice_str("kate")));
	struct vhost *team = add("team-a");
	struct user *kate = user_find(in.broker, slice_str("kate"));
	ck_assert_ptr_nonnull(kate);
	ck_assert(user_has_tag(kate, "management") && user_has_tag(kate, "monitoring"));
	ck_assert(password_matches(&kate->about.password, slice_str("pw")));
	struct grant *g = grant_find(kate, team, slice_of(NULL, 0));
	ck_assert(g && slice_is(g->texts[RIGHT_CONFIGURE], "^k"));
	ck_assert(slice_is(g->texts[RIGHT_WRITE], ".*"));
	ck_assert_int_eq(admin_say(&in, &said, "change_password", "kate", "other", NULL), 0);
	add("team-b");
	ck_assert(password_matches(&kate->about.password, slice_str("other")));
	expect_shown("kate\t^k\t.*\t.*", "list_permissions", "team-b");
}
END_TEST

/* There is a default user, and it is not taken for one that the configuration makes. */
START_TEST(the_default_virtual_host_is_a_new_one_too)
{
	start();
	struct vhost *v = vhost_find(in.broker, slice_str("/"));
	struct user *guest = user_find(in.broker, slice_str("guest"));
	ck_assert(password_matches(&guest->about.password, slice_str("guest")));
	ck_assert(user_has_tag(guest, "administrator"));
	ck_assert(slice_is(grant_find(guest, v, slice_of(NULL, 0))->texts[RIGHT_READ], "^g"));
	ck_assert_uint_eq(v->policies.count[POLICY_OPERATOR], 1);
}
END_TEST

START_TEST(it_lasts_and_is_not_given_again)
{
	start();
	add("team-a");
	ck_assert_int_eq(admin_say(&in, &said, "clear_operator_policy", "-p", "team-a", "old", NULL),
	                 0);
	inside_stop(&in);
	start();
	struct vhost *v = vhost_find(in.broker, slice_str("team-a"));
	ck_assert_uint_eq(v->about.max_queues, 2);
	ck_assert_uint_eq(v->policies.count[POLICY_OPERATOR], 1);
	ck_assert_ptr_nonnull(user_find(in.broker, slice_str("kate")));
}
END_TEST

START_TEST(a_pattern_that_takes_too_long_gives_nothing)
{
	char name[41];
	memset(name, 'a', 40);
	name[40] = '\0';
	in.options.founding[FOUNDING_LIMITS] = "x.pattern=(a+)+$\nx.max_queues=1\n";
	start();
	name[39] = 'b';
	ck_assert_uint_eq(add(name)->about.max_queues, LEDGER_NO_LIMIT);
	ck_assert_uint_eq(add("aaa")->about.max_queues, 1);
}
END_TEST

static const struct {
	enum founding kind;
	const char *entry, *value, *why;   /* why NULL: it is taken */
} entries[] = {
	{ FOUNDING_USERS, "a.password", "x", NULL },
	{ FOUNDING_USERS, "a.configure", "(", "'(' is no regular expression: " },
	{ FOUNDING_USERS, "a.paswd", "secret", "there is no 'paswd', but: vhost_pattern, password" },
	{ FOUNDING_USERS, "a", "x", "a name of 1 to 255 bytes and a field" },
	{ FOUNDING_USERS, ".password", "x", "a name of 1 to 255 bytes and a field" },
	{ FOUNDING_LIMITS, "a.max_queues", "3", NULL },
	{ FOUNDING_LIMITS, "a.max_queues", "0", "'0' is not a number above 0" },
	{ FOUNDING_LIMITS, "a.max_connections", "3x", "'3x' is not a number above 0" },
	{ FOUNDING_POLICIES, "a.expires", "2d", NULL },
	{ FOUNDING_POLICIES, "a.overflow", "drop-head", NULL },
	{ FOUNDING_POLICIES, "a.max_length_bytes", "1GB", NULL },
	{ FOUNDING_POLICIES, "a.max_length", "1GB", "is not a valid maximum length" },
	{ FOUNDING_POLICIES, "a.queue_mode", "lazy", "are not recognised policy settings" },
	{ FOUNDING_POLICIES, "a.apply_to", "queues", NULL },
	{ FOUNDING_POLICIES, "a.apply_to", "cows", "apply-to 'cows' unrecognised" },
	{ FOUNDING_POLICIES, "a.cows", "1", "and keys of policies such as max_length" },
};

START_TEST(entries_are_judged_when_they_are_read)
{
	char text[1024];
	bool ok = founding_check(entries[_i].kind, slice_str(entries[_i].entry),
	                         slice_str(entries[_i].value), &said);
	snprintf(text, sizeof text, "%.*s", SLICE_ARG(buf_slice(&said)));
	ck_assert_int_eq(ok, entries[_i].why == NULL);
	ck_assert_int_eq(ok, said.len == 0);
	ck_assert_msg(ok || strstr(text, entries[_i].why), "%s", text);
	ck_assert_ptr_null(strstr(text, "secret"));
}
END_TEST

/* ---- new passwords ---- */

static int add_user(const char *name, const char *password)
{
	return admin_say(&in, &said, "add_user", name, password, NULL);
}

START_TEST(a_password_may_have_to_be_long)
{
	in.options.password_min_bytes = 6;
	start();
	ck_assert_int_ne(add_user("a", "short"), 0);
	ck_assert_ptr_null(user_find(in.broker, slice_str("a")));
	ck_assert_int_eq(add_user("a", "longer"), 0);
	ck_assert_int_ne(admin_say(&in, &said, "change_password", "a", "short", NULL), 0);
	ck_assert(password_matches(&user_find(in.broker, slice_str("a"))->about.password,
	                           slice_str("longer")));
}
END_TEST

/* What takes too long is not found. */
START_TEST(a_password_may_have_to_match)
{
	in.options.password_pattern = "^(a+)+[0-9]$";
	start();
	ck_assert_int_eq(add_user("a", "aaa7"), 0);
	ck_assert_int_ne(add_user("b", "aaa"), 0);
	ck_assert_int_ne(add_user("c", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), 0);
}
END_TEST

START_TEST(new_passwords_are_kept_as_is_wanted)
{
	in.options.hashing = HASHING_SHA512;
	start();
	ck_assert_int_eq(add_user("a", "aaa7"), 0);
	const struct password *p = &user_find(in.broker, slice_str("a"))->about.password;
	ck_assert_int_eq(p->hashing, HASHING_SHA512);
	ck_assert_uint_eq(p->n, PASSWORD_SALT_BYTES + 64);
	ck_assert(password_matches(p, slice_str("aaa7")));
	ck_assert(!password_matches(p, slice_str("aaa8")));
}
END_TEST

Suite *suite_broker_founding(void)
{
	Suite *s = suite_create("broker/founding");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, the_first_limits_that_fit_count);
	tcase_add_test(t, all_policies_that_fit_are_set);
	tcase_add_test(t, users_are_made_once_and_get_their_rights);
	tcase_add_test(t, the_default_virtual_host_is_a_new_one_too);
	tcase_add_test(t, it_lasts_and_is_not_given_again);
	tcase_add_test(t, a_pattern_that_takes_too_long_gives_nothing);
	tcase_add_loop_test(t, entries_are_judged_when_they_are_read, 0,
	                    sizeof entries / sizeof *entries);
	tcase_add_test(t, a_password_may_have_to_be_long);
	tcase_add_test(t, a_password_may_have_to_match);
	tcase_add_test(t, new_passwords_are_kept_as_is_wanted);
	suite_add_tcase(s, t);
	return s;
}
