/* SPDX-License-Identifier: Apache-2.0 */
/* LD_PRELOAD: every sync takes SLOW_SYNC_MS (50) longer, as on a slow disk.  So does a write to a
 * file that was opened with O_DSYNC or O_SYNC, which is a sync by another name. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static void *real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static void wait_a_while(void)
{
	const char *ms = getenv("SLOW_SYNC_MS");
	long n = ms ? atol(ms) : 50;
	struct timespec t = { n / 1000, n % 1000 * 1000000 };
	nanosleep(&t, NULL);
}

int fsync(int fd)
{
	int (*go)(int) = (int (*)(int))real("fsync");
	wait_a_while();
	return go(fd);
}

int fdatasync(int fd)
{
	int (*go)(int) = (int (*)(int))real("fdatasync");
	wait_a_while();
	return go(fd);
}

int sync_file_range(int fd, off64_t from, off64_t n, unsigned flags)
{
	int (*go)(int, off64_t, off64_t, unsigned) =
		(int (*)(int, off64_t, off64_t, unsigned))real("sync_file_range");
	wait_a_while();
	return go(fd, from, n, flags);
}

int msync(void *p, size_t n, int flags)
{
	int (*go)(void *, size_t, int) = (int (*)(void *, size_t, int))real("msync");
	wait_a_while();
	return go(p, n, flags);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	ssize_t (*go)(int, const void *, size_t, off_t) =
		(ssize_t(*)(int, const void *, size_t, off_t))real("pwrite");
	int flags = fcntl(fd, F_GETFL);
	if (flags >= 0 && flags & (O_DSYNC | O_SYNC))
		wait_a_while();
	return go(fd, p, n, at);
}
