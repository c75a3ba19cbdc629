/* SPDX-License-Identifier: Apache-2.0 */
/* LD_PRELOAD: every sync takes SLOW_SYNC_MS (50) longer, as on a slow disk. */
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static void wait_a_while(void)
{
	const char *ms = getenv("SLOW_SYNC_MS");
	long n = ms ? atol(ms) : 50;
	struct timespec t = { n / 1000, n % 1000 * 1000000 };
	nanosleep(&t, NULL);
}

int fsync(int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
	wait_a_while();
	return real(fd);
}

int fdatasync(int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
	wait_a_while();
	return real(fd);
}

int msync(void *p, size_t n, int flags)
{
	int (*real)(void *, size_t, int) =
		(int (*)(void *, size_t, int))dlsym(RTLD_NEXT, "msync");
	wait_a_while();
	return real(p, n, flags);
}
