/* SPDX-License-Identifier: Apache-2.0 */
/* LD_PRELOAD: a file system that takes no O_DIRECT and finishes little at the first try.  Opening
 * with the flag is refused; with ROUGH_LATE=1 it is taken, and writing is refused, as some file
 * systems do.  Of the transfers of regular files every third is interrupted before it began, and
 * every third stops half way; so does every second allocation and truncation. Other disks can stand
 * behind it in LD_PRELOAD. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void *real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static ssize_t refuse(int error)
{
	errno = error;
	return -1;
}

static int is_regular(int fd)
{
	struct stat s;
	return fstat(fd, &s) == 0 && S_ISREG(s.st_mode);
}

/* How much of n is done this time; 0: it is interrupted. */
static size_t some(size_t n)
{
	static atomic_uint transfers;
	switch (atomic_fetch_add(&transfers, 1) % 3) {
	case 0: return 0;
	case 1: return n - n / 2;
	default: return n;
	}
}

static int interrupts(void)
{
	static atomic_uint changes;
	return atomic_fetch_add(&changes, 1) % 2 == 0;
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	ssize_t (*go)(int, const void *, size_t, off_t) =
		(ssize_t(*)(int, const void *, size_t, off_t))real("pwrite");
	if (!is_regular(fd))
		return go(fd, p, n, at);
	if (fcntl(fd, F_GETFL) & O_DIRECT)
		return refuse(EINVAL);
	n = some(n);
	return n ? go(fd, p, n, at) : refuse(EINTR);
}

ssize_t pread(int fd, void *p, size_t n, off_t at)
{
	ssize_t (*go)(int, void *, size_t, off_t) =
		(ssize_t(*)(int, void *, size_t, off_t))real("pread");
	if (!is_regular(fd))
		return go(fd, p, n, at);
	n = some(n);
	return n ? go(fd, p, n, at) : refuse(EINTR);
}

int posix_fallocate(int fd, off_t at, off_t n)
{
	int (*go)(int, off_t, off_t) = (int (*)(int, off_t, off_t))real("posix_fallocate");
	return interrupts() ? EINTR : go(fd, at, n);
}

int ftruncate(int fd, off_t size)
{
	int (*go)(int, off_t) = (int (*)(int, off_t))real("ftruncate");
	return interrupts() ? (int)refuse(EINTR) : go(fd, size);
}

int openat(int directory, const char *name, int flags, ...)
{
	int (*go)(int, const char *, int, ...) = (int (*)(int, const char *, int, ...))real("openat");
	va_list more;
	va_start(more, flags);
	mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
	va_end(more);
	if (flags & O_DIRECT && !getenv("ROUGH_LATE"))
		return (int)refuse(EINVAL);
	return go(directory, name, flags, mode);
}
