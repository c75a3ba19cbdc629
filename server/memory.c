/* SPDX-License-Identifier: Apache-2.0 */
/* A process may stand deep in the tree of control groups, and every group above it counts.  In a
 * container the tree often begins at the container's own group, whatever /proc/self/cgroup says:
 * paths that do not exist are no limit. */
#include "server/memory.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The number in a file; without one (missing, or "max") there is no limit. */
static uint64_t limit_in(const char *directory, const char *file)
{
	char path[3 * PATH_MAX];
	unsigned long long n = ULLONG_MAX;
	snprintf(path, sizeof path, "%s/%s", directory, file);
	FILE *f = fopen(path, "re");
	if (!f)
		return UINT64_MAX;
	if (fscanf(f, "%llu", &n) != 1)
		n = ULLONG_MAX;
	fclose(f);
	return n;
}

/* The least limit of the group and of all above it. */
static uint64_t limit_up(const char *root, const char *group, const char *file)
{
	char path[2 * PATH_MAX];
	uint64_t limit = limit_in(root, file);
	snprintf(path, sizeof path, "%s%s", root, group);
	for (char *end; strlen(path) > strlen(root) && (end = strrchr(path, '/')); *end = '\0')
		limit = least(limit, limit_in(path, file));
	return limit;
}

uint64_t memory_group_limit(const char *root)
{
	char line[PATH_MAX], one[PATH_MAX], old[PATH_MAX], own[PATH_MAX];
	snprintf(one, sizeof one, "%s/sys/fs/cgroup", root);
	snprintf(old, sizeof old, "%s/sys/fs/cgroup/memory", root);
	snprintf(own, sizeof own, "%s/proc/self/cgroup", root);
	uint64_t limit = least(limit_in(one, "memory.max"), limit_in(old, "memory.limit_in_bytes"));
	FILE *f = fopen(own, "re");
	while (f && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = '\0';
		const char *memory = strstr(line, ":memory:");
		if (strncmp(line, "0::", 3) == 0)
			limit = least(limit, limit_up(one, line + 3, "memory.max"));
		else if (memory)
			limit = least(limit, limit_up(old, memory + 8, "memory.limit_in_bytes"));
	}
	if (f)
		fclose(f);
	return limit;
}

uint64_t memory_limit(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);
	uint64_t machine = pages > 0 && bytes > 0 ? (uint64_t)pages * (uint64_t)bytes : UINT64_MAX;
	return least(machine, memory_group_limit(""));
}

/* Bytes of what the system counts in pages: all, resident, shared, code. */
static void read_pages(uint64_t out[4])
{
	unsigned long long n[4] = { 0 };
	FILE *f = fopen("/proc/self/statm", "re");
	bool whole = f && fscanf(f, "%llu %llu %llu %llu", &n[0], &n[1], &n[2], &n[3]) == 4;
	if (f)
		fclose(f);
	for (size_t i = 0; i < 4; i++)
		out[i] = whole ? n[i] * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

uint64_t memory_used(void)
{
	uint64_t pages[4];
	read_pages(pages);
	return pages[1];
}

uint64_t memory_code(void)
{
	uint64_t pages[4];
	read_pages(pages);
	return pages[3];
}
