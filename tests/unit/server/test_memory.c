/* SPDX-License-Identifier: Apache-2.0 */
/* How much memory there is for a process in control groups of either version, as containers have
 * them, in a tree made for the test. */
#include "server/memory.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

Suite *suite_server_memory(void);

static char root[] = "/tmp/leveret-memory-XXXXXX";

static void set_up(void)
{
	memcpy(root + sizeof root - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(root));
}

static void tear_down(void)
{
	char command[64];
	snprintf(command, sizeof command, "rm -r %s", root);
	ck_assert_int_eq(system(command), 0);
}

static void put(const char *file, const char *text)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", root, file);
	for (char *slash = path + strlen(root); (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	FILE *f = fopen(path, "w");
	ck_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

START_TEST(without_groups_there_is_no_limit)
{
	ck_assert_uint_eq(memory_group_limit(root), UINT64_MAX);
	put("proc/self/cgroup", "0::/a\n");
	put("sys/fs/cgroup/a/memory.max", "max\n");
	ck_assert_uint_eq(memory_group_limit(root), UINT64_MAX);
}
END_TEST

START_TEST(the_least_of_the_groups_above_counts)
{
	put("proc/self/cgroup", "0::/a/b/c\n");
	put("sys/fs/cgroup/a/memory.max", "700000\n");
	put("sys/fs/cgroup/a/b/memory.max", "max\n");
	put("sys/fs/cgroup/a/b/c/memory.max", "900000\n");
	put("sys/fs/cgroup/other/memory.max", "1\n");
	ck_assert_uint_eq(memory_group_limit(root), 700000);
}
END_TEST

/* There the tree begins at the container's own group, and the path is one of the host. */
START_TEST(in_a_container_the_root_is_the_own_group)
{
	put("proc/self/cgroup", "0::/system.slice/docker-0123.scope\n");
	put("sys/fs/cgroup/memory.max", "268435456\n");
	ck_assert_uint_eq(memory_group_limit(root), 268435456);
}
END_TEST

START_TEST(the_older_version_counts_too)
{
	put("proc/self/cgroup", "9:cpu,cpuacct:/x\n4:memory:/docker/0123\n0::/\n");
	put("sys/fs/cgroup/memory/docker/0123/memory.limit_in_bytes", "1000000\n");
	put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
	ck_assert_uint_eq(memory_group_limit(root), 1000000);
}
END_TEST

START_TEST(the_process_has_no_more_than_the_machine)
{
	ck_assert_uint_gt(memory_limit(), 1 << 20);
	ck_assert_uint_lt(memory_limit(), 1ull << 50);
}
END_TEST

Suite *suite_server_memory(void)
{
	Suite *s = suite_create("server/memory");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, without_groups_there_is_no_limit);
	tcase_add_test(t, the_least_of_the_groups_above_counts);
	tcase_add_test(t, in_a_container_the_root_is_the_own_group);
	tcase_add_test(t, the_older_version_counts_too);
	tcase_add_test(t, the_process_has_no_more_than_the_machine);
	suite_add_tcase(s, t);
	return s;
}
