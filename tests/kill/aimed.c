/* SPDX-License-Identifier: Apache-2.0 */
/* LD_PRELOAD: kills the process at a chosen call.  AIM=CALL:N names it and counts from one:
 *
 *   sync      before a file is synced: what was written may be there, or not
 *   synced    right behind it, before anybody knows
 *   summary   before something is written to the summary of a segment
 *   rename    before a name changes: a summary is complete, a segment is used again
 *   unlink    before a name goes: part of the log is given up
 *   read      before something is read: a start, or a message that comes back
 *
 * Other disks can stand behind it in LD_PRELOAD. */
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void *real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

/* One more call of that name. */
static void count(const char *call)
{
	static atomic_uint calls;
	const char *aim = getenv("AIM");
	size_t n = strlen(call);
	if (!aim || strncmp(aim, call, n) != 0 || aim[n] != ':')
		return;
	if (atomic_fetch_add(&calls, 1) + 1 == (unsigned)atoi(aim + n + 1))
		kill(getpid(), SIGKILL);
}

static int is_regular(int fd)
{
	struct stat s;
	return fstat(fd, &s) == 0 && S_ISREG(s.st_mode);
}

static int is_summary(int fd)
{
	char link[64], name[512] = "";
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	return readlink(link, name, sizeof name - 1) > 0 && strstr(name, ".sum");
}

int fdatasync(int fd)
{
	int (*go)(int) = (int (*)(int))real("fdatasync");
	count("sync");
	int result = go(fd);
	count("synced");
	return result;
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	ssize_t (*go)(int, const void *, size_t, off_t) =
		(ssize_t(*)(int, const void *, size_t, off_t))real("pwrite");
	if (is_summary(fd))
		count("summary");
	return go(fd, p, n, at);
}

ssize_t pread(int fd, void *p, size_t n, off_t at)
{
	ssize_t (*go)(int, void *, size_t, off_t) =
		(ssize_t(*)(int, void *, size_t, off_t))real("pread");
	if (is_regular(fd))
		count("read");
	return go(fd, p, n, at);
}

int renameat(int directory, const char *from, int directory_to, const char *to)
{
	int (*go)(int, const char *, int, const char *) =
		(int (*)(int, const char *, int, const char *))real("renameat");
	count("rename");
	return go(directory, from, directory_to, to);
}

int unlinkat(int directory, const char *name, int flags)
{
	int (*go)(int, const char *, int) = (int (*)(int, const char *, int))real("unlinkat");
	count("unlink");
	return go(directory, name, flags);
}
