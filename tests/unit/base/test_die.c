/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/die.h"

Suite *suite_base_die(void);

static void break_a_promise(void)
{
	int two = 2;
	must(two == 3);
}

static void reach_the_unreachable(void)
{
	must_not_happen("the moon is made of cheese");
}

/* Runs it in a process of its own; its last words go to said. Returns the signal that ended it. */
static int last_words(void (*run)(void), char *said, size_t room)
{
	int ends[2], status;
	ck_assert_int_eq(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		signal(SIGABRT, SIG_DFL);
		dup2(ends[1], STDERR_FILENO);
		run();
		_exit(0);
	}
	close(ends[1]);
	ssize_t n = read(ends[0], said, room - 1);
	said[n > 0 ? n : 0] = 0;
	close(ends[0]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

START_TEST(a_broken_promise_ends_the_process_and_says_where)
{
	char said[512];
	ck_assert_int_eq(last_words(break_a_promise, said, sizeof said), SIGABRT);
	ck_assert_ptr_nonnull(strstr(said, "test_die.c"));
	ck_assert_ptr_nonnull(strstr(said, "must(two == 3)"));
}
END_TEST

START_TEST(what_must_not_happen_says_why)
{
	char said[512];
	ck_assert_int_eq(last_words(reach_the_unreachable, said, sizeof said), SIGABRT);
	ck_assert_ptr_nonnull(strstr(said, "made of cheese"));
}
END_TEST

START_TEST(a_kept_promise_is_quiet)
{
	int evaluated = 0;
	must(++evaluated == 1);
	ck_assert_int_eq(evaluated, 1);
}
END_TEST

Suite *suite_base_die(void)
{
	Suite *s = suite_create("base/die");
	TCase *t = tcase_create("die");
	tcase_add_test(t, a_broken_promise_ends_the_process_and_says_where);
	tcase_add_test(t, what_must_not_happen_says_why);
	tcase_add_test(t, a_kept_promise_is_quiet);
	suite_add_tcase(s, t);
	return s;
}
