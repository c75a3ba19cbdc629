/* SPDX-License-Identifier: Apache-2.0 */
#include "server/process.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "management/host.h"
#include "server/descriptors.h"
#include "server/memory.h"

static uint64_t machine_threads(void)
{
	unsigned long long n;
	FILE *f = fopen("/proc/sys/kernel/threads-max", "re");
	bool told = f && fscanf(f, "%llu", &n) == 1;
	if (f)
		fclose(f);
	return told ? n : UINT64_MAX;
}

uint64_t process_max_threads(void)
{
	struct rlimit r;
	uint64_t machine = machine_threads();
	bool limited = getrlimit(RLIMIT_NPROC, &r) == 0 && r.rlim_cur != RLIM_INFINITY;
	return limited && r.rlim_cur < machine ? r.rlim_cur : machine;
}

/* Each is a directory, which is a link to the one above; that one has two more. */
static uint64_t threads(void)
{
	struct stat s;
	return stat("/proc/self/task", &s) == 0 && s.st_nlink > 2 ? (uint64_t)s.st_nlink - 2 : 1;
}

void process_look(struct host *h)
{
	h->process.memory = memory_used();
	h->process.descriptors = descriptors_used();
	h->process.threads = threads();
}
